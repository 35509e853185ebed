"""What pROC in R, dcurves, statsmodels, pingouin and scikit-learn say of the sets of statistics_sets.py."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from factory.statistics_sets import N_BINARY, binary_set, probability_set, ratings, three_class_set

N_PROBABILITY, N_THREE, N_RATINGS = 6, 4, 5
DECISION_THRESHOLDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.8)

_R_COMPARE = """
suppressMessages(library(pROC))
compare <- function(name, truth, a, b) {
  first <- roc(truth, a, levels = c(0, 1), direction = "<", quiet = TRUE)
  second <- roc(truth, b, levels = c(0, 1), direction = "<", quiet = TRUE)
  test <- roc.test(first, second, paired = TRUE, method = "delong")
  data.frame(set = name, auc_a = as.numeric(auc(first)), auc_b = as.numeric(auc(second)),
             var_a = var(first, method = "delong"), var_b = var(second, method = "delong"),
             z = as.numeric(test$statistic), p = as.numeric(test$p.value))
}
"""
_R_SETS = """
cases <- read.csv("cases.csv")
rows <- lapply(split(cases, cases$set), function(part) compare(part$set[1], part$truth, part$a, part$b))
"""
_R_ASAH = """
data(aSAH)
truth <- as.integer(aSAH$outcome == "Poor")
markers <- list(s100b = aSAH$s100b, ndka = aSAH$ndka, wfns = as.numeric(aSAH$wfns))
write.csv(data.frame(truth, markers), "asah.csv", row.names = FALSE)
pairs <- list(c("s100b", "ndka"), c("s100b", "wfns"), c("ndka", "wfns"))
named <- function(pair) compare(paste(pair, collapse = " "), truth, markers[[pair[1]]], markers[[pair[2]]])
rows <- lapply(pairs, named)
"""
_R_WRITE = """
rows <- do.call(rbind, rows)
for (column in names(rows)[-1]) rows[[column]] <- sprintf("%.17g", rows[[column]])
write.csv(rows, "found.csv", row.names = FALSE, quote = FALSE)
"""


def r_has_proc() -> bool:
    """Whether R with the package pROC is installed."""
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(pROC)"], capture_output=True, check=False).returncode == 0


def proc_of_sets(folder: Path) -> dict[str, dict[str, float]]:
    """By set: AUC and DeLong's variance of both scores, z and p of the paired test, as pROC gives them."""
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", "truth", "a", "b"])
        for number in range(N_BINARY):
            cases = binary_set(number)
            for row in zip(cases.truth.astype(int), cases.first, cases.second, strict=True):
                writer.writerow([number, *(value.item() for value in row)])
    return _run_r(_R_COMPARE + _R_SETS + _R_WRITE, folder)


def proc_of_asah(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
    """The data set that comes with pROC (aneurysmal subarachnoid haemorrhage), and what pROC says of its markers."""
    found = _run_r(_R_COMPARE + _R_ASAH + _R_WRITE, folder)
    with (folder / "asah.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}, found


def _run_r(script: str, folder: Path) -> dict[str, dict[str, float]]:
    subprocess.run(["Rscript", "--vanilla", "-e", script], cwd=folder, check=True, capture_output=True)
    with (folder / "found.csv").open(newline="") as file:
        return {row.pop("set"): {name: float(value) for name, value in row.items()} for row in csv.DictReader(file)}


def dcurves_of_sets() -> dict[str, list[float]]:
    """Net benefit of the model at ``DECISION_THRESHOLDS``, then of treating all."""
    import pandas as pd
    from dcurves import dca

    found = {}
    for number in range(N_PROBABILITY):
        truth, probability = probability_set(number)
        frame = pd.DataFrame({"truth": truth.astype(int), "model": probability})
        table = dca(data=frame, outcome="truth", modelnames=["model"], thresholds=list(DECISION_THRESHOLDS))
        by_model = {name: part.sort_values("threshold") for name, part in table.groupby("model")}
        found[str(number)] = [*by_model["model"].net_benefit.tolist(), *by_model["all"].net_benefit.tolist()]
    return found


def statsmodels_of_sets() -> dict[str, dict[str, float]]:
    """Recalibration line and calibration in the large, with their standard errors."""
    import statsmodels.api as sm

    found = {}
    for number in range(N_PROBABILITY):
        truth, probability = probability_set(number)
        log_odds = np.log(probability / (1 - probability))
        line = sm.GLM(truth.astype(float), sm.add_constant(log_odds), family=sm.families.Binomial()).fit(tol=1e-12)
        large = sm.GLM(
            truth.astype(float), np.ones((len(truth), 1)), family=sm.families.Binomial(), offset=log_odds
        ).fit(tol=1e-12)
        found[str(number)] = {
            "intercept": line.params[0],
            "slope": line.params[1],
            "slope_se": line.bse[1],
            "large": large.params[0],
            "large_se": large.bse[0],
            "intercept_se": line.bse[0],
        }
    return {number: {name: float(value) for name, value in row.items()} for number, row in found.items()}


def pingouin_of_ratings() -> dict[str, list[float]]:
    """ICC(2,1) and its 95 % interval."""
    import pandas as pd
    import pingouin

    found = {}
    for number in range(N_RATINGS):
        values = ratings(number)
        subjects, raters = np.indices(values.shape)
        frame = pd.DataFrame({"subject": subjects.ravel(), "rater": raters.ravel(), "value": values.ravel()})
        with pd.option_context("display.precision", 12):
            pingouin.options.update({"round": None, "round.column.CI95%": 12, "round.column.CI95": 12})
            table = pingouin.intraclass_corr(frame, targets="subject", raters="rater", ratings="value")
        row = table[table["Type"].isin(["ICC2", "ICC(A,1)"])].iloc[0]
        interval = row["CI95%"] if "CI95%" in row.index else row["CI95"]
        found[str(number)] = [float(row["ICC"]), float(interval[0]), float(interval[1])]
    return found


def sklearn_of_sets() -> dict[str, dict[str, float]]:
    """F1 three ways, quadratic weighted kappa, macro AUC, Brier score of the last class."""
    from sklearn.metrics import brier_score_loss, cohen_kappa_score, f1_score, roc_auc_score

    found = {}
    for number in range(N_THREE):
        cases = three_class_set(number)
        predicted = cases.probabilities.argmax(axis=1)
        found[str(number)] = {
            **{f"f1_{way}": f1_score(cases.truth, predicted, average=way) for way in ("macro", "micro", "weighted")},
            "kappa": cohen_kappa_score(cases.truth, predicted, weights="quadratic"),
            "auc_macro": roc_auc_score(cases.truth, cases.probabilities, multi_class="ovr", average="macro"),
            "brier_last": brier_score_loss(cases.truth == 2, cases.probabilities[:, 2]),
        }
    return {number: {name: float(value) for name, value in row.items()} for number, row in found.items()}


def everything(folder: Path) -> dict[str, Any]:
    """All of it, as it is recorded."""
    return {
        "pROC": proc_of_sets(folder),
        "dcurves": dcurves_of_sets(),
        "statsmodels": statsmodels_of_sets(),
        "pingouin": pingouin_of_ratings(),
        "scikit-learn": sklearn_of_sets(),
    }

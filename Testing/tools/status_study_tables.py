"""The tables of the digital study of bone status, in Markdown, from the files that ``osteoscreen evaluate`` writes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from study_tables import markdown

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES

PAPER = {
    "normal": ("0.924 (0.854 to 0.967)", "0.846 (0.719 to 0.931)", "0.837 (0.703 to 0.927)"),
    "osteopenia": ("0.828 (0.747 to 0.909)", "0.767 (0.577 to 0.901)", "0.746 (0.629 to 0.842)"),
    "osteoporosis": ("0.960 (0.913 to 1.000)", "0.947 (0.740 to 0.999)", "0.963 (0.897 to 0.992)"),
}
"""AUC, sensitivity and specificity of BMC Musculoskelet Disord 2025;26:378, in patients (101 of them)."""
COMPLETE, THRESHOLDS = "complete cases", "thresholds"


def paper_table(studies: Mapping[str, Path], model: str = "radiomics") -> str:
    """AUC, sensitivity and specificity by class, beside the paper's. ``studies``: folders by what they are called."""
    rows: list[tuple[object, ...]] = []
    for kind in THREE_CLASSES:
        rows.append((kind, "published, patients", 101, *PAPER[kind]))
        for name, folder in studies.items():
            auc = _one(folder, "discrimination", model, kind, view=COMPLETE)
            rate = _one(folder, "accuracy", model, kind, view=COMPLETE, operating_point=THRESHOLDS)
            rows.append(
                (
                    kind,
                    f"simulated, {name}",
                    auc["n"],
                    _auc(auc),
                    _rate(rate, "sensitivity"),
                    _rate(rate, "specificity"),
                )
            )
    return markdown(("class", "study", "n", "AUC (95 %)", "sensitivity", "specificity"), rows)


def ladder_table(folder: Path) -> str:
    """AUC of every model, what it withheld, and DeLong's test against the radiomics model (Holm over all pairs)."""
    rows = []
    for model in dict.fromkeys(row["model"] for row in _rows(folder, "discrimination")):
        aucs = [_one(folder, "discrimination", model, kind, view=COMPLETE) for kind in (*THREE_CLASSES, "macro")]
        tests = "-" if model == "radiomics" else " / ".join(_p(folder, model, kind) for kind in THREE_CLASSES)
        rows.append((model, aucs[0]["n"], *map(_auc, aucs), tests))
    return markdown(("model", "n", *THREE_CLASSES, "mean", "p against radiomics, by class"), rows)


def recalibration_table(folder: Path) -> str:
    """Calibration, discrimination and sensitivity of a model as trained and recalibrated."""
    rows = []
    for model in dict.fromkeys(row["model"] for row in _rows(folder, "discrimination")):
        whole = next(
            row for row in _rows(folder, "calibration") if (row["model"], row["class"]) == (model, "all classes")
        )
        auc = _one(folder, "discrimination", model, "macro", view=COMPLETE)
        kappa = next(r for r in _rows(folder, "classification") if (r["model"], r["view"]) == (model, COMPLETE))
        rates = [
            _one(folder, "accuracy", model, "osteoporosis", view=COMPLETE, operating_point=point)
            for point in ("predicted class", THRESHOLDS)
        ]
        rows.append(
            (
                *(model, auc["n"], _auc(auc), f"{float(whole['brier']):.3f}", f"{float(kappa['accuracy']):.3f}"),
                f"{float(kappa['kappa']):.3f}",
                *(_rate(rate, word) for rate in rates for word in ("sensitivity", "specificity")),
            )
        )
    named = [f"osteoporosis, {word} by {point}" for point in ("class", "threshold") for word in ("sens.", "spec.")]
    return markdown(("model", "n", "mean AUC", "Brier", "accuracy", "kappa", *named), rows)


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _one(folder: Path, table: str, model: str, kind: str, **facts: str) -> dict[str, str]:
    wanted = {"model": model, "class": kind, **facts}
    return next(row for row in _rows(folder, table) if all(row[name] == value for name, value in wanted.items()))


def _p(folder: Path, model: str, kind: str) -> str:
    for row in _rows(folder, "comparisons"):
        if row["class"] == kind and {row["model_a"], row["model_b"]} == {model, "radiomics"}:
            return f"{float(row['p_value_holm']):.2g}"
    return "-"


def _auc(row: Mapping[str, str]) -> str:
    return f"{float(row['auc']):.3f} ({float(row['auc_low']):.3f} to {float(row['auc_high']):.3f})"


def _rate(row: Mapping[str, str], name: str) -> str:
    return f"{float(row[name]):.3f} ({float(row[f'{name}_low']):.3f} to {float(row[f'{name}_high']):.3f})"

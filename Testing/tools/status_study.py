"""The digital study of bone status: models trained and tested on simulated patients. See Docs/status-model.md.

    python Testing/tools/status_study.py --out DIR [--jobs 2]

Digital patients as many as in the study of the proximal femur (355 for development, 101 for the test), and 100 of
another site with other tube voltages, kernels, slices and scale of HU. The same cohort is measured with the networks'
masks and with the true ones; the ladder is trained with each. Then the external site, as it comes and recalibrated.

What is there already is kept: called again, the program goes on from there. Prints Markdown. Simulated throughout: the
figures say that the machinery works, and nothing of people.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from status_study_tables import ladder_table, paper_table, recalibration_table

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.write import write_labels
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, Prediction, PredictionTable
from OsteoScreenLib.evaluation.predictions_file import read_predictions, write_predictions
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.status.status_classifier import StatusClassifier
from OsteoScreenLib.training.cohort_file import read_cohort
from OsteoScreenLib.training.feature_file import read_features
from OsteoScreenLib.training.feature_matrix import clinical_features

CASES, SEED, PROTOCOL, EXTERNAL = 556, 2026, "low-dose-pelvis", "E"
MODEL_ID, DATA = "bone-status-demonstration", "Digital patients: simulated low-dose CT of the pelvis, five sites"
MASKS = ("network", "truth")
MODEL = "radiomics"
"""The paper's kind of model, which the external site is looked at with."""


def osteoscreen(*words: object, allowed: Sequence[int] = (0,)) -> None:
    """Run a command of the program; ends this one where it fails."""
    ended = subprocess.run([sys.executable, "-m", "OsteoScreenLib.cli", *map(str, words)], check=False)
    if ended.returncode not in allowed:
        sys.exit(f"osteoscreen {words[0]} ended with {ended.returncode}")


def make_cohort(out: Path, count: int, jobs: int) -> Path:
    """The patients and their table."""
    cohort = out / "cohort"
    what = ("--cohort", "--count", count, "--seed", SEED, "--protocol", PROTOCOL)
    osteoscreen("phantom", "--out", cohort, *what, "--jobs", jobs)
    return cohort / "cohort.csv"


def with_true_masks(table: Path) -> Path:
    """The same table with a column ``mask``: files that hold the true femora and nothing else."""
    rows = _read(table)
    for row in rows:
        labels, mask = table.parent / row["labels"], table.parent / row["case_id"] / "mask.nii.gz"
        row["mask"] = f"{row['case_id']}/{mask.name}"
        if not mask.exists():
            array, geometry = read_labels(labels)
            write_labels(np.where(array <= 2, array, 0).astype(np.uint8), geometry, mask)
    return _write(table.with_name("cohort-truth.csv"), rows)


def train(table: Path, run: Path, threads: int) -> None:
    """The ladder. Exit code 1 says that some cases could not be measured; they count as withheld."""
    what = ("--split", "given", "--demonstration", "--id", MODEL_ID, "--data-name", DATA)
    licence = ("--data-licence", "Apache-2.0", "--licence", "Apache-2.0")
    osteoscreen("train", "status", table, "--out", run, *what, *licence, "--threads", threads, allowed=(0, 1))


def evaluate(predictions: Path, split: str, *more: str) -> Path:
    """The study's tables and figures of one split. ``more``: further options of ``osteoscreen evaluate``."""
    out = predictions.parent / f"study-{split}"
    osteoscreen("evaluate", predictions, "--split", split, "--out", out, *more)
    return out


def recalibrated(table: Path, run: Path, out: Path) -> Path:
    """Predictions of the external site by a model as it comes and recalibrated, in one table.

    The site's cases are parted in two; each half is asked of the model that was recalibrated on the other one.
    """
    rows = [row for row in _read(table) if row["site"] == EXTERNAL]
    bundle = next((run / "bundles").glob(f"*-{MODEL}-*"))
    found = [row for row in read_predictions(run / "predictions.csv").rows if row.model == MODEL]
    as_it_comes = {row.case_id: row for row in found if row.split == "external"}
    predictions = [replace(row, model="as trained") for row in as_it_comes.values()]
    for part in (0, 1):
        fitted = _write(table.with_name(f"external-{part}.csv"), rows[part::2])
        asked = _write(table.with_name(f"external-{1 - part}.csv"), rows[1 - part :: 2])
        folder = out / f"fitted-to-{part}"
        site = ("--features", run / "features.csv", "--site", f"{EXTERNAL}{part}")
        osteoscreen("train", "recalibrate-status", bundle, fitted, *site, "--out", folder)
        classifier = StatusClassifier(load_bundle(next(folder.iterdir())))
        predictions += _asked(classifier, asked, run / "features.csv", as_it_comes)
    return write_predictions(PredictionTable(THREE_CLASSES, tuple(predictions)), out / "predictions.csv")


def _asked(
    classifier: StatusClassifier, table: Path, features: Path, known: Mapping[str, Prediction]
) -> Iterable[Prediction]:
    """Answers for the cases of a table; what training withheld for its image stays withheld."""
    cohort = read_cohort(table)
    matrix = clinical_features(cohort).beside(read_features(features, cohort)).columns(classifier.settings.inputs)
    for case, values in zip(cohort.cases, matrix.values, strict=True):
        before = known[case.case_id]
        if before.probabilities is None:
            yield replace(before, model="recalibrated")
            continue
        answer = classifier.answer(dict(zip(matrix.names, map(float, values), strict=True)), case.side, explain=False)
        chances = tuple(answer.status.probabilities[name] for name in THREE_CLASSES)
        positive = tuple(answer.positive[name] for name in THREE_CLASSES)
        yield replace(
            before,
            model="recalibrated",
            probabilities=chances,
            predicted=THREE_CLASSES[int(np.argmax(chances))],
            positive=positive,
        )


def _read(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=CASES, help="cases; fewer for a trial")
    parser.add_argument("--jobs", type=int, default=2, help="patients made at once, and threads for features")
    options = parser.parse_args(arguments)
    table = make_cohort(options.out, options.count, options.jobs)
    tables = {"network": table, "truth": with_true_masks(table)}
    studies = {}
    for name in MASKS:
        train(tables[name], options.out / name, options.jobs)
        studies[name] = evaluate(options.out / name / "predictions.csv", "test")
    external = evaluate(options.out / "network" / "predictions.csv", "external")
    site = recalibrated(table, options.out / "network", options.out / "recalibrated")
    print(paper_table({**{f"{name} masks": folder for name, folder in studies.items()}, "external site": external}))
    print(ladder_table(studies["network"]))
    print(recalibration_table(evaluate(site, "external")))
    return 0


if __name__ == "__main__":
    sys.exit(main())

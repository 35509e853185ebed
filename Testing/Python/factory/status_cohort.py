"""Real tabular sets that scikit-learn ships, in the clothes of a cohort.

The measurements are real, the T-scores are made to give the set's own classes, and mean nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

T_SCORES = (-0.3, -1.7, -3.1)


def write_wine_cohort(folder: Path) -> tuple[Path, Path]:
    """178 wines of three cultivars, 13 measurements: (cohort, features). Ages and sexes are drawn."""
    from sklearn.datasets import load_wine

    wine = load_wine()
    rng = np.random.default_rng(0)
    scores = np.array(T_SCORES)[wine.target] + np.clip(rng.normal(0, 0.15, 178), -0.5, 0.5)
    sexes = ["FM"[k] for k in rng.integers(2, size=178)]
    ages = rng.normal(60, 8, 178).round()
    names = [name.replace("/", "_") for name in wine.feature_names]
    return _write(folder, scores, sexes, ages, names, wine.data)


def write_diabetes_cohort(folder: Path) -> tuple[Path, Path]:
    """442 patients with diabetes (Efron 2004), age, sex and 8 measurements: (cohort, features).

    The disease's progression after a year, in thirds, takes the place of the T-score.
    """
    from sklearn.datasets import load_diabetes

    patients = load_diabetes(scaled=False)
    low, high = np.quantile(patients.target, [1 / 3, 2 / 3])
    scores = -1.0 - 1.5 * (patients.target - low) / (high - low)
    sexes = ["FM"[int(k) - 1] for k in patients.data[:, 1]]
    return _write(folder, scores, sexes, patients.data[:, 0], patients.feature_names[2:], patients.data[:, 2:])


def _write(
    folder: Path, scores: np.ndarray, sexes: Sequence[str], ages: np.ndarray, names: Sequence[str], values: np.ndarray
) -> tuple[Path, Path]:
    cohort, features = folder / "cohort.csv", folder / "features.csv"
    with cohort.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "patient_id", "t_score", "t_score_source", "t_score_site", "sex", "age"])
        for i, (score, sex, age) in enumerate(zip(scores, sexes, ages, strict=True)):
            writer.writerow([f"c{i}", f"p{i}", score, "DXA", "femoral_neck", sex, age])
    with features.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", *names])
        writer.writerows([f"c{i}", *row] for i, row in enumerate(values.tolist()))
    return cohort, features

"""A real tabular set of three classes, which scikit-learn ships, in the clothes of a cohort: 178 wines.

T-scores, ages and sexes are drawn and mean nothing; the thirteen measurements and the classes are real.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

T_SCORES = (-0.3, -1.7, -3.1)


def write_wine_cohort(folder: Path) -> tuple[Path, Path]:
    """Write ``cohort.csv`` and ``features.csv``; (cohort, features)."""
    from sklearn.datasets import load_wine

    wine = load_wine()
    rng = np.random.default_rng(0)
    cohort, features = folder / "cohort.csv", folder / "features.csv"
    with cohort.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "patient_id", "t_score", "t_score_source", "t_score_site", "sex", "age"])
        for i, k in enumerate(wine.target):
            score = T_SCORES[k] + np.clip(rng.normal(0, 0.15), -0.5, 0.5)
            sex, age = "FM"[rng.integers(2)], round(float(rng.normal(60, 8)))
            writer.writerow([f"c{i}", f"p{i}", score, "DXA", "femoral_neck", sex, age])
    with features.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", *(name.replace("/", "_") for name in wine.feature_names)])
        writer.writerows([f"c{i}", *row] for i, row in enumerate(wine.data.tolist()))
    return cohort, features

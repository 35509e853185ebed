"""Names of the features that bone-status models take: the same in training and at prediction."""

from __future__ import annotations

RADIOMICS, DENSITOMETRY, CLINICAL = "radiomics", "densitometry", "clinical"
DENSITOMETRY_PREFIX = "densitometry_"
CLINICAL_NAMES = ("age", "sex_male")
"""Age in years; 1 for male and 0 for female."""


def feature_kind(name: str) -> str:
    """Which kind of feature this is, by its name: ``radiomics``, ``densitometry`` or ``clinical``."""
    if name in CLINICAL_NAMES:
        return CLINICAL
    return DENSITOMETRY if name.startswith(DENSITOMETRY_PREFIX) else RADIOMICS

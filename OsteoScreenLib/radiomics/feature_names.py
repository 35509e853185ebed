"""Every feature class and its features, by PyRadiomics' names."""

from __future__ import annotations

from OsteoScreenLib.radiomics import (
    co_occurrence_features,
    dependence,
    first_order,
    run_lengths,
    shape,
    shape_2d,
    size_zones,
    tone_difference,
)

FEATURES: dict[str, tuple[str, ...]] = {
    "firstorder": first_order.FEATURES,
    "glcm": co_occurrence_features.FEATURES,
    "gldm": dependence.FEATURES,
    "glrlm": run_lengths.FEATURES,
    "glszm": size_zones.FEATURES,
    "ngtdm": tone_difference.FEATURES,
    "shape": shape.FEATURES,
    "shape2D": shape_2d.FEATURES,
}
"""What is computed of each class unless features are named."""

BY_NAME_ONLY: dict[str, tuple[str, ...]] = {
    "firstorder": first_order.BY_NAME_ONLY,
    "shape": shape.BY_NAME_ONLY,
    "shape2D": shape_2d.BY_NAME_ONLY,
}
"""Computed only where a parameter file names them, as in PyRadiomics."""

NOT_COMPUTED: dict[str, tuple[str, ...]] = {
    "glcm": co_occurrence_features.NOT_COMPUTED,
    "gldm": dependence.NOT_COMPUTED,
}
"""Known to PyRadiomics and computed by neither, as another feature is equal to each."""

TEXTURE_CLASSES = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
DEFAULT_CLASSES = tuple(name for name in FEATURES if name != "shape2D")


def known_features(feature_class: str) -> tuple[str, ...]:
    """Every name that a parameter file may use in a class."""
    extra = (*BY_NAME_ONLY.get(feature_class, ()), *NOT_COMPUTED.get(feature_class, ()))
    return FEATURES[feature_class] + extra

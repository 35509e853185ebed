"""Every feature class of one image in one region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.radiomics.co_occurrence import co_occurrence_features
from OsteoScreenLib.radiomics.dependence import dependence_features
from OsteoScreenLib.radiomics.discretisation import Levels, discretise
from OsteoScreenLib.radiomics.first_order import first_order_features
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.run_lengths import run_length_features
from OsteoScreenLib.radiomics.settings import Settings, texture_options
from OsteoScreenLib.radiomics.shape import shape_features
from OsteoScreenLib.radiomics.shape_2d import shape_2d_features
from OsteoScreenLib.radiomics.size_zones import size_zone_features
from OsteoScreenLib.radiomics.texture_options import TextureOptions
from OsteoScreenLib.radiomics.tone_difference import tone_difference_features

_TEXTURES: dict[str, Callable[[Region, Levels, TextureOptions], dict[str, float]]] = {
    "glcm": co_occurrence_features,
    "gldm": dependence_features,
    "glrlm": run_length_features,
    "glszm": size_zone_features,
    "ngtdm": tone_difference_features,
}


def intensity_classes(settings: Settings) -> list[str]:
    """The enabled classes that every derived image has, in order."""
    return [name for name in settings.feature_classes if not name.startswith("shape")]


def names_of_image(name: str, settings: Settings) -> list[str]:
    """The features of one derived image, in order."""
    classes = intensity_classes(settings)
    return [f"{name}_{kind}_{feature}" for kind in classes for feature in settings.features(kind)]


def levels_of_image(name: str, grey: np.ndarray, settings: Settings, values: Mapping[str, Any]) -> Levels | str:
    """The grey levels of one derived image in a region; or, as a sentence, why it has none.

    Args:
        name: of the image.
        grey: (n,) its values in the region's voxels, in raster order.
        values: the settings that hold for this image type.
    """
    if not np.isfinite(grey).all():
        return f"{name}: the filter gives values that are not numbers."
    try:
        return discretise(
            grey,
            bin_width=values.get("binWidth"),
            bin_count=values.get("binCount"),
            lowest=_lowest(values) if settings.ibsi else None,
            ibsi=settings.ibsi,
        )
    except InputError as error:
        return f"{name}: {error}"


def features_of_class(
    name: str,
    kind: str,
    grey: np.ndarray,
    levels: Levels,
    region: Region,
    settings: Settings,
    values: Mapping[str, Any],
) -> tuple[dict[str, float], list[str]]:
    """First-order or texture features of one derived image.

    Args:
        name, grey, values: as of :func:`levels_of_image`, which gives ``levels``.
        kind: the feature class.

    Returns:
        Features by name, NaN where not defined; and no notes.
    """
    features = _of_class(kind, grey, levels, region, settings, values)
    return {f"{name}_{kind}_{feature}": float(features[feature]) for feature in settings.features(kind)}, []


def shape_of_region(mask: np.ndarray, region: Region, settings: Settings) -> tuple[dict[str, float], list[str]]:
    """Shape features, and why the two-dimensional ones are absent where they were asked for."""
    found: dict[str, float] = {}
    notes: list[str] = []
    spacing = region.spacing_zyx_mm
    if "shape" in settings.feature_classes:
        features = shape_features(mask, spacing, ibsi=settings.ibsi)
        found |= {f"original_shape_{feature}": features[feature] for feature in settings.features("shape")}
    if "shape2D" not in settings.feature_classes:
        return found, notes
    axis = settings.values["force2Ddimension"]
    if not settings.values["force2D"]:
        notes.append("shape2D was left out: it wants force2D.")
    elif mask.shape[axis] != 1:
        notes.append("shape2D was left out: it wants a region that lies in one slice.")
    else:
        height, width = (step for i, step in enumerate(spacing) if i != axis)
        flat = shape_2d_features(mask.squeeze(axis), (height, width))
        found |= {f"original_shape2D_{feature}": flat[feature] for feature in settings.features("shape2D")}
    return found, notes


def _of_class(
    kind: str, grey: np.ndarray, levels: Levels, region: Region, settings: Settings, values: Mapping[str, Any]
) -> dict[str, float]:
    if kind == "firstorder":
        volume = float(np.prod(region.spacing_zyx_mm))
        shift = values.get("voxelArrayShift", 0)
        return first_order_features(grey, levels, volume, shift=shift, ibsi=settings.ibsi)
    return _TEXTURES[kind](region, levels, texture_options(values))


def _lowest(values: Mapping[str, Any]) -> float | None:
    """IBSI: bins of fixed size start at the lower bound of the resegmentation, where there is one."""
    bounds = values["resegmentRange"]
    absolute = values.get("resegmentMode", "absolute") == "absolute"
    return float(min(bounds)) if bounds and absolute else None

"""What PyRadiomics' parameter files may say: every key, and what its value must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from OsteoScreenLib.radiomics.packages import pywavelets

Rule = Callable[[Any], str]
"""Says what a value must be, where it is not; else an empty string."""

INTERPOLATORS = (
    *("sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian"),
    *("sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc", "sitkLanczosWindowedSinc"),
    "sitkBlackmanWindowedSinc",
)
WEIGHTINGS = ("euclidean", "manhattan", "infinity", "no_weighting")


def _number(least: float | None = None, above: float | None = None, *, whole: bool = False) -> Rule:
    kind = "a whole number" if whole else "a number"
    bound = f" of at least {least:g}" if least is not None else f" above {above:g}" if above is not None else ""

    def check(value: Any) -> str:
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        right = right and value == value and abs(value) != float("inf")
        right = right and (least is None or value >= least) and (above is None or value > above)
        return "" if right else f"must be {kind}{bound}"

    return check


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _one_of(*names: str) -> Rule:
    return lambda value: "" if value in names else f"must be one of {', '.join(names)}"


def _or_none(rule: Rule) -> Rule:
    return lambda value: "" if value is None else rule(value)


def _list_of(rule: Rule, least: int = 0, most: int = 1000) -> Rule:
    def check(value: Any) -> str:
        if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
            return "must be a list" + (f" of {least}" if least == most else "")
        wrong = next((text for text in map(rule, value) if text), "")
        return f"is a list, and each of its entries {wrong}" if wrong else ""

    return check


def _interpolator(value: Any) -> str:
    by_number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10
    return "" if by_number or value in INTERPOLATORS else f"must be one of {', '.join(INTERPOLATORS)}"


def _wavelet(value: Any) -> str:
    if isinstance(value, str) and value in pywavelets().wavelist(kind="discrete"):
        return ""
    return "must be the name of a discrete wavelet of PyWavelets, such as coif1"


def _axis(value: Any) -> str:
    return _number(0, whole=True)(value) or ("" if value <= 2 else "must be 0, 1 or 2")


def _dimensions(value: Any) -> str:
    return _number(1, whole=True)(value) or ("" if value <= 3 else "must be 1, 2 or 3")


_TEXTURE: Mapping[str, Rule] = {
    "binWidth": _number(above=0),
    "binCount": _or_none(_number(1, whole=True)),
    "distances": _list_of(_number(1, whole=True), 1),
    "force2D": _flag,
    "force2Ddimension": _axis,
    "voxelArrayShift": _number(whole=True),
    "symmetricalGLCM": _flag,
    "weightingNorm": _or_none(_one_of(*WEIGHTINGS)),
    "gldm_a": _number(0, whole=True),
}
_FILTERS: Mapping[str, Rule] = {
    "sigma": _list_of(_number(above=0)),
    "start_level": _number(0, whole=True),
    "level": _number(1, whole=True),
    "wavelet": _wavelet,
    "gradientUseSpacing": _flag,
    "lbp2DRadius": _number(above=0),
    "lbp2DSamples": _number(1, whole=True),
    "lbp2DMethod": _one_of("default", "ror", "uniform", "var"),
    "lbp3DLevels": _number(1, whole=True),
    "lbp3DIcosphereRadius": _number(above=0),
    "lbp3DIcosphereSubdivision": _number(0, whole=True),
}
_PREPARATION: Mapping[str, Rule] = {
    "minimumROIDimensions": _dimensions,
    "minimumROISize": _or_none(_number(1, whole=True)),
    "geometryTolerance": _or_none(_number(above=0)),
    "correctMask": _flag,
    "additionalInfo": _flag,
    "label": _number(1, whole=True),
    "label_channel": _number(0, whole=True),
    "normalize": _flag,
    "normalizeScale": _number(above=0),
    "removeOutliers": _or_none(_number(above=0)),
    "resampledPixelSpacing": _or_none(_list_of(_number(0), 3, 3)),
    "interpolator": _or_none(_interpolator),
    "padDistance": _number(0, whole=True),
    "resegmentRange": _or_none(_list_of(_number(), 1, 2)),
    "resegmentMode": _one_of("absolute", "relative", "sigma"),
    "resegmentShape": _flag,
    "preCrop": _flag,
    "ibsi": _flag,
}

SETTING: Mapping[str, Rule] = {**_PREPARATION, **_TEXTURE, **_FILTERS}
"""Keys of ``setting``; all but ``ibsi`` are PyRadiomics'."""

OF_IMAGE_TYPE: Mapping[str, Rule] = {**_TEXTURE, **_FILTERS}
"""Keys that take effect below one image type."""

VOXEL_SETTING: Mapping[str, Rule] = {
    "kernelRadius": _number(1, whole=True),
    "maskedKernel": _flag,
    "initValue": _number(),
    "voxelBatch": _number(1, whole=True),
}

DEFAULTS: Mapping[str, Any] = {
    "minimumROIDimensions": 2,
    "minimumROISize": None,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "preCrop": False,
    "padDistance": 5,
    "distances": [1],
    "force2D": False,
    "force2Ddimension": 0,
    "resegmentRange": None,
    "label": 1,
    "additionalInfo": True,
}
"""PyRadiomics' defaults; the bin width is 25 where neither it nor a bin count is given."""

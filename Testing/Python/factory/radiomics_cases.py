"""Images and masks made by a formula, and the settings that they are measured with.

The images are whole numbers from whole-number arithmetic, so that they are the same on every machine. The values that
PyRadiomics gives for them are kept in Testing/Python/radiomics/pyradiomics_values.json, written by
Testing/tools/radiomics_reference.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.radiomics.grid_image import GridImage

LABEL = 2
SHAPE_ZYX = (18, 22, 25)
TURNED = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0)

EVERY_FILTER: dict[str, dict[str, Any]] = {
    "Original": {},
    "LoG": {"sigma": [1.0, 3.0]},
    "Wavelet": {},
    "Square": {},
    "SquareRoot": {},
    "Logarithm": {},
    "Exponential": {},
    "Gradient": {},
}
_FIRST = {"firstorder": None, "ngtdm": None}
_ALL: dict[str, Any] = dict.fromkeys(("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"))

CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "bin_count": {"setting": {"binCount": 16, "weightingNorm": "euclidean"}},
    "asymmetric_merged": {
        "setting": {"symmetricalGLCM": False, "weightingNorm": "no_weighting", "distances": [1, 2], "gldm_a": 2}
    },
    "flat": {"setting": {"force2D": True, "force2Ddimension": 1, "distances": [2]}, "featureClass": _ALL},
    "filters_on_the_own_grid": {"imageType": EVERY_FILTER, "featureClass": _FIRST},
    "filters_at_1_mm": {
        "setting": {"resampledPixelSpacing": [1, 1, 1]},
        "imageType": EVERY_FILTER,
        "featureClass": _FIRST,
    },
    "normalised_and_cut": {
        "setting": {"normalize": True, "normalizeScale": 100, "removeOutliers": 2, "preCrop": True, "padDistance": 3},
        "imageType": {"Original": {}, "Wavelet": {"wavelet": "db2", "level": 2, "start_level": 1}},
        "featureClass": _FIRST,
    },
    "resegmented": {"setting": {"resegmentRange": [-1.5, 1.0], "resegmentMode": "sigma", "voxelArrayShift": 300}},
    "resegmented_shape": {
        "setting": {"resegmentRange": [0.1], "resegmentMode": "relative", "resegmentShape": True},
        "featureClass": {"shape": ["Compactness1", "Compactness2", "SphericalDisproportion", "MeshVolume"]},
    },
    "in_plane": {"setting": {"resampledPixelSpacing": [1.5, 1.5, 0], "interpolator": "sitkLinear", "padDistance": 2}},
}
"""By name: parameters as a file would hold them; each gets the label."""


def parameters(name: str) -> dict[str, Any]:
    """The parameters of a case, with the label of the formula's mask."""
    case = CASES[name]
    return {**case, "setting": {**case.get("setting", {}), "label": LABEL}}


def formula_image(dtype: type = np.int16) -> GridImage:
    """Waves and a reproducible speckle, from about -600 to 900, on a turned grid of unequal voxels."""
    z, y, x = np.ogrid[: SHAPE_ZYX[0], : SHAPE_ZYX[1], : SHAPE_ZYX[2]]
    wave = 40 * (np.abs((x * 2 + z) % 24 - 12) - 6) + 30 * (np.abs((y * 3 + 2 * z) % 30 - 15) - 7)
    speckle = ((x * 73 + y * 179 + z * 283 + x * y * z * 17) % 97) * 3 - 144
    return GridImage((wave + speckle + 100).astype(dtype), geometry())


def formula_mask() -> GridImage:
    """A ball with a bite, and one voxel beside it that touches by a corner."""
    z, y, x = np.ogrid[: SHAPE_ZYX[0], : SHAPE_ZYX[1], : SHAPE_ZYX[2]]
    ball = (4 * (z - 9) ** 2 + 3 * (y - 11) ** 2 + 2 * (x - 12) ** 2) < 150
    labels = np.where(ball & ~((z > 9) & (y > 11) & (x > 13)), LABEL, 0).astype(np.uint8)
    labels[2, 2:4, 3] = LABEL
    return GridImage(labels, geometry())


def geometry(shape: tuple[int, int, int] = SHAPE_ZYX) -> Geometry:
    """Unequal voxels, turned about the long axis."""
    return Geometry(shape, (1.125, 0.75, 2.5), (-10.5, 55.25, 7.0), TURNED)

"""A mask as a solid with a smooth surface: its signed distance on a fine, cubic grid, seen from one side.

Interpolating the distance instead of the mask keeps thick slices from showing as steps (shape-based interpolation:
Raya SP, Udupa JK 1990, IEEE Trans Med Imaging 9:32-42).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.errors import MissingPackageError

STEP_MM = 0.8
MARGIN_MM = 6.0
_MOST_VOXELS = 5_000_000
_SMOOTHING_MM = 1.1
_SMOOTHING_OF_SPACING = 0.45

VIEWS = ("anterior", "posterior", "medial", "lateral")


@dataclass(frozen=True, eq=False)
class Solid:
    """A solid by its signed distance in mm, negative inside.

    Attributes:
        distance_mm: (S, P, L) float32; index grows towards superior, posterior and the patient's left.
        step_mm: voxel size.
    """

    distance_mm: np.ndarray
    step_mm: float


def solid_of(mask: np.ndarray, spacing_spl_mm: tuple[float, float, float]) -> Solid:
    """The solid of a mask.

    Args:
        mask: (S, P, L) bool, the solid and little around it.
        spacing_spl_mm: voxel size along its axes.

    Raises:
        ValueError: the mask is empty.
        MissingPackageError: scipy is not installed.
    """
    ndimage = _ndimage()
    if not mask.any():
        raise ValueError("an empty mask has no surface")
    strides = [1, 1, 1]
    while np.prod([-(-n // k) for n, k in zip(mask.shape, strides, strict=True)]) > _MOST_VOXELS:
        finest = int(np.argmin([mm * k for mm, k in zip(spacing_spl_mm, strides, strict=True)]))
        strides[finest] *= 2
    spacing = np.array(spacing_spl_mm) * strides
    around = [int(np.ceil(MARGIN_MM / mm)) for mm in spacing]
    coarse = np.pad(mask[tuple(slice(None, None, k) for k in strides)], [(n, n) for n in around])
    if not coarse.any():
        raise ValueError("a mask of single voxels has no surface")
    outside = ndimage.distance_transform_edt(~coarse, sampling=spacing)
    inside = ndimage.distance_transform_edt(coarse, sampling=spacing)
    distance = (outside - inside).astype(np.float32)
    extent = np.array(coarse.shape) * spacing
    step = max(STEP_MM, float((np.prod(extent) / _MOST_VOXELS) ** (1 / 3)))
    shape = tuple(int(n) for n in np.maximum(2, np.ceil(extent / step)))
    # Centre of fine voxel i lies at (i + 0.5) * step, that of a coarse one at (j + 0.5) * spacing.
    fine = ndimage.affine_transform(
        distance, step / spacing, 0.5 * step / spacing - 0.5, output_shape=shape, order=1, mode="nearest"
    )
    sigma = np.maximum(_SMOOTHING_MM, _SMOOTHING_OF_SPACING * spacing) / step
    return Solid(ndimage.gaussian_filter(fine, sigma, mode="nearest").astype(np.float32), step)


def seen_from(solid: Solid, view: str, side: str) -> np.ndarray:
    """The distance with axes (down, away from the viewer, to the viewer's right), without a copy.

    Args:
        solid: of one femur.
        view: one of ``VIEWS``; the patient is upright.
        side: ``left`` or ``right`` femur; says where medial is.

    Raises:
        ValueError: an unknown view or side.
    """
    if view not in VIEWS or side not in ("left", "right"):
        raise ValueError(f"no view {view!r} of a {side!r} femur")
    down = solid.distance_mm[::-1]
    if view == "anterior":
        return down
    if view == "posterior":
        return down[:, ::-1, ::-1]
    # Looking towards the patient's left, anterior is on the viewer's right.
    leftwards = down.transpose(0, 2, 1)[:, :, ::-1]
    looks_left = (view == "medial") == (side == "left")
    return leftwards if looks_left else leftwards[:, ::-1, ::-1]


def letters_of(view: str, side: str) -> tuple[str, str]:
    """Patient sides at the left and right edge of a view."""
    if view == "anterior":
        return "R", "L"
    if view == "posterior":
        return "L", "R"
    return ("P", "A") if (view == "medial") == (side == "left") else ("A", "P")


def _ndimage():  # type: ignore[no-untyped-def]
    try:
        from scipy import ndimage
    except ImportError as error:
        raise MissingPackageError("Pictures of bones need scipy", next_step="Run: pip install scipy") from error
    return ndimage

"""Whether a mask can be used with an image, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.radiomics.grid_image import GridImage

Box = tuple[slice, slice, slice]


def labels_in(mask: GridImage) -> tuple[int, ...]:
    """The labels of a mask, ascending, without the background.

    Raises:
        InputError: ``empty_mask``, or ``not_labels`` where it does not hold whole numbers.
    """
    if mask.array.dtype == bool:
        found: tuple[int, ...] = (1,) if mask.array.any() else ()
    elif mask.array.dtype.kind not in "iu":
        raise InputError("The mask does not hold whole numbers", next_step="Give a label map.", code="not_labels")
    else:
        found = tuple(sorted(set().union(*map(_labels_of, mask.array))))
    if not found:
        raise InputError(
            "The mask is empty: nothing in it is marked",
            next_step="Give a mask of the structure, or leave this case out.",
            code="empty_mask",
        )
    return found


def _labels_of(plane: np.ndarray) -> list[int]:
    """The labels of a slice: a whole scan at once would take its size in memory again."""
    marked = plane[plane != 0]
    found = np.flatnonzero(np.bincount(marked)) if marked.dtype in (np.uint8, np.uint16) else np.unique(marked)
    labels: list[int] = found.tolist()
    return labels


def refuse_absent(label: int, present: Sequence[int]) -> None:
    """Raises InputError (``label_absent``) where a mask does not hold a label."""
    if label not in present:
        shown = ", ".join(map(str, present[:20]))
        raise InputError(
            f"The mask does not hold the label {label}", next_step=f"It holds {shown}.", code="label_absent"
        )


def bounding_box(mask: np.ndarray) -> Box:
    """The smallest box of slices that holds every True voxel; there must be one."""
    z = np.flatnonzero(np.any(mask, axis=(1, 2)))
    plane = np.any(mask[z[0] : z[-1] + 1], axis=0)
    y, x = np.flatnonzero(np.any(plane, axis=1)), np.flatnonzero(np.any(plane, axis=0))
    return (slice(int(z[0]), int(z[-1]) + 1), slice(int(y[0]), int(y[-1]) + 1), slice(int(x[0]), int(x[-1]) + 1))


def check_extent(mask: np.ndarray, dimensions: int, least_voxels: int | None) -> None:
    """Refuse a region that is too small, by PyRadiomics' rules.

    Args:
        mask: (z, y, x) bool, the region's bounding box.
        dimensions: along how many axes it must be thicker than one voxel (``minimumROIDimensions``).
        least_voxels: ``minimumROISize``: a region of as many voxels or fewer is refused, as PyRadiomics does.

    Raises:
        InputError: ``one_voxel``, ``too_few_dimensions``, ``too_few_voxels``.
    """
    thick = sum(n > 1 for n in mask.shape)
    if thick == 0:
        raise InputError("The region is a single voxel: it has no texture and no shape", code="one_voxel")
    if thick < dimensions:
        kind = {1: "a line", 2: "a surface"}[thick]
        raise InputError(
            f"The region is {kind}: it is thicker than one voxel along {thick} axes, and {dimensions} are asked for",
            next_step="Lower minimumROIDimensions if that is meant.",
            code="too_few_dimensions",
        )
    voxels = int(np.count_nonzero(mask))
    if least_voxels is not None and voxels <= least_voxels:
        raise InputError(
            f"The region has {voxels} voxels; more than {least_voxels} are asked for (minimumROISize)",
            code="too_few_voxels",
        )


def why_other_grid(image: GridImage, mask: GridImage, tolerance: float | None) -> str:
    """Why a mask does not lie on the image's grid; empty where it does.

    Args:
        tolerance: PyRadiomics' ``geometryTolerance``, of spacing and origin in voxels and of the directions' cosines.
            Where None, corners may lie a twentieth of a voxel apart, which changes no label.
    """
    first, second = image.geometry, mask.geometry
    if tolerance is None or first.shape_zyx != second.shape_zyx:
        return same_grid(first, second)[1]
    allowed = tolerance * first.spacing_xyz_mm[0]
    apart = max(
        float(np.abs(np.subtract(first.origin_lps_mm, second.origin_lps_mm)).max()),
        float(np.abs(np.subtract(first.spacing_xyz_mm, second.spacing_xyz_mm)).max()),
    )
    if apart > allowed:
        return f"their origins or voxel sizes differ by {apart:.3g} mm, and {allowed:.3g} mm are allowed"
    turned = float(np.abs(np.subtract(first.direction, second.direction)).max())
    return f"their directions differ by {turned:.3g}" if turned > tolerance else ""


def refuse_other_grid(why: str) -> None:
    """Raises InputError (``geometry_mismatch``) with what :func:`why_other_grid` said."""
    if why:
        raise InputError(
            f"The mask is not on the image's grid: {why}",
            next_step="Resample the mask onto the image, or set correctMask or resampledPixelSpacing.",
            code="geometry_mismatch",
        )


def refuse_outside(image: GridImage, mask: GridImage, box: Box) -> None:
    """Refuse a region that reaches beyond the image (more than a thousandth of a voxel), as PyRadiomics does.

    Raises:
        InputError: ``mask_outside_image``.
    """
    low = [part.start - 0.5 for part in reversed(box)]
    high = [part.stop - 0.5 for part in reversed(box)]
    corners = np.array([image.geometry.to_index(mask.geometry.to_physical(corner)) for corner in (low, high)])
    size = np.array(image.array.shape[::-1])
    if np.any(corners.min(axis=0) < -0.501) or np.any(corners.max(axis=0) > size - 0.499):
        raise InputError(
            "The region reaches beyond the image",
            next_step="Cut the mask to the image, and check that both are of the same patient and scan.",
            code="mask_outside_image",
        )

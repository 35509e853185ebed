"""Binary morphology and connected components on small (coarse) grids."""

from __future__ import annotations

import numpy as np


def opened(mask: np.ndarray, radius: int) -> np.ndarray:
    """Opening of a (z, y, x) mask by a box across y and x only; outside the image counts as inside the mask.

    A body that the image border cuts is so kept, and a table or a sheet thinner than ``2 radius + 1`` is removed.
    """
    return ~_grown(_grown(~mask, radius, (1, 2)), -radius, (1, 2))


def dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """Dilation of a (z, y, x) mask by a box of this radius in voxels."""
    return _grown(mask, radius, (0, 1, 2))


def _grown(mask: np.ndarray, radius: int, axes: tuple[int, ...]) -> np.ndarray:
    """Box dilation (radius > 0) or erosion (radius < 0) along some axes; the border adds and removes nothing."""
    for axis in axes:
        result = mask.copy()
        for step in range(1, min(abs(radius), mask.shape[axis] - 1) + 1):
            low = tuple(slice(0, -step) if i == axis else slice(None) for i in range(3))
            high = tuple(slice(step, None) if i == axis else slice(None) for i in range(3))
            for target, source in ((low, high), (high, low)):
                if radius > 0:
                    result[target] |= mask[source]
                else:
                    result[target] &= mask[source]
        mask = result
    return mask


def components(mask: np.ndarray, minimum_size: int = 1) -> tuple[np.ndarray, int]:
    """Face-connected components of a (z, y, x) mask, labelled 1.. by falling size; and how many there are."""
    import SimpleITK as sitk

    found = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)))
    found = sitk.RelabelComponent(found, minimumObjectSize=max(1, minimum_size))
    labels = sitk.GetArrayFromImage(found)
    return labels, int(labels.max(initial=0))


def bounding_boxes(labels: np.ndarray, count: int, margin: int) -> list[tuple[slice, slice, slice]]:
    """For labels 1..count the box around each, grown by a margin and cut at the border."""
    import SimpleITK as sitk

    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.ComputePerimeterOff()
    shapes.Execute(sitk.GetImageFromArray(labels))
    boxes = []
    for label in range(1, count + 1):
        x, y, z, nx, ny, nz = shapes.GetBoundingBox(label)
        low, size = (z, y, x), (nz, ny, nx)
        sz, sy, sx = (slice(max(0, a - margin), a + n + margin) for a, n in zip(low, size, strict=True))
        boxes.append((sz, sy, sx))
    return boxes

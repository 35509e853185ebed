"""Labels on another grid, nearest neighbour, and how much of them got lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

if TYPE_CHECKING:
    import SimpleITK as sitk


def resample_labels(labels: np.ndarray, source: Geometry, target: Geometry) -> tuple[np.ndarray, float]:
    """Labels on the grid of another volume of the same patient, each voxel from its nearest neighbour.

    Args:
        labels: (z, y, x) uint8 on ``source``.

    Returns:
        (z, y, x) uint8 on ``target``; the share (0 to 1) of the labelled volume that lies outside the target's grid.
    """
    import SimpleITK as sitk

    like = sitk.Image(list(target.shape_zyx[::-1]), sitk.sitkUInt8)
    _place(like, target)
    moved = sitk.Resample(_image(labels, source), like, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return sitk.GetArrayFromImage(moved), _share_outside(labels, source, target)


def _share_outside(labels: np.ndarray, source: Geometry, target: Geometry) -> float:
    """By the centres of the labelled voxels, since a coarser grid changes a volume by itself."""
    index = np.argwhere(labels)[:, ::-1]
    if not len(index):
        return 0.0
    points = np.asarray(source.origin_lps_mm) + (index * source.spacing_xyz_mm) @ source.matrix.T
    place = (points - target.origin_lps_mm) @ np.linalg.inv(target.matrix).T / target.spacing_xyz_mm
    outside = (place < -0.5) | (place > np.array(target.shape_zyx[::-1]) - 0.5)
    return float(outside.any(axis=1).mean())


def _image(labels: np.ndarray, geometry: Geometry) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(labels))
    _place(image, geometry)
    return image


def _place(image: sitk.Image, geometry: Geometry) -> None:
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction)

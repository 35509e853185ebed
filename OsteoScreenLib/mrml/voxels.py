"""The voxels of a volume node as an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.compact import compact
from OsteoScreenLib.errors import InputError


def array_of(volume_node: Any, name: str) -> np.ndarray:
    """A read-only copy of the voxels of a scalar volume node, so that later edits in the scene do not reach it.

    Args:
        volume_node: ``vtkMRMLScalarVolumeNode``.
        name: how the node is called in a message.

    Returns:
        (z, y, x) array; int16 where that holds every value exactly, else float32 or float64.

    Raises:
        InputError: ``no_volume`` where the node holds no voxels, ``not_scalar`` where it has several values
            per voxel.
    """
    from vtk.util.numpy_support import vtk_to_numpy

    image = volume_node.GetImageData()
    scalars = None if image is None else image.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        raise InputError(f"'{name}' holds no voxels", next_step="Load the scan again.", code="no_volume")
    if scalars.GetNumberOfComponents() != 1:
        raise InputError(
            f"'{name}' has {scalars.GetNumberOfComponents()} values per voxel, so it is not a CT",
            next_step="Choose the CT itself.",
            code="not_scalar",
        )
    view = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])
    return compact(view)

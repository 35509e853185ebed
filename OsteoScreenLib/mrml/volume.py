"""Between a volume node of the scene and a CTVolume: the one place where RAS becomes LPS."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import ORTHONORMAL_TOLERANCE, Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.acquisition_attribute import acquisition_in_scene, keep_acquisition
from OsteoScreenLib.mrml.dicom_facts import instance_uids
from OsteoScreenLib.mrml.voxels import array_of

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
"""Turns a RAS vector into an LPS one, and back: both patient systems share the third axis (superior)."""


def volume_from_node(volume_node: Any, database: Any | None = None) -> CTVolume:
    """The CT of a scalar volume node, as it lies in the scene.

    The voxels are copied, so that later edits in the scene do not reach the result. A linear transform above the node
    is applied to origin and directions where it is rigid; the voxels are never resampled. A transform that scales,
    shears or mirrors is refused, because it would change the patient's sizes or sides, and so is a non-linear one,
    because no regular grid can describe its effect.

    Args:
        volume_node: ``vtkMRMLScalarVolumeNode`` with one value per voxel, in HU.
        database: Slicer's DICOM database (``slicer.dicomDatabase``); None where there is none. It is asked for the
            header of the node's first instance that it knows. Where it knows none, the facts that were left with the
            node (:mod:`acquisition_attribute`) are taken.

    Returns:
        The volume; LPS millimetres, ``source.kind`` ``scene``, no checksum, no slice stack.

    Raises:
        InputError: ``no_volume`` (no node, or one without voxels), ``not_scalar`` (label map, colour,
            several components), ``nonlinear_transform``, ``nonrigid_transform`` or ``impossible_geometry``.
    """
    name = _name_of_scalar_volume(volume_node)
    hu = array_of(volume_node, name)
    geometry, moved = _geometry_of(volume_node, hu.shape, name)
    acquisition = acquisition_in_scene(volume_node, database)
    return CTVolume(
        hu=hu,
        geometry=geometry,
        acquisition=acquisition,
        source=Source(
            name=name,
            kind="scene",
            n_files=max(1, len(instance_uids(volume_node))),
            notes=_notes(moved, acquisition),
        ),
    )


def write_volume_node(ct: CTVolume, volume_node: Any) -> None:
    """Give a scalar volume node the voxels and the geometry of a CT; inverse of :func:`volume_from_node`.

    Args:
        ct: the volume; its acquisition facts become an attribute of the node.
        volume_node: ``vtkMRMLScalarVolumeNode``; what it held is replaced.
    """
    import vtk
    from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk

    voxels = np.ascontiguousarray(ct.hu)
    image = vtk.vtkImageData()
    image.SetDimensions(*ct.geometry.shape_zyx[::-1])
    scalars = numpy_to_vtk(voxels.ravel(), deep=True, array_type=get_vtk_array_type(voxels.dtype))
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    directions_ras = RAS_TO_LPS @ ct.geometry.matrix
    volume_node.SetIJKToRASDirections(*directions_ras.ravel().tolist())
    volume_node.SetSpacing(*ct.geometry.spacing_xyz_mm)
    volume_node.SetOrigin(*(RAS_TO_LPS @ np.asarray(ct.geometry.origin_lps_mm)).tolist())
    volume_node.SetAndObserveImageData(image)
    keep_acquisition(ct.acquisition, volume_node)


def _name_of_scalar_volume(volume_node: Any) -> str:
    """Name of the node, once it is known to be one that can hold a CT."""
    if volume_node is None:
        raise InputError("No volume is chosen", next_step="Choose a CT volume.", code="no_volume")
    name = volume_node.GetName() or "volume"
    if not volume_node.IsA("vtkMRMLScalarVolumeNode") or volume_node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(
            f"'{name}' is not a scalar volume but a {volume_node.GetNodeTagName()}",
            next_step="Choose the CT itself.",
            code="not_scalar",
        )
    return name


def _geometry_of(volume_node: Any, shape: tuple[int, ...], name: str) -> tuple[Geometry, bool]:
    """Geometry in LPS with a rigid parent transform applied, and whether there was one that moves the volume."""
    to_world, moved = _rigid_to_world(volume_node, name)
    directions = _directions_ras(volume_node)
    origin = np.array(volume_node.GetOrigin())
    if moved:
        directions = to_world[:3, :3] @ directions
        origin = to_world[:3, :3] @ origin + to_world[:3, 3]
    z, y, x = shape
    geometry = Geometry(
        shape_zyx=(z, y, x),
        spacing_xyz_mm=tuple(float(v) for v in volume_node.GetSpacing()),  # type: ignore[arg-type]
        origin_lps_mm=tuple((RAS_TO_LPS @ origin).tolist()),
        direction=tuple((RAS_TO_LPS @ directions).ravel().tolist()),
    )
    valid, why = geometry.is_valid()
    if not valid:
        raise InputError(
            f"'{name}' has an impossible geometry: {why}",
            next_step="Load the scan again, or resample it to a regular grid.",
            code="impossible_geometry",
        )
    return geometry, moved


def _directions_ras(volume_node: Any) -> np.ndarray:
    """(3, 3) directions of the node itself; column j is the RAS direction of index axis j."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASDirectionMatrix(matrix)
    return _as_array(matrix)[:3, :3]


def _rigid_to_world(volume_node: Any, name: str) -> tuple[np.ndarray, bool]:
    """(4, 4) RAS matrix from the node to the world, and whether it differs from the identity.

    Raises:
        InputError: the transform is not linear, or not rigid.
    """
    import vtk

    transform = volume_node.GetParentTransformNode()
    if transform is None:
        return np.eye(4), False
    if not transform.IsTransformToWorldLinear():
        raise InputError(
            f"'{name}' lies under a non-linear transform, such as the one that Slicer adds to scans with a gantry tilt"
            " or uneven slices",
            next_step="Harden the transform on the volume, or screen the DICOM files themselves.",
            code="nonlinear_transform",
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    to_world = _as_array(matrix)
    rotation = to_world[:3, :3]
    deviation = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    # Written so that a NaN in the matrix is refused as well.
    if not (deviation <= ORTHONORMAL_TOLERANCE and np.linalg.det(rotation) > 0 and np.isfinite(to_world).all()):
        raise InputError(
            f"'{name}' lies under a transform that scales, shears or mirrors it, which would change the patient's sizes"
            " or sides",
            next_step="Take the volume out of the transform in the Transforms module.",
            code="nonrigid_transform",
        )
    return to_world, not np.array_equal(to_world, np.eye(4))


def _as_array(matrix: Any) -> np.ndarray:
    """(4, 4) array of a vtkMatrix4x4."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def _notes(moved: bool, acquisition: Acquisition) -> tuple[str, ...]:
    """What a user should know of how the volume was taken from the scene."""
    notes = ["Read from the scene: missing, duplicate or uneven slices of the DICOM files cannot be seen there."]
    if moved:
        notes.append("The rigid transform above the volume is applied to its position; the voxels are unchanged.")
    if acquisition.facts_from == "none":
        notes.append("The scene does not say how the scan was made: it has no header in Slicer's DICOM database.")
    return tuple(notes)

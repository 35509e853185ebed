"""A volume node of a real scene becomes the CT that lies on disk."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.volume import volume_from_node, write_volume_node

pytestmark = pytest.mark.needs_module("slicer")

ROUNDING_MM = 1e-10
"""Slicer keeps origin and directions as the inverse of a matrix, so their last binary digits may differ from ITK's."""


def _rotation(x_deg: float, z_deg: float) -> np.ndarray:
    cx, sx = math.cos(math.radians(x_deg)), math.sin(math.radians(x_deg))
    cz, sz = math.cos(math.radians(z_deg)), math.sin(math.radians(z_deg))
    return np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]) @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])


DIRECTIONS = {
    "axial": np.eye(3),
    "flipped left to right": np.diag([-1.0, 1, 1]),
    "flipped front to back and head to foot": np.diag([1.0, -1, -1]),
    "flipped along all axes": -np.eye(3),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "oblique": _rotation(17, 11),
    "oblique and left-handed": _rotation(-23, 8) @ np.diag([1.0, 1, -1]),
}


@pytest.fixture(params=DIRECTIONS.values(), ids=DIRECTIONS.keys())
def image(request: pytest.FixtureRequest, small_ct: CTVolume) -> Any:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(small_ct.hu)
    image.SetSpacing(small_ct.geometry.spacing_xyz_mm)
    image.SetOrigin(small_ct.geometry.origin_lps_mm)
    image.SetDirection(request.param.ravel().tolist())
    return image


def right_handed(image: Any) -> tuple[np.ndarray, tuple[float, ...], np.ndarray]:
    """Voxels, origin and directions of an image, its slices in the order that makes the index axes right-handed.

    Slicer turns the slices of a left-handed image around as it loads it; each voxel keeps its place in the patient.
    """
    import SimpleITK as sitk

    voxels, origin = sitk.GetArrayFromImage(image), image.GetOrigin()
    direction = np.array(image.GetDirection()).reshape(3, 3)
    if np.linalg.det(direction) < 0:
        origin = image.TransformIndexToPhysicalPoint((0, 0, image.GetSize()[2] - 1))
        voxels, direction = voxels[::-1], direction * [1, 1, -1]
    return voxels, origin, direction


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_what_slicer_loads_equals_what_simpleitk_reads(image, suffix, load, tmp_path):
    import SimpleITK as sitk

    path = tmp_path / f"scan{suffix}"
    sitk.WriteImage(image, str(path))
    read = sitk.ReadImage(str(path))
    ct = volume_from_node(load(path))
    voxels, origin, direction = right_handed(read)
    assert np.array_equal(ct.hu, voxels)
    np.testing.assert_allclose(ct.geometry.spacing_xyz_mm, read.GetSpacing(), rtol=0, atol=ROUNDING_MM)
    np.testing.assert_allclose(ct.geometry.origin_lps_mm, origin, rtol=0, atol=ROUNDING_MM)
    np.testing.assert_allclose(ct.geometry.matrix, direction, rtol=0, atol=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_a_volume_written_to_a_node_and_read_back_is_the_same_to_the_last_bit(direction, small_ct, new_node):
    geometry = Geometry(
        small_ct.hu.shape, small_ct.geometry.spacing_xyz_mm, small_ct.geometry.origin_lps_mm, tuple(direction.ravel())
    )
    node = new_node("vtkMRMLScalarVolumeNode")
    write_volume_node(CTVolume(hu=small_ct.hu, geometry=geometry), node)
    back = volume_from_node(node)
    assert back.geometry == geometry
    assert np.array_equal(back.hu, small_ct.hu)


def test_a_voxel_lies_where_slicer_says_it_lies(volume_node, small_ct):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    right, anterior, superior, _ = matrix.MultiplyPoint((4, 2, 3, 1))
    np.testing.assert_allclose(
        volume_from_node(volume_node).geometry.to_physical((4, 2, 3)), (-right, -anterior, superior), atol=1e-9
    )


def test_the_source_is_the_scene_and_has_no_checksum(volume_node):
    source = volume_from_node(volume_node).source
    assert (source.name, source.kind, source.sha256, source.n_files) == ("hip", "scene", None, 1)
    assert "cannot be seen" in source.notes[0]


def test_later_edits_in_the_scene_do_not_reach_the_volume(volume_node, small_ct):
    ct = volume_from_node(volume_node)
    volume_node.GetImageData().GetPointData().GetScalars().Fill(0)
    assert np.array_equal(ct.hu, small_ct.hu)
    assert not ct.hu.flags.writeable


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([-1024, 3071], dtype=np.int32), np.int16),
        (np.array([-1024.0, 3071.0], dtype=np.float64), np.int16),
        (np.array([0, 65535], dtype=np.uint16), np.float32),
        (np.array([0.5, np.nan], dtype=np.float32), np.float32),
        (np.array([0.1, 1e300], dtype=np.float64), np.float64),
    ],
)
def test_the_smallest_type_that_holds_every_value_is_taken(values, expected, new_node):
    stored = CTVolume(
        hu=values.reshape(1, 1, 2), geometry=Geometry((1, 1, 2), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    )
    node = new_node("vtkMRMLScalarVolumeNode")
    write_volume_node(stored, node)
    read = volume_from_node(node).hu
    assert read.dtype == expected
    assert np.array_equal(read.ravel().astype(np.float64), values.astype(np.float64), equal_nan=True)


def test_no_node_is_refused():
    with pytest.raises(InputError) as refused:
        volume_from_node(None)
    assert refused.value.code == "no_volume"


def test_a_node_without_voxels_is_refused(new_node):
    with pytest.raises(InputError, match="'empty' holds no voxels") as refused:
        volume_from_node(new_node("vtkMRMLScalarVolumeNode", "empty"))
    assert refused.value.code == "no_volume"


@pytest.mark.parametrize("class_name", ["vtkMRMLLabelMapVolumeNode", "vtkMRMLModelNode"])
def test_a_node_that_is_no_scalar_volume_is_refused(class_name, new_node):
    with pytest.raises(InputError) as refused:
        volume_from_node(new_node(class_name))
    assert refused.value.code == "not_scalar"


def test_several_values_per_voxel_are_refused(volume_node):
    volume_node.GetImageData().AllocateScalars(4, 3)
    with pytest.raises(InputError, match="3 values per voxel") as refused:
        volume_from_node(volume_node)
    assert refused.value.code == "not_scalar"


@pytest.mark.parametrize(
    ("directions", "spacing"),
    [
        ((1, 0.2, 0, 0, 1, 0, 0, 0, 1), (1, 1, 1)),
        ((1, 0, 0, 0, 1, 0, 0, 0, 1), (1, math.nan, 1)),
        ((math.nan, 0, 0, 0, 1, 0, 0, 0, 1), (1, 1, 1)),
    ],
    ids=["sheared", "spacing not a number", "direction not a number"],
)
def test_an_impossible_geometry_is_refused(directions, spacing, volume_node):
    volume_node.SetIJKToRASDirections(*directions)
    volume_node.SetSpacing(*spacing)
    with pytest.raises(InputError, match="'hip' has an impossible geometry") as refused:
        volume_from_node(volume_node)
    assert refused.value.code == "impossible_geometry"

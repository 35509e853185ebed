"""A transform above a volume is applied where it moves the patient, and refused where it changes the patient."""

from __future__ import annotations

import math

import numpy as np
import pytest

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.volume import volume_from_node

pytestmark = pytest.mark.needs_module("slicer")


def put_under(node, new_node, matrix):
    """A new linear transform node with a RAS matrix, above a node."""
    import slicer.util

    transform = new_node("vtkMRMLLinearTransformNode", "transform")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.asarray(matrix, dtype=float)))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def turned(deg: float, translation=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Rotation around the axis from foot to head, then a shift, as a (4, 4) RAS matrix."""
    matrix = np.eye(4)
    c, s = math.cos(math.radians(deg)), math.sin(math.radians(deg))
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = translation
    return matrix


def test_an_identity_above_the_volume_changes_nothing(volume_node, new_node):
    plain = volume_from_node(volume_node)
    put_under(volume_node, new_node, np.eye(4))
    under = volume_from_node(volume_node)
    assert under.geometry == plain.geometry
    assert under.source.notes == plain.source.notes


def test_a_rigid_transform_moves_the_grid_and_leaves_the_voxels(volume_node, new_node, small_ct):
    put_under(volume_node, new_node, turned(25, (10, -20, 30)))
    ct = volume_from_node(volume_node)
    assert np.array_equal(ct.hu, small_ct.hu)
    assert ct.geometry.spacing_xyz_mm == small_ct.geometry.spacing_xyz_mm
    right, anterior, superior = volume_node_to_world(volume_node, (4, 2, 3))
    np.testing.assert_allclose(ct.geometry.to_physical((4, 2, 3)), (-right, -anterior, superior), atol=1e-9)
    assert any("rigid transform" in note for note in ct.source.notes)


def volume_node_to_world(node, index):
    """RAS point in the world of a voxel index, as Slicer itself computes it."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    world = [0.0, 0.0, 0.0]
    node.TransformPointToWorld(matrix.MultiplyPoint((*index, 1))[:3], world)
    return world


def test_a_rigid_transform_gives_the_geometry_that_hardening_it_gives(volume_node, new_node):
    put_under(volume_node, new_node, turned(-40, (1, 2, 3)))
    under = volume_from_node(volume_node).geometry
    volume_node.HardenTransform()
    hardened = volume_from_node(volume_node).geometry
    np.testing.assert_allclose(under.direction, hardened.direction, atol=1e-12)
    np.testing.assert_allclose(under.origin_lps_mm, hardened.origin_lps_mm, atol=1e-9)


def test_transforms_above_transforms_are_followed_to_the_world(volume_node, new_node):
    inner = put_under(volume_node, new_node, turned(30, (5, 0, 0)))
    put_under(inner, new_node, turned(-30, (0, 7, 0)))
    right, anterior, superior = volume_node_to_world(volume_node, (1, 1, 1))
    np.testing.assert_allclose(
        volume_from_node(volume_node).geometry.to_physical((1, 1, 1)), (-right, -anterior, superior), atol=1e-9
    )


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1.1, 1.1, 1.1, 1.0]),
        np.diag([-1.0, 1.0, 1.0, 1.0]),
        np.array([[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        np.diag([math.nan, 1, 1, 1]),
    ],
    ids=["scaled", "mirrored", "sheared", "not a number"],
)
def test_a_transform_that_changes_sizes_or_sides_is_refused(matrix, volume_node, new_node):
    put_under(volume_node, new_node, matrix)
    with pytest.raises(InputError, match="scales, shears or mirrors") as refused:
        volume_from_node(volume_node)
    assert refused.value.code == "nonrigid_transform"


@pytest.mark.parametrize("class_name", ["vtkMRMLGridTransformNode", "vtkMRMLBSplineTransformNode"])
def test_a_non_linear_transform_is_refused_with_the_way_out(class_name, volume_node, new_node):
    transform = new_node(class_name)
    volume_node.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="non-linear transform") as refused:
        volume_from_node(volume_node)
    assert refused.value.code == "nonlinear_transform"
    assert "Harden" in refused.value.next_step


def test_a_non_linear_transform_further_up_is_refused_too(volume_node, new_node):
    inner = put_under(volume_node, new_node, np.eye(4))
    inner.SetAndObserveTransformNodeID(new_node("vtkMRMLGridTransformNode").GetID())
    with pytest.raises(InputError) as refused:
        volume_from_node(volume_node)
    assert refused.value.code == "nonlinear_transform"

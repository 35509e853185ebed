from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from OsteoScreenLib.radiomics.diameter import largest_distance, largest_distance_in_planes
from OsteoScreenLib.radiomics.marching_cubes import mesh, triangles
from OsteoScreenLib.radiomics.shape import shape_features
from OsteoScreenLib.radiomics.shape_2d import shape_2d_features

SPACING = (2.5, 0.75, 1.25)


def ball(radius_mm: float, spacing: tuple[float, float, float]) -> np.ndarray:
    reach = [int(radius_mm / step) + 1 for step in spacing]
    axes = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    return sum((axis * step) ** 2 for axis, step in zip(axes, spacing, strict=True)) <= radius_mm**2


def test_a_ball_has_the_volume_the_diameter_and_nearly_the_surface_of_a_sphere():
    features = shape_features(ball(20.0, (0.8, 0.5, 0.5)), (0.8, 0.5, 0.5))

    assert features["MeshVolume"] == pytest.approx(4 / 3 * np.pi * 20**3, rel=5e-3)
    assert features["Maximum3DDiameter"] == pytest.approx(40, abs=0.8)
    assert features["SurfaceArea"] == pytest.approx(1.1 * 4 * np.pi * 20**2, rel=0.02)  # steps make it rough
    assert features["MajorAxisLength"] == pytest.approx(4 * 20 / 5**0.5, rel=5e-3)
    assert features["Sphericity"] < 1


def test_a_box_has_its_volume_less_what_is_cut_off_its_edges_and_corners():
    mask = np.ones((4, 5, 6), dtype=bool)
    surface = mesh(mask, (1.0, 1.0, 1.0))

    edges, corners = 4 * (3 + 4 + 5), 8
    # Half a voxel is cut along every edge (1/8 of its length), and more at the corners: 1/8 - 1/48 voxel is left of 8.
    assert surface.volume_mm3 == pytest.approx(3 * 4 * 5 + (3 * 4 + 4 * 5 + 3 * 5) + edges / 8 + corners / 48)


def test_every_case_of_the_cube_is_closed_and_faces_outwards():
    for case in range(1, 128):
        found = triangles(case)
        assert 1 <= len(found) <= 5
        sides = [(tuple(triangle[i]), tuple(triangle[(i + 1) % 3])) for triangle in found.tolist() for i in range(3)]
        lone = [side for side in sides if (side[1], side[0]) not in sides]
        # What has no counterpart lies on a face of the cube, where the neighbouring cube goes on.
        assert all(any(a[axis] == b[axis] and a[axis] in (0.0, 1.0) for axis in range(3)) for a, b in lone)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_the_mesh_of_a_random_mask_and_of_its_complement_enclose_the_whole(seed, share):
    mask = np.random.default_rng(seed).random((5, 6, 7)) < share
    mask[0, 0, 0] = True
    around = np.pad(mask, 1)

    inner, outer = mesh(around, SPACING), mesh(~around, SPACING)
    hull = mesh(np.ones_like(around), SPACING)

    assert inner.volume_mm3 + outer.volume_mm3 == pytest.approx(hull.volume_mm3, rel=1e-9)
    assert inner.area_mm2 + hull.area_mm2 == pytest.approx(outer.area_mm2, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 0.9))
def test_diameters_are_those_of_every_pair_of_corners(seed, share):
    mask = np.random.default_rng(seed).random((5, 7, 6)) < share
    mask[2, 3, 3] = True
    vertices = mesh(mask, SPACING).vertices
    points = vertices / 2 * np.array(SPACING)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)

    assert largest_distance(vertices, SPACING) == pytest.approx(distance.max(), rel=1e-12)
    for axis in range(3):
        level = vertices[:, axis, None] == vertices[None, :, axis]
        expected = (distance * level).max()
        assert largest_distance_in_planes(vertices, SPACING, axis) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("many", [0, 10_000])
def test_the_diameter_is_the_same_with_and_without_a_hull(monkeypatch, many):
    monkeypatch.setattr("OsteoScreenLib.radiomics.diameter.MANY_POINTS", many)
    long_bone = np.zeros((60, 20, 20), dtype=bool)
    for z in range(60):
        long_bone[z, 4 + z // 6 : 9 + z // 6, 5:9] = True

    for mask, expected in ((ball(9.0, SPACING), 20.0), (long_bone, 150.0)):
        assert largest_distance(mesh(mask, SPACING).vertices, SPACING) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
def test_shape_does_not_depend_on_which_axis_is_which(order):
    mask = ball(6.0, SPACING)
    mask[:, :3] = False
    turned = mask.transpose(order)
    spacing = tuple(SPACING[axis] for axis in order)

    ours, theirs = shape_features(mask, SPACING), shape_features(turned, spacing)

    for name in ("MeshVolume", "Maximum3DDiameter", "MajorAxisLength", "LeastAxisLength", "VoxelVolume"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9), name


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(0, 3)] * 6))
def test_shape_stays_where_a_mask_is_moved(border):
    mask = ball(4.0, SPACING)
    mask[:, :4, 2:] = False
    moved = np.pad(mask, tuple(zip(border[:3], border[3:], strict=True)))

    assert shape_features(moved, SPACING) == pytest.approx(shape_features(mask, SPACING), rel=1e-9, abs=1e-9)


def test_a_square_in_a_slice_has_the_outline_of_a_square_with_cut_corners():
    features = shape_2d_features(np.ones((4, 4), dtype=bool), (1.0, 1.0))

    assert features["PixelSurface"] == 16
    assert features["MeshSurface"] == 16 - 4 / 8
    assert features["Perimeter"] == pytest.approx(4 * 3 + 4 * 0.5**0.5)
    assert features["Elongation"] == pytest.approx(1)


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
@pytest.mark.parametrize("seed", range(6))
def test_two_dimensional_shape_equals_pyradiomics_on_random_slices(seed):
    from factory.radiomics_cases import geometry

    from OsteoScreenLib.radiomics.grid_image import GridImage
    from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
    from OsteoScreenLib.radiomics.settings import Settings

    axis = seed % 3
    mask = np.zeros((7, 8, 9), dtype=np.uint8)
    slab = np.moveaxis(mask, axis, 0)[3]
    slab[1:-1, 1:-1] = np.random.default_rng(seed).random(np.subtract(slab.shape, 2)) < 0.3 + 0.1 * seed
    spec = {"setting": {"force2D": True, "force2Ddimension": axis}, "featureClass": {"shape2D": None}}
    image = GridImage(np.arange(mask.size, dtype=np.int16).reshape(mask.shape), geometry(mask.shape))
    theirs = extract_with_pyradiomics(image, GridImage(mask, image.geometry), Settings.from_dict(spec)).rows[0]
    spacing = tuple(step for i, step in enumerate(image.spacing_zyx_mm) if i != axis)

    ours = shape_2d_features(slab.astype(bool), spacing)

    assert theirs.error is None
    for name, value in theirs.features.items():
        assert ours[name.split("_")[-1]] == pytest.approx(value, rel=1e-9), name

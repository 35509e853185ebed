"""The mid-body ellipse of vertebrae: in its place on digital patients, whatever their pose; refused with reasons."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from densitometry.femora import UPRIGHT, turn

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.vertebra_region import vertebra_hu, vertebra_region
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.vertebra import Vertebra, vertebra

AROUND_MM = 62.0


@lru_cache(maxsize=16)
def masks(
    seed: int = 3,
    name: str = "L1",
    spacing: tuple[float, float, float] = (1.5, 1.5, 1.5),
    turned: tuple[float, ...] = UPRIGHT,
) -> tuple[np.ndarray, np.ndarray, Geometry, Vertebra]:
    """The whole vertebra and its body on a grid, and the truth; ``turned``: directions of the grid's axes."""
    true = vertebra(plan_body(draw_patient(seed)), name)
    counts = [round(2 * AROUND_MM / s) for s in spacing]
    matrix = np.array(turned).reshape(3, 3)
    x, y, z = (np.add(true.centre, (0.0, 18.0, 0.0)) - matrix @ ((np.array(counts) - 1) / 2 * spacing)).tolist()
    geometry = Geometry((counts[2], counts[1], counts[0]), spacing, (x, y, z), turned)
    k, j, i = np.indices(geometry.shape_zyx)
    points = np.stack([i, j, k], axis=-1) * spacing @ matrix.T + (x, y, z)
    at = tuple(points[..., a] for a in range(3))
    return true.whole.distance(*at) < 0, true.body.distance(*at) < 0, geometry, true


@pytest.mark.parametrize("name", ["T10", "T12", "L1", "L3", "L5"])
@pytest.mark.parametrize("seed", [3, 8])
def test_the_ellipse_lies_in_the_front_half_of_the_body_at_mid_height(seed, name) -> None:
    whole, body, geometry, true = masks(seed, name)
    region = vertebra_region(whole, geometry)
    assert not (region.mask & ~body).any()
    away = np.array(region.centre_lps_mm) - true.centre
    assert abs(away @ np.array(true.up)) < 2.0
    assert 1.0 < -(away @ np.array(true.back)) < 7.0
    assert abs(away[0]) < 1.5
    assert np.degrees(np.arccos(np.array(region.up) @ true.up)) < 5.0


def test_the_region_is_trabecular_and_keeps_off_cortex_and_vein() -> None:
    whole, body, geometry, true = masks()
    region = vertebra_region(whole, geometry)
    k, j, i = np.nonzero(region.mask)
    points = np.stack([i, j, k], axis=-1) * geometry.spacing_xyz_mm + geometry.origin_lps_mm
    depth = -true.body.distance(*points.T)
    assert depth.min() > 2.0
    behind = (points - true.centre) @ np.array(true.back)
    wall = ((np.argwhere(body)[:, ::-1] * geometry.spacing_xyz_mm + geometry.origin_lps_mm) - true.centre) @ np.array(
        true.back
    )
    assert (wall.max() - behind.max()) / np.ptp(wall) > 0.33  # the vein enters in the posterior third
    area = region.mask.sum() * geometry.voxel_volume_mm3 / 5.0
    assert 150.0 < area < 500.0


def test_mean_hu_is_that_of_the_spongy_bone() -> None:
    whole, body, geometry, true = masks()
    noise = np.random.default_rng(1).normal(0.0, 25.0, whole.shape)
    k, j, i = np.indices(whole.shape)
    points = np.stack([i, j, k], axis=-1) * geometry.spacing_xyz_mm + geometry.origin_lps_mm
    shell = body & (-true.body.distance(*(points[..., a] for a in range(3))) < 1.5)
    hu = np.where(shell, 700.0, np.where(whole, 140.0, 50.0)) + noise
    measure, _ = vertebra_hu(hu, whole, geometry)
    assert measure.value == pytest.approx(140.0, abs=4.0)
    assert 0.5 < measure.sd < 6.0
    assert measure.unit == "HU"


@pytest.mark.parametrize("angles", [(15.0, 0.0, 0.0), (0.0, 12.0, 0.0), (0.0, 0.0, 20.0), (-12.0, 8.0, -15.0)])
def test_the_grid_may_be_turned(angles) -> None:
    whole, _, geometry, _ = masks(turned=tuple(turn(*angles).ravel().tolist()), spacing=(1.5, 1.5, 1.5))
    region = vertebra_region(whole, geometry)
    upright = vertebra_region(*[masks(spacing=(1.5, 1.5, 1.5))[n] for n in (0, 2)])
    assert np.linalg.norm(np.subtract(region.centre_lps_mm, upright.centre_lps_mm)) < 1.5
    assert abs(np.array(region.up) @ np.array(upright.up)) > 0.995


def test_a_mask_of_the_body_alone_is_read_in_the_same_place() -> None:
    whole, body, geometry, _ = masks()
    both = [vertebra_region(mask, geometry) for mask in (whole, body)]
    assert np.linalg.norm(np.subtract(both[0].centre_lps_mm, both[1].centre_lps_mm)) < 2.0


def test_thick_slices_are_read_too() -> None:
    whole, body, geometry, _ = masks(spacing=(0.8, 0.8, 5.0))
    region = vertebra_region(whole, geometry)
    assert region.mask.any()
    assert not (region.mask & ~body).any()


@pytest.mark.parametrize("keep", [slice(38, None), slice(None, 46)])
def test_a_body_that_the_scan_cuts_is_withheld(keep) -> None:
    whole, _, geometry, _ = masks()
    part = whole[keep]
    grid = Geometry(
        part.shape, geometry.spacing_xyz_mm, geometry.to_physical((0, 0, keep.start or 0)), geometry.direction
    )
    measure, region = vertebra_hu(np.zeros(part.shape), part, grid)
    assert region is None
    assert "the scan cuts the vertebral body" in measure.withheld


def test_a_cut_through_the_spinous_process_costs_nothing() -> None:
    whole, _, geometry, _ = masks()
    last = int(np.argwhere(whole)[:, 1].max()) - 10
    part = whole[:, :last]
    grid = Geometry(part.shape, geometry.spacing_xyz_mm, geometry.origin_lps_mm, geometry.direction)
    assert vertebra_region(part, grid).mask.any()


@pytest.mark.parametrize(("edge", "code"), [(0, "empty_mask"), (4, "no_vertebral_body"), (80, "no_vertebral_body")])
def test_what_is_no_vertebra_is_refused(edge, code) -> None:
    mask = np.zeros((100, 100, 100), bool)
    mask[5 : 5 + edge, 5 : 5 + edge, 5 : 5 + edge] = True
    with pytest.raises(InputError) as refused:
        vertebra_region(mask, Geometry(mask.shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), UPRIGHT))
    assert refused.value.code == code


def test_metal_in_the_body_is_withheld() -> None:
    whole, _, geometry, _ = masks()
    region = vertebra_region(whole, geometry)
    hu = np.full(whole.shape, 150.0)
    assert not vertebra_hu(hu, whole, geometry)[0].withheld
    hu[tuple(np.argwhere(region.mask)[0])] = 3000.0
    assert "metal" in vertebra_hu(hu, whole, geometry)[0].withheld


def test_real_l3_and_its_neighbours_that_the_scan_cuts(shared_data) -> None:
    from OsteoScreenLib.ct.label_file import read_labels
    from OsteoScreenLib.ct.reader import read_ct

    folder = shared_data / "chest_ct" / "tptbox_L3"
    ct = read_ct(folder / "sub-ct_label-22_ct.nii.gz")
    labels, geometry = read_labels(folder / "sub-ct_seg-vert_label-22_msk.nii.gz")
    measure, region = vertebra_hu(ct.hu, labels == 22, geometry)
    assert 30.0 < measure.value < 100.0  # an aged spine, by its picture
    assert 20.0 < region.height_mm < 32.0
    assert 30.0 < region.depth_mm < 42.0
    assert 40.0 < region.width_mm < 56.0
    assert [bool(vertebra_hu(ct.hu, labels == n, geometry)[0].withheld) for n in (21, 23)] == [True, True]

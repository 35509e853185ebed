"""Areal BMD by projection: against what can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from densitometry.femora import turn

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.areal import areal_regions, project_femur, sum_region
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.densitometry.mineral import MineralModel
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.phantom.attenuation import Beam

SETTINGS = default_settings()
RADIUS, DENSITY = 15.0, 300.0
SHAFT_LENGTH = 70.0


def tube(rotation: np.ndarray) -> tuple[np.ndarray, Geometry, FemurLandmarks]:
    """A neck like a tube, square to a shaft like a tube, turned in the scan: mask, grid, landmarks."""
    axis, shaft = rotation @ np.array([1.0, 0.0, 0.0]), rotation @ np.array([0.0, 0.0, 1.0])
    n = 131
    geometry = Geometry((n, n, n), (1.0, 1.0, 1.0), (-65.0, -65.0, -65.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    z, y, x = np.meshgrid(*[np.arange(n) - 65.0] * 3, indexing="ij", sparse=True)
    along = x * axis[0] + y * axis[1] + z * axis[2]
    up = x * shaft[0] + y * shaft[1] + z * shaft[2]
    squared = x**2 + y**2 + z**2
    mask = (squared - along**2 <= RADIUS**2) & (np.abs(along) < 28.0)
    mask |= (squared - up**2 - 2 * 40 * along + 1600 <= RADIUS**2) & (up < 10.0) & (up > -SHAFT_LENGTH)
    marks = FemurLandmarks(
        "left",
        neck_centre_lps_mm=(0.0, 0.0, 0.0),
        neck_axis=tuple(axis.tolist()),
        shaft_axis=tuple(shaft.tolist()),
        lesser_trochanter_lps_mm=tuple((40.0 * axis - 20.0 * shaft).tolist()),
    )
    return mask, geometry, marks


@pytest.mark.parametrize("degrees", [(0.0, 0.0, 0.0), (20.0, -15.0, 10.0)])
def test_a_tube_of_known_density_has_the_areal_density_that_geometry_gives(degrees) -> None:
    mask, geometry, marks = tube(turn(*degrees))
    picture = project_femur(np.where(mask, DENSITY, 0.0), mask, geometry, marks, 1.0)
    neck = sum_region(picture, areal_regions(picture, marks, SETTINGS)["femoral_neck"])
    # A tube is seen 2 R wide and pi R / 2 deep on average; the box is 15 mm wide.
    assert neck.abmd_g_cm2 == pytest.approx(DENSITY * 1e-4 * np.pi * RADIUS / 2, rel=0.02)
    assert neck.area_cm2 == pytest.approx(1.5 * 2 * RADIUS / 10, rel=0.02)
    assert neck.path_mm == pytest.approx(np.pi * RADIUS / 2, rel=0.03)


def test_the_total_hip_ends_below_the_lesser_trochanter_and_begins_at_the_necks_box() -> None:
    mask, geometry, marks = tube(np.eye(3))
    picture = project_femur(np.where(mask, DENSITY, 0.0), mask, geometry, marks, 1.0)
    weights = areal_regions(picture, marks, SETTINGS)["total_hip"]
    below = picture.v < -20.0 - 15.0 - 1.0
    assert weights[below].max() == 0.0
    assert weights[picture.v > -34.0][:, picture.u > -6.0].min() == 1.0
    assert weights[:, picture.u < -8.5].max() == 0.0


def test_without_a_lesser_trochanter_there_is_no_total_hip_and_without_axes_no_projection() -> None:
    mask, geometry, marks = tube(np.eye(3))
    short = FemurLandmarks("left", marks.neck_centre_lps_mm and None, None, marks.neck_axis)
    with pytest.raises(ValueError, match="neck"):
        project_femur(np.where(mask, DENSITY, 0.0), mask, geometry, short, 1.0)
    neck_only = FemurLandmarks(
        "left",
        neck_centre_lps_mm=marks.neck_centre_lps_mm,
        neck_axis=marks.neck_axis,
        shaft_axis=marks.shaft_axis,
    )
    picture = project_femur(np.where(mask, DENSITY, 0.0), mask, geometry, neck_only, 1.0)
    assert set(areal_regions(picture, neck_only, SETTINGS)) == {"femoral_neck"}


@pytest.mark.parametrize("kvp", [80.0, 120.0, 140.0])
@pytest.mark.parametrize("mineral", [50.0, 200.0, 900.0])
def test_mineral_in_fatty_marrow_is_found_where_density_alone_is_misled(kvp, mineral) -> None:
    from OsteoScreenLib.densitometry.attenuation import effective_energy_kev

    beam, kev = Beam.of(kvp), effective_energy_kev(kvp, 26.0)
    assert kev is not None
    fat = SETTINGS["mineral.marrow_fat_share"]["neck"]
    marrow = fat * beam.hu["yellow_marrow"] + (1 - fat) * beam.hu["red_marrow"]
    density = float(beam.bone_hu(marrow, mineral)) / beam.k2hpo4_hu
    model = MineralModel.in_marrow(SETTINGS, "neck", kev)
    assert model.of(density) == pytest.approx(mineral, abs=1.0)
    if mineral < 300:
        assert density < mineral - 10.0


def test_marrow_that_is_not_known_makes_mineral_less_sure_than_density() -> None:
    model = MineralModel.in_marrow(SETTINGS, "neck", 69.86)
    assert model.sd(0.0) > 3.0
    assert model.sd(8.0) > model.gain * 8.0


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 2.0), (0.8, 0.8, 1.5), (1.0, 1.0, 3.3)])
def test_the_shadow_of_a_tube_keeps_its_width_on_coarse_voxels_however_it_lies(spacing) -> None:
    rng, errors = np.random.default_rng(7), []
    for _ in range(6):
        counts = tuple(int(84 / s) for s in spacing[::-1])
        geometry = Geometry(counts, spacing, (-42.0, -42.0, -42.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
        axis, other = rng.normal(size=(2, 3))
        axis = axis / np.linalg.norm(axis)
        shaft = np.cross(axis, other) / np.linalg.norm(np.cross(axis, other))
        centre = rng.uniform(-0.5, 0.5, 3)
        z, y, x = ((np.arange(n) * s - 42.0 - c) for n, s, c in zip(counts, spacing[::-1], centre[::-1], strict=True))
        place = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1).transpose(2, 1, 0, 3)
        along = place @ axis
        mask = np.linalg.norm(place - along[..., None] * axis, axis=-1) <= RADIUS
        marks = FemurLandmarks(
            "left",
            neck_centre_lps_mm=tuple(centre.tolist()),
            neck_axis=tuple(axis.tolist()),
            shaft_axis=tuple(shaft.tolist()),
        )
        picture = project_femur(mask.astype(float), mask, geometry, marks, 1.0)
        found = sum_region(picture, areal_regions(picture, marks, SETTINGS)["femoral_neck"]).area_cm2
        errors.append(found / (1.5 * 2 * RADIUS / 10) - 1.0)
    assert abs(np.mean(errors)) < 0.004
    assert np.abs(errors).max() < 0.015

"""The level of a patient's bone, and the shell's share of a voxel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.areal_truth import FemurLandmarks, femur_areal
from OsteoScreenLib.phantom.bone_density import (
    MARROW_FAT,
    TRABECULAR_DENSITY,
    bone_level,
    bone_tissue,
    expected_neck_abmd,
    shell_share,
)
from OsteoScreenLib.phantom.femur import paint_femora
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits


def person(age: float = 60.0, sex: str = "F", bone_z: float = 0.0, seed: int = 1, bmi: float = 26.0) -> PatientTraits:
    height = 1.76 if sex == "M" else 1.63
    return PatientTraits(seed, sex, age, height, bmi * height**2, bone_z=bone_z)


def painted_abmd(traits: PatientTraits) -> tuple[float, float]:
    """Femoral neck and total hip of the left side, by projection of the painted mineral."""
    plan = plan_body(traits)
    x = plan.head_centre("L")[0]
    geometry = Geometry(
        shape_zyx=(88, 65, 63), spacing_xyz_mm=(2.0,) * 3, origin_lps_mm=(x - 35.0, -65.0, -135.0), direction=np.eye(3)
    )
    canvas = TissueCanvas(geometry, {"muscle": 55.0, "red_marrow": 30.0, "yellow_marrow": -85.0}, "muscle")
    truth = paint_femora(canvas, plan)["L"]
    names = ("head_centre", "neck_centre", "neck_axis", "shaft_axis", "lesser_trochanter")
    frame = FemurLandmarks(*(getattr(truth, name) for name in names))
    sites = femur_areal(canvas.mineral, canvas.label, geometry, 1, {1, 2}, frame)
    return sites["femoral_neck"].abmd_g_cm2, sites["total_hip"].abmd_g_cm2


def test_density_falls_with_age_and_rises_with_z_and_bmi():
    ages = [expected_neck_abmd(person(age)) for age in range(25, 91, 5)]
    assert all(b < a for a, b in itertools.pairwise(ages))
    assert bone_level(person(bone_z=1.0)) > bone_level(person()) > bone_level(person(bone_z=-1.0))
    assert expected_neck_abmd(person(bmi=32.0)) > expected_neck_abmd(person())


@pytest.mark.parametrize(("sex", "young"), [("F", 0.858), ("M", 0.934)])
def test_the_painted_neck_of_the_young_has_the_published_areal_density(sex: str, young: float):
    found = np.mean([painted_abmd(person(25.0, sex, seed=seed)) for seed in range(3)], axis=0)
    assert found[0] == pytest.approx(young, abs=0.08)
    assert found[1] == pytest.approx({"F": 0.942, "M": 1.041}[sex], abs=0.09)


def test_a_woman_of_eighty_lands_near_a_t_score_of_minus_two():
    neck = np.mean([painted_abmd(person(80.0, seed=seed))[0] for seed in range(3)])
    assert (neck - 0.858) / 0.120 == pytest.approx(-2.0, abs=0.6)


def test_the_painted_areal_density_follows_the_expected_one():
    pairs = [(expected_neck_abmd(t), painted_abmd(t)[0]) for t in (person(65.0, bone_z=z) for z in (-2.0, 0.0, 2.0))]
    expected, painted = np.array(pairs).T
    assert np.all(np.diff(painted) > 0.1)
    np.testing.assert_allclose(painted / expected, np.mean(painted / expected), rtol=0.04)


def test_a_thin_shell_keeps_its_mass_at_any_voxel_width():
    for voxel in (0.5, 1.0, 2.0):
        depth = np.arange(-voxel / 2 + 1e-3, 12.0, voxel / 50)
        inside = np.clip(0.5 + depth / voxel, 0.0, 1.0)
        mass = (shell_share(depth, 1.2, voxel) * inside).sum() * voxel / 50
        assert mass == pytest.approx(1.2, rel=0.02)


def test_densities_and_marrow_stay_in_the_range_of_real_bone():
    for age, z in ((20.0, 3.0), (60.0, 0.0), (95.0, -3.0)):
        tissue = bone_tissue(person(age, bone_z=z))
        assert 850.0 < tissue.cortical_density < 1230.0
        assert all(20.0 < tissue.trabecular(region) < 420.0 for region in TRABECULAR_DENSITY)
        assert all(0.05 <= tissue.marrow_fat(region) <= 0.97 for region in MARROW_FAT)
    assert bone_tissue(person(80.0)).marrow_fat("vertebra") > bone_tissue(person(30.0)).marrow_fat("vertebra") + 0.1

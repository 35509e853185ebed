"""Soft tissue of digital patients."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.body_surface import make_body_surface, polar, skin_and_fascia
from OsteoScreenLib.phantom.labels import LABEL, MUSCLES
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.soft_anatomy import make_soft_anatomy
from OsteoScreenLib.phantom.soft_tissue import paint_over_bones, paint_soft_tissue
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits

AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
HU = {
    "air": -1000.0, "lung": -850.0, "fat": -100.0, "skin": 10.0, "muscle": 55.0, "blood": 45.0, "liver": 58.0,
    "spleen": 50.0, "kidney": 35.0, "kidney_cortex": 40.0, "bowel_wall": 40.0, "bowel_contents": 20.0, "stool": 10.0,
    "gas": -980.0, "bladder_urine": 5.0, "pancreas": 38.0, "csf": 8.0, "spinal_cord": 40.0, "prostate_uterus": 40.0,
    "table_foam": -960.0, "table_shell": -250.0,
}  # fmt: skip
MAN = PatientTraits(1, "M", 55, 1.76, 80)
WOMAN = PatientTraits(2, "F", 62, 1.63, 66)
LEAN, OBESE = PatientTraits(5, "F", 50, 1.65, 52), PatientTraits(5, "F", 50, 1.65, 109)
STRONG, WEAK = (PatientTraits(4, "M", 60, 1.75, 78, muscle_z=z) for z in (1.8, -1.8))


def canvas(low: float, high: float, spacing: float = 3.0) -> TissueCanvas:
    n = round((high - low) / spacing)
    wide = round(450.0 / spacing)
    return TissueCanvas(Geometry((n, wide, wide), (spacing,) * 3, (-225.0, -225.0, low), AXES), HU)


@cache
def whole(traits: PatientTraits) -> TissueCanvas:
    painted = canvas(-198.0, 432.0, 4.5)
    paint_soft_tissue(painted, plan_body(traits))
    return painted


def section(traits: PatientTraits, level: str) -> TissueCanvas:
    plan = plan_body(traits)
    z = plan.vertebra(level).centre[2]
    painted = canvas(z - 3.0, z + 3.0, 2.0)
    paint_soft_tissue(painted, plan)
    return painted


def area_cm2(painted: TissueCanvas, *names: str) -> float:
    voxels = np.isin(painted.label, [LABEL[name] for name in names]).sum()
    return float(voxels) * painted.voxel_mm**2 / 100.0 / painted.label.shape[0]


@pytest.mark.parametrize("traits", [MAN, WOMAN, OBESE], ids=["man", "woman", "obese"])
def test_every_soft_structure_is_there(traits: PatientTraits) -> None:
    present = {name for name, number in LABEL.items() if (whole(traits).label == number).any()}
    expected = {
        "skin", "subcutaneous_fat", "visceral_fat", "intermuscular_fat", "liver", "spleen", "bowel", "bladder",
        "pancreas", "aorta", "inferior_vena_cava", "heart", "prostate_or_uterus", "kidney_left", "kidney_right",
        "lung_left", "lung_right",
        "iliac_artery_left", "iliac_vein_right", "femoral_artery_left", "femoral_vein_right", *MUSCLES,
    }  # fmt: skip
    assert expected <= present


def test_left_structures_lie_at_positive_x() -> None:
    painted = whole(MAN)
    x = np.broadcast_to(painted.x, painted.label.shape)
    for name in ("gluteus_maximus", "iliopsoas", "kidney", "lung", "thigh_posterior"):
        assert x[painted.label == LABEL[f"{name}_left"]].mean() > 20.0
        assert x[painted.label == LABEL[f"{name}_right"]].mean() < -20.0
    assert x[painted.label == LABEL["liver"]].mean() < -20.0
    assert x[painted.label == LABEL["spleen"]].mean() > 50.0


@pytest.mark.parametrize("low", [-120.0, -6.0, 36.0, 84.0, 219.0, 330.0])
def test_a_part_is_the_crop_of_the_whole(low: float) -> None:
    plan = plan_body(MAN)
    anatomy = make_soft_anatomy(plan)
    full, part = canvas(low - 30.0, low + 42.0), canvas(low, low + 12.0)
    for each in (full, part):
        paint_soft_tissue(each, plan, anatomy)
    crop = slice(10, 14)
    # Rounding of the coordinates differs by a few millionths; a voxel on a border may fall either way.
    assert np.mean(np.abs(full.soft_hu[crop] - part.soft_hu) > 1.0) < 1e-4
    assert np.mean(full.label[crop] != part.label) < 1e-4


def test_a_narrow_field_of_view_cuts_but_does_not_change() -> None:
    plan = plan_body(WOMAN)
    full = canvas(-30.0, -18.0)
    g = full.geometry
    part = TissueCanvas(Geometry((4, 60, 50), g.spacing_xyz_mm, (15.0, -75.0, -30.0), AXES), HU)
    for each in (full, part):
        paint_soft_tissue(each, plan)
    assert np.mean(full.label[:, 50:110, 80:130] != part.label) < 1e-4
    assert np.mean(np.abs(full.soft_hu[:, 50:110, 80:130] - part.soft_hu) > 1.0) < 1e-4


def test_the_same_traits_give_the_same_patient() -> None:
    first, second = section(MAN, "L3"), section(MAN, "L3")
    np.testing.assert_array_equal(first.soft_hu, second.soft_hu)
    np.testing.assert_array_equal(first.label, second.label)


def test_muscle_at_l3_lies_in_the_adult_range() -> None:
    assert 110.0 < area_cm2(section(MAN, "L3"), *MUSCLES) < 200.0
    assert 75.0 < area_cm2(section(WOMAN, "L3"), *MUSCLES) < 150.0


def test_muscle_area_follows_muscularity() -> None:
    assert area_cm2(section(STRONG, "L3"), *MUSCLES) > 1.15 * area_cm2(section(WEAK, "L3"), *MUSCLES)


def test_fat_follows_weight() -> None:
    lean, obese = section(LEAN, "L3"), section(OBESE, "L3")
    assert area_cm2(obese, "subcutaneous_fat") > 2.5 * area_cm2(lean, "subcutaneous_fat")
    assert area_cm2(obese, "visceral_fat") > 1.5 * area_cm2(lean, "visceral_fat")


def test_gas_rises_to_the_front() -> None:
    painted = whole(WOMAN)
    bowel = painted.label == LABEL["bowel"]
    y = np.broadcast_to(painted.y, bowel.shape)
    gas, fluid = bowel & (painted.soft_hu < -700), bowel & (painted.soft_hu > -20)
    assert gas.sum() > 50
    assert y[gas].mean() < y[fluid].mean() - 10.0


def test_nothing_but_table_lies_outside_of_the_skin() -> None:
    plan = plan_body(OBESE)
    surface = make_body_surface(plan)
    painted = canvas(90.0, 99.0)
    paint_soft_tissue(painted, plan)
    skin, _ = skin_and_fascia(
        surface, painted.x, painted.y, painted.z, polar(surface.trunk, painted.x, painted.y, painted.z)
    )
    outside = skin > 3.0
    assert (painted.label[outside] == 0).all()
    assert painted.soft_hu[outside].max() < -200.0


def test_the_sac_fills_the_sacral_canal_only_where_there_is_one() -> None:
    plan = plan_body(MAN)
    painted = canvas(60.0, 120.0)
    before = painted.soft_hu.copy()
    paint_over_bones(painted, plan)
    np.testing.assert_array_equal(painted.soft_hu, before)
    painted.label[:] = LABEL["spinal_canal"]
    paint_over_bones(painted, plan)
    assert (painted.soft_hu > 0).sum() > 20


def test_skin_and_fat_cover_the_hip_bones_of_lean_people() -> None:
    from OsteoScreenLib.phantom.hip_bone import wing_points

    plan = plan_body(LEAN)
    surface = make_body_surface(plan)
    for sign, side in ((1.0, "L"), (-1.0, "R")):
        for x, y, z, radius in wing_points(plan, side):
            axes = [np.full((1, 1, 1), value, dtype=np.float32) for value in (sign * x, y, z)]
            skin, _ = skin_and_fascia(surface, *axes, polar(surface.trunk, *axes))
            assert float(skin[0, 0, 0]) < -(radius + 3.0)


def test_the_two_sides_are_not_mirror_images() -> None:
    left, right = (area_cm2(section(MAN, "L3"), f"paraspinal_{side}") for side in ("left", "right"))
    assert 0.001 < abs(left - right) / (left + right) < 0.08


def test_loops_of_small_bowel_are_many_and_lie_in_the_cavity() -> None:
    anatomy = make_soft_anatomy(plan_body(MAN))
    small = [piece for piece in anatomy.gut if piece.shift_hu != 0.0]
    assert len(small) > 15
    assert max(abs(x) for piece in small for x, _, _ in piece.points) < 150.0

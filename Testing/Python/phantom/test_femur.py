"""Proximal femora: morphometry, landmarks, painting, regions and implants."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom import femur
from OsteoScreenLib.phantom.body_surface import make_body_surface
from OsteoScreenLib.phantom.femur import femur_truth, paint_femora
from OsteoScreenLib.phantom.femur_implant import paint_implant
from OsteoScreenLib.phantom.femur_regions import HEAD, INTERTROCHANTERIC, NECK, SHAFT, TROCHANTERIC, femur_regions
from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import FemurSolid
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits

HU = {
    "air": -1000.0,
    "muscle": 55.0,
    "fat": -100.0,
    "red_marrow": 30.0,
    "yellow_marrow": -85.0,
    "titanium": 8000.0,
    "cobalt_chromium": 15000.0,
    "steel": 14000.0,
}


def traits(seed: int = 1, **changes) -> PatientTraits:
    values = {"sex": "F", "age_years": 60.0, "height_m": 1.64, "weight_kg": 68.0, **changes}
    return PatientTraits(seed=seed, **values)


def canvas_over(low, high, spacing: float = 3.0) -> TissueCanvas:
    shape = tuple(round((b - a) / spacing) for a, b in zip(low, high, strict=True))
    geometry = Geometry(
        shape_zyx=(shape[2], shape[1], shape[0]),
        spacing_xyz_mm=(spacing,) * 3,
        origin_lps_mm=tuple(float(v) for v in low),
        direction=np.eye(3),
    )
    return TissueCanvas(geometry, HU, "muscle")


def at(solid, point) -> float:
    return float(solid.distance(*(np.array([[[value]]], dtype=np.float32) for value in point)).ravel()[0])


@pytest.fixture(scope="module")
def painted() -> tuple[TissueCanvas, dict]:
    canvas = canvas_over((-170.0, -75.0, -160.0), (170.0, 75.0, 45.0))
    return canvas, paint_femora(canvas, plan_body(traits()))


def test_morphometry_lies_in_the_published_ranges():
    shapes = []
    for seed in range(60):
        person = traits(seed, sex="M" if seed % 2 else "F", height_m=1.76 if seed % 2 else 1.63, weight_kg=75.0)
        shapes.append(draw_femur_shape(plan_body(person), "L"))
    angles = np.array([s.neck_shaft_angle_deg for s in shapes])
    versions = np.array([s.anteversion_deg for s in shapes])
    offsets = np.array([s.offset_mm for s in shapes])
    assert 125.0 < angles.mean() < 129.5
    assert 3.0 < angles.std() < 6.5
    assert 8.0 < versions.mean() < 15.0
    assert 4.5 < versions.std() < 9.5
    assert 38.0 < offsets.mean() < 45.0
    assert 2.5 < offsets.std() < 6.8
    heights = {sex: np.mean([2 * s.neck_half_height_mm for s in shapes[sex::2]]) for sex in (0, 1)}
    assert 28.5 < heights[0] < 32.0 < heights[1] < 36.5


def test_shafts_converge_towards_the_knees_by_some_seven_degrees():
    leans, between = [], []
    for seed in range(40):
        truths = [femur_truth(draw_femur_shape(plan_body(traits(seed)), side)) for side in "LR"]
        outwards = [sign * t.shaft_axis[0] for sign, t in zip((1.0, -1.0), truths, strict=True)]
        both = np.degrees(np.arctan2(outwards, [t.shaft_axis[2] for t in truths]))
        leans.append(both.mean())
        between.append(abs(both[0] - both[1]))
    assert np.mean(leans) == pytest.approx(7.0, abs=1.0)
    assert 1.0 < np.std(leans) < 3.0
    assert np.mean(between) < 1.5


@pytest.mark.parametrize("side", ["L", "R"])
def test_the_thigh_lies_around_its_shaft(side: str):
    """Bellies and skin follow the shaft downwards: it runs a few centimetres within the fascia on every side."""
    plan = plan_body(traits(4))
    canvas = canvas_over((-200.0, -75.0, -330.0), (200.0, 75.0, -120.0))
    paint_femora(canvas, plan)
    bone = canvas.label == LABEL["femur_left" if side == "L" else "femur_right"]
    centre_x, _, radii = make_body_surface(plan).thighs[side].at(canvas.z)
    for level in (0, 35, 65):
        x = np.broadcast_to(canvas.x, canvas.label.shape)[level][bone[level]]
        inner = radii["fascia"][level].min() - np.abs(x - centre_x[level]).max()
        assert inner > 10.0


def test_left_and_right_differ_less_than_people_do():
    pairs = [[draw_femur_shape(plan_body(traits(s)), side).neck_shaft_angle_deg for side in "LR"] for s in range(40)]
    pairs = np.array(pairs)
    assert 0.0 < np.abs(pairs[:, 0] - pairs[:, 1]).mean() < 0.6 * pairs[:, 0].std() * 1.2


def test_the_narrowest_section_is_a_neck_between_head_and_trochanters():
    truth = femur_truth(draw_femur_shape(plan_body(traits()), "L"))
    assert 450.0 < truth.neck_area_mm2 < 900.0
    assert truth.neck_height_mm > truth.neck_depth_mm
    assert 0.75 < truth.neck_distance_mm / truth.head_radius_mm < 1.4
    ellipse = np.pi / 4 * truth.neck_height_mm * truth.neck_depth_mm
    assert truth.neck_area_mm2 == pytest.approx(ellipse, rel=0.12)


@pytest.mark.parametrize("side", ["L", "R"])
def test_landmarks_lie_where_their_names_say(side: str):
    shape = draw_femur_shape(plan_body(traits()), side)
    truth, solid = femur_truth(shape), FemurSolid(shape).solid
    outwards = 1.0 if side == "L" else -1.0
    assert at(solid, truth.head_centre) < -15.0
    assert outwards * (truth.neck_centre[0] - truth.head_centre[0]) > 10.0
    assert outwards * (truth.greater_trochanter[0] - truth.shaft_point[0]) > 0.0
    assert truth.lesser_trochanter[1] > truth.shaft_point[1]
    assert abs(at(solid, truth.lesser_trochanter)) < 4.0
    assert abs(at(solid, truth.greater_trochanter)) < 2.0
    angle = np.degrees(np.arccos(-np.dot(truth.neck_axis, truth.shaft_axis)))
    assert angle == pytest.approx(180.0 - truth.neck_shaft_angle_deg, abs=1e-3)
    assert at(solid, truth.shaft_point) < -5.0


def test_both_femora_are_painted_on_their_own_side(painted):
    canvas, _ = painted
    x = np.broadcast_to(canvas.x, canvas.label.shape)
    assert x[canvas.label == LABEL["femur_left"]].min() > 30.0
    assert x[canvas.label == LABEL["femur_right"]].max() < -30.0
    assert 700.0 < canvas.mineral.max() < 1250.0
    assert canvas.mineral.min() >= 0.0


def test_a_cropped_canvas_shows_the_crop_of_the_whole_one(painted):
    """A bone must not end, taper or change its texture where the field of view ends."""
    whole, _ = painted
    low = (-170.0 + 3 * 70, -75.0 + 3 * 5, -160.0 + 3 * 20)
    part = canvas_over(low, (low[0] + 90, low[1] + 90, low[2] + 105))
    paint_femora(part, plan_body(traits()))
    cut = (slice(20, 55), slice(5, 35), slice(70, 100))
    assert (part.label == LABEL["femur_left"]).sum() > 1000
    np.testing.assert_array_equal(part.label, whole.label[cut])
    np.testing.assert_allclose(part.mineral, whole.mineral[cut], atol=0.5)
    np.testing.assert_allclose(part.soft_hu, whole.soft_hu[cut], atol=0.2)


def test_the_shaft_keeps_its_width_down_to_mid_thigh():
    canvas = canvas_over((30.0, -75.0, -300.0), (170.0, 75.0, -120.0))
    paint_femora(canvas, plan_body(traits()))
    areas = (canvas.label == LABEL["femur_left"]).sum(axis=(1, 2)) * 9.0
    assert areas.min() > 350.0
    assert areas.max() / areas.min() < 1.7


def test_painting_twice_gives_the_same_femur(painted):
    again = canvas_over((-170.0, -75.0, -160.0), (170.0, 75.0, 45.0))
    paint_femora(again, plan_body(traits()))
    np.testing.assert_array_equal(again.mineral, painted[0].mineral)


@pytest.mark.parametrize("spacing", [2.5, 6.0])
def test_a_femur_painted_in_pieces_is_the_femur_painted_whole(spacing: float, monkeypatch):
    plan = plan_body(traits(seed=5, osteophytes=1.0, sclerosis=1.0, bone_island=True))
    low, high = (-170.0, -75.0, -200.0), (170.0, 75.0, 45.0)
    parts, whole, half = (canvas_over(low, high, spacing) for _ in range(3))
    paint_femora(parts, plan)
    monkeypatch.setattr(femur, "pieces", lambda solid, voxel_mm: [(solid.low, solid.high)])
    paint_femora(whole, plan)
    monkeypatch.setattr(femur, "pieces", lambda solid, voxel_mm: [(solid.low, (*solid.high[:2], -20.0))])
    paint_femora(half, plan)
    for name in ("soft_hu", "mineral", "label"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), atol=0.01)
        assert (getattr(half, name) != getattr(whole, name)).any()


def test_cortex_is_thick_in_the_shaft_and_thin_on_the_head(painted):
    canvas, truths = painted
    points = FemurSolid(truths["L"].shape).at(canvas.x, canvas.y, canvas.z)
    rim = (points.distance < -0.5) & (points.distance > -3.0)
    head = rim & (points.along < 0)
    shaft = rim & (points.height < -70)
    assert canvas.mineral[shaft].mean() > 2.0 * canvas.mineral[head].mean()


def test_the_compressive_group_is_denser_than_wards_triangle(painted):
    canvas, truths = painted
    points = FemurSolid(truths["L"].shape).at(canvas.x, canvas.y, canvas.z)
    size, deep = truths["L"].shape.size, points.distance < -6.0
    group = deep & (np.abs(points.u - 2 * size) < 6) & (np.abs(points.w) < 8) & (np.abs(points.v) < 8)
    ward = deep & (np.abs(points.along - 37 * size) < 5) & (np.abs(points.across) < 5) & (np.abs(points.v) < 6)
    assert canvas.mineral[group].mean() > 2.0 * canvas.mineral[ward].mean()


def test_sclerosis_and_a_bone_island_add_mineral(painted):
    dense = canvas_over((-170.0, -75.0, -160.0), (170.0, 75.0, 45.0))
    paint_femora(dense, plan_body(traits(sclerosis=1.0, bone_island=True)))
    top = painted[0].z.ravel() > 12.0
    assert dense.mineral[top].sum() > 1.1 * painted[0].mineral[top].sum()


def test_regions_follow_each_other_from_head_to_shaft(painted):
    canvas, truths = painted
    truth = truths["L"]
    region = femur_regions(truth, canvas.x, canvas.y, canvas.z)
    bone = canvas.label == LABEL["femur_left"]
    millilitres = {number: ((region == number) & bone).sum() * 0.027 for number in range(1, 6)}
    assert 20 < millilitres[HEAD] < 75
    assert 8 < millilitres[NECK] < 40
    assert 8 < millilitres[TROCHANTERIC] < 40
    assert 15 < millilitres[INTERTROCHANTERIC] < 70
    for point, wanted in (
        (truth.head_centre, HEAD),
        (truth.neck_centre, NECK),
        (truth.greater_trochanter, TROCHANTERIC),
        (truth.lesser_trochanter, INTERTROCHANTERIC),
        (truth.frame.to_lps(truth.shape.offset_mm, 0.0, -120.0), SHAFT),
    ):
        found = femur_regions(truth, *(np.array([[[v]]], dtype=np.float32) for v in point))
        assert found.item() == wanted


@pytest.mark.parametrize(("kind", "material"), [("stem", 15000.0), ("nail", 8000.0), ("screws", 14000.0)])
def test_an_implant_lies_on_its_side_only(kind: str, material: float):
    plan = plan_body(traits(implant=kind, implant_side="L"))
    canvas = canvas_over((-170.0, -75.0, -160.0), (170.0, 75.0, 45.0))
    paint_femora(canvas, plan)
    paint_implant(canvas, plan)
    x = np.broadcast_to(canvas.x, canvas.label.shape)
    metal = canvas.label == LABEL["implant"]
    assert metal.sum() * 0.027 > 4.0
    assert x[metal].min() > 30.0
    assert canvas.soft_hu.max() == pytest.approx(material, rel=1e-3)
    assert canvas.mineral[canvas.soft_hu > 0.98 * material].max() < 25.0


def test_no_implant_paints_nothing_and_an_unknown_one_is_refused(painted):
    canvas, _ = painted
    before = canvas.soft_hu.copy()
    paint_implant(canvas, plan_body(traits()))
    np.testing.assert_array_equal(canvas.soft_hu, before)
    with pytest.raises(ValueError, match="unknown implant"):
        paint_implant(canvas, plan_body(traits(implant="plate", implant_side="L")))

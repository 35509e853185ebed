from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.body_surface import make_body_surface
from OsteoScreenLib.phantom.bone_density import bone_tissue
from OsteoScreenLib.phantom.bone_painting import BoneRecipe, paint_bone, pieces
from OsteoScreenLib.phantom.hip_bone import hip_bone
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.plan import VERTEBRAE, BodyPlan, plan_body
from OsteoScreenLib.phantom.ribs import ribs, sternum
from OsteoScreenLib.phantom.shapes import sphere
from OsteoScreenLib.phantom.skeleton import paint_axial_skeleton, paint_pelvis
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.vertebra import vertebra

HU = {
    "air": -1000.0, "fat": -100.0, "muscle": 55.0, "cartilage": 70.0, "disc": 80.0, "csf": 10.0, "spinal_cord": 35.0,
    "red_marrow": 25.0, "yellow_marrow": -70.0,
}  # fmt: skip
MAN = PatientTraits(3, "M", 55.0, 1.76, 80.0)
WOMAN = PatientTraits(4, "F", 74.0, 1.62, 66.0)
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@cache
def body(traits: PatientTraits) -> BodyPlan:
    return plan_body(traits)


def canvas(low: tuple[float, float, float], high: tuple[float, float, float], spacing: float = 3.0) -> TissueCanvas:
    shape = tuple(int((b - a) / spacing) for a, b in zip(low[::-1], high[::-1], strict=True))
    return TissueCanvas(Geometry(shape, (spacing,) * 3, low, IDENTITY), HU, "muscle")


@cache
def torso(traits: PatientTraits) -> TissueCanvas:
    result = canvas((-168.0, -171.0, -108.0), (168.0, 132.0, 450.0))
    paint_axial_skeleton(result, body(traits))
    paint_pelvis(result, body(traits))
    return result


def middle(painted: TissueCanvas, label: int) -> np.ndarray:
    z, y, x = (np.mean(index) for index in np.nonzero(painted.label == label))
    return np.array([painted.x.ravel()[round(x)], painted.y.ravel()[round(y)], painted.z.ravel()[round(z)]])


@pytest.mark.parametrize("traits", [MAN, WOMAN])
def test_every_bone_of_the_axial_skeleton_is_there(traits: PatientTraits) -> None:
    names = {"hip_left", "hip_right", "sacrum", "coccyx", "rib_left", "rib_right", "disc", "cartilage", "spinal_canal"}
    names |= {f"vertebra_{name}" for name in VERTEBRAE}
    present = {name for name in names if (torso(traits).label == LABEL[name]).sum() > 20}
    assert present == names


def test_left_is_at_positive_x() -> None:
    for name in ("hip", "rib"):
        assert middle(torso(MAN), sided(name, "L"))[0] > 40
        assert middle(torso(MAN), sided(name, "R"))[0] < -40


def test_each_hip_bone_is_one_piece_with_a_hole_for_the_obturator_membrane() -> None:
    from scipy.ndimage import label

    bone = torso(MAN).label == LABEL["hip_left"]
    _, count = label(bone, np.ones((3, 3, 3)))
    assert count == 1
    shadow = bone[torso(MAN).z.ravel() < 0].any(
        axis=1
    )  # Seen from the front, below the head: the foramen is closed in.
    holes, _ = label(~shadow)
    edges = set(holes[0]) | set(holes[:, 0]) | set(holes[:, -1]) | set(holes[-1])
    sizes = [(holes == number).sum() * 9 for number in range(1, holes.max() + 1) if number not in edges]
    assert max(sizes, default=0) > 300


@pytest.mark.parametrize("traits", [MAN, WOMAN])
def test_hip_bone_landmarks_keep_the_distances_of_pelvimetry(traits: PatientTraits) -> None:
    marks = {side: hip_bone(body(traits), side).landmarks for side in "LR"}

    def apart(name: str) -> float:
        return marks["L"][name][0] - marks["R"][name][0]

    assert 215 < apart("anterior_superior_iliac_spine") < 275
    assert (80 if traits.sex == "M" else 90) < apart("ischial_spine") < 125
    assert 70 < apart("posterior_superior_iliac_spine") < 105
    left = marks["L"]
    height = left["iliac_crest_top"][2] - left["ischial_tuberosity"][2]
    assert 180 < height < 240  # Men 220 +- 10, women 203 +- 9 mm (Steyn and Iscan 2008).


def test_a_landmark_lies_at_the_bones_surface() -> None:
    hip = hip_bone(body(MAN), "L")
    for name, point in hip.landmarks.items():
        away = hip.bone.distance(*(np.array([[[value]]]) for value in point)).item()
        assert abs(away) < 8.0, name


@pytest.mark.parametrize("traits", [MAN, WOMAN, replace(WOMAN, osteophytes=1.0)])
def test_the_socket_keeps_the_joint_space_and_covers_the_head_from_above(traits: PatientTraits) -> None:
    plan = body(traits)
    hip, head = hip_bone(plan, "L"), np.array(plan.head_centre("L"))
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    surface = head + (plan.head_radius_mm + plan.joint_space_mm) * directions
    assert hip.bone.distance(*(surface - 0.05 * directions).T).min() > 0
    roof = directions[:, 2] > 0.85
    outside = hip.bone.distance(*(surface + 1.0 * directions).T) < 0
    assert outside[roof].mean() > 0.75
    assert outside[directions @ (0.7, -0.3, -0.65) > 0.4].mean() < 0.05


def test_the_sacrum_keeps_clear_of_the_hip_bones() -> None:
    painted = canvas((20.0, 20.0, 40.0), (80.0, 110.0, 110.0), 1.5)
    parts = paint_pelvis(painted, body(MAN))
    near = parts["hips"]["L"].bone.distance(painted.x, painted.y, painted.z)
    assert near[painted.label == LABEL["sacrum"]].min() > 1.0
    joint = (near > 0) & (near < 3.0) & (painted.label == LABEL["cartilage"])
    assert joint.sum() > 100


def test_a_part_of_the_body_is_painted_as_it_is_in_the_whole() -> None:
    for paint in (paint_pelvis, paint_axial_skeleton):
        whole = canvas((0.0, -90.0, 60.0), (150.0, 120.0, 210.0))
        part = canvas((9.0, -30.0, 102.0), (129.0, 90.0, 165.0))
        paint(whole, body(MAN))
        paint(part, body(MAN))
        box = (slice(14, 35), slice(20, 60), slice(3, 43))
        assert (part.label > 0).sum() > 50
        assert np.array_equal(whole.label[box], part.label)
        assert np.allclose(whole.mineral[box], part.mineral, atol=0.5)
        assert np.allclose(whole.soft_hu[box], part.soft_hu, atol=0.5)


def test_the_same_patient_is_painted_the_same_twice_and_another_differently() -> None:
    def painted(traits: PatientTraits) -> np.ndarray:
        result = canvas((0.0, -60.0, -60.0), (120.0, 90.0, 60.0))
        paint_pelvis(result, plan_body(traits))
        return result.mineral

    assert np.array_equal(painted(MAN), painted(MAN))
    assert not np.array_equal(painted(MAN), painted(replace(MAN, seed=33)))


def _trabecular(traits: PatientTraits, name: str = "L3") -> float:
    """Mean mineral in the middle of a vertebral body, as a QCT region of interest takes it."""
    bone = vertebra(body(traits), name)
    low, high = (tuple(float(value + sign * 18) for value in bone.centre) for sign in (-1, 1))
    painted = canvas(low, high, 1.5)
    paint_axial_skeleton(painted, body(traits))
    inner = bone.body.distance(painted.x, painted.y, painted.z) < -6.0
    return float(painted.mineral[inner].mean())


def test_vertebral_trabecular_density_follows_age_and_the_patients_level() -> None:
    young = _trabecular(replace(MAN, age_years=25.0))
    old = _trabecular(replace(WOMAN, age_years=82.0))
    assert 145 < young < 200  # QCT norms: about 180 mg/cm3 in the young, 80 to 110 at 80 years.
    assert 60 < old < 120
    assert _trabecular(replace(WOMAN, bone_z=1.5)) > _trabecular(replace(WOMAN, bone_z=-1.5)) + 20


def test_a_fractured_vertebra_is_lower_in_front_and_others_are_not() -> None:
    def front_height(traits: PatientTraits, name: str) -> float:
        bone, v = vertebra(body(traits), name), body(traits).vertebra(name)
        h = np.arange(-20.0, 20.0, 0.1)
        points = np.array(bone.centre) - 0.36 * v.depth_mm * np.array(bone.back) + h[:, None] * np.array(bone.up)
        return float((bone.body.distance(*points.T) < 0).sum() * 0.1)

    broken = replace(WOMAN, fractured_vertebra="L1")
    loss = 1 - front_height(broken, "L1") / front_height(WOMAN, "L1")
    assert 0.18 < loss < 0.45
    assert front_height(broken, "L2") == front_height(WOMAN, "L2")


def test_the_vertebral_canal_is_free_of_bone() -> None:
    for name in VERTEBRAE:
        bone, v = vertebra(body(MAN), name), body(MAN).vertebra(name)
        at = np.array(bone.centre) + (0.45 * v.depth_mm + 8.0) * np.array(bone.back)
        assert bone.whole.distance(*(np.array([value]) for value in at))[0] > 3.5, name


def test_a_vertebral_body_lies_within_the_size_of_the_plan() -> None:
    for name in VERTEBRAE:
        bone, v = vertebra(body(MAN), name), body(MAN).vertebra(name)
        line = np.arange(-40.0, 40.0, 0.1)
        for axis, size in (((1, 0, 0), v.width_mm), (bone.back, v.depth_mm), (bone.up, v.height_mm)):
            points = np.array(bone.centre) + line[:, None] * np.array(axis)
            measured = (bone.body.distance(*points.T) < 0).sum() * 0.1
            assert 0.80 * size < measured < 1.03 * size, (name, axis)


def test_ribs_lie_in_the_chest_wall() -> None:
    plan = body(MAN)
    surface = make_body_surface(plan)
    cage = ribs(plan, surface)
    assert [rib.number for rib in cage if rib.side == "L"] == [5, 6, 7, 8, 9, 10, 11, 12]
    lengths = {rib.number: np.linalg.norm(np.diff(rib.middle, axis=0), axis=1).sum() for rib in cage}
    assert lengths[12] < lengths[11] < lengths[10] < 330
    for rib in cage:
        assert rib.middle[-1, 2] < rib.middle[0, 2] - 25, rib.number


def test_a_bone_painted_in_pieces_has_the_mass_of_its_shell_and_core() -> None:
    tissue = bone_tissue(MAN)
    masses = []
    for spacing in (1.0, 2.0):
        painted = canvas((-40.0, -40.0, -40.0), (40.0, 40.0, 40.0), spacing)
        paint_bone(painted, sphere((0.3, 0.2, 0.1), 30.0), tissue, BoneRecipe("sacrum", 0.8), LABEL["sacrum"])
        masses.append(float(painted.mineral.sum()) * spacing**3)
    shell = float(tissue.thickness(0.8))
    core = 4 / 3 * np.pi * (30.0 - shell) ** 3
    expected = core * tissue.trabecular("sacrum") + (4 / 3 * np.pi * 30.0**3 - core) * tissue.cortical_density
    assert masses[0] == pytest.approx(expected, rel=0.06)
    assert masses[1] == pytest.approx(masses[0], rel=0.04)


def test_the_pieces_of_a_solid_share_no_voxel_and_hold_it_all() -> None:
    solid = sphere((0.0, 0.0, 0.0), 50.0)
    parts = pieces(solid, 1.5)
    for (_, high), (low, _) in pairwise(parts):
        assert low[2] - 1.5 == pytest.approx(high[2] + 1.5)
    assert parts[0][0][2] - 1.5 <= -50.0
    assert parts[-1][1][2] + 1.5 >= 50.0


def test_the_sternum_lies_in_front_in_the_middle_and_ends_at_t9() -> None:
    plan = body(MAN)
    bone, process = sternum(plan)
    joint = plan.vertebra("T9").centre[2]
    assert bone.low[2] > joint - 25
    assert process.low[2] < joint - 25
    assert abs(bone.low[0] + bone.high[0]) < 12
    assert bone.high[1] < plan.vertebra("T9").centre[1] - 70

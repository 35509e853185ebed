"""Digital patients against published numbers: tissue in noisy images, morphometry, completeness, sides, determinism.

The tables are on the page Docs/phantom.md. That the noise power spectrum moves with the kernel is in
test_ct_scanner.py, the change of trabecular HU with the tube voltage in test_attenuation.py.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.bone_density import expected_neck_abmd
from OsteoScreenLib.phantom.ct_scanner import scan
from OsteoScreenLib.phantom.digital_patient import make_digital_patient, paint_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur import FemurTruth, femur_truth
from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.phantom.soft_anatomy import make_soft_anatomy
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.volumetric_truth import mid_body_region

pytestmark = pytest.mark.needs_module("scipy")

WOMAN = PatientTraits(seed=5, sex="F", age_years=60.0, height_m=1.64, weight_kg=66.0)
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

# Means of regions at 120 kVp: fat -120 to -85; paraspinal muscle with the fat between its fibres 25 to 65; unenhanced
# liver without steatosis 45 to 68 HU; trabecular bone of L1 at 60 years within two deviations of Jang 2019
# (Radiology 291:360: 226 +- 44 HU below 30 years, 89 +- 38 from 90 years); thick cortex of the femoral shaft 1100 to
# 1650 (cortical bone 1200 +- 250 HU in Michalski 2020). At other voltages the ranges move as attenuation relative to
# water does: bone up by a third and fat down by a tenth to a fifth at 80 kVp.
HU_RANGES = {
    80: {"fat": (-140, -95), "muscle": (25, 70), "liver": (45, 72), "trabecular": (105, 270), "cortical": (1400, 2200)},
    100: {"fat": (-128, -88), "muscle": (25, 68), "liver": (45, 70), "trabecular": (85, 230), "cortical": (1200, 1850)},
    120: {"fat": (-120, -85), "muscle": (25, 65), "liver": (45, 68), "trabecular": (75, 205), "cortical": (1100, 1650)},
    140: {"fat": (-115, -80), "muscle": (25, 65), "liver": (43, 67), "trabecular": (68, 190), "cortical": (1000, 1550)},
}

NOT_IN_A_TRUNK = {"implant", "vertebra_unnamed"}  # The second is for label maps that name no level.


def _grid(centre_lps_mm, shape_zyx, spacing_mm) -> Geometry:
    origin = tuple(float(c - (n - 1) / 2 * spacing_mm) for c, n in zip(centre_lps_mm, shape_zyx[::-1], strict=True))
    return Geometry(shape_zyx, (spacing_mm,) * 3, origin, UPRIGHT)


def _inner(mask: np.ndarray, pixels: int = 2) -> np.ndarray:
    from scipy.ndimage import binary_erosion

    return binary_erosion(mask, np.ones((1, 3, 3), bool), iterations=pixels)


def _measured(kvp: int) -> dict[str, float]:
    """Mean HU of tissue by label in noisy images, of a slab through L1 and one through the femoral shaft."""
    plan = plan_body(WOMAN)
    anatomy, beam = make_soft_anatomy(plan), Beam.of(kvp)
    protocol = replace(PROTOCOLS["abdomen"], kvp=float(kvp))
    vertebra = plan.vertebra("L1")
    shaft = femur_truth(draw_femur_shape(plan, "L"))
    middle = np.asarray(shaft.shaft_point) - 130.0 * np.asarray(shaft.shaft_axis)
    slabs = {
        "belly": _grid((0.0, vertebra.centre[1] - 50.0, vertebra.centre[2]), (6, 130, 180), 2.0),
        "thigh": _grid(middle, (4, 80, 80), 0.8),
    }
    images, canvases = {}, {}
    for name, grid in slabs.items():
        canvas = TissueCanvas(grid, beam.hu)
        paint_patient(canvas, plan, anatomy)
        painted = beam.bone_hu(canvas.soft_hu, canvas.mineral)
        images[name], canvases[name] = scan(painted, grid, protocol, np.random.default_rng(8)), canvas
    belly, label = images["belly"], canvases["belly"].label
    muscle = np.isin(label, [LABEL["paraspinal_left"], LABEL["paraspinal_right"]])
    femur = canvases["thigh"].label == LABEL["femur_left"]
    cortex = femur & (canvases["thigh"].mineral > 900)
    return {
        "fat": float(belly[_inner(label == LABEL["subcutaneous_fat"])].mean()),
        "muscle": float(belly[_inner(muscle)].mean()),
        "liver": float(belly[_inner(label == LABEL["liver"])].mean()),
        "trabecular": float(belly[mid_body_region(slabs["belly"], vertebra)].mean()),
        "cortical": float(images["thigh"][_inner(cortex)].mean()),
        "noise": float(belly[_inner(label == LABEL["liver"])].std()),
    }


@pytest.fixture(scope="module")
def tissue() -> Mapping[int, Mapping[str, float]]:
    return {kvp: _measured(kvp) for kvp in HU_RANGES}


@pytest.mark.parametrize("kvp", HU_RANGES)
def test_tissue_measured_in_a_noisy_image_has_the_hu_of_the_literature(tissue, kvp):
    for name, (low, high) in HU_RANGES[kvp].items():
        assert low <= tissue[kvp][name] <= high, (name, tissue[kvp][name])
    assert tissue[kvp]["noise"] > 4.0


def test_bone_rises_and_fat_falls_towards_lower_voltages_in_the_image(tissue):
    order = sorted(HU_RANGES)
    for name in ("trabecular", "cortical"):
        assert [tissue[kvp][name] for kvp in order] == sorted((tissue[kvp][name] for kvp in order), reverse=True)
    assert tissue[80]["fat"] < tissue[120]["fat"] - 8
    # +11.9 % and -7.8 % by physics for one bone: see the page. Half of the voxels is marrow, noise is left.
    assert 1.07 < tissue[100]["trabecular"] / tissue[120]["trabecular"] < 1.17
    assert 0.88 < tissue[140]["trabecular"] / tissue[120]["trabecular"] < 0.96


# Published mean and standard deviation in mm or degrees.
PUBLISHED = {
    "neck_shaft_angle": {"M": (126.4, 5.6), "F": (126.4, 5.6)},  # Gilligan 2013, J Anat 223:131, modern adults
    "anteversion": {"M": (9.7, 9.3), "F": (9.7, 9.3)},  # Toogood 2009, Clin Orthop 467:876
    "head_radius": {"M": (24.0, 1.3), "F": (21.5, 1.2)},  # Noble 1995, as cited in plan.py
    # Width of the narrow neck in hip structure analysis: near 34 and 30 mm (Beck 2003, as cited in femur_shape.py). Its
    # deviation was not at hand; 8 % of the mean is an own estimate.
    "neck_width": {"M": (34.0, 2.7), "F": (30.0, 2.4)},
}


@pytest.fixture(scope="module")
def morphometry() -> Mapping[str, Mapping[str, np.ndarray]]:
    """By sex, of 120 drawn patients."""
    found: dict[str, dict[str, list[float]]] = {sex: {name: [] for name in PUBLISHED} for sex in "MF"}
    for seed in range(120):
        traits = draw_patient(seed)
        femur: FemurTruth = femur_truth(draw_femur_shape(plan_body(traits), "L"))
        values = (femur.neck_shaft_angle_deg, femur.anteversion_deg, femur.head_radius_mm, femur.neck_height_mm)
        for name, value in zip(PUBLISHED, values, strict=True):
            found[traits.sex][name].append(value)
    return {sex: {name: np.array(values) for name, values in table.items()} for sex, table in found.items()}


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_morphometry_of_drawn_patients_lies_inside_the_published_mean_and_two_deviations(morphometry, name, sex):
    mean, deviation = PUBLISHED[name][sex]
    values = morphometry[sex][name]
    assert len(values) >= 40
    inside = np.abs(values - mean) <= 2 * deviation
    assert inside.mean() >= 0.90  # Of a normal distribution with the published deviation, 0.95 lie inside.
    assert abs(values.mean() - mean) < 0.6 * deviation
    assert 0.35 * deviation < values.std() < 1.4 * deviation


def test_the_neck_shaft_angle_agrees_with_eleven_men_measured_on_ct(morphometry, shared_data: Path):
    folder = shared_data / "shapes" / "libhip_femora" / "MorphoData"
    if not folder.is_dir():
        pytest.skip(f"the morphometry table is absent (no folder {folder})")
    angles = []
    for path in sorted(folder.glob("m*_bone_ant.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            angles += [float(row[2]) for row in csv.reader(file) if "_NSA" in row[1] and row[2] != "N.A"]
    assert len(angles) == 14
    ours = morphometry["M"]["neck_shaft_angle"]
    assert abs(ours.mean() - np.mean(angles)) < np.std(angles)
    assert (np.abs(ours - np.mean(angles)) <= 2 * np.std(angles)).mean() >= 0.9


def test_every_structure_is_there_when_its_anatomy_is_in_view():
    """The whole body that is modelled: T8 to mid-thigh."""
    patient = make_digital_patient(
        WOMAN, PROTOCOLS["abdomen"], spacing_xyz_mm=(4.0, 4.0, 4.0), shape_zyx=(180, 90, 120), with_truth=False
    )
    counts = np.bincount(patient.labels.ravel(), minlength=256)
    missing = [name for name, number in LABEL.items() if counts[number] == 0 and name not in NOT_IN_A_TRUNK]
    assert missing == []
    assert set(np.flatnonzero(counts)) <= {0, *LABEL.values()}
    assert set(np.unique(patient.femur_regions)) == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("tilt", [(0.0, 0.0, 0.0), (6.0, 2.0, -3.0)])
def test_a_left_implant_lies_at_the_patients_left_in_the_image(tilt):
    traits = replace(WOMAN, implant="stem", implant_side="L")
    protocol = replace(PROTOCOLS["hip"], tilt_deg=tilt)
    patient = make_digital_patient(traits, protocol, spacing_xyz_mm=(3.0, 3.0, 3.0), with_truth=False)
    geometry = patient.ct.geometry
    labelled = [geometry.to_physical(index[::-1])[0] for index in np.argwhere(patient.labels == LABEL["implant"])]
    bright = [geometry.to_physical(index[::-1])[0] for index in np.argwhere(patient.ct.hu >= 2800)]
    assert len(labelled) > 200
    assert min(labelled) > 20.0
    assert np.mean(np.array(bright) > 20.0) > 0.97
    right = np.argwhere(patient.labels == LABEL["femur_right"])
    assert geometry.to_physical(right.mean(axis=0)[::-1])[0] < -50.0


def _small(workers: int = 2, slices: int = 30, seed: int = 5):
    return make_digital_patient(
        replace(WOMAN, seed=seed),
        PROTOCOLS["hip"],
        spacing_xyz_mm=(4.0, 4.0, 4.0),
        shape_zyx=(slices, 80, 110),
        with_truth=False,
        workers=workers,
    )


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads():
    first, again, alone, other = _small(), _small(), _small(workers=1), _small(seed=6)
    for patient in (again, alone):
        assert patient.ct.hu.tobytes() == first.ct.hu.tobytes()
        assert patient.labels.tobytes() == first.labels.tobytes()
        assert patient.mineral.tobytes() == first.mineral.tobytes()
        assert patient.femur_regions.tobytes() == first.femur_regions.tobytes()
    assert other.ct.hu.tobytes() != first.ct.hu.tobytes()


def test_femora_that_leave_the_view_below_are_not_tapered():
    """A bone cut as a closed mesh would grow smaller, or close, towards the last slice."""
    short, long = _small(slices=20), _small(slices=60)
    cut = 20
    assert short.ct.geometry.origin_lps_mm[2] == pytest.approx(long.ct.geometry.origin_lps_mm[2] + 4.0 * cut)
    for name in ("femur_left", "femur_right"):
        for slices in range(3):
            mask, same = short.labels[slices] == LABEL[name], long.labels[cut + slices] == LABEL[name]
            assert same.sum() > 20
            assert mask.sum() == same.sum()
            np.testing.assert_array_equal(short.mineral[slices], long.mineral[cut + slices])
            edge = short.ct.hu[slices][mask].mean()
            assert edge == pytest.approx(long.ct.hu[cut + slices][same].mean(), abs=25.0)


def test_bone_density_falls_with_age_and_rises_with_bmi_and_muscle_among_drawn_patients():
    people = [draw_patient(seed) for seed in range(400)]
    abmd = np.array([expected_neck_abmd(p) for p in people])
    muscle = np.array([plan_body(p).muscle_scale for p in people])

    def r(values) -> float:
        return float(np.corrcoef(abmd, np.asarray(values))[0, 1])

    assert -0.75 < r([p.age_years for p in people]) < -0.3
    assert 0.15 < r([p.bmi for p in people]) < 0.5
    women = np.array([p.sex == "F" and 55 < p.age_years < 80 for p in people])
    assert 0.1 < np.corrcoef(abmd[women], muscle[women])[0, 1] < 0.55

"""The true values of a digital patient against a second path: its density volume turned and summed by other means.

``true_values`` projects with scipy; here SimpleITK turns the volume and landmarks are read from the record's JSON form.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.digital_patient import true_values
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur import femur_truth, paint_femora
from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.measure_truth import femur_grid
from OsteoScreenLib.phantom.plan import BodyPlan, plan_body
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.truth import PatientTruth

pytestmark = [pytest.mark.needs_module("scipy"), pytest.mark.needs_module("SimpleITK")]
STEP_MM = 0.5


@pytest.fixture(scope="module")
def patient() -> tuple[BodyPlan, PatientTruth]:
    plan = plan_body(replace(draw_patient(203), implant=None, implant_side=None, fractured_vertebra=None))
    return plan, true_values(plan, {side: femur_truth(draw_femur_shape(plan, side)) for side in "LR"})


@pytest.fixture(scope="module")
def left_femur(patient) -> TissueCanvas:
    """The density volume of the left femur."""
    plan, _ = patient
    canvas = TissueCanvas(femur_grid(femur_truth(draw_femur_shape(plan, "L"))), Beam.of(120.0).hu)
    paint_femora(canvas, plan)
    return canvas


def _turned(volume: np.ndarray, canvas: TissueCanvas, origin, axes, counts, step: float) -> np.ndarray:
    """A volume on a grid along three axes (rows of ``axes``: fastest, middle, slowest), linear, nothing outside."""
    import SimpleITK as sitk

    source = sitk.GetImageFromArray(volume.astype(np.float64))
    source.SetSpacing(canvas.geometry.spacing_xyz_mm)
    source.SetOrigin(canvas.geometry.origin_lps_mm)
    reference = sitk.Image(*counts, sitk.sitkFloat64)
    reference.SetSpacing((step,) * 3)
    reference.SetOrigin(np.asarray(origin, dtype=float).tolist())
    reference.SetDirection(np.asarray(axes, dtype=float).T.ravel().tolist())
    return sitk.GetArrayFromImage(sitk.Resample(source, reference, sitk.Transform(), sitk.sitkLinear, 0.0))


def _unit(vector) -> np.ndarray:
    return np.asarray(vector, dtype=float) / np.linalg.norm(vector)


def test_truth_is_truth_the_areal_density_of_a_patient_agrees_to_half_a_percent(patient, left_femur):
    import SimpleITK as sitk

    record = patient[1].to_dict()["femurs"]["L"]
    marks = record["landmarks"]
    neck, shaft, middle = _unit(marks["neck_axis"]), _unit(marks["shaft_axis"]), np.asarray(marks["neck_centre"])
    ray = _unit(np.cross(shaft, neck))
    up = np.cross(neck, ray)
    up *= np.sign(up @ shaft)
    ray = np.cross(neck, up)
    mask = left_femur.label == LABEL["femur_left"]
    grown = sitk.BinaryDilate(sitk.GetImageFromArray(mask.astype(np.uint8)), (1, 1, 1), sitk.sitkBox)
    alone = np.where(sitk.GetArrayFromImage(grown) > 0, left_femur.mineral, 0.0)
    smooth = sitk.DiscreteGaussian(sitk.GetImageFromArray(mask.astype(np.float64)), 0.7**2, 13, 1e-4)
    # Along the neck from -7.5 to 110 mm, so that the box's edges fall between pixels.
    low, counts = np.array([-7.5, -110.0, -70.0]) + STEP_MM / 2, [235, 400, 280]
    start = middle + low @ np.stack([neck, up, ray])
    content = _turned(alone, left_femur, start, [neck, up, ray], counts, STEP_MM).sum(axis=0) * STEP_MM * 1e-4
    seen = _turned(sitk.GetArrayFromImage(smooth), left_femur, start, [neck, up, ray], counts, STEP_MM).max(axis=0)
    along = low[0] + STEP_MM * np.arange(counts[0])[None, :]
    across = low[1] + STEP_MM * np.arange(counts[1])[:, None]
    tip = np.asarray(marks["lesser_trochanter"]) - middle
    level = along * (neck @ shaft) + across * (up @ shaft)
    end = (tip @ neck) * (neck @ shaft) + (tip @ up) * (up @ shaft) - 15.0
    regions = {"femoral_neck": (along < 7.5) & (np.abs(across) < 24.5), "total_hip": level >= end}
    for name, region in regions.items():
        bone = (seen >= 0.5) & region
        area = bone.sum() * STEP_MM**2 / 100.0
        mass = content[region & (seen > 0)].sum() * STEP_MM**2 / 100.0
        assert record["areal"][name]["bmc_g"] == pytest.approx(mass, rel=0.005)
        assert record["areal"][name]["abmd_g_cm2"] == pytest.approx(mass / area, rel=0.005)


def test_truth_is_truth_the_volumetric_density_of_a_patients_head_agrees_to_half_a_percent(patient, left_femur):
    record = patient[1].to_dict()["femurs"]["L"]
    marks = record["landmarks"]
    centre, axis = np.asarray(marks["head_centre"]), _unit(marks["neck_axis"])
    total, trabecular = [], []
    indices = np.argwhere(left_femur.label == LABEL["femur_left"])
    points = indices[:, ::-1] * left_femur.geometry.spacing_xyz_mm + np.asarray(left_femur.geometry.origin_lps_mm)
    inside = (points - centre) @ axis < 0.70 * marks["head_radius_mm"]
    for (k, j, i), taken in zip(indices, inside, strict=True):
        if taken:
            total.append(float(left_femur.mineral[k, j, i]))
            if total[-1] < 0.5 * 1083.0:  # Less than half as dense as bone tissue without pores (ICRU 46).
                trabecular.append(total[-1])
    found = record["volumetric"]["head"]
    # Points of greater trochanter and shaft that lie behind the plane are not head: few, if the neck is steep.
    assert found["total_mg_cm3"] == pytest.approx(np.mean(total), rel=0.005)
    assert found["trabecular_mg_cm3"] == pytest.approx(np.mean(trabecular), rel=0.005)
    assert found["trabecular_k2hpo4_mg_cm3"] == pytest.approx(0.97 * found["trabecular_mg_cm3"], rel=0.01)
    assert found["volume_cm3"] == pytest.approx(len(total) / 1000.0, rel=0.005)


def test_truth_is_truth_the_density_of_a_patients_vertebra_agrees_to_half_a_percent(patient):
    from OsteoScreenLib.phantom.measure_truth import grid_around
    from OsteoScreenLib.phantom.skeleton import paint_axial_skeleton
    from OsteoScreenLib.phantom.soft_anatomy import make_soft_anatomy

    plan, truth = patient
    vertebra = plan.vertebra("L1")
    centre = np.asarray(vertebra.centre)
    canvas = TissueCanvas(grid_around(centre - 35.0, centre + 35.0, 0.5), Beam.of(120.0).hu)
    paint_axial_skeleton(canvas, plan, make_soft_anatomy(plan).surface)
    tilt = np.radians(vertebra.tilt_deg)
    axes = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(tilt), np.sin(tilt)], [0.0, -np.sin(tilt), np.cos(tilt)]])
    low = np.array([-20.0, -20.0, -4.25])
    turned = _turned(canvas.mineral, canvas, centre + low @ axes, axes, [81, 81, 18], 0.5)
    across, behind = (low[n] + 0.5 * np.arange(81) for n in (0, 1))
    a, b = 0.3 * vertebra.width_mm, 0.3 * vertebra.depth_mm
    disc = (across[None, :] / a) ** 2 + (behind[:, None] / b) ** 2 <= 1.0
    # Painted at half the voxel size: what remains is how the two grids meet the trabecular texture.
    assert truth.spine.trabecular_mg_cm3["L1"] == pytest.approx(turned[:, disc].mean(), rel=0.005)

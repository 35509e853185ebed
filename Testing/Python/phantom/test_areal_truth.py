"""True areal and volumetric density, against a second way to compute them and against bodies of known content."""

from __future__ import annotations

import math

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom import areal_truth
from OsteoScreenLib.phantom.plan import VertebraPlan
from OsteoScreenLib.phantom.projection import SURFACE_SMOOTHING_VOXELS, bone_alone, cast_shadow
from OsteoScreenLib.phantom.shapes import inset, rod, sphere, union
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.volumetric_truth import mid_body_region, region_density

pytestmark = pytest.mark.needs_module("scipy")

HU = {"air": -1000.0, "yellow_marrow": -80.0}
UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
FRAME = areal_truth.FemurLandmarks(
    head_centre=(0.0, 0.0, 0.0),
    neck_centre=(20.0, 6.0, -14.0),
    neck_axis=(0.794, 0.238, -0.559),
    shaft_axis=(-0.05, 0.02, 0.998),
    lesser_trochanter=(35.0, 30.0, -60.0),
)


def _grid(shape_zyx: tuple[int, int, int], spacing: float, centre: tuple[float, float, float]) -> Geometry:
    origin = tuple(c - (n - 1) / 2 * spacing for c, n in zip(centre, shape_zyx[::-1], strict=True))
    return Geometry(shape_zyx, (spacing,) * 3, origin, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def _femur_like(spacing: float = 1.5) -> TissueCanvas:
    """Head, neck, shaft and lesser trochanter of rods, a dense shell around a spongy core."""
    canvas = TissueCanvas(_grid((110, 60, 80), spacing, (25.0, 10.0, -45.0)), HU)
    bone = union(
        [
            sphere((0.0, 0.0, 0.0), 23.0),
            rod((0.0, 0.0, 0.0), (45.0, 13.5, -31.0), 16.0),
            rod((48.0, 12.0, -20.0), (54.0, 10.0, -140.0), 16.0),
            rod((42.0, 20.0, -60.0), (35.0, 30.0, -60.0), 6.0),
        ],
        4.0,
    )
    canvas.paint(bone, "yellow_marrow", mineral=1050.0, label=1)
    canvas.paint(
        inset(bone, 2.0),
        "yellow_marrow",
        mineral=lambda x, y, z: 150.0 + 40.0 * np.sin(x / 7.0) * np.cos((y + z) / 9.0),
    )
    return canvas


def _trilinear(volume: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values at fractional (z, y, x) indices (n, 3), corner by corner; nothing outside the volume."""
    low = np.floor(index).astype(int)
    part = index - low
    total = np.zeros(len(index))
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                corner = low + np.array([dz, dy, dx])
                inside = np.all((corner >= 0) & (corner < volume.shape), axis=1)
                weight = np.prod(np.where(np.array([dz, dy, dx]) == 1, part, 1 - part), axis=1)
                k, j, i = np.where(inside[:, None], corner, 0).T
                total += np.where(inside, weight * volume[k, j, i], 0.0)
    return total


def _smoothed(mask: np.ndarray) -> np.ndarray:
    """The mask under a Gaussian, summed offset by offset."""
    reach = int(4 * SURFACE_SMOOTHING_VOXELS + 0.5)
    steps = range(-reach, reach + 1)
    weights = {d: math.exp(-0.5 * (d / SURFACE_SMOOTHING_VOXELS) ** 2) for d in steps}
    norm = sum(weights.values())
    padded = np.pad(mask.astype(float), reach)
    nz, ny, nx = mask.shape
    total = np.zeros(mask.shape)
    for dz in steps:
        for dy in steps:
            for dx in steps:
                block = padded[reach + dz :, reach + dy :, reach + dx :][:nz, :ny, :nx]
                total += weights[dz] * weights[dy] * weights[dx] / norm**3 * block
    return total


def _alone(canvas: TissueCanvas) -> np.ndarray:
    """The bone's mineral with one voxel around it, voxel by voxel."""
    mask = canvas.label == 1
    reach = np.zeros_like(mask)
    for k, j, i in np.argwhere(mask):
        reach[max(k - 1, 0) : k + 2, max(j - 1, 0) : j + 2, max(i - 1, 0) : i + 2] = True
    return np.where(reach, canvas.mineral, 0.0)


def _brute_force(
    canvas: TissueCanvas, frame: areal_truth.FemurLandmarks, step: float
) -> dict[str, tuple[float, float]]:
    """Content (g) and area (cm2) of neck and total hip, ray by ray, from the landmarks' definitions alone."""
    head_to_shaft = np.asarray(frame.neck_axis) / np.linalg.norm(frame.neck_axis)
    shaft = np.asarray(frame.shaft_axis) / np.linalg.norm(frame.shaft_axis)
    ray = np.cross(head_to_shaft, shaft)
    ray /= np.linalg.norm(ray)
    up = shaft - (shaft @ head_to_shaft) * head_to_shaft
    up /= np.linalg.norm(up)
    neck = np.asarray(frame.neck_centre)
    end = (np.asarray(frame.lesser_trochanter) - neck) @ (shaft - (shaft @ ray) * ray) - 15.0
    mineral, surface = _alone(canvas), _smoothed(canvas.label == 1)
    spacing, origin = np.asarray(canvas.geometry.spacing_xyz_mm), np.asarray(canvas.geometry.origin_lps_mm)
    across, depth = np.arange(-90.0, 45.0, step / 4), np.arange(-36.0, 36.0, 1.5 * step)
    sums = {"femoral_neck": [0.0, 0.0], "total_hip": [0.0, 0.0]}
    for along in np.arange(-12.0, 90.0, step):  # The box's edges at -7.5 and 7.5 mm fall between two columns.
        at = along * head_to_shaft + across[:, None] * up
        in_neck = (abs(along) <= 7.5) & (np.abs(across) <= 24.5)
        in_hip = (along >= -7.5) & (at @ shaft >= end)
        index = ((neck + at[:, None, :] + depth[:, None] * ray - origin) / spacing)[:, :, ::-1].reshape(-1, 3)
        seen = _trilinear(surface, index).reshape(len(across), -1).max(axis=1) > 0.5
        content = (
            _trilinear(mineral, index).reshape(len(across), -1).sum(axis=1) * (1.5 * step) * step * (step / 4) / 1e6
        )
        for name, inside in (("femoral_neck", in_neck), ("total_hip", in_hip)):
            sums[name][0] += content[inside].sum()
            sums[name][1] += seen[inside].sum() * step * (step / 4) / 100.0
    return {name: (content, area) for name, (content, area) in sums.items()}


def test_truth_is_truth_areal_density_by_brute_force_agrees_to_half_a_percent():
    canvas = _femur_like()
    found = areal_truth.femur_areal(canvas.mineral, canvas.label, canvas.geometry, 1, {1}, FRAME)
    expected = _brute_force(canvas, FRAME, step=1.0)
    for name, (content, area) in expected.items():
        assert found[name].bmc_g == pytest.approx(content, rel=0.005)
        assert found[name].area_cm2 == pytest.approx(area, rel=0.005)
        assert found[name].abmd_g_cm2 == pytest.approx(content / area, rel=0.005)


def test_a_rod_of_known_content_has_the_areal_density_it_must_have():
    canvas = TissueCanvas(_grid((60, 50, 50), 1.0, (0.0, 0.0, 0.0)), HU)
    canvas.paint(rod((0.0, 0.0, -100.0), (0.0, 0.0, 100.0), 15.0), "yellow_marrow", mineral=400.0, label=1)
    alone, mask = bone_alone(canvas.mineral, canvas.label, {1}, {1})
    shadow = cast_shadow(alone, mask, canvas.geometry, np.zeros(3), UPRIGHT, (-25.0, 25.0), (-20.0, 20.0))
    content, area = shadow.content_and_area(np.ones_like(shadow.areal))
    # 40 mm of a rod of 15 mm radius: 400 mg/cm3 x pi 1.5^2 x 4 cm3 over 3 cm x 4 cm.
    assert content == pytest.approx(0.4 * math.pi * 1.5**2 * 4.0, rel=0.01)
    assert area == pytest.approx(12.0, rel=0.02)


def test_turning_the_femur_and_its_landmarks_together_leaves_the_areal_density():
    def painted(turn: np.ndarray) -> tuple[TissueCanvas, areal_truth.FemurLandmarks]:
        canvas = TissueCanvas(_grid((110, 90, 110), 1.5, tuple(turn @ (25.0, 10.0, -45.0))), HU)
        to = lambda p: tuple((turn @ np.asarray(p)).tolist())  # noqa: E731
        bone = union(
            [
                rod(to((0, 0, 0)), to((45.0, 13.5, -31.0)), 16.0),
                rod(to((48.0, 12.0, -20.0)), to((54.0, 10.0, -140.0)), 16.0),
            ],
            4.0,
        )
        canvas.paint(bone, "yellow_marrow", mineral=500.0, label=1)
        moved = areal_truth.FemurLandmarks(
            *(to(getattr(FRAME, name)) for name in ("head_centre", "neck_centre", "neck_axis", "shaft_axis")),
            to(FRAME.lesser_trochanter),
        )
        return canvas, moved

    angle = math.radians(20.0)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0], [0.0, 0.0, 1.0]]
    )
    values = []
    for matrix in (np.eye(3), turn):
        canvas, frame = painted(matrix)
        densities = areal_truth.femur_areal(canvas.mineral, canvas.label, canvas.geometry, 1, {1}, frame)
        values.append([densities[name].abmd_g_cm2 for name in ("femoral_neck", "total_hip")])
    assert values[1] == pytest.approx(values[0], rel=0.01)


def test_mineral_of_a_neighbouring_bone_does_not_count():
    canvas = TissueCanvas(_grid((40, 40, 60), 1.0, (0.0, 0.0, 0.0)), HU)
    canvas.paint(sphere((-10.0, 0.0, 0.0), 9.0), "yellow_marrow", mineral=400.0, label=1)
    before = bone_alone(canvas.mineral, canvas.label, {1}, {1, 3})[0].sum()
    canvas.paint(sphere((9.5, 0.0, 0.0), 9.0), "yellow_marrow", mineral=1200.0, label=3)
    after = bone_alone(canvas.mineral, canvas.label, {1}, {1, 3})[0].sum()
    assert after == pytest.approx(before, rel=0.02)
    assert bone_alone(canvas.mineral, canvas.label, {1, 3}, {1, 3})[0].sum() > 3 * before


def test_the_spine_counts_what_lies_in_its_box_only():
    canvas = TissueCanvas(_grid((80, 60, 80), 1.0, (0.0, 0.0, 0.0)), HU)
    canvas.paint(rod((0.0, 0.0, -80.0), (0.0, 0.0, 80.0), 20.0), "yellow_marrow", mineral=200.0, label=12)
    arguments = (canvas.mineral, canvas.label, canvas.geometry, {12}, {12})
    whole = areal_truth.spine_areal(*arguments, box=(0.0, 24.0, -30.0, 30.0))
    half = areal_truth.spine_areal(*arguments, box=(0.0, 24.0, 0.0, 30.0))
    assert whole.abmd_g_cm2 == pytest.approx(0.2 * math.pi * 2.0 / 2, rel=0.02)
    assert half.area_cm2 == pytest.approx(whole.area_cm2 / 2, rel=0.01)


def test_volumetric_density_by_brute_force_agrees_to_half_a_percent():
    canvas = _femur_like()
    region, cortical = canvas.label == 1, canvas.mineral > 600.0
    found = region_density(canvas.mineral, region, cortical, canvas.geometry.voxel_volume_mm3)
    sums = {"trabecular": [0.0, 0], "cortical": [0.0, 0]}
    for k, j, i in np.argwhere(region):
        part = "cortical" if cortical[k, j, i] else "trabecular"
        sums[part][0] += float(canvas.mineral[k, j, i])
        sums[part][1] += 1
    assert found.trabecular_mg_cm3 == pytest.approx(sums["trabecular"][0] / sums["trabecular"][1], rel=0.005)
    assert found.cortical_mg_cm3 == pytest.approx(sums["cortical"][0] / sums["cortical"][1], rel=0.005)
    assert found.volume_cm3 == pytest.approx((sums["trabecular"][1] + sums["cortical"][1]) * 3.375 / 1000)
    empty = region_density(canvas.mineral, np.zeros_like(region), cortical, 1.0)
    assert empty.total_mg_cm3 is None


def test_the_mid_body_region_follows_the_tilt_of_the_vertebra():
    vertebra = VertebraPlan("L1", (0.0, 5.0, 10.0), 25.0, 26.0, 42.0, 32.0, 9.0)
    geometry = _grid((50, 60, 60), 1.0, (0.0, 5.0, 10.0))
    region = mid_body_region(geometry, vertebra)
    assert region.sum() == pytest.approx(math.pi * 12.6 * 9.6 * 9.0, rel=0.03)
    front, back = np.argwhere(region[:, 22, 29]).mean(), np.argwhere(region[:, 37, 29]).mean()
    # The upper side leans forwards (towards smaller y), so the front of the slab lies lower.
    assert front < back

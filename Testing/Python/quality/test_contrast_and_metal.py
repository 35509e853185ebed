"""Contrast agent and metal, found in the image."""

import numpy as np
import pytest
from quality.trunks import TRUNK, disc, flags_of, severity, trunk


@pytest.mark.parametrize(("aorta", "enhanced"), [(45, False), (80, False), (180, True), (380, True)])
def test_an_enhanced_aorta_is_flagged(aorta, enhanced):
    flags = flags_of(trunk(aorta=aorta))
    assert ("contrast_agent" in flags) is enhanced
    if enhanced:
        assert flags["contrast_agent"].evidence["enhanced_mean_hu"] == pytest.approx(aorta, abs=10)
        assert flags["contrast_agent"].evidence["header"] is None


@pytest.mark.parametrize("spongy_bone", [140, 200, 300])
def test_spongy_bone_inside_its_cortex_is_not_contrast_agent(spongy_bone):
    hu = TRUNK.copy()
    hu[(TRUNK > 130) & (TRUNK < 220)] += spongy_bone - 170
    assert "contrast_agent" not in flags_of(trunk(hu))


def loops(gas):
    """A trunk with two loops of bowel at 250 HU, with or without gas above."""
    hu = TRUNK.copy()
    shape = hu.shape[1:]
    for x in (60, 120):
        inside = disc(shape, (62, x), (11, 11))
        hu[8:32, inside] = 250 + TRUNK[8:32, inside] % 7
        if gas:
            hu[8:32, inside & (np.arange(shape[0])[:, None] < 58)] = -1000
    return trunk(hu)


def test_bowel_with_contrast_medium_and_gas_is_only_said():
    assert severity(loops(gas=True), "bowel_contrast") == "info"
    assert severity(loops(gas=True), "contrast_agent") is None


def test_bright_loops_without_any_gas_are_taken_for_enhanced():
    assert severity(loops(gas=False), "contrast_agent") == "warning"


def with_metal(x, size=4, value=3071, **how):
    """A trunk with a cube of metal at column x."""
    hu = TRUNK.copy()
    hu[18 : 18 + size, 80 : 80 + size, x : x + size] = value
    return trunk(hu, **how)


@pytest.mark.parametrize(("x", "side"), [(140, "left"), (40, "right"), (88, "midline")])
def test_metal_is_flagged_with_its_side_and_volume(x, side):
    evidence = flags_of(with_metal(x))["metal"].evidence
    assert evidence["side"] == side
    assert evidence["volume_ml"] == pytest.approx(64 * 1.5**3 / 1000, abs=0.01)
    assert evidence["max_hu"] == 3071


def test_the_side_is_the_patients_when_the_columns_run_to_the_right():
    turned = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)
    assert flags_of(with_metal(140, direction=turned))["metal"].evidence["side"] == "right"


@pytest.mark.parametrize(("size", "value"), [(4, 2400), (2, 3071), (0, 0)])
def test_dense_bone_and_single_bright_voxels_are_not_metal(size, value):
    assert "metal" not in flags_of(with_metal(140, size, value))


def test_no_side_is_named_where_the_body_is_cut():
    ct = with_metal(140)
    cropped = trunk(np.ascontiguousarray(ct.hu[:, :, 95:165]))
    assert flags_of(cropped)["metal"].evidence["side"] == "unknown"

"""The whole of densitometry on a femur of known density: what it measures."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import pytest
from densitometry.bodies import SPONGY_MG, body

from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import default_settings

NONE_GIVEN = PatientFacts("F", 66.0, contrast=False)


@lru_cache(maxsize=4)
def measured(kvp: float = 120.0, scale: float = 1.0, offset: float = 0.0) -> Densitometry:
    scan = body(kvp, scale, offset)
    return measure(scan.ct, scan.labels, facts=NONE_GIVEN)


def test_a_femur_of_known_density_is_measured() -> None:
    result = measured()
    left = result.femora["left"]
    assert result.calibration is not None
    assert result.calibration.method == "internal"
    for name in ("neck", "intertrochanteric", "total_hip"):
        mineral = left.regions[name]["trabecular_mineral"]
        assert abs(mineral.value - SPONGY_MG) < 1.96 * mineral.sd
        assert mineral.value == pytest.approx(SPONGY_MG, abs=12.0)
    assert left.regions["shaft"]["cortical_thickness"].value == pytest.approx(3.0, abs=0.7)
    assert left.areal["femoral_neck"]["abmd"].value > 0.5
    assert left.status is not None
    assert left.status.status == "normal" or left.status.reasons


def test_areal_density_is_that_of_the_true_mineral() -> None:
    from OsteoScreenLib.densitometry.areal import areal_regions, project_femur, sum_region

    scan, left = body(), measured().femora["left"]
    assert left.landmarks is not None
    true = project_femur(scan.mineral, scan.labels == 1, scan.ct.geometry, left.landmarks, 1.0)
    for site, weights in areal_regions(true, left.landmarks, default_settings()).items():
        abmd = left.areal[site]["abmd"]
        assert abmd.value == pytest.approx(sum_region(true, weights).abmd_g_cm2, rel=0.06)


@pytest.mark.parametrize(("kvp", "scale", "offset"), [(80.0, 1.0, 0.0), (140.0, 1.0, 0.0), (120.0, 0.99, 6.0)])
def test_voltage_and_scanner_hardly_change_a_calibrated_density(kvp, scale, offset) -> None:
    here, there = (result.femora["left"].regions["total_hip"] for result in (measured(), measured(kvp, scale, offset)))
    assert there["trabecular_vbmd"].value == pytest.approx(here["trabecular_vbmd"].value, abs=5.0)
    if kvp != 120.0:
        assert abs(there["trabecular_hu"].value - here["trabecular_hu"].value) > 6.0


def test_the_absent_side_says_so_and_sides_are_not_averaged() -> None:
    result = measured()
    assert set(result.femora) == {"left", "right"}
    assert "no mask" in result.femora["right"].withheld
    assert result.femora["right"].regions == {}


def test_a_result_round_trips_as_json() -> None:
    result = measured()
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert Densitometry.from_dict(json.loads(text)) == result
    with pytest.raises(ValueError, match="schema version"):
        Densitometry.from_dict({**result.to_dict(), "schema_version": 99})


def test_the_answer_does_not_depend_on_how_the_scan_is_stored() -> None:
    scan, here = body(), measured().femora["left"]
    grid = scan.ct.geometry
    corner = grid.to_physical((grid.shape_zyx[2] - 1, 0, grid.shape_zyx[0] - 1))
    flipped = replace(grid, origin_lps_mm=corner, direction=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    ct = replace(scan.ct, hu=scan.ct.hu[::-1, :, ::-1], geometry=flipped)
    there = measure(ct, scan.labels[::-1, :, ::-1], facts=NONE_GIVEN).femora["left"]
    for site in ("femoral_neck", "total_hip"):
        assert there.areal[site]["abmd"].value == pytest.approx(here.areal[site]["abmd"].value, rel=0.01)
    for region in ("neck", "total_hip"):
        density = here.regions[region]["trabecular_vbmd"].value
        assert there.regions[region]["trabecular_vbmd"].value == pytest.approx(density, abs=2.0)

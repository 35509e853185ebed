"""What makes densitometry withhold a measure, or all: each reason where it must, and not where it must not."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from densitometry.bodies import body

from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.measure import facts_of, measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import Settings, with_overrides
from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.quality.flag import QualityFlag, Severity

NONE_GIVEN = PatientFacts("F", 66.0, contrast=False)


@lru_cache(maxsize=2)
def measured(contrast: bool = False) -> Densitometry:
    scan = body()
    return measure(scan.ct, scan.labels, facts=replace(NONE_GIVEN, contrast=contrast))


def changed(key: str, value: object) -> Settings:
    document = {"schema_version": 1, "site": "A", "settings": {key: {"value": value, "source": "test"}}}
    return with_overrides(document)


def test_after_contrast_densities_are_withheld_and_hu_are_not() -> None:
    left = measured(contrast=True).femora["left"]
    neck = left.regions["neck"]
    assert neck["trabecular_hu"].value is not None
    assert "contrast" in neck["trabecular_vbmd"].withheld
    assert "contrast" in left.areal["femoral_neck"]["t_score"].withheld
    assert left.status is not None
    assert left.status.status is None


def test_a_site_may_have_contrast_corrected_by_the_published_size() -> None:
    scan, settings = body(), changed("contrast.action", "correct")
    facts = replace(NONE_GIVEN, contrast=True)
    result = measure(scan.ct, scan.labels, facts=facts, settings=settings)
    here = result.femora["left"].regions["total_hip"]["trabecular_vbmd"]
    assert result.calibration is not None
    plain = result.calibration.slope * result.femora["left"].regions["total_hip"]["trabecular_hu"].value
    assert here.value == pytest.approx(plain + result.calibration.intercept)
    assert here.sd > measured().femora["left"].regions["total_hip"]["trabecular_vbmd"].sd
    assert any("taken off" in note for note in result.notes)


def test_contrast_that_a_check_saw_counts_as_given() -> None:
    scan = body()
    flag = QualityFlag("contrast_agent", Severity.WARNING, "seen")
    neck = measure(scan.ct, scan.labels, flags=[flag]).femora["left"].regions["neck"]
    assert "contrast" in neck["trabecular_vbmd"].withheld


def test_an_implant_leaves_its_side_out() -> None:
    scan = body()
    metal = scan.ct.hu.copy()
    inside = np.argwhere(scan.labels == 1)
    z, y, x = inside[len(inside) // 2]
    metal[z - 4 : z + 4, y - 4 : y + 4, x - 4 : x + 4] = 3000
    seen = measure(replace(scan.ct, hu=metal), scan.labels, facts=NONE_GIVEN).femora["left"]
    told = measure(scan.ct, scan.labels, facts=NONE_GIVEN, implants=["left"]).femora["left"]
    assert "metal" in seen.withheld
    assert "metal" in told.withheld
    assert not measured().femora["left"].withheld


def test_a_region_that_the_scan_cuts_is_withheld_with_its_reason() -> None:
    scan = body()
    first = 26
    ct = scan.ct
    nz, ny, nx = ct.hu[first:].shape
    grid = replace(ct.geometry, shape_zyx=(nz, ny, nx), origin_lps_mm=ct.geometry.to_physical((0, 0, first)))
    cut = measure(replace(ct, hu=ct.hu[first:], geometry=grid), scan.labels[first:], facts=NONE_GIVEN).femora["left"]
    assert cut.regions["total_hip"]["vbmd"].value is None
    assert cut.regions["total_hip"]["vbmd"].withheld
    assert cut.areal["total_hip"]["abmd"].value is None
    assert cut.regions["neck"]["mean_hu"].value is not None


def test_without_sex_and_age_density_is_given_and_no_score() -> None:
    scan = body()
    unknown = replace(scan.ct, acquisition=replace(scan.ct.acquisition, sex="O", age_years=None))
    assert facts_of(unknown) == PatientFacts(None, None)
    left = measure(unknown, scan.labels).femora["left"]
    assert left.areal["femoral_neck"]["abmd"].value is not None
    assert "sex and age" in left.areal["femoral_neck"]["t_score"].withheld


def test_thick_slices_keep_the_whole_and_lose_the_compartments() -> None:
    scan = body()
    thick = replace(scan.ct, acquisition=replace(scan.ct.acquisition, slice_thickness_mm=6.0))
    neck = measure(thick, scan.labels, facts=NONE_GIVEN).femora["left"].regions["neck"]
    assert neck["vbmd"].value is not None
    assert "slices of 6 mm" in neck["trabecular_vbmd"].withheld
    assert "slices of 6 mm" in neck["cortical_thickness"].withheld


def test_slices_that_blur_the_cortex_cost_its_thickness_alone() -> None:
    scan = body()
    thick = replace(scan.ct, acquisition=replace(scan.ct.acquisition, slice_thickness_mm=4.0))
    shaft = measure(thick, scan.labels, facts=NONE_GIVEN).femora["left"].regions["shaft"]
    assert "slices are 4.0 mm thick" in shaft["cortical_thickness"].withheld
    assert shaft["cortical_vbmd"].value is not None
    assert measured().femora["left"].regions["shaft"]["cortical_thickness"].value is not None


def test_a_mask_that_is_called_unusable_is_not_measured() -> None:
    scan = body()
    result = measure(scan.ct, scan.labels, facts=NONE_GIVEN, unusable={"left": "its mask is not usable: torn"})
    assert result.femora["left"].withheld == "its mask is not usable: torn"
    assert not result.femora["left"].regions
    assert not measured().femora["left"].withheld
    with pytest.raises(ValueError, match="side"):
        measure(scan.ct, scan.labels, facts=NONE_GIVEN, unusable={"middle": "no"})


def test_a_sharp_kernel_is_noted_or_withheld_as_the_site_says() -> None:
    scan = body()
    sharp = replace(scan.ct, acquisition=replace(scan.ct.acquisition, kernel="BONE"))
    noted = measure(sharp, scan.labels, facts=NONE_GIVEN)
    assert any("sharp" in note for note in noted.notes)
    assert noted.femora["left"].regions["neck"]["vbmd"].value is not None
    strict = measure(sharp, scan.labels, facts=NONE_GIVEN, settings=changed("kernel.sharp_action", "withhold"))
    assert "sharp" in strict.femora["left"].regions["neck"]["vbmd"].withheld
    assert not any("sharp" in note for note in measured().notes)


def test_a_flag_that_withholds_withholds_everything() -> None:
    scan = body()
    flag = QualityFlag("not_hounsfield", Severity.WITHHOLD, "The values are not HU.")
    result = measure(scan.ct, scan.labels, flags=[flag])
    assert result.withheld == "The values are not HU."
    assert result.femora == {}


def test_vertebral_hu_are_read_by_the_rules_for_vertebrae() -> None:
    scan = body()
    empty = np.zeros_like(scan.labels)
    result = measure(scan.ct, empty, facts=NONE_GIVEN, vertebral_hu={"L1": 95.0})
    assert {answer.site for answer in result.hu_rules} == {"L1"}
    assert result.hu_rules[0].answer == "osteoporosis"
    assert measured().hu_rules == ()


def test_wrong_calls_are_refused_and_a_cancelled_one_stops() -> None:
    scan = body()
    with pytest.raises(ValueError, match="differ in size"):
        measure(scan.ct, scan.labels[1:])
    with pytest.raises(ValueError, match="left or right"):
        measure(scan.ct, scan.labels, implants=["middle"])
    with pytest.raises(CancelledError):
        measure(scan.ct, scan.labels, cancelled=lambda: True)

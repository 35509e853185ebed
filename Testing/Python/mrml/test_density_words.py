"""Bone density in the panel and the table of measures: values with uncertainty, class, calibration, reasons."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from html import escape

from densitometry.bodies import body

from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.mrml.density_rows import WITHHELD, density_rows
from OsteoScreenLib.mrml.density_words import density_text
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter


@lru_cache(maxsize=1)
def measured() -> CaseResult:
    scan = body()
    return screen(scan.ct, "body", GivenMaskSegmenter(scan.labels), densitometry=DensitometryOptions()).result


def test_rows_have_the_value_with_its_uncertainty_and_say_what_is_withheld() -> None:
    rows = {name: (left, right) for name, left, right in density_rows(measured())}
    left, right = rows["Total hip trabecular vBMD (mg/cm³)"]
    measure = measured().densitometry.femora["left"].regions["total_hip"]["trabecular_vbmd"]
    assert left == f"{measure.value:.0f} ± {measure.sd:.0f}"
    assert right == WITHHELD


def test_the_text_has_class_ruler_calibration_residuals_and_reasons() -> None:
    result, text = measured(), density_text(measured())
    status = next(entry for entry in result.status if entry.side == "left")
    assert f"Left femur: {status.bone_class or 'withheld'}" in text
    assert "T-score equivalent, not a DXA T-score" in text
    assert text.count("●") >= 2
    line = result.densitometry.calibration
    assert escape(line.explanation) in text
    assert "Residual HU" in text
    assert all(f"{sample.measured_hu:.0f}" in text for sample in line.samples)
    right = next(entry for entry in result.status if entry.side == "right")
    assert right.bone_class is None
    assert escape(right.reasons[0].rstrip(".")) in text


def test_a_scan_without_any_measure_says_why_and_one_that_was_not_asked_says_nothing() -> None:
    nothing = replace(measured(), densitometry=Densitometry(withheld="It is <no> CT."), status=())
    assert "It is &lt;no&gt; CT." in density_text(nothing)
    assert density_rows(nothing) == []
    assert density_text(replace(measured(), densitometry=None)) == density_text(None) == ""
    assert density_rows(replace(measured(), densitometry=None)) == []

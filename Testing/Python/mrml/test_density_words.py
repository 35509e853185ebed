"""Bone density in the panel and the table of measures: values with uncertainty, class, calibration, reasons."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from html import escape

from densitometry.bodies import body

from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.mrml.density_rows import WITHHELD, density_rows
from OsteoScreenLib.mrml.density_words import calibration_text, details_text, scan_text, status_text
from OsteoScreenLib.report.density_section import DensitySection, density_section
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


def section_of(result: CaseResult) -> DensitySection:
    section = density_section(result)
    assert section is not None
    return section


def test_each_side_has_its_class_or_the_reason_why_it_has_none() -> None:
    result, section = measured(), section_of(measured())
    left, right = section.parts
    status = {entry.side: entry for entry in result.status}
    assert f"Left femur: {status['left'].bone_class or 'withheld'}" in status_text(left)
    assert "Probability of each class" in status_text(left)
    assert "It is not a DXA T-score" in details_text(left)
    assert status["right"].bone_class is None
    assert escape(status["right"].reasons[0].rstrip(".")) in status_text(right)
    assert "DXA" not in details_text(right)


def test_every_reason_stands_beside_the_measures_that_it_costs() -> None:
    left = section_of(measured()).parts[0]
    assert left.withheld
    assert all(f"because {escape(why)}: {escape(names)}." in details_text(left) for why, names in left.withheld)


def test_the_calibration_is_explained_with_what_it_was_fitted_to_and_what_was_not_used() -> None:
    line, text = measured().densitometry.calibration, calibration_text(section_of(measured()))
    assert escape(line.explanation) in text
    assert "Residual HU" in text
    assert all(f">{sample.measured_hu:.0f}</td>" in text for sample in line.samples)
    assert all(escape(reason) in text for reason in line.not_used.values())


def test_a_scan_without_any_measure_says_why_and_one_that_was_not_asked_says_nothing() -> None:
    nothing = replace(measured(), densitometry=Densitometry(withheld="It is <no> CT."), status=())
    assert "It is &lt;no&gt; CT." in scan_text(section_of(nothing))
    assert section_of(nothing).parts == []
    assert density_rows(nothing) == []
    assert density_section(replace(measured(), densitometry=None)) is None
    assert density_rows(replace(measured(), densitometry=None)) == []

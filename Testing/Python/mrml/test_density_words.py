"""Bone density in the panel and the table of measures: values with uncertainty, class, calibration, reasons."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from html import escape

from densitometry.bodies import body

from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
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


def test_rows_have_the_value_with_its_uncertainty_and_say_what_is_withheld_and_why() -> None:
    rows = {name: cells for name, *cells in density_rows(measured())}
    left, right, why = rows["Total hip trab. vBMD (mg/cm³)"]
    measure = measured().densitometry.femora["left"].regions["total_hip"]["trabecular_vbmd"]
    assert left == f"{measure.value:.0f} ± {measure.sd:.0f}"
    assert right == WITHHELD
    assert why == f"right: {measured().densitometry.femora['right'].withheld}"


def test_every_withheld_cell_has_its_reason_and_no_row_without_one_has_any() -> None:
    rows = density_rows(measured())
    assert len(rows) > 12
    for _, left, right, why in rows:
        assert (WITHHELD in (left, right)) == bool(why)


def test_rows_begin_with_status_and_calibration() -> None:
    result = measured()
    status, calibration, *_ = density_rows(result)
    left = next(entry for entry in result.status if entry.side == "left")
    assert status[1] == (left.bone_class or WITHHELD)
    assert status[2] == WITHHELD
    line = result.densitometry.calibration
    assert calibration[1] == calibration[2] == f"{line.method} ± {line.uncertainty_mg_cm3:.0f}"
    marks = result.densitometry.femora["left"].landmarks
    assert density_rows(result)[-1][:2] == ("Neck-shaft angle (°)", f"{marks.neck_shaft_angle_deg:.0f}")


def test_without_a_calibration_densities_are_withheld_with_that_reason_and_hu_stay() -> None:
    scan = body()
    options = DensitometryOptions(choice=CalibrationChoice("asynchronous"))
    result = screen(scan.ct, "body", GivenMaskSegmenter(scan.labels), densitometry=options).result
    rows = {name: cells for name, *cells in density_rows(result)}
    assert rows["Calibration (SD at 100 mg/cm³)"][0] == WITHHELD
    assert "no file of this site" in rows["Calibration (SD at 100 mg/cm³)"][2]
    assert rows["Total hip trab. vBMD (mg/cm³)"][0] == WITHHELD
    assert rows["Neck trab. (HU)"][0] != WITHHELD


def section_of(result: CaseResult) -> DensitySection:
    section = density_section(result)
    assert section is not None
    return section


def test_each_side_has_its_class_or_the_reason_why_it_has_none() -> None:
    result, section = measured(), section_of(measured())
    left, right = section.parts
    status = {entry.side: entry for entry in result.status}
    assert f"Left femur: {status['left'].bone_class or 'withheld'}" in status_text(left)
    assert "probability of each class" in scan_text(section)
    assert "Probability of each class" not in status_text(left)  # the ruler has them
    assert "Probability of each class" in status_text(replace(left, ruler=None))
    assert "They are not DXA T-scores" in scan_text(section)
    assert "Rulers" not in scan_text(replace(section, parts=[right]))
    assert status["right"].bone_class is None
    assert escape(status["right"].reasons[0].rstrip(".")) in status_text(right)


def test_every_reason_stands_beside_the_measures_that_it_costs() -> None:
    left = section_of(measured()).parts[0]
    assert left.withheld
    assert all(f"because {escape(why)}: {escape(names)}." in details_text(left) for why, names in left.withheld)


def test_the_calibration_is_explained_with_what_it_was_fitted_to_and_what_was_not_used() -> None:
    line, text = measured().densitometry.calibration, calibration_text(section_of(measured()))
    assert escape(line.explanation) in text
    assert "Residual HU" in text
    assert all(f">{sample.measured_hu:.0f}</td>".replace("-", "−") in text for sample in line.samples)
    assert all(escape(reason) in text for reason in line.not_used.values())


def test_a_scan_without_any_measure_says_why_and_one_that_was_not_asked_says_nothing() -> None:
    nothing = replace(measured(), densitometry=Densitometry(withheld="It is <no> CT."), status=())
    assert "It is &lt;no&gt; CT." in scan_text(section_of(nothing))
    assert section_of(nothing).parts == []
    assert density_rows(nothing) == [("Bone status by T-score equivalent", WITHHELD, WITHHELD, "")]
    assert density_section(replace(measured(), densitometry=None)) is None
    assert density_rows(replace(measured(), densitometry=None)) == []

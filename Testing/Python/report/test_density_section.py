"""Bone density in a report, a table and an index: every number with its uncertainty, every gap with its reason."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from functools import lru_cache
from html import unescape

import numpy as np
import pytest
from densitometry.bodies import body

from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.hu_rules import RuleAnswer
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import with_overrides
from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.cohort_index import cohort_index
from OsteoScreenLib.report.density_columns import DENSITY_COLUMNS
from OsteoScreenLib.report.density_tables import withheld_measures
from OsteoScreenLib.report.femur_projection import femur_projection
from OsteoScreenLib.report.status_words import status_words
from OsteoScreenLib.report.t_ruler import t_ruler
from OsteoScreenLib.report.table import results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.status.bone_status import BoneStatus

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}\x1b[31m"


@lru_cache(maxsize=4)
def measured(side: str = "left", sex: str | None = "F", site: bool = False) -> CaseResult:
    scan = body(side=side)
    table = None
    if site:
        change = {"areal.neck_box_mm": {"value": 25.0, "source": "our scanner's box"}}
        table = with_overrides({"schema_version": 1, "site": "Clinic A", "settings": change})
    ct = replace(scan.ct, acquisition=replace(scan.ct.acquisition, sex=sex))
    options = DensitometryOptions(table=table)
    return screen(ct, "body", GivenMaskSegmenter(scan.labels), densitometry=options).result


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def report(result: CaseResult, pictures: bool = True) -> str:
    scan = body()
    return case_report(result, scan.ct, scan.labels if pictures else None)


def row_of(result: CaseResult) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(results_csv([CaseOutcome.of(result, "body.nii.gz")])))
    return row


def test_the_section_has_status_measures_with_uncertainty_calibration_and_research_words() -> None:
    result = measured()
    left = result.densitometry.femora["left"]
    told = words(report(result))
    neck, hip = left.areal["femoral_neck"]["abmd"], left.regions["total_hip"]["trabecular_vbmd"]
    for text in (
        *(
            "Bone density",
            "Left femur ○ normal",
            "The patient's own tissues (internal)",
            "Residual, HU",
            "fat",
            "muscle",
        ),
        *(f"{neck.value:.2f} ± {neck.sd:.2f}", f"{hip.value:.0f} ± {hip.sd:.0f}", "aBMD, g/cm²"),
        *("T-score equivalent against NHANES III", "Not a DXA T-score", "confirm with DXA", "Research use only"),
        *("never averaged", "sex female, age 66 years", "Probability of each class", "95 % interval"),
    ):
        assert text in told, text


def test_a_withheld_measure_stands_with_its_reason_and_an_absent_side_too() -> None:
    told = words(report(measured()))
    assert "Z-score of femoral neck" in told
    assert "no reference by age is set" in told
    assert "Right femur: – withheld there is no femur on this side" in told
    without_sex = words(report(measured(sex=None)))
    assert "the patient's sex is not known" in without_sex
    assert "T-score equivalent of femoral neck, T-score equivalent of total hip: the patient's sex" in without_sex
    assert "T-score equivalent of total hip" not in told


def test_a_reason_that_costs_a_whole_place_names_it_once() -> None:
    result = measured()
    left = result.densitometry.femora["left"]
    cut = {name: Measure.without(entry.unit, "the scan cuts it") for name, entry in left.regions["head"].items()}
    changed = replace(left, regions={**left.regions, "head": cut})
    found = dict(withheld_measures(changed))
    assert found["the scan cuts it"] == "all of head"
    assert "Mineral content of shaft" in found["the shaft is never whole in view; only means are given"]
    assert "the scan cuts it" not in dict(withheld_measures(left))


def test_the_table_says_each_reason_once() -> None:
    result = measured(sex=None)
    because = row_of(result)["left_density_withheld_because"]
    assert because.count("sex is not known") == 1
    assert because.startswith("femoral neck, total hip: ")


def test_the_ruler_is_drawn_where_there_is_a_t_score_and_only_there() -> None:
    assert 'class="ruler"' in report(measured())
    assert 'class="ruler"' not in report(measured(sex=None))


def test_the_projection_shows_regions_and_areas_and_is_left_out_without_a_mask() -> None:
    html = report(measured())
    for style in ('class="region"', 'class="site-neck"', 'class="site-hip"', ">Intertrochanteric<"):
        assert style in html
    assert 'class="projection"' not in report(measured(), pictures=False)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_head_is_drawn_on_the_medial_side_as_seen_from_the_front(side) -> None:
    scan, marks = body(side=side), measured(side).densitometry.femora[side].landmarks
    picture = femur_projection(scan.ct, scan.labels, side, marks, DensitometryOptions().settings)
    place = {line.name: (line.x, line.y) for line in picture.outlines}
    medial_is_right = side == "right"
    assert (place["Head"][0] > place["Trochanteric"][0]) == medial_is_right
    assert (picture.right == "medial") == medial_is_right
    assert place["Head"][1] < place["Intertrochanteric"][1]


def test_a_sites_own_box_is_drawn_and_its_source_named() -> None:
    def width(result: CaseResult) -> float:
        scan = body()
        table = with_overrides(
            {"schema_version": 1, "site": "A", "settings": dict(result.densitometry.settings["overridden"])}
        )
        marks = result.densitometry.femora["left"].landmarks
        picture = femur_projection(scan.ct, scan.labels, "left", marks, table)
        box = next(line for line in picture.outlines if line.style == "site-neck")
        return box.path.count("M")

    own = measured(site=True)
    assert "Clinic A set areal.neck_box_mm to 25 (our scanner's box)." in words(report(own))
    assert width(own) > width(measured())


def test_a_case_that_is_withheld_says_so_and_has_no_pictures_of_density() -> None:
    result = measured()
    none = Densitometry(withheld="Slices are missing.")
    statuses = tuple(
        BoneStatus("ct-abmd-rule", side, None, reasons=("Slices are missing.",)) for side in ("left", "right")
    )
    html = report(replace(result, densitometry=none, status=statuses))
    assert "Withheld: Slices are missing." in words(html)
    assert "Both femora: – withheld Slices are missing" in words(html)
    assert 'class="projection"' not in html


def test_without_a_calibration_the_report_says_why_and_keeps_the_hu() -> None:
    result = measured()
    refused = replace(result.densitometry, calibration=None, no_calibration="internal: no fat was found")
    told = words(report(replace(result, densitometry=refused)))
    assert "There is none, so no density is given. internal: no fat was found" in told


def test_nothing_is_said_of_density_that_nobody_asked_for() -> None:
    html = report(replace(measured(), densitometry=None, status=()))
    assert "Bone density" not in words(html)
    assert "No bone density was asked for" in words(html)


def test_whatever_a_result_says_is_escaped() -> None:
    result = measured()
    femur = replace(result.densitometry.femora["left"], notes=(HOSTILE,))
    bad = replace(
        result.densitometry,
        femora={"left": femur},
        notes=(HOSTILE,),
        vertebrae={HOSTILE: {name: Measure.without("HU", HOSTILE) for name in ("trabecular_hu", "trabecular_vbmd")}},
        hu_rules=(RuleAnswer(HOSTILE, "L1", "", None, None, HOSTILE),),
        calibration=replace(result.densitometry.calibration, explanation=HOSTILE, not_used={HOSTILE: HOSTILE}),
        settings={"site": HOSTILE, "overridden": {}},
    )
    status = (BoneStatus("ct-abmd-rule", "left", None, reasons=(HOSTILE,)),)
    hostile = replace(
        result,
        densitometry=bad,
        status=tuple(replace(s, operating_point=result.status[0].operating_point) for s in status),
    )
    for html in (report(hostile), cohort_index([CaseOutcome.of(hostile, "x")])):
        assert "<script" not in html
        assert "\x1b" not in html
        assert "&lt;script&gt;" in html


def test_the_table_has_each_side_apart_with_units_and_reasons() -> None:
    row = row_of(measured())
    left = measured().densitometry.femora["left"]
    assert float(row["left_neck_abmd_g_cm2"]) == pytest.approx(left.areal["femoral_neck"]["abmd"].value, rel=1e-5)
    assert float(row["left_neck_abmd_g_cm2_sd"]) == pytest.approx(left.areal["femoral_neck"]["abmd"].sd, rel=1e-5)
    assert float(row["left_total_hip_trabecular_vbmd_mg_cm3"]) > 0
    assert (row["calibration"], row["left_status"], row["right_status"]) == ("internal", "normal", "withheld")
    assert row["left_density_withheld_because"] == ""
    assert row["right_neck_abmd_g_cm2"] == ""
    assert "no femur on this side" in row["right_density_withheld_because"]
    assert not any(name.startswith(("mean", "both", "neck", "hip")) for name in DENSITY_COLUMNS)
    assert row["sex"] == "F"


def test_the_table_says_why_a_score_is_missing_and_is_empty_where_nobody_asked() -> None:
    row = row_of(measured(sex=None))
    assert row["left_neck_abmd_g_cm2"] != ""
    assert row["left_neck_t_score_equivalent"] == ""
    assert row["left_status"] == "withheld"
    assert "sex is not known" in row["left_density_withheld_because"]
    empty = row_of(replace(measured(), densitometry=None, status=()))
    assert {empty[name] for name in DENSITY_COLUMNS} == {""}


def test_the_table_names_the_facts_that_the_scores_went_by() -> None:
    result = measured()
    told = replace(result, densitometry=replace(result.densitometry, facts=PatientFacts("M", 71.0)))
    assert (row_of(told)["sex"], row_of(told)["age_years"]) == ("M", "71")


def test_index_and_console_say_the_class_or_why_there_is_none() -> None:
    left, right = status_words(measured())
    assert (left.who, left.word, left.why) == ("Left femur", "normal", "")
    assert "no femur on this side" in right.text
    page = words(cohort_index([CaseOutcome.of(measured(), "body")]))
    assert "Left femur ○ normal" in page
    assert "Right femur – withheld there is no femur on this side" in page


def test_two_sides_are_one_word_only_where_both_are_withheld_for_the_same_reason() -> None:
    def both(*statuses: tuple[str | None, tuple[str, ...]]) -> list[str]:
        made = [
            BoneStatus("m", side, *entry[:1], reasons=entry[1])
            for side, entry in zip(("left", "right"), statuses, strict=True)
        ]
        return [word.who for word in status_words(replace(measured(), status=tuple(made)))]

    assert both((None, ("no sex",)), (None, ("no sex",))) == ["Both femora"]
    assert both((None, ("no sex",)), (None, ("metal",))) == ["Left femur", "Right femur"]
    assert both(("normal", ()), ("normal", ())) == ["Left femur", "Right femur"]


def test_the_ruler_places_value_interval_and_limits_to_scale() -> None:
    ruler = t_ruler(
        [("femoral neck", Measure(-1.75, "SD", 0.5)), ("total hip", Measure.without("SD", "cut"))], -2.5, -1.0
    )
    (row,) = ruler.rows
    (low, _), (high, _) = ruler.limits
    assert row.x == pytest.approx((low + high) / 2)
    assert (row.high - row.low) / (high - low) == pytest.approx(2 * 1.96 * 0.5 / 1.5, rel=1e-3)
    assert row.text == "−1.8 (95 % interval −2.7 to −0.8)" or row.text == "−1.7 (95 % interval −2.7 to −0.8)"
    assert [zone[1] for zone in ruler.zones] == ["osteoporosis", "osteopenia", "normal"]


def test_the_ruler_grows_with_what_it_must_show_and_is_none_without_a_score() -> None:
    ruler = t_ruler([("neck", Measure(-6.2, "SD", 0.4))], -2.5, -1.0)
    assert 0 < ruler.rows[0].low < ruler.rows[0].high < 1000
    assert t_ruler([("neck", Measure.without("SD", "no age"))], -2.5, -1.0) is None


def test_the_picture_is_of_the_bone_alone() -> None:
    scan, marks = body(), measured().densitometry.femora["left"].landmarks
    settings = DensitometryOptions().settings
    brighter = np.where(scan.labels == 0, 500, scan.ct.hu).astype(np.int16)
    plain = femur_projection(scan.ct, scan.labels, "left", marks, settings)
    assert femur_projection(replace(scan.ct, hu=brighter), scan.labels, "left", marks, settings).png == plain.png
    assert femur_projection(scan.ct, scan.labels, "left", replace(marks, neck_axis=None), settings) is None

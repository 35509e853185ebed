"""Answers of bone-status models in a report, a table, an index and a console: whole, labelled and escaped."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape

import pytest

from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.cohort_index import cohort_index
from OsteoScreenLib.report.model_section import BAR_LEFT, BAR_WIDTH, model_section, percent
from OsteoScreenLib.report.status_words import model_words
from OsteoScreenLib.report.table import COLUMNS, results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.status.bone_status import BoneStatus
from OsteoScreenLib.status.status_answer import DEMONSTRATION, ModelFacts, StatusAnswer, TopFeature

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}\x1b[31m"
POINT = {
    "normal_from": 0.5,
    "osteopenia_from": 0.35,
    "osteoporosis_from": 0.25,
    "rule": "greatest Youden index",
    "chosen_on": "90 development cases",
}
MODEL = ModelFacts(
    "Bone status in three classes (fusion)",
    "0.1.0",
    "ab" * 32,
    {"t_score_source": "QCT", "t_score_site": "femoral_neck"},
    0.9,
)
ANSWER = StatusAnswer(
    BoneStatus(
        "bone-status-fusion",
        "left",
        "osteopenia",
        {"normal": 0.12, "osteopenia": 0.6, "osteoporosis": 0.28},
        POINT,
    ),
    MODEL,
    {"normal": False, "osteopenia": True, "osteoporosis": True},
    ("osteopenia", "osteoporosis"),
    {"osteopenia": 0.88, "osteoporosis": 0.28},
    (TopFeature("age", 80.0, 66.0, 0.2, "age in years of 80 (above the typical 66) raises the probability"),),
    ("imputed by the development median: x",),
)
WITHHELD = StatusAnswer(
    BoneStatus("bone-status-fusion", "right", None, reasons=("the patient's age is not known",)), MODEL
)


def demonstration(answer: StatusAnswer) -> StatusAnswer:
    return replace(answer, status=replace(answer.status, demonstration_model=True))


@pytest.fixture
def result(ct, make_result) -> CaseResult:
    return replace(make_result(ct), model_status=(ANSWER, WITHHELD), status_notes=("Another was not asked.",))


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def rows(*results: CaseResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(results_csv([CaseOutcome.of(entry, "x") for entry in results]))))


def test_the_report_tells_model_probabilities_operating_point_set_and_why(ct, result) -> None:
    told = words(case_report(result, ct))
    for text in (
        *("Bone-status models", "Bone status in three classes (fusion)", "bone-status-fusion 0.1.0"),
        *("Learnt from QCT T-scores, femoral neck.", "Left femur ◐ osteopenia", "Right femur – withheld"),
        *("the patient's age is not known", "12 %", "60 %", "28 %", "Osteopenia or worse: 88 %."),
        *("Positive at its threshold for: osteopenia, osteoporosis.",),
        *("Set made to hold the true class in 90 % of cases: osteopenia or osteoporosis.",),
        *("age in years of 80 (above the typical 66) raises the probability", "imputed by the development median: x"),
        *("Thresholds were chosen by greatest Youden index, on 90 development cases.", "ab" * 32),
        *("Another was not asked.", "confirm a status by DXA"),
    ):
        assert text in told, text
    assert DEMONSTRATION not in told
    assert "demonstration-banner" not in case_report(result, ct).split("</style>")[1]


def test_bars_and_thresholds_are_to_scale(result) -> None:
    left, right = model_section(result).cards[0].parts
    assert [bar.width / BAR_WIDTH for bar in left.bars] == pytest.approx([0.12, 0.6, 0.28])
    assert [(bar.limit - BAR_LEFT) / BAR_WIDTH for bar in left.bars] == pytest.approx([0.5, 0.35, 0.25])
    assert right.bars == []
    assert [percent(share) for share in (0.0, 0.004, 0.126, 0.996)] == ["< 1 %", "< 1 %", "13 %", "> 99 %"]


def test_a_demonstrations_answer_is_labelled_wherever_it_appears(ct, result) -> None:
    demo = replace(result, model_status=(demonstration(ANSWER), demonstration(WITHHELD)))
    html = case_report(demo, ct).split("</style>")[1]
    assert html.count('class="demonstration-banner"') == 1
    assert html.index(DEMONSTRATION) < html.index("◐")
    page = cohort_index([CaseOutcome.of(demo, "x")])
    assert words(page).count(DEMONSTRATION) == 2
    assert all(DEMONSTRATION in word.text for word in model_words(demo))
    (row,) = rows(demo)
    told = {name: value for name, value in row.items() if "bone-status-fusion" in name}
    assert all("demonstration_bone-status-fusion" in name for name in told)
    assert row["demonstration_bone-status-fusion_warning"] == DEMONSTRATION
    assert DEMONSTRATION not in words(cohort_index([CaseOutcome.of(result, "x")]))


def test_the_table_has_columns_for_the_models_that_were_asked_and_a_row_for_each_case(result, ct, make_result) -> None:
    other = make_result(ct, case_id="two")
    one, two = rows(result, other)
    assert one["bone-status-fusion_version"] == "0.1.0"
    assert one["left_bone-status-fusion_status"] == "osteopenia"
    assert float(one["left_bone-status-fusion_p_osteopenia"]) == 0.6
    assert one["left_bone-status-fusion_positive_for"] == "osteopenia;osteoporosis"
    assert one["left_bone-status-fusion_prediction_set"] == "osteopenia;osteoporosis"
    assert one["right_bone-status-fusion_status"] == "withheld"
    assert one["right_bone-status-fusion_withheld_because"] == "the patient's age is not known"
    assert one["right_bone-status-fusion_p_normal"] == one["left_status"] == ""
    assert {two[name] for name in two if "fusion" in name} == {""}
    assert tuple(rows(other)[0]) == COLUMNS


def test_both_sides_are_one_word_where_one_reason_withholds_both_and_the_model_is_named(result) -> None:
    both = replace(WITHHELD, status=replace(WITHHELD.status, side="left"))
    (word,) = model_words(replace(result, model_status=(both, WITHHELD)))
    assert word.text == "Both femora, bone-status-fusion 0.1.0: withheld, because the patient's age is not known"
    assert [word.who for word in model_words(result)] == [
        "Left femur, bone-status-fusion 0.1.0",
        "Right femur, bone-status-fusion 0.1.0",
    ]


def test_whatever_a_model_says_is_escaped(ct, result) -> None:
    hostile = StatusAnswer(
        BoneStatus(
            HOSTILE, "left", "normal", {"normal": 1.0}, {"normal_from": HOSTILE, "rule": HOSTILE, "chosen_on": HOSTILE}
        ),
        ModelFacts(HOSTILE, HOSTILE, HOSTILE, {"t_score_source": HOSTILE, "t_score_site": HOSTILE}, 0.9),
        top=(TopFeature(HOSTILE, 1.0, 1.0, 0.1, HOSTILE),),
        notes=(HOSTILE,),
    )
    refused = StatusAnswer(BoneStatus(HOSTILE, "right", None, reasons=(HOSTILE,)), hostile.model)
    changed = replace(result, model_status=(hostile, refused), status_notes=(HOSTILE,))
    for html in (case_report(changed, ct), cohort_index([CaseOutcome.of(changed, "x")])):
        assert "<script" not in html
        assert "\x1b" not in html
        assert "&lt;script&gt;" in html
    assert "\x1b" not in results_csv([CaseOutcome.of(changed, "x")])
    formula = replace(hostile, status=replace(hostile.status, bone_class=None, probabilities={}, reasons=("=1+1",)))
    table = results_csv([CaseOutcome.of(replace(result, model_status=(formula,)), "x")])
    assert "'=1+1" in table


def test_no_section_where_nobody_asked_and_only_a_note_where_none_is_installed(ct, result) -> None:
    assert model_section(replace(result, model_status=(), status_notes=())) is None
    html = case_report(replace(result, model_status=(), status_notes=()), ct)
    assert "Bone-status models" not in words(html)
    noted = words(case_report(replace(result, model_status=()), ct))
    assert "Another was not asked." in noted

"""T-scores, Z-scores, rules in HU and the status by rule: given where they may be, withheld with a reason elsewhere."""

from __future__ import annotations

import json

import pytest

from OsteoScreenLib.densitometry.hu_rules import ask_rules
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts, t_score, z_score
from OsteoScreenLib.densitometry.settings import Settings, default_settings, with_overrides
from OsteoScreenLib.densitometry.status_rule import RuleStatus, class_probabilities, status_by_rule, who_class

SETTINGS = default_settings()
WOMAN = PatientFacts("F", 67.0)


def changed(**values: object) -> Settings:
    entries = {key.replace("__", "."): {"value": value, "source": "test"} for key, value in values.items()}
    return with_overrides({"schema_version": 1, "site": "A", "settings": entries})


def neck(t: float, sd: float) -> dict[str, Measure]:
    return {"femoral_neck": Measure(t, "SD", sd), "total_hip": Measure(t + 0.5, "SD", sd)}


def test_a_t_score_is_against_the_reference_of_its_site() -> None:
    abmd = Measure(0.618, "g/cm2", 0.03)
    found = t_score(abmd, "femoral_neck", WOMAN, SETTINGS)
    assert found.value == pytest.approx(-2.0)
    assert found.sd == pytest.approx(0.25)
    assert t_score(abmd, "femoral_neck", PatientFacts("M", 67.0), SETTINGS).value == found.value


@pytest.mark.parametrize(
    ("facts", "word"),
    [(PatientFacts(None, 67.0), "sex"), (PatientFacts("F", None), "age"), (PatientFacts(), "sex and age")],
)
def test_without_sex_or_age_there_is_no_t_score(facts, word) -> None:
    found = t_score(Measure(0.7, "g/cm2", 0.03), "femoral_neck", facts, SETTINGS)
    assert found.value is None
    assert word in found.withheld


def test_a_z_score_needs_a_reference_by_age() -> None:
    abmd = Measure(0.60, "g/cm2", 0.03)
    assert "no reference by age" in z_score(abmd, "femoral_neck", WOMAN, SETTINGS).withheld
    site = changed(reference__by_age={"femoral_neck": {"F": [[60, 70, 0.70, 0.10]]}})
    assert z_score(abmd, "femoral_neck", WOMAN, site).value == pytest.approx(-1.0)
    assert "reach this age" in z_score(abmd, "femoral_neck", PatientFacts("F", 80.0), site).withheld
    assert z_score(abmd, "femoral_neck", PatientFacts("M", 65.0), site).value is None
    assert "needed" in z_score(abmd, "femoral_neck", PatientFacts("F", None), site).withheld


def test_facts_that_cannot_be_are_refused() -> None:
    for wrong in ({"sex": "X"}, {"age_years": -1.0}, {"age_years": float("nan")}):
        with pytest.raises(ValueError, match="not"):
            PatientFacts(**wrong)


@pytest.mark.parametrize(
    ("t", "status"), [(-1.0, "normal"), (-1.01, "osteopenia"), (-2.49, "osteopenia"), (-2.5, "osteoporosis")]
)
def test_the_limits_belong_to_the_outer_classes(t, status) -> None:
    assert who_class(t, SETTINGS) == status
    assert class_probabilities(t, 0.0, SETTINGS)[status] == 1.0


def test_probabilities_follow_the_uncertainty() -> None:
    sure, unsure = (class_probabilities(-2.7, sd, SETTINGS) for sd in (0.05, 0.5))
    assert sum(unsure.values()) == pytest.approx(1.0)
    assert sure["osteoporosis"] > 0.999
    assert unsure["osteoporosis"] == pytest.approx(0.655, abs=0.002)
    assert class_probabilities(-2.5, 0.3, SETTINGS)["osteoporosis"] == pytest.approx(0.5)


def test_a_status_is_withheld_where_the_uncertainty_spans_all_three_classes() -> None:
    wide = status_by_rule(neck(-1.75, 0.45), WOMAN, SETTINGS)
    assert wide.status is None
    assert "all three" in wide.reasons[0]
    assert sum(wide.probabilities.values()) == pytest.approx(1.0)
    narrow = status_by_rule(neck(-1.75, 0.30), WOMAN, SETTINGS)
    assert narrow.status == "osteopenia"
    assert not narrow.reasons
    assert status_by_rule(neck(-3.2, 0.45), WOMAN, SETTINGS).status == "osteoporosis"


def test_a_status_is_withheld_for_the_young_and_where_the_neck_is() -> None:
    young = status_by_rule(neck(-1.75, 0.2), PatientFacts("F", 41.0), SETTINGS)
    assert young.status is None
    assert "50 years" in young.reasons[0]
    without = {"femoral_neck": Measure.without("SD", "the scan cuts it"), "total_hip": Measure(-1.0, "SD", 0.2)}
    missing = status_by_rule(without, WOMAN, SETTINGS)
    assert missing.status is None
    assert missing.probabilities == {}
    assert "the scan cuts it" in missing.reasons[0]


def test_the_lowest_of_the_sites_counts_where_a_site_asks_for_both() -> None:
    both = changed(status__sites=["femoral_neck", "total_hip"])
    scores = {"femoral_neck": Measure(-0.5, "SD", 0.1), "total_hip": Measure(-2.7, "SD", 0.1)}
    assert status_by_rule(scores, WOMAN, both).status == "osteoporosis"
    assert status_by_rule(scores, WOMAN, SETTINGS).status == "normal"


def test_a_t_score_near_a_limit_is_called_borderline() -> None:
    assert status_by_rule(neck(-2.2, 0.1), WOMAN, SETTINGS).borderline
    assert not status_by_rule(neck(-1.75, 0.1), WOMAN, SETTINGS).borderline


def test_the_scatter_against_dxa_can_be_made_part_of_the_probabilities() -> None:
    plain = status_by_rule(neck(-3.2, 0.1), WOMAN, SETTINGS)
    wider = status_by_rule(neck(-3.2, 0.1), WOMAN, changed(status__dxa_scatter_t=0.45))
    assert wider.probabilities["osteopenia"] > 10 * plain.probabilities["osteopenia"]


def test_a_status_round_trips_as_json() -> None:
    for status in (status_by_rule(neck(-1.75, 0.3), WOMAN, SETTINGS), RuleStatus(None, reasons=("no mask",))):
        assert RuleStatus.from_dict(json.loads(json.dumps(status.to_dict()))) == status


def test_rules_in_hu_answer_at_their_voltage_alone() -> None:
    at_120 = {a.name: a for a in ask_rules({"L1": Measure(105.0, "HU")}, SETTINGS, 120.0, False)}
    assert at_120["L1 110 HU (Pickhardt 2013)"].answer == "osteoporosis"
    assert at_120["L1 160 HU (Pickhardt 2013)"].answer == "suspicious"
    high = {a.name: a for a in ask_rules({"L1": Measure(170.0, "HU")}, SETTINGS, 120.0, False)}
    assert high["L1 110 HU (Pickhardt 2013)"].answer == "not_suspicious"
    assert high["L1 160 HU (Pickhardt 2013)"].answer == "not_suspicious"
    for kvp, contrast, word in ((100.0, False, "120 kVp"), (None, False, "not known"), (120.0, True, "contrast")):
        for answer in ask_rules({"L1": Measure(105.0, "HU")}, SETTINGS, kvp, contrast):
            assert answer.answer is None
            assert word in answer.withheld


def test_a_rule_with_two_limits_knows_the_class_between() -> None:
    said = [ask_rules({"L3": Measure(hu, "HU")}, SETTINGS, 100.0, False) for hu in (90.0, 150.0, 190.0)]
    at_100 = [next(a.answer for a in answers if "100 kVp" in a.name) for answers in said]
    assert at_100 == ["osteoporosis", "osteopenia", "normal"]
    assert ask_rules({}, SETTINGS, 100.0, False) == ()


def test_a_measure_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Measure(None, "HU")
    with pytest.raises(ValueError, match="reason"):
        Measure(1.0, "HU", withheld="why")

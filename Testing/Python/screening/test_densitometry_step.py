"""Bone density in a case: measured in its masks, withheld with its reason, and never at the cost of the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from densitometry.bodies import Body, body
from factory.femur_segmenters import FailingSegmenter

from OsteoScreenLib.densitometry.region_labels import REGION_LABELS
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import CancelledError, ModelError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening import densitometry_step
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks
from OsteoScreenLib.status.ct_abmd_rule import MODEL

ASKED = DensitometryOptions()
PRESENT = FemurFinding("present", volume_ml=100.0)
ABSENT = FemurFinding("absent", "the image ends above it")


class Given:
    """The true mask of the body, with findings and flags as a test wants them."""

    def __init__(self, scan: Body, left: FemurFinding = PRESENT, *flags: QualityFlag) -> None:
        self.masks = FemurMasks(scan.labels, {"left": left, "right": ABSENT}, "given", flags=flags)

    def segment(self, *_: object) -> FemurMasks:
        return self.masks


def screened(
    scan: Body | None = None,
    left: FemurFinding = PRESENT,
    flags: tuple[QualityFlag, ...] = (),
    options: DensitometryOptions | None = ASKED,
) -> ScreenedCase:
    scan = scan or body()
    return screen(scan.ct, "body", Given(scan, left, *flags), densitometry=options)


@lru_cache(maxsize=1)
def usual() -> ScreenedCase:
    return screened()


def reasons(case: ScreenedCase, side: str = "left") -> str:
    (status,) = (entry for entry in case.result.status if entry.side == side)
    return " ".join(status.reasons)


def test_a_case_with_masks_has_densities_a_status_by_side_and_the_time_it_took() -> None:
    result = usual().result
    left = result.densitometry.femora["left"]
    assert left.regions["total_hip"]["trabecular_vbmd"].value is not None
    status = {entry.side: entry for entry in result.status}
    assert status["left"].model == MODEL == "ct-abmd-rule"
    assert status["left"].bone_class == left.status.status
    assert not status["left"].demonstration_model
    assert sum(status["left"].probabilities.values()) == pytest.approx(1.0)
    assert status["left"].operating_point["osteoporosis_at_most_t"] == -2.5
    assert status["right"].withheld
    assert result.timings_s["densitometry"] > 0.0


def test_densitometry_and_status_read_back_as_they_were_written() -> None:
    result = usual().result
    again = CaseResult.from_json(result.to_json())
    assert again.densitometry == result.densitometry
    assert again.status == result.status
    document = json.loads(result.to_json())
    assert document["status"][0]["class"] == result.status[0].bone_class
    assert document["status"][0]["withheld"] is False


def test_regions_lie_in_the_masks_and_are_numbered_by_side_region_and_compartment() -> None:
    case = usual()
    numbers = set(np.unique(case.regions).tolist()) - {0}
    assert numbers <= set(REGION_LABELS)
    assert {REGION_LABELS[number].side for number in numbers} == {"left"}
    assert {REGION_LABELS[number].region for number in numbers} == {
        *("head", "neck", "trochanteric", "intertrochanteric", "shaft"),
    }
    assert (REGION_LABELS[121].region, REGION_LABELS[121].compartment) == ("neck", "cortical")
    assert not case.regions[case.masks.labels == 0].any()
    # The label map holds what was measured: the trabecular mean of the neck is the mean over its label.
    hu = usual().result.densitometry.femora["left"].regions["neck"]["trabecular_hu"].value
    assert body().ct.hu[case.regions == 122].mean() == pytest.approx(hu, abs=0.01)


def test_nobody_is_told_of_densities_or_regions_who_did_not_ask_for_them() -> None:
    result = screened(options=None).result
    assert (result.densitometry, result.status) == (None, ())
    assert "densitometry" not in result.timings_s
    assert screened(options=DensitometryOptions(regions=False)).regions is None


def test_without_a_mask_density_is_withheld_and_says_why(ct, give_flags) -> None:
    failing = FailingSegmenter(ModelError("No model is installed"))
    result = screen(ct, "one", failing, densitometry=ASKED).result
    assert "No model is installed" in result.densitometry.withheld
    assert [entry.bone_class for entry in result.status] == [None, None]
    assert "No model is installed" in " ".join(result.status[0].reasons)


def test_an_absent_side_is_withheld_with_the_reason_of_its_finding() -> None:
    assert "the image ends above it" in usual().result.densitometry.femora["right"].withheld
    assert "the image ends above it" in reasons(usual(), "right")
    assert not usual().result.densitometry.femora["left"].withheld


def test_an_implant_that_the_segmentation_saw_leaves_its_side_out() -> None:
    case = screened(left=replace(PRESENT, implant=True))
    assert "metal" in case.result.densitometry.femora["left"].withheld
    assert "metal" in reasons(case)
    assert case.regions is None


@pytest.mark.parametrize("evidence", [{"left": {"estimated_dsc": 0.5, "reasons": ["it is a blob"]}}, {}])
def test_a_bad_mask_is_not_measured(evidence) -> None:
    bad = QualityFlag("femur_mask_bad", Severity.WARNING, "The mask of the left femur: it is a blob.", evidence)
    case = screened(flags=(bad,))
    assert "it is a blob" in case.result.densitometry.femora["left"].withheld
    assert "it is a blob" in reasons(case)


def test_a_bad_mask_of_the_other_side_costs_this_one_nothing() -> None:
    bad = QualityFlag("femur_mask_bad", Severity.WARNING, "Right: bad.", {"right": {"reasons": ["it is a blob"]}})
    assert not screened(flags=(bad,)).result.densitometry.femora["left"].withheld


def test_a_flag_that_withholds_withholds_every_measure() -> None:
    grave = QualityFlag("missing_slices", Severity.WITHHOLD, "Slices are missing.")
    case = screened(flags=(grave,))
    assert case.result.densitometry.withheld == "Slices are missing."
    assert case.result.densitometry.femora == {}
    assert reasons(case) == reasons(case, "right") == "Slices are missing."


def test_thick_slices_leave_areal_density_and_no_status() -> None:
    thick = QualityFlag("thick_slices", Severity.WITHHOLD, "Slices of 6 mm.")
    left = screened(flags=(thick,)).result.densitometry.femora["left"]
    assert left.areal["femoral_neck"]["abmd"].value is not None
    assert left.status.status is None
    assert left.status.probabilities == {}
    assert "Slices of 6 mm." in left.status.reasons


def test_what_the_user_knows_goes_before_what_the_header_says_and_is_noted() -> None:
    options = DensitometryOptions(facts=PatientFacts("M", 45.0))
    measured = screened(options=options).result.densitometry
    assert measured.facts == PatientFacts("M", 45.0)
    assert any("taken as M, as the user says; the scan says F" in note for note in measured.notes)
    assert any("45" in note and "66" in note for note in measured.notes)
    assert "50 years" in " ".join(measured.femora["left"].status.reasons)


def test_facts_that_only_the_user_knows_are_taken_and_need_no_note() -> None:
    scan = body()
    silent = replace(scan, ct=replace(scan.ct, acquisition=replace(scan.ct.acquisition, sex=None, age_years=None)))
    without = screened(silent)
    assert "sex and age is not known" in reasons(without)
    told = screened(silent, options=DensitometryOptions(facts=PatientFacts("F", 66.0))).result
    assert told.status[0].bone_class == usual().result.status[0].bone_class
    assert not any("user" in note for note in told.densitometry.notes)


def test_contrast_that_the_user_knows_of_withholds_densities() -> None:
    case = screened(options=DensitometryOptions(facts=PatientFacts(contrast=True)))
    left = case.result.densitometry.femora["left"]
    assert "contrast" in left.regions["neck"]["trabecular_vbmd"].withheld
    assert left.regions["neck"]["trabecular_hu"].value is not None
    assert "contrast" in reasons(case)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (np.linalg.LinAlgError("singular\x1b[31m"), "LinAlgError: singular\\x1b[31m"),
        (ZeroDivisionError("no bone"), "ZeroDivisionError"),
        (MemoryError(), "memory"),
    ],
)
def test_a_measurement_that_fails_costs_neither_checks_nor_masks(monkeypatch, error, says) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(densitometry_step, "measure", fail)
    case = screened()
    assert case.masks is not None
    assert case.result.femurs["left"].presence == "present"
    assert says in case.result.densitometry.withheld
    assert says in reasons(case)


@pytest.mark.parametrize("error", [TypeError("wrong call"), KeyError("misspelt"), CancelledError("stop")])
def test_a_mistake_in_the_program_and_a_stop_are_not_hidden(monkeypatch, error) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(densitometry_step, "measure", fail)
    with pytest.raises(type(error)):
        screened()


def test_a_run_can_be_stopped_while_it_measures() -> None:
    scan, told = body(), []

    def cancelled() -> bool:
        return any("Densitometry" in message for message in told)

    with pytest.raises(CancelledError):
        screen(scan.ct, "body", Given(scan), lambda _, message: told.append(message), cancelled, ASKED)
    assert "Densitometry: right femur" not in told


def test_progress_runs_on_without_a_step_back() -> None:
    scan, told = body(), []
    screen(scan.ct, "body", Given(scan), lambda fraction, _: told.append(fraction), densitometry=ASKED)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

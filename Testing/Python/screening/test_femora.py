"""The femora of a case: masks where they can be had, a clear word where not, and the checks in any case."""

from __future__ import annotations

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter, FailingSegmenter

from OsteoScreenLib.errors import CancelledError, InputError, MissingPackageError, ModelError, UsageError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.femora import NOT_TRIED_AFTER
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks


def test_a_result_carries_both_sides_the_source_the_models_and_the_time(ct, give_flags) -> None:
    case = screen(ct, "one", BoxSegmenter())
    result = case.result
    assert case.masks is not None
    assert case.masks.labels.shape == ct.hu.shape
    assert (result.femurs["left"].presence, result.femurs["right"].presence) == ("cut", "absent")
    assert result.segmentation.source == "vbnet"
    assert result.segmentation.reason == ""
    assert dict(result.segmentation.timings_s) == {"coarse": 0.5, "fine": 1.25}
    assert result.models[0]["id"] == "femur-test"
    assert result.timings_s["segmentation"] >= 0.0
    again = CaseResult.from_json(result.to_json())
    assert (again.femurs, again.segmentation, again.models) == (result.femurs, result.segmentation, result.models)


def test_nobody_is_told_of_femora_who_did_not_ask_for_them(ct, give_flags) -> None:
    case = screen(ct, "one")
    assert case.masks is None
    assert case.result.segmentation is None
    assert case.result.femurs == {}
    assert "segmentation" not in case.result.timings_s


def test_flags_of_checks_and_masks_are_merged_the_gravest_first(ct, give_flags) -> None:
    give_flags(QualityFlag("thick_slices", Severity.WARNING, "Thick."), QualityFlag("noise", Severity.INFO, "Noise."))
    grave = QualityFlag("femur_mask_bad", Severity.WITHHOLD, "Bad.", {"share": np.float32(0.5)})
    known = QualityFlag("femur_mask_info", Severity.INFO, "To know.")
    result = screen(ct, "one", BoxSegmenter(known, DOUBT, grave)).result
    assert [flag.code for flag in result.quality] == [
        *("femur_mask_bad", "thick_slices", "femur_mask_doubtful", "noise", "femur_mask_info"),
    ]
    assert result.withheld
    assert CaseResult.from_json(result.to_json()).quality[0].evidence == {"share": 0.5}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ModelError("No model is installed", next_step="Run: osteoscreen models install."),
            "osteoscreen models install",
        ),
        (MissingPackageError("onnxruntime is not installed", next_step="Run: pip install onnxruntime."), "pip install"),
        (MemoryError(), "memory"),
        (RuntimeError("bad node\x1b[31m"), "RuntimeError: bad node\\x1b[31m"),
    ],
)
def test_a_source_that_fails_costs_the_mask_but_not_the_checks(ct, give_flags, error, says) -> None:
    case = screen(ct, "one", FailingSegmenter(error))
    assert case.masks is None
    flag = case.result.quality[0]
    assert (flag.code, flag.severity) == ("no_femur_mask", Severity.WITHHOLD)
    assert says in flag.message
    assert says in case.result.segmentation.reason
    assert case.result.segmentation.source is None
    assert case.result.femurs == {}
    assert "sharp_kernel" in [entry.code for entry in case.result.quality]


@pytest.mark.parametrize("error", [CancelledError("stop"), InputError("The mask does not fit"), UsageError("Wrong")])
def test_a_stop_and_a_wrong_mask_of_the_user_are_not_hidden(ct, give_flags, error) -> None:
    with pytest.raises(type(error)):
        screen(ct, "one", FailingSegmenter(error))


@pytest.mark.parametrize("code", sorted(NOT_TRIED_AFTER))
def test_nothing_is_segmented_where_there_is_no_ct_to_segment(ct, give_flags, code) -> None:
    give_flags(QualityFlag(code, Severity.WITHHOLD, "This cannot be used."))
    segmenter = BoxSegmenter()
    case = screen(ct, "one", segmenter)
    assert segmenter.calls == 0
    assert case.masks is None
    assert "This cannot be used." in case.result.segmentation.reason
    assert [flag.code for flag in case.result.quality] == [code]


def test_a_scan_that_is_withheld_for_thick_slices_is_segmented_all_the_same(ct, give_flags) -> None:
    give_flags(QualityFlag("thick_slices", Severity.WITHHOLD, "Thick."))
    assert screen(ct, "one", BoxSegmenter()).masks is not None


def test_numbers_that_json_cannot_hold_are_made_plain(ct, give_flags) -> None:
    class Odd(BoxSegmenter):
        def segment(self, *arguments, **options) -> FemurMasks:
            masks = super().segment(*arguments, **options)
            odd = FemurFinding("present", volume_ml=np.float64(3.5), estimated_dsc=float("nan"))
            return FemurMasks(masks.labels, {"left": odd, "right": odd}, "vbnet")

    result = screen(ct, "one", Odd()).result
    assert result.femurs["left"].estimated_dsc is None
    assert CaseResult.from_json(result.to_json()).femurs["left"].volume_ml == 3.5


def test_progress_of_checks_and_masks_runs_on_without_a_step_back(ct, give_flags) -> None:
    told: list[float] = []
    screen(ct, "one", BoxSegmenter(), progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

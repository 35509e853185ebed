from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import OsteoScreenLib
from OsteoScreenLib.ct.series import SliceStack
from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.pipeline import screen


def test_a_result_carries_the_flags_the_source_the_time_and_the_versions(ct, give_flags) -> None:
    result = screen(ct, "one").result
    assert [flag.code for flag in result.quality] == ["sharp_kernel"]
    assert result.input["name"] == "scan.nii.gz"
    assert result.geometry == ct.geometry
    assert result.acquisition.kvp == 120.0
    assert result.timings_s["checks"] >= 0.0
    assert result.software["osteoscreen"] == OsteoScreenLib.__version__
    assert {"python", "numpy", "simpleitk"} <= set(result.software)
    assert not result.withheld


def test_a_withholding_flag_withholds_the_result(ct, give_flags) -> None:
    give_flags(QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT."))
    assert screen(ct, "one").result.withheld


def test_slice_positions_are_kept_where_there_are_any(ct, give_flags) -> None:
    assert "stack" not in screen(ct, "one").result.input
    stacked = replace(ct, stack=SliceStack(n_files=4, n_slices=4))
    assert screen(stacked, "one").result.input["stack"]["n_slices"] == 4


def test_evidence_that_json_cannot_hold_is_made_plain(ct, give_flags) -> None:
    evidence = {"noise_hu": np.float32(12.5), "peak_hu": float("nan"), "bins": np.arange(3), "gap": (1, float("inf"))}
    give_flags(QualityFlag("noise", Severity.INFO, "Noise.", evidence))
    result = screen(ct, "one").result
    written = json.loads(result.to_json())["quality"][0]["evidence"]
    assert written == {"noise_hu": 12.5, "peak_hu": None, "bins": [0, 1, 2], "gap": [1, None]}
    assert CaseResult.from_json(result.to_json()).quality == result.quality


def test_a_cancelled_screening_stops(ct, give_flags) -> None:
    with pytest.raises(CancelledError):
        screen(ct, "one", cancelled=lambda: True)


def test_the_checks_of_a_clean_volume_run_for_real(ct) -> None:
    result = screen(ct, "one").result
    assert CaseResult.from_json(result.to_json()) == replace(
        result, timings_s={step: round(seconds, 3) for step, seconds in result.timings_s.items()}
    )

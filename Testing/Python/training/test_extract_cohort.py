"""Features are measured case by case and kept; a kill costs the case in hand and no other."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.rod_scans import rods, write_rods

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.radiomics.settings_file import load_settings
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.extract_cohort import extract_cohort
from OsteoScreenLib.training.measure_case import measure_case

pytestmark = [pytest.mark.needs_module("SimpleITK"), pytest.mark.needs_module("scipy")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Six scans with masks."""
    place = tmp_path_factory.mktemp("scans")
    for n in range(6):
        write_rods(place, str(n), 210 + 50 * n, seed=n)
    return place


def cohort_of(folder: Path) -> Cohort:
    cases = tuple(
        CohortCase(
            f"c{n}",
            f"p{n}",
            f"p{n}",
            -1.5,
            "osteopenia",
            folder / f"{n}.nii.gz",
            folder / f"{n}_mask.nii.gz",
            side="left",
        )
        for n in range(6)
    )
    return Cohort(cases, "QCT", "femoral_neck")


def mean_only(case: CohortCase) -> dict[str, float]:
    settings = load_settings("femur")
    return measure_case(
        case, replace(settings, feature_classes={"firstorder": ("Mean",)}, image_types={"Original": {}})
    )


SCRIPT = """
import sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
from test_extract_cohort import cohort_of, mean_only
from OsteoScreenLib.training.extract_cohort import extract_cohort

def slowly(case):
    found = mean_only(case)
    time.sleep(0.4)
    return found

extract_cohort(cohort_of(Path({folder!r})), Path({out!r}), "femur", slowly)
"""


def test_a_killed_run_goes_on_where_it_was_and_ends_with_the_same_features(folder, tmp_path):
    out = tmp_path / "features"
    text = SCRIPT.format(
        paths=[str(Path(__file__).parent), str(Path(__file__).parents[1])], folder=str(folder), out=str(out)
    )
    running = subprocess.Popen([sys.executable, "-c", text])
    deadline = time.monotonic() + 120
    while len(list(out.glob("[0-9a-f]*.json"))) < 2 and time.monotonic() < deadline:
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in out.glob("[0-9a-f]*.json")}
    assert 2 <= len(kept) < 6

    resumed = extract_cohort(cohort_of(folder), out, "femur", mean_only)
    assert resumed.measured == 6 - len(kept)
    assert {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in kept} == kept
    whole = extract_cohort(cohort_of(folder), tmp_path / "whole", "femur", mean_only)
    assert whole.measured == 6
    assert resumed.matrix.names == whole.matrix.names
    np.testing.assert_array_equal(resumed.matrix.values, whole.matrix.values)
    assert extract_cohort(cohort_of(folder), out, "femur", mean_only).measured == 0


def test_the_mean_is_that_of_the_named_side(folder):
    hu, labels = rods(310, seed=2)
    cases = cohort_of(folder).cases
    left = mean_only(cases[2])["original_firstorder_Mean"]
    right = mean_only(replace(cases[2], side="right"))["original_firstorder_Mean"]
    assert left == pytest.approx(hu[labels == 1].mean(), abs=8)  # resampled to 1 mm
    assert right - left == pytest.approx(60, abs=3)


def test_other_parameters_another_mask_or_a_damaged_file_are_measured_again(folder, tmp_path):
    cohort = replace(cohort_of(folder), cases=cohort_of(folder).cases[:1])
    calls = []

    def measure(case):
        calls.append(case.case_id)
        return {"a": 1.0}

    extract_cohort(cohort, tmp_path, "one", measure)
    extract_cohort(cohort, tmp_path, "one", measure)
    assert len(calls) == 1
    extract_cohort(cohort, tmp_path, "other", measure)
    assert len(calls) == 2
    changed = replace(cohort, cases=(replace(cohort.cases[0], mask=folder / "1_mask.nii.gz", side="right"),))
    extract_cohort(changed, tmp_path, "one", measure)
    assert len(calls) == 3
    for file in tmp_path.glob("*.json"):
        file.write_text('{"key": "', encoding="utf-8")
    extract_cohort(cohort, tmp_path, "one", measure)
    assert len(calls) == 4


def test_a_case_that_fails_has_no_values_and_a_reason_and_no_other_suffers(folder, tmp_path):
    cohort = cohort_of(folder)
    cases = (replace(cohort.cases[0], mask=folder / "0.nii.gz"), cohort.cases[1])
    found = extract_cohort(replace(cohort, cases=cases), tmp_path, "femur", mean_only)
    assert list(found.failed) == ["c0"]
    assert np.isnan(found.matrix.values[0]).all()
    assert np.isfinite(found.matrix.values[1]).any()
    with pytest.raises(InputError, match="names no mask"):
        measure_case(replace(cohort.cases[0], mask=None), load_settings("femur"))

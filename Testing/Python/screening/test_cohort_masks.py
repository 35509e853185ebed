"""Masks in a run over many cases: one segmenter for all, and which earlier masks still stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from factory.femur_segmenters import BoxSegmenter, FailingSegmenter, box_source

from OsteoScreenLib.errors import InputError, ModelError, UsageError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.screening.cohort import run_cohort
from OsteoScreenLib.screening.femur_source import FemurSource, femur_source
from OsteoScreenLib.screening.inputs import case_inputs

pytestmark = pytest.mark.usefixtures("give_flags")
NO_MODEL = ModelError("No model is installed")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def source_that_fails(error: Exception) -> FemurSource:
    return FemurSource(lambda: FailingSegmenter(error), "vbnet")


def test_the_segmenter_is_made_once_for_the_whole_run(scans, out, writers, reads) -> None:
    made: list[BoxSegmenter] = []

    def make() -> BoxSegmenter:
        made.append(BoxSegmenter())
        return made[-1]

    assert run_cohort(case_inputs(scans), out, writers, segmenter=FemurSource(make, "vbnet")).complete
    assert [segmenter.calls for segmenter in made] == [3]


def test_every_case_leaves_its_mask_and_its_femora(scans, out, writers, reads) -> None:
    run_cohort(case_inputs(scans), out, writers, segmenter=box_source())
    for name in ("one", "two", "three"):
        result = json.loads((out / name / "result.json").read_text())
        assert result["femurs"]["right"]["presence"] == "absent"
        assert set(result["timings_s"]) == {"reading", "checks", "segmentation"}
        assert (out / name / "segmentation.nii.gz").is_file()


def test_a_run_without_a_model_keeps_every_case_and_says_why_there_is_no_mask(scans, out, writers, reads) -> None:
    tries: list[int] = []

    def make() -> BoxSegmenter:
        tries.append(1)
        raise NO_MODEL

    run = run_cohort(case_inputs(scans), out, writers, segmenter=FemurSource(make, "vbnet"))
    assert run.complete
    assert [outcome.state.value for outcome in run.outcomes] == ["withheld"] * 3
    assert all("No model is installed" in outcome.result.reasons[0] for outcome in run.outcomes)
    assert tries == [1]
    assert not (out / "one" / "segmentation.nii.gz").exists()


def test_a_mask_that_does_not_fit_fails_its_case_with_the_reason(scans, out, writers, reads) -> None:
    source = source_that_fails(InputError("The mask does not fit", code="geometry_mismatch"))
    (outcome,) = run_cohort(case_inputs(scans[:1]), out, writers, segmenter=source).outcomes
    assert (outcome.state.value, outcome.error_code) == ("failed", "geometry_mismatch")


def test_resume_keeps_masks_of_the_same_model(scans, out, writers, reads) -> None:
    run_cohort(case_inputs(scans[:1]), out, writers, segmenter=box_source())
    assert run_cohort(case_inputs(scans[:1]), out, writers, segmenter=box_source(), resume=True).outcomes[0].kept


@pytest.mark.parametrize("change", ["mask gone", "another model", "another source", "no masks wanted", "another mask"])
def test_resume_makes_masks_anew_that_no_longer_stand(scans, out, writers, reads, change) -> None:
    cases = case_inputs(scans[:1])
    run_cohort(cases, out, writers, segmenter=box_source())
    now = {
        "another model": box_source(BoxSegmenter(model={"id": "femur-test", "version": "2.0", "sha256": "1" * 64})),
        "another source": FemurSource(BoxSegmenter, "totalsegmentator"),
        "another mask": FemurSource(BoxSegmenter, "vbnet", mask_sha256="2" * 64),
        "no masks wanted": None,
        "mask gone": box_source(),
    }[change]
    if change == "mask gone":
        (out / "one" / "segmentation.nii.gz").unlink()
    run = run_cohort(cases, out, writers, segmenter=now, resume=True)
    assert not run.outcomes[0].kept
    assert (out / "one" / "segmentation.nii.gz").exists() == (change != "no masks wanted")


def test_resume_tries_again_where_no_mask_could_be_made(scans, out, writers, reads) -> None:
    cases = case_inputs(scans[:1])
    run_cohort(cases, out, writers, segmenter=source_that_fails(NO_MODEL))
    outcome = run_cohort(cases, out, writers, segmenter=box_source(), resume=True).outcomes[0]
    assert not outcome.kept
    assert outcome.result.femurs["left"].presence == "cut"


def test_resume_keeps_a_mask_whose_model_has_been_removed(scans, out, writers, reads) -> None:
    cases = case_inputs(scans[:1])
    run_cohort(cases, out, writers, segmenter=box_source())

    def removed() -> BoxSegmenter:
        raise NO_MODEL

    assert run_cohort(cases, out, writers, segmenter=FemurSource(removed, "vbnet"), resume=True).outcomes[0].kept


def test_resume_does_not_look_for_a_mask_of_what_is_no_ct(scans, out, writers, reads, give_flags) -> None:
    give_flags(QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT."))
    cases = case_inputs(scans[:1])
    run_cohort(cases, out, writers, segmenter=box_source())
    assert run_cohort(cases, out, writers, segmenter=box_source(), resume=True).outcomes[0].kept


def test_a_source_is_named_or_a_file(tmp_path: Path) -> None:
    assert femur_source("vbnet").to_dict() == {"source": "vbnet", "mask_sha256": None}
    assert femur_source("totalsegmentator").kind == "totalsegmentator"
    mask = tmp_path / "mask.nii.gz"
    mask.write_bytes(b"mask")
    given = femur_source(str(mask))
    assert given.kind == "given"
    assert len(given.mask_sha256) == 64
    with pytest.raises(UsageError, match="neither a source of masks nor a file"):
        femur_source(str(tmp_path / "no-such-mask.nii.gz"))

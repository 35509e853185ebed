"""What a report and a table say of the femora, in words."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter

from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.files import write_case_files
from OsteoScreenLib.report.table import results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.result.segmentation_facts import SegmentationFacts
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}\x1b[31m"


@pytest.fixture
def segmented(ct, make_result):
    """A result with a cut left femur and none on the right, and its masks."""
    masks = BoxSegmenter().segment(ct)
    result = replace(make_result(ct), femurs=masks.femurs, segmentation=SegmentationFacts("vbnet"), models=masks.models)
    return ScreenedCase(result, masks)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_each_side_is_named_with_presence_reason_volume_and_estimated_dsc(ct, segmented) -> None:
    told = words(case_report(segmented.result, ct, segmented.masks.labels))
    for text in (
        *("Left femur ▲ cut", "The image ends too early.", "Right femur – absent", "There is no bone on the right."),
        *("Estimated DSC 0.95", "Diameter of the head not known", "Meets the image border superior", "femur-test"),
        *("a careful reader's: 1 is full agreement", "research use only", "VB-Net"),
    ):
        assert text in told, text


def test_a_side_with_a_mask_has_slices_with_its_outline_and_surfaces(ct, segmented) -> None:
    html = case_report(segmented.result, ct, segmented.masks.labels)
    assert html.count('class="outline"') == 4
    assert html.count("Surface of the mask of the left femur") == 3
    assert "right femur, anterior" not in html
    without = case_report(segmented.result, ct)
    assert 'class="outline"' not in without
    assert "Left femur" in without


def test_nothing_is_said_of_femora_that_nobody_asked_for_and_a_failure_says_why(ct, make_result) -> None:
    assert "The proximal femora" not in case_report(make_result(ct), ct)
    failed = replace(make_result(ct), segmentation=SegmentationFacts(None, "No model is installed."))
    told = words(case_report(failed, ct))
    assert "The proximal femora No masks were made. No model is installed." in told
    assert "careful reader" not in told


def test_hostile_texts_of_a_mask_stay_texts(ct, segmented) -> None:
    finding = FemurFinding("present", HOSTILE, cut_at=(HOSTILE,))
    result = replace(
        segmented.result,
        femurs={"left": finding, "right": FemurFinding(HOSTILE, HOSTILE)},
        segmentation=SegmentationFacts(HOSTILE, HOSTILE),
        models=({"id": HOSTILE, "version": HOSTILE, "sha256": HOSTILE},),
    )
    html = case_report(result, ct, segmented.masks.labels)
    assert "<script" not in html
    assert "{{ 7*7 }}" in html
    assert "\x1b" not in html


def test_the_pages_own_policy_holds_with_pictures_of_femora(ct, segmented) -> None:
    html = case_report(segmented.result, ct, segmented.masks.labels)
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert all(link.startswith("data:image/png;base64,") for link in re.findall(r'href="([^"]*)"', html))


def test_the_mask_is_written_beside_the_report_only_where_there_is_one(ct, make_result, segmented, tmp_path) -> None:
    for name, case in (("with", segmented), ("without", ScreenedCase(make_result(ct)))):
        (tmp_path / name).mkdir()
        write_case_files(case, ct, tmp_path / name)
    assert (tmp_path / "with" / "segmentation.nii.gz").is_file()
    assert not (tmp_path / "without" / "segmentation.nii.gz").exists()


def test_a_disk_that_fills_up_at_the_mask_is_an_error_of_the_disk(ct, segmented, tmp_path, monkeypatch) -> None:
    from OsteoScreenLib.ct import write

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "_check_whole", full)
    with pytest.raises(OSError, match="No space left"):
        write_case_files(segmented, ct, tmp_path)


def test_the_table_has_columns_for_each_side(ct, make_result, segmented) -> None:
    outcomes = [CaseOutcome.of(segmented.result, "one"), CaseOutcome.of(make_result(ct), "two")]
    with_masks, without = csv.DictReader(io.StringIO(results_csv(outcomes)))
    assert with_masks["femur_left_presence"] == "cut"
    volume = float(np.count_nonzero(segmented.masks.labels == 1) * ct.geometry.voxel_volume_mm3 / 1000)
    assert float(with_masks["femur_left_volume_ml"]) == pytest.approx(volume, rel=1e-5)
    assert with_masks["femur_left_implant"] == "no"
    assert (with_masks["femur_right_presence"], with_masks["femur_right_volume_ml"]) == ("absent", "")
    assert (with_masks["segmentation_source"], with_masks["segmentation_model"]) == ("vbnet", "femur-test 1.0")
    assert without["femur_left_presence"] == without["segmentation_source"] == ""

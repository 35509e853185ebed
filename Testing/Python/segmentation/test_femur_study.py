"""The simulated study of the femur segmentation, on one small patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from femur_study import COLUMNS, KEY, flags_of, parse, rows_of, run, same_study, segmented
from femur_study_patients import Level, PairOfScans, cut_part, draw_study_protocol, is_unseen, levels, mixed, scanned
from femur_study_report import feature_rows, halves, is_failure, is_judged, is_told, write_report
from segmentation.hips import grid, scan_of, segmenter
from study_rows import StudyRows

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

pytestmark = pytest.mark.needs_module("scipy")
SEED = 700_900
PLAIN = Level(slice_mm=4.0)


@lru_cache(maxsize=1)
def pair() -> PairOfScans:
    return PairOfScans.of(SEED, workers=1, spacing_mm=(4.0, 4.0, 4.0))


class Knowing:
    """Gives the true masks of the scan it is told, or none."""

    def __init__(self, truth: np.ndarray | None) -> None:
        self.truth, self.calls = truth, 0

    def segment(self, ct: CTVolume) -> FemurMasks:
        self.calls += 1
        labels = np.zeros(ct.hu.shape, np.uint8) if self.truth is None else self.truth
        found = FemurFinding("absent") if self.truth is None else FemurFinding("present", estimated_dsc=0.96)
        return FemurMasks(labels, {"left": found, "right": found}, "vbnet")


def test_seeds_that_training_draws_from_are_refused() -> None:
    assert is_unseen(700_000, 70)
    assert not is_unseen(90_000, 20_000)
    assert not is_unseen(899_990, 20)
    with pytest.raises(SystemExit):
        parse(["--out", "x", "--first-seed", "5"])
    assert parse(["--out", "x"]).first_seed == 700_000


def test_protocols_are_the_same_for_a_seed_and_none_has_voxels_as_in_training() -> None:
    drawn = [draw_study_protocol(seed) for seed in range(700_000, 700_040)]
    assert drawn[3] == draw_study_protocol(700_003)
    assert {protocol.name for protocol in drawn} == {"thin-sharp", "abdomen", "hip"}
    assert all(protocol.is_valid()[0] for protocol in drawn)
    assert not any(len(set(protocol.spacing_xyz_mm)) == 1 for protocol in drawn)


def test_noise_between_two_scans_is_their_mixture() -> None:
    quiet, noise = np.full((2, 3, 50), 100, np.int16), np.random.default_rng(0).normal(0, 400, (2, 3, 50))
    loud = (quiet + noise).astype(np.int16)
    assert np.array_equal(mixed(quiet, loud, 0.0), quiet)
    assert np.array_equal(mixed(quiet, loud, 1.0), np.clip(loud, -1024, 3071))
    assert (mixed(quiet, loud, 0.25) - 100).std() == pytest.approx(100, rel=0.15)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("none", (40, 30, 60)),
        ("head top", (22, 30, 60)),
        ("posterior third", (40, 16, 60)),
        ("lateral third", (40, 30, 36)),
    ],
)
def test_a_cut_takes_its_part_of_both_femora(name: str, left: tuple[int, int, int]) -> None:
    truth = np.zeros((40, 30, 60), np.uint8)
    truth[2:32, 4:22, 6:24], truth[2:32, 4:22, 36:54] = 2, 1  # x grows to the left
    part = cut_part(truth, (2.0, 2.0, 2.0), name)
    assert truth[part].shape == left
    both = [int((truth[part] == label).sum()) / (truth == label).sum() for label in (1, 2)]
    assert both[0] == pytest.approx(both[1])
    with pytest.raises(ValueError, match="no cut"):
        cut_part(truth, (2.0, 2.0, 2.0), "slantwise")


def test_the_truth_says_what_is_in_view() -> None:
    assert [pair().at(PLAIN).truly(side) for side in ("left", "right")] == ["present", "present"]
    for name in ("lateral third", "head top", "posterior third"):
        hips = pair().at(replace(PLAIN, cut=name))
        assert [hips.truly(side) for side in ("left", "right")] == ["cut", "cut"]
        assert hips.facts["cut"] == name
        assert hips.ct.hu.shape == hips.truth.shape
    nothing = replace(pair().at(PLAIN), truth=np.zeros_like(pair().truth))
    assert nothing.truly("left") == "absent"
    traits = replace(pair().quiet.traits, implant="stem", implant_side="R")
    stem = replace(pair().at(PLAIN), patient=replace(pair().quiet, traits=traits))
    assert [stem.truly(side) for side in ("left", "right")] == ["present", "stem"]


def test_bone_beyond_a_round_field_of_view_is_no_truth() -> None:
    hips = pair().at(PLAIN)
    y, x = np.ogrid[: hips.truth.shape[1], : hips.truth.shape[2]]
    beyond = (y - hips.truth.shape[1] / 2) ** 2 + (x - hips.truth.shape[2] / 2) ** 2 > (0.3 * len(x[0])) ** 2
    hu = np.where(beyond, np.int16(-3024), hips.ct.hu).astype(np.int16)
    left = scanned(hips.truth.copy(), replace(hips.ct, hu=hu))
    assert np.array_equal(left, np.where(beyond, 0, hips.truth))
    assert 0 < np.count_nonzero(left) < np.count_nonzero(hips.truth)
    assert np.array_equal(scanned(hips.truth.copy(), hips.ct), hips.truth)


def test_more_noise_and_thicker_slices_change_the_scan_as_they_say() -> None:
    quiet, loud = (pair().at(replace(PLAIN, noise_hu=hu)).ct.hu.astype(float) for hu in (15.0, 160.0))
    inside = pair().truth > 0
    assert (loud - pair().quiet.ct.hu)[inside].std() > 5 * (quiet - pair().quiet.ct.hu)[inside].std()
    thick = pair().at(Level(slice_mm=8.0))
    assert thick.ct.geometry.spacing_xyz_mm[2] == 8.0
    assert thick.truth.shape == thick.ct.hu.shape
    assert (thick.truth > 0).mean() == pytest.approx(inside.mean(), rel=0.1)
    assert len(levels()) == len({level.name for level in levels()}) == 11


def _study(folder: Path, tool: Knowing, part: str = "study") -> StudyRows:
    rows = StudyRows(folder / "femora.csv", COLUMNS, KEY, per_group=2)
    run(tool, iter([((part, SEED, PLAIN.name), lambda: pair().at(PLAIN))]), rows)
    return rows


def test_the_truth_itself_agrees_and_a_scan_is_segmented_once(tmp_path: Path) -> None:
    tool = Knowing(pair().truth)
    rows = _study(tmp_path, tool).rows
    assert [(row["dsc"], row["head_dsc"], row["hd95_mm"], row["truth"]) for row in rows] == [
        ("1", "1", "0", "present")
    ] * 2
    assert rows[0]["kernel"] == "STANDARD"
    _study(tmp_path, tool)
    assert tool.calls == 1
    assert "| all | 2 | 1.0000 |" in write_report(rows, tmp_path)


def test_a_missed_femur_is_a_failure_that_is_told(tmp_path: Path) -> None:
    rows = _study(tmp_path, Knowing(None)).rows
    assert all(is_failure(row) and is_told(row) for row in rows)
    assert "2 (100.0 %)" in write_report(rows, tmp_path)
    assert not is_told({"found": "present", "flags": "femur_cut"})
    assert is_told({"found": "present", "flags": "femur_cut femur_mask_doubtful"})


def test_features_come_with_the_masks_and_make_a_table_whose_halves_share_no_patient(tmp_path: Path) -> None:
    ct = scan_of(grid((-150.0, -50.0, -80.0), (300.0, 100.0, 120.0), (3.0, 3.0, 2.5)))
    masks, features = segmented(segmenter()[0], ct)
    assert set(features) == {"left", "right"}
    assert features["left"].boundary_entropy is not None
    hips = replace(pair().at(PLAIN), ct=ct, truth=masks.labels)
    made = rows_of(hips, masks, features)
    rows = StudyRows(tmp_path / "femora.csv", COLUMNS, KEY, per_group=2)
    for seed in (1, 2, 3):
        rows.add([{"part": "study", "seed": seed, "level": "x", "seconds": 1.0, **row} for row in made])
    table = feature_rows(rows.rows)
    assert [case for case, _, _ in table] == ["patient-1"] * 2 + ["patient-2"] * 2 + ["patient-3"] * 2
    assert table[0][2].volume_ml == pytest.approx(features["left"].volume_ml, rel=1e-5)
    fit, other = halves(table)
    assert {case for case, _, _ in fit} == {"patient-1", "patient-3"}
    assert {case for case, _, _ in other} == {"patient-2"}
    text = write_report(rows.rows, tmp_path)
    assert "Not fitted: 4 lines" in text
    assert (tmp_path / "features-fit.csv").read_text().count("patient") == 4


def test_a_sliver_that_counts_as_no_femur_is_not_judged_and_a_missed_femur_is() -> None:
    assert not is_judged({"dsc": "0", "truth": "absent"})
    assert not is_judged({"dsc": "", "truth": "absent"})
    assert is_judged({"dsc": "0", "truth": "cut"})


def test_flags_go_to_the_sides_they_name() -> None:
    def flag(code: str, evidence: Mapping[str, object]) -> QualityFlag:
        return QualityFlag(code, Severity.WARNING, "x", dict(evidence))

    flags = [flag("a", {"left": {}}), flag("b", {"sides": ["right"]}), flag("c", {"common_mm": 3})]
    assert flags_of(flags, "left") == ["a", "c"]
    assert flags_of(flags, "right") == ["b", "c"]


def test_a_folder_of_another_study_is_not_gone_on_with(tmp_path: Path) -> None:
    assert same_study(tmp_path / "x", {"count": 60})
    assert same_study(tmp_path / "x", {"count": 60})
    assert not same_study(tmp_path / "x", {"count": 61})

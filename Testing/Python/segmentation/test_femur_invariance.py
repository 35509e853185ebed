"""The tool that asks whether a scan's form changes its femur masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from femur_invariance import COLUMNS, KEY, THICK_MM, VARIANTS, compared, is_same, run_scan, table, variants_of
from scan_variants import labels_in_thick_slices, with_thick_slices
from segmentation.hips import grid, scan_of, segmenter
from study_rows import StudyRows

from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.segmentation.femur_masks import FemurMasks

SMALL = grid((-150.0, -50.0, -80.0), (300.0, 100.0, 120.0), (3.0, 3.0, 2.5))


def _scan() -> CTVolume:
    return replace(scan_of(SMALL), source=Source("hips", "scene", sha256="a" * 64))


class ByArray:
    """Names the sides by the array instead of the patient, and counts its calls."""

    def __init__(self, honest: bool) -> None:
        self.honest, self.calls = honest, 0
        self._inner = segmenter()[0]
        self.models: tuple[Mapping[str, str], ...] = self._inner.models

    def segment(self, ct: CTVolume) -> FemurMasks:
        self.calls += 1
        masks = self._inner.segment(ct)
        swapped = np.choose(masks.labels, np.array([0, 2, 1], np.uint8))
        return masks if self.honest or ct.geometry.matrix[0, 0] > 0 else replace(masks, labels=swapped)


def _rows(path: Path) -> StudyRows:
    return StudyRows(path, COLUMNS, KEY, per_group=2)


@pytest.fixture
def only_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(VARIANTS):
        if name not in ("x flipped", "axes reordered, sagittal"):
            monkeypatch.delitem(VARIANTS, name)  # type: ignore[arg-type]


@pytest.mark.needs_module("scipy")
@pytest.mark.usefixtures("only_flips")
def test_a_segmenter_that_reads_the_geometry_is_the_same_in_every_form_and_is_not_asked_twice(tmp_path: Path) -> None:
    tool, rows = ByArray(honest=True), _rows(tmp_path / "rows.csv")
    run_scan(_scan(), "hips", tool, rows)
    assert [row["dsc"] for row in rows.rows] == ["1"] * 4
    assert all(is_same(row) for row in rows.rows)
    assert "0 of 4 differ" in table(rows.rows)
    calls = tool.calls
    run_scan(_scan(), "hips", tool, _rows(tmp_path / "rows.csv"))
    assert tool.calls == calls == 3


@pytest.mark.needs_module("scipy")
@pytest.mark.usefixtures("only_flips")
def test_a_segmenter_that_names_sides_by_the_array_is_caught(tmp_path: Path) -> None:
    rows = _rows(tmp_path / "rows.csv")
    run_scan(_scan(), "hips", ByArray(honest=False), rows)
    flips = [row for row in rows.rows if row["variant"] == "x flipped"]
    assert [row["dsc"] for row in flips] == ["0", "0"]
    assert not any(is_same(row) for row in flips)
    assert "NO" in table(rows.rows)


def test_a_femur_that_is_found_in_one_form_only_is_a_difference_and_none_in_both_is_not() -> None:
    row = {"dsc": "", "original": "absent", "found": "absent"}
    assert is_same(row)
    assert not is_same({**row, "found": "present", "dsc": "0"})
    assert is_same({"dsc": "0.97", "original": "present", "found": "cut"})
    assert not is_same({"dsc": "0.969", "original": "present", "found": "present"})


def test_slices_that_are_thick_already_are_not_averaged() -> None:
    assert "slices of 5 mm" in variants_of(_scan())
    thick = replace(_scan(), geometry=replace(SMALL, spacing_xyz_mm=(3.0, 3.0, 5.0)))
    assert "slices of 5 mm" not in variants_of(thick)


@pytest.mark.needs_module("scipy")
def test_on_the_coarser_grid_the_best_mask_of_thick_slices_loses_nothing() -> None:
    scan = _scan()
    first = segmenter()[0].segment(scan)
    thick = with_thick_slices(scan, THICK_MM)
    best = replace(first, labels=labels_in_thick_slices(first.labels, scan.geometry, THICK_MM))
    worse = replace(best, labels=np.roll(best.labels, 2, axis=2))
    for row in compared(scan, first, thick, best):
        assert row["coarser_grid"] == 1.0
        assert row["dsc"] < 1.0
    for row in compared(scan, first, thick, worse):
        assert row["coarser_grid"] < 0.95

"""Numbers and rows of long studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_rows import StudyRows, as_cell, numbers
from study_tables import by_bins, markdown, median_and_quartiles, pearson, ranks, spearman

COLUMNS = ("part", "seed", "side", "dsc")


def _rows(path: Path) -> StudyRows:
    return StudyRows(path, COLUMNS, ("part", "seed"), per_group=2)


def _group(seed: int, dsc: float | None = 0.5) -> list[dict[str, object]]:
    return [{"part": "study", "seed": seed, "side": side, "dsc": dsc} for side in ("left", "right")]


def test_ranks_share_their_mean_where_values_are_equal() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]


@pytest.mark.needs_module("scipy")
def test_correlations_agree_with_scipy() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 40).astype(float)
    y = x**2 + rng.normal(0, 6, 40)
    assert pearson(x.tolist(), y.tolist()) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert spearman(x.tolist(), y.tolist()) == pytest.approx(stats.spearmanr(x, y).statistic)


def test_there_is_no_correlation_of_two_points_or_of_a_constant() -> None:
    assert pearson([1.0, 2.0], [1.0, 2.0]) is None
    assert spearman([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]) is None


def test_every_pair_is_in_one_bin_and_one_is_in_the_last() -> None:
    bins = by_bins([0.1, 0.8, 0.95, 1.0], [0.2, 0.7, 0.9, 1.0], (0.0, 0.8, 0.9, 1.0))
    assert [(name, count) for name, count, _, _ in bins] == [("0 to 0.8", 1), ("0.8 to 0.9", 1), ("0.9 to 1", 2)]
    assert bins[2][2:] == pytest.approx((0.975, 0.95))
    assert by_bins([], [], (0.0, 1.0)) == [("0 to 1", 0, None, None)]


def test_a_table_is_markdown_and_nothing_breaks_a_cell() -> None:
    assert markdown(("a", "b"), [("x|y", None)]) == "| a | b |\n| --- | --- |\n| x/y | - |"
    assert median_and_quartiles([1.0, 2.0, 3.0, 4.0, 5.0], 1) == "3.0 (2.0 to 4.0)"
    assert median_and_quartiles([]) == "-"


def test_rows_are_there_again_after_a_restart(tmp_path: Path) -> None:
    rows = _rows(tmp_path / "deeper" / "rows.csv")
    rows.add(_group(7, None))
    rows.add(_group(8, 1 / 3))
    again = _rows(rows.path)
    assert again.has("study", 7)
    assert not again.has("study", 9)
    assert numbers(again.rows, "dsc") == [0.333333, 0.333333]
    assert again.rows == rows.rows


@pytest.mark.parametrize(
    "torn", ["study,9,left,0.9\n", "study,9,left,0.9\nstudy,9,ri", "study,9,left,0.9\nstudy,9,right,0."]
)
def test_a_group_that_was_broken_off_is_made_again(tmp_path: Path, torn: str) -> None:
    rows = _rows(tmp_path / "rows.csv")
    rows.add(_group(8))
    rows.path.write_text(rows.path.read_text() + torn)
    again = _rows(rows.path)
    assert again.has("study", 8)
    assert not again.has("study", 9)
    again.add(_group(9))
    assert len(_rows(rows.path).rows) == 4


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("part,seed\nstudy,1\n")
    with pytest.raises(SystemExit, match="other columns"):
        _rows(tmp_path / "rows.csv")


def test_a_cell_keeps_six_digits_and_none_is_empty() -> None:
    assert [as_cell(value) for value in (None, 0.1 + 0.2, 3, "x", True)] == ["", "0.3", "3", "x", "True"]

"""The summary of a study: what it counts, what it leaves out, and that its intervals are honest."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.evaluation.bootstrap import bootstrap_mean
from OsteoScreenLib.evaluation.segmentation_study import Comparison, compare_case, summarise
from OsteoScreenLib.evaluation.segmentation_tables import COLUMNS, cases_csv, write_study

GRID = Geometry((60, 20, 30), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def labels(left: int | None = 8, right: int | None = 8) -> np.ndarray:
    """Two bars of 8 voxels' width; a smaller number makes that bar narrower, None leaves it out."""
    array = np.zeros(GRID.shape_zyx, np.uint8)
    if right is not None:
        array[2:58, 5 : 5 + right, 2:10] = 2
    if left is not None:
        array[2:58, 5 : 5 + left, 20:28] = 1
    return array


def study() -> list[Comparison]:
    rows = compare_case("a", labels(), labels(), GRID)
    rows += compare_case("b", labels(6, 7), labels(), GRID)
    rows += compare_case("c", labels(4, None), labels(8, None), GRID)
    rows += compare_case("d", labels(None, 8), labels(8, None), GRID)
    return rows


def entry(summary: list[dict], region: str, side: str) -> dict:
    (found,) = (e for e in summary if (e["region"], e["side"]) == (region, side))
    return found


def test_the_counts_tell_failures_absent_femora_and_invented_ones_apart():
    summary = summarise(study())
    both = entry(summary, "whole", "both")
    # c: left DSC 0.667, right rightly absent; d: left missed, right invented.
    assert (both["n"], both["n_both_empty"], both["n_failures"]) == (7, 1, 3)
    assert (both["n_only_predicted"], both["n_only_reference"]) == (1, 1)
    assert entry(summary, "whole", "left")["n_failures"] == 2
    assert entry(summary, "head", "both")["n"] == 6  # no head of a femur that is not there


def test_means_medians_and_quartiles_are_those_of_the_values():
    left = entry(summarise(study()), "whole", "left")["metrics"]
    dice = [1.0, 12 / 14, 8 / 12, 0.0]
    assert left["dsc"]["n"] == 4
    assert left["dsc"]["mean"] == pytest.approx(np.mean(dice))
    assert left["dsc"]["median"] == pytest.approx(np.median(dice))
    assert (left["dsc"]["q1"], left["dsc"]["q3"]) == pytest.approx(tuple(np.percentile(dice, [25, 75])))
    assert left["hd95_mm"]["n"] == 3  # the missed femur has no distance
    assert left["vd_percent"]["mean"] == pytest.approx(np.mean([0, -25, -50, -100]))


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    rows = study()
    first, again, other = (entry(summarise(rows, seed=s), "whole", "both")["metrics"]["dsc"] for s in (3, 3, 4))
    assert first == again
    assert first["mean_ci95"] != other["mean_ci95"]
    assert first["mean_ci95"][0] < first["mean"] < first["mean_ci95"][1]


def test_the_interval_has_the_width_that_theory_gives():
    values = np.random.default_rng(0).normal(5.0, 2.0, 400)
    low, high = bootstrap_mean(values, [str(i) for i in range(400)], seed=1)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)
    assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.02)


def test_two_like_sides_of_a_patient_count_as_one_patient():
    values = np.random.default_rng(0).normal(5.0, 2.0, 60)
    twice, names = np.repeat(values, 2), [str(i // 2) for i in range(120)]
    once = bootstrap_mean(values, [str(i) for i in range(60)], seed=1)
    assert bootstrap_mean(twice, names, seed=1) == pytest.approx(once, abs=0.15)
    alone = bootstrap_mean(twice, [str(i) for i in range(120)], seed=1)
    assert alone[1] - alone[0] < 0.8 * (once[1] - once[0])


def test_one_patient_has_no_interval():
    assert bootstrap_mean([0.9, 0.8], ["a", "a"], seed=0) is None
    with pytest.raises(ValueError, match="2 values of 1 groups"):
        bootstrap_mean([0.9, 0.8], ["a"], seed=0)
    summary = summarise(compare_case("a", labels(), labels(), GRID))
    assert entry(summary, "whole", "both")["metrics"]["dsc"]["mean_ci95"] is None


def test_the_table_holds_a_line_for_each_mask_and_region_and_no_formula():
    rows = [Comparison("=cmd()", row.side, row.region, row.agreement) for row in study()[:4]]
    table = list(csv.DictReader(io.StringIO(cases_csv(rows))))
    assert tuple(table[0]) == COLUMNS
    assert [(line["side"], line["region"]) for line in table] == [
        (side, region) for side in ("left", "right") for region in ("whole", "head")
    ]
    assert {line["case_id"] for line in table} == {"'=cmd()"}
    assert table[0]["dsc"] == "1"
    assert table[0]["failure"] == "no"
    absent = next(csv.DictReader(io.StringIO(cases_csv([row for row in study() if row.agreement.both_empty]))))
    assert (absent["dsc"], absent["both_empty"]) == ("", "yes")


def test_the_files_round_trip_and_replace_older_ones(tmp_path: Path):
    rows = study()
    for _ in range(2):
        table, account = write_study(
            tmp_path / "new" / "out",
            rows,
            summarise(rows),
            {"seed": 0},
            [{"case_id": "x", "code": "c", "message": "m"}],
        )
    content = json.loads(account.read_text(encoding="utf-8"))
    assert content["settings"] == {"seed": 0}
    assert content["not_compared"][0]["case_id"] == "x"
    assert len(content["cases"]) == len(rows) == table.read_text(encoding="utf-8").count("\n") - 1
    assert {path.name for path in table.parent.iterdir()} == {table.name, account.name}


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_study(tmp_path / "file" / "out", study(), [], {})
    assert caught.value.next_step

"""Plans of cohorts, and making them."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.small_patient import make_small_case

from OsteoScreenLib.errors import CancelledError, UsageError
from OsteoScreenLib.phantom.cohort import MARKER, Options, make_cohort
from OsteoScreenLib.phantom.cohort_design import LABEL_ERROR_T, SITES, design_cohort, plain_cases
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.training.cohort_file import read_cohort

PROTOCOL = PROTOCOLS["low-dose-abdomen"]


@pytest.fixture(scope="module")
def plan():
    return design_cohort(200, 3, PROTOCOL)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_plans_the_same_cohort(plan):
    assert design_cohort(200, 3, PROTOCOL) == plan
    assert design_cohort(200, 4, PROTOCOL) != plan


def test_the_sites_differ_as_they_say_and_the_external_one_is_kept_apart(plan):
    shares = Counter(case.site.name for case in plan)
    assert {name: shares[name] for name in "ABCDE"} == {"A": 68, "B": 44, "C": 32, "D": 20, "E": 36}
    for case in plan:
        assert (case.split == "external") == case.site.external
        assert case.protocol.kvp in case.site.kvps
        assert case.protocol.kernel in case.site.kernels
        assert case.protocol.hu_scale == case.site.hu_scale
    assert {case.split for case in plan} == {"train", "validation", "test", "external"}
    assert len({case.traits.seed for case in plan}) == len(plan)


def test_the_sites_that_are_not_external_are_parted_as_in_the_femur_paper():
    plan = design_cohort(556, 3, PROTOCOL)
    counts = Counter(case.split for case in plan)
    assert counts["train"] + counts["validation"] == 355
    assert (counts["test"], counts["external"]) == (101, 100)
    assert counts["train"] / 355 == pytest.approx(0.7, abs=0.005)


def test_labels_err_as_much_as_the_method_does(plan):
    for source, deviation in LABEL_ERROR_T.items():
        errors = [c.label_error_t - c.site.label_bias_t for c in plan if c.site.t_score_source == source]
        assert np.std(errors) == pytest.approx(deviation, rel=0.25)


def test_a_balance_must_be_three_shares():
    with pytest.raises(ValueError, match="three shares"):
        design_cohort(3, 0, PROTOCOL, balance=(0.5, 0.5))
    with pytest.raises(ValueError, match="at least one site"):
        design_cohort(3, 0, PROTOCOL, sites=())


def test_plain_patients_count_up_from_the_seed():
    cases = plain_cases(3, 7, PROTOCOL)
    assert [case.traits for case in cases] == [draw_patient(seed) for seed in (7, 8, 9)]
    assert [case.case_id for case in cases] == ["patient-0001", "patient-0002", "patient-0003"]


@pytest.mark.needs_module("SimpleITK")
@pytest.mark.needs_module("scipy")
class TestMaking:
    def test_the_classes_come_out_near_the_balance_and_the_table_says_all(self, tmp_path, plan):
        table = make_cohort(plan[:60], tmp_path, Options(shape_zyx=(2, 4, 5)), make=make_small_case)
        with table.open() as stream:
            rows = list(csv.DictReader(stream))
        assert [row["case_id"] for row in rows] == [case.case_id for case in plan[:60]]
        counts = Counter(row["status"] for row in rows)
        assert counts["normal"] == pytest.approx(31, abs=8)
        assert counts["osteoporosis"] == pytest.approx(11, abs=7)
        off = [float(row["t_score"]) - float(row["true_t_score"]) for row in rows]
        assert 0.25 < np.std(off) < 0.5
        assert all((tmp_path / row["path"]).is_file() and (tmp_path / row["labels"]).is_file() for row in rows)
        assert {row["t_score_source"] for row in rows} == {"DXA", "QCT"}
        cohort = read_cohort(table)  # what `osteoscreen train status` does with it
        assert [(case.status, f"{case.age:g}") for case in cohort.cases] == [
            (row["status"], row["age_years"]) for row in rows
        ]
        assert {row["site"] for row in rows} == {site.name for site in SITES}

    def test_one_seed_gives_the_same_bytes_in_one_process_and_in_two(self, tmp_path, plan):
        for name, jobs in (("one", 1), ("two", 2)):
            make_cohort(plan[:4], tmp_path / name, jobs=jobs, make=make_small_case)
        assert _digests(tmp_path / "one") == _digests(tmp_path / "two")

    def test_finished_cases_are_kept_and_others_made(self, tmp_path, plan):
        make_cohort(plan[:2], tmp_path, make=make_small_case)
        first = tmp_path / plan[0].case_id / "ct.nii.gz"
        before = first.stat().st_mtime_ns
        (tmp_path / plan[1].case_id / MARKER).unlink()
        made = []
        make_cohort(plan[:3], tmp_path, make=make_small_case, progress=lambda part, text: made.append(text))
        assert first.stat().st_mtime_ns == before
        assert [text.split()[1] for text in made[1:]] == [plan[1].case_id, plan[2].case_id]

    def test_a_case_of_another_plan_is_made_anew(self, tmp_path, plan):
        make_cohort(plan[:1], tmp_path, make=make_small_case)
        changed = replace(plan[0], protocol=replace(plan[0].protocol, noise_hu=99.0))
        before = _digests(tmp_path)
        make_cohort([changed], tmp_path, make=make_small_case)
        assert _digests(tmp_path)[f"{changed.case_id}/ct.nii.gz"] != before[f"{changed.case_id}/ct.nii.gz"]

    def test_stopping_leaves_finished_cases_and_no_half_ones(self, tmp_path, plan):
        calls = []

        def cancelled() -> bool:
            calls.append(1)
            return len(calls) > 1

        with pytest.raises(CancelledError):
            make_cohort(plan[:3], tmp_path, make=make_small_case, cancelled=cancelled)
        assert [path.name for path in tmp_path.iterdir()] == [plan[0].case_id]

    def test_names_must_differ(self, tmp_path, plan):
        with pytest.raises(UsageError):
            make_cohort([plan[0], plan[0]], tmp_path, make=make_small_case)

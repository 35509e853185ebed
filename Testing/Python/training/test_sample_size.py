"""Sample size by Riley's criteria, and shifts of prevalence."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.sample_size import (
    cox_snell_r2,
    largest_r2,
    learning_size,
    needed_cases,
    prevalence_warnings,
    validation_warnings,
)

pytestmark = pytest.mark.needs_module("scipy")


def test_the_published_example_of_pre_eclampsia():
    """Riley et al. 2020, BMJ 368:m441: 30 parameters, share 0.05, R2 0.05: 5249 cases, largest R2 0.33."""
    found = needed_cases(30, 0.05, 0.05)
    assert found.shrinkage == 5249
    assert found.share == 73
    assert largest_r2(0.05) == pytest.approx(0.33, abs=0.005)


def test_r2_is_that_of_the_likelihoods_and_never_negative():
    truth = np.array([True, False, True, False])
    p = np.array([0.8, 0.2, 0.8, 0.2])
    assert cox_snell_r2(truth, p) == pytest.approx(1 - (0.5 / 0.8) ** 2)
    assert cox_snell_r2(truth, 1 - p) == 0.0


def cohort_of(counts: dict[str, tuple[int, int, int]]) -> Cohort:
    cases = []
    for split, of_class in counts.items():
        for name, count in zip(THREE_CLASSES, of_class, strict=True):
            for i in range(count):
                case = f"{split}-{name}-{i}"
                cases.append(CohortCase(case, case, case, -1.0, name, split=split))
    return Cohort(tuple(cases), "DXA", "femoral_neck")


def test_a_small_test_set_is_warned_of_and_a_large_one_is_not():
    paper = cohort_of({"train": (100, 100, 100), "test": (52, 30, 19)})
    assert "19 of 101 test cases are osteoporosis; 100 of either kind are needed" in validation_warnings(paper)
    assert validation_warnings(cohort_of({"train": (1, 1, 1), "test": (100, 100, 100)})) == []


def test_a_shift_of_prevalence_is_warned_of_and_equal_shares_are_not():
    found = prevalence_warnings(cohort_of({"train": (100, 60, 40), "external": (20, 30, 50)}))
    assert len(found) == 1
    assert "osteoporosis 20% and 50%" in found[0]
    assert prevalence_warnings(cohort_of({"train": (100, 60, 40), "external": (50, 30, 20)})) == []


def test_many_candidates_want_more_cases_and_a_model_without_skill_is_called_one():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 600)
    p = np.full((600, 3), 0.15)
    p[np.arange(600), classes] = 0.7
    few, none = learning_size(classes, p, 5)
    many, warnings = learning_size(classes, p, 300)
    assert none == []
    assert many["normal"]["needed_cases"] > 600 > few["normal"]["needed_cases"]
    assert len(warnings) == 3
    assert "is not told apart" in learning_size(classes, np.full((600, 3), 1 / 3), 5)[1][0]

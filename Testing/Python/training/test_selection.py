"""Steps of feature selection, on data where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.training import selection

pytestmark = pytest.mark.needs_module("scipy")


@pytest.fixture
def data():
    """Columns: informative, a noisy copy of it, informative too, noise, constant."""
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], 60)
    first = classes + rng.normal(0, 0.5, 180)
    copy = first + rng.normal(0, 0.05, 180)
    second = -classes + rng.normal(0, 0.5, 180)
    return np.stack([first, copy, second, rng.normal(size=180), np.full(180, 7.0)], axis=1), classes


def test_a_constant_column_is_dropped(data):
    assert selection.varying(data[0]).tolist() == [0, 1, 2, 3]


@pytest.mark.needs_module("sklearn")
def test_relevance_is_the_f_statistic_of_scikit_learn(data):
    from sklearn.feature_selection import f_classif

    values, classes = data
    np.testing.assert_allclose(selection.relevance(values[:, :4], classes), f_classif(values[:, :4], classes)[0])


def test_of_two_correlated_columns_the_more_important_stays(data):
    values = data[0][:, :4]
    assert selection.uncorrelated(values, np.array([2.0, 1.0, 1.0, 1.0]), 0.9).tolist() == [0, 2, 3]
    assert selection.uncorrelated(values, np.array([1.0, 2.0, 1.0, 1.0]), 0.9).tolist() == [1, 2, 3]
    assert selection.uncorrelated(values, np.ones(4), 0.999).tolist() == [0, 1, 2, 3]


def test_mrmr_takes_the_second_source_before_the_copy(data):
    values, classes = data
    assert selection.mrmr(values[:, :4], classes, 2)[1] == 2
    assert sorted(selection.mrmr(values[:, :4], classes, 9)) == [0, 1, 2, 3]


@pytest.mark.needs_module("sklearn")
def test_lasso_and_boruta_keep_what_informs_and_drop_noise():
    rng = np.random.default_rng(3)
    classes = np.repeat([0, 1, 2], 60)
    values = np.hstack([classes[:, None] + rng.normal(0, 1.0, (180, 2)), rng.normal(size=(180, 6))])
    for found in (selection.lasso(values, classes, 5), selection.boruta(values, classes, 5, seed=0)):
        assert {0, 1} <= set(found.tolist())
        assert len(found) <= 3
    assert len(selection.lasso(values, classes, 1)) == 1


@pytest.mark.needs_module("sklearn")
def test_selection_keeps_what_must_stay_and_takes_stable_candidates_only(data):
    from OsteoScreenLib.training.select_features import SelectFeatures

    values, classes = data
    step = SelectFeatures(candidates=(0, 1, 2, 4), kept=(3,), stable=(1, 2, 4), most_features=2).fit(values, classes)
    assert step.columns_.tolist() == [3, 1, 2]
    assert (step.counts_["candidates"], step.counts_["varying"], step.counts_["stable"]) == (4, 3, 2)
    with pytest.raises(ValueError, match="no feature is left"):
        SelectFeatures(candidates=(4,)).fit(values, classes)

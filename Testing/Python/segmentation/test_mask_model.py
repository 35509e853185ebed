"""The estimate of the Dice coefficient: it falls with everything that speaks against a mask, and fails safe."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.segmentation import mask_model
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_model import (
    TERM_NAMES,
    TERMS,
    DscModel,
    estimate_dsc,
    read_models,
    shipped_models,
)

GOOD = MaskFeatures(
    volume_ml=180.0,
    height_mm=170.0,
    ml_per_cm=10.6,
    head_radius_mm=23.0,
    head_residual_mm=0.5,
    head_share=0.6,
    head_in_view=1.0,
    cut_borders=0.0,
    low_hu_share=0.0,
    edge_share=0.96,
    soft_rim_share=0.005,
    bright_outside_share=0.03,
    mean_step_hu=700.0,
)
NETWORK = replace(GOOD, coarse_fine_dsc=0.93, boundary_entropy=0.3, n_components=1.0)
ALL_TERMS = DscModel("all", 0.01, dict.fromkeys(TERMS, 0.1), 0.02, {})
WORSE = {
    "missing_edge": {"edge_share": 0.5},
    "soft_rim": {"soft_rim_share": 0.4},
    "bright_outside": {"bright_outside_share": 0.4},
    "low_hu": {"low_hu_share": 0.1},
    "cut": {"cut_borders": 2.0},
    "head_misfit": {"head_radius_mm": 12.0},
    "no_head": {"head_radius_mm": None, "head_residual_mm": None},
    "coarse_disagreement": {"coarse_fine_dsc": 0.4},
    "boundary_entropy": {"boundary_entropy": 0.8},
    "fragments": {"n_components": 6.0},
}


def test_every_term_has_words_and_a_case_below():
    assert set(TERMS) == set(TERM_NAMES) == set(WORSE)


@pytest.mark.parametrize("term", WORSE)
def test_the_estimate_falls_when_a_feature_gets_worse_and_the_reason_is_named(term: str):
    alone = DscModel("one", 0.0, {term: 0.5}, 0.02, {})
    good, _ = estimate_dsc(NETWORK, (alone,))
    bad, reasons = estimate_dsc(replace(NETWORK, **WORSE[term]), (alone,))
    assert good is not None
    assert bad is not None
    assert bad < good - 0.02
    assert TERM_NAMES[term] in reasons


def test_the_estimate_stays_between_0_and_1():
    heavy = DscModel("heavy", 0.0, dict.fromkeys(TERMS, 50.0), 0.02, {})
    assert estimate_dsc(NETWORK, (heavy,))[0] == 0.0
    nothing_against = DscModel("light", 0.0, {"cut": 1.0}, 0.02, {})
    assert estimate_dsc(NETWORK, (nothing_against,)) == (1.0, ())


def test_without_features_there_is_no_estimate_but_a_reason():
    assert estimate_dsc(None) == (None, ("the mask has no features",))
    value, reasons = estimate_dsc(GOOD, (ALL_TERMS,))
    assert value is None
    assert "boundary_entropy" in reasons[0]
    assert estimate_dsc(NETWORK, (ALL_TERMS,))[0] is not None
    assert estimate_dsc(NETWORK, ()) == (None, ("no model of mask quality is installed",))
    assert estimate_dsc(replace(GOOD, edge_share=float("nan")), (ALL_TERMS,))[0] is None


def test_the_first_model_that_knows_all_its_terms_is_taken():
    image = DscModel("image", 0.2, {"soft_rim": 0.0}, 0.02, {})
    network = DscModel("network", 0.1, {"boundary_entropy": 0.0}, 0.02, {})
    assert estimate_dsc(NETWORK, (network, image))[0] == pytest.approx(0.9)
    assert estimate_dsc(GOOD, (network, image))[0] == pytest.approx(0.8)


def test_a_damaged_file_of_models_gives_no_estimate(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(mask_model, "shipped_models", lambda: read_models(tmp_path / "missing.json"))
    assert estimate_dsc(GOOD) == (None, ("the model of mask quality cannot be read",))


def test_models_round_trip():
    assert DscModel.from_dict(json.loads(json.dumps(ALL_TERMS.to_dict()))) == ALL_TERMS


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        '{"schema_version": 2, "models": []}',
        '{"schema_version": 1}',
        json.dumps({"schema_version": 1, "models": [{**ALL_TERMS.to_dict(), "weights": {"soft_rim": -1}}]}),
        json.dumps({"schema_version": 1, "models": [{**ALL_TERMS.to_dict(), "weights": {"moon": 1}}]}),
        json.dumps({"schema_version": 1, "models": [{**ALL_TERMS.to_dict(), "weights": {}}]}),
        json.dumps({"schema_version": 1, "models": [{**ALL_TERMS.to_dict(), "intercept": float("nan")}]}),
        json.dumps({"schema_version": 1, "models": [{**ALL_TERMS.to_dict(), "intercept": "0"}]}),
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="no file of a model of mask quality"):
        read_models(path)
    path.write_text(json.dumps({"schema_version": 1, "models": [ALL_TERMS.to_dict()]}))
    assert read_models(path) == (ALL_TERMS,)


def test_the_shipped_model_rates_a_good_mask_well_and_bad_ones_badly_and_says_where_it_comes_from():
    assert shipped_models()
    for model in shipped_models():
        assert model.is_valid() == (True, "")
        assert model.provenance["n_cases"] >= 5
        assert model.provenance["source"]
        assert model.provenance["cross_validated"]["correlation"] > 0.5
    good, _ = estimate_dsc(GOOD)
    bad, reasons = estimate_dsc(replace(GOOD, edge_share=0.4, soft_rim_share=0.5, bright_outside_share=0.2))
    assert good > 0.93
    assert bad < 0.85
    assert reasons

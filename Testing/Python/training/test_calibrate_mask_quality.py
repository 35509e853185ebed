"""The model of mask quality is fitted from a table, and finds again what was put into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.errors import OutputError, UsageError
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_model import estimate_dsc, read_models
from OsteoScreenLib.training.calibrate_mask_quality import (
    IMAGE_TERMS,
    calibrate,
    fit_model,
    main,
    read_table,
    write_models,
    write_table,
)
from OsteoScreenLib.training.degrade_masks import degraded

TERMS = ("missing_edge", "soft_rim", "bright_outside")
WEIGHTS = (0.3, 0.5, 0.0)


def rows(n: int = 200, noise: float = 0.01, seed: int = 0) -> list[tuple[str, float, MaskFeatures]]:
    """Masks whose Dice is a known function of two features; a third feature says nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        edge, soft, bright = rng.uniform(0, 0.4, 3)
        dsc = 0.98 - WEIGHTS[0] * edge - WEIGHTS[1] * soft + rng.normal(0, noise)
        features = MaskFeatures(
            150.0, 150.0, 10.0, edge_share=1 - edge, soft_rim_share=soft, bright_outside_share=bright
        )
        made.append((f"case{i % 10}", float(dsc), features))
    return made


def fitted(table: list[tuple[str, float, MaskFeatures]], terms: tuple[str, ...] = TERMS, **options: float):
    groups, truth, features = zip(*table, strict=True)
    return fit_model("m", terms, features, np.array(truth), groups, {"source": "made up"}, **options)


def test_the_fit_finds_the_weights_that_were_put_in():
    model = fitted(rows(), ridge=1e-6)
    assert [model.weights[term] for term in TERMS] == pytest.approx(WEIGHTS, abs=0.02)
    assert model.intercept == pytest.approx(0.02, abs=0.01)
    assert model.residual_sd == pytest.approx(0.01, abs=0.003)
    assert model.provenance["cross_validated"]["correlation"] > 0.95
    assert (model.provenance["n_masks"], model.provenance["n_cases"]) == (200, 10)
    assert model.provenance["source"] == "made up"


def test_no_weight_is_negative_even_where_the_table_asks_for_it():
    odd = [(case, 0.9 + 0.2 * f.soft_rim_share, f) for case, _, f in rows()]
    assert fitted(odd).weights["soft_rim"] == 0.0


def test_noise_alone_gives_no_correlation_in_cross_validation():
    rng = np.random.default_rng(1)
    random = [(case, float(rng.uniform(0.7, 1)), f) for case, _, f in rows()]
    assert abs(fitted(random).provenance["cross_validated"]["correlation"]) < 0.3


def test_table_and_model_survive_their_files(tmp_path: Path):
    write_table(tmp_path / "table.csv", rows())
    features, truth, groups = read_table(tmp_path / "table.csv")
    assert len(features) == len(truth) == len(groups) == 200
    assert features[3].soft_rim_share == pytest.approx(rows()[3][2].soft_rim_share, abs=1e-5)
    assert features[3].boundary_entropy is None
    model = fit_model("m", TERMS, features, truth, groups, {"source": "made up"})
    write_models(tmp_path / "model.json", [model])
    assert read_models(tmp_path / "model.json") == (model,)
    estimates = [estimate_dsc(f, (model,))[0] for f in features]
    assert np.corrcoef(estimates, truth)[0, 1] > 0.95


def test_lines_that_lack_a_term_are_left_out_and_counted():
    table = rows()
    table += [(case, dsc, MaskFeatures(150.0, 150.0, 10.0)) for case, dsc, _ in table[:7]]
    assert fitted(table).provenance["n_masks_left_out"] == 7


def test_too_few_lines_one_case_and_unknown_terms_are_refused():
    with pytest.raises(UsageError, match="too few"):
        fitted(rows(20))
    with pytest.raises(UsageError, match="too few"):
        fitted([("same", dsc, f) for _, dsc, f in rows()])
    with pytest.raises(UsageError, match="too few"):
        fitted(rows(), IMAGE_TERMS)  # the heads are not known
    with pytest.raises(UsageError, match="moon"):
        fitted(rows(), ("moon",))


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "case_id,true_dsc,volume_ml\nx,0.9,many\n", "case_id,true_dsc\nx,0.9\n"]
)
def test_what_is_no_table_is_refused_unless_it_is_empty(tmp_path: Path, text: str):
    path = tmp_path / "table.csv"
    path.write_text(text)
    if not text:
        assert read_table(path)[0] == []
        return
    with pytest.raises(UsageError, match="not a table"):
        read_table(path)
    with pytest.raises(UsageError, match="not a table"):
        read_table(tmp_path / "missing.csv")


def with_network(table: list[tuple[str, float, MaskFeatures]]) -> list[tuple[str, float, MaskFeatures]]:
    """The same masks with all that can be known of a mask."""
    rng = np.random.default_rng(3)
    known = {"head_radius_mm": 23.0, "head_residual_mm": 0.5, "head_in_view": 1.0, "cut_borders": 0.0}
    return [
        (case, dsc, replace(f, **known, coarse_fine_dsc=dsc, boundary_entropy=rng.uniform(0.2, 0.4), n_components=1.0))
        for case, dsc, f in table
    ]


def test_one_call_fits_every_model_that_the_table_allows(tmp_path: Path):
    table, out = tmp_path / "table.csv", tmp_path / "model.json"
    write_table(table, with_network(rows()))
    main([str(table), "--source", "made up", "--out", str(out)])
    network, image = read_models(out)
    assert (network.name, image.name) == ("network", "image")
    assert network.residual_sd < image.residual_sd
    assert network.provenance["table"] == "table.csv"
    without = [(case, dsc, replace(f, coarse_fine_dsc=None)) for case, dsc, f in with_network(rows())]
    write_table(table, without)
    (alone,) = calibrate(table, out, {"source": "made up"})
    assert alone.name == "image"
    kept = calibrate(table, out, {"source": "other"}, kept=[network])
    assert kept[0] == network
    assert kept[1].provenance["source"] == "other"


def test_a_model_without_a_source_is_not_made(tmp_path: Path):
    write_table(tmp_path / "table.csv", with_network(rows()))
    with pytest.raises(UsageError, match="come from"):
        calibrate(tmp_path / "table.csv", tmp_path / "model.json", {})
    assert not (tmp_path / "model.json").exists()


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path):
    with pytest.raises(OutputError):
        write_models(tmp_path / "no" / "model.json", [fitted(rows())])


def test_wrong_masks_are_made_in_many_ways_and_repeatably():
    mask = np.zeros((40, 40, 40), bool)
    mask[8:32, 12:28, 12:28] = True
    spacing = (3.0, 1.5, 1.5)
    dice = []
    for seed in range(30):
        wrong, again = (degraded(mask, spacing, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(wrong, again)
        assert wrong.any()
        assert wrong.shape == mask.shape
        dice.append(2 * np.count_nonzero(wrong & mask) / (np.count_nonzero(wrong) + np.count_nonzero(mask)))
    assert min(dice) < 0.85
    assert max(dice) > 0.95
    assert len(set(np.round(dice, 3))) > 20
    assert np.count_nonzero(mask) == 24 * 16 * 16  # the right mask is left alone

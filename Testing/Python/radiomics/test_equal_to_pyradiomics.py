from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from factory.radiomics_cases import CASES, LABEL, formula_image, formula_mask, parameters

from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
from OsteoScreenLib.radiomics.settings import Settings

RECORDED = json.loads((Path(__file__).parent / "pyradiomics_values.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-9
"""Relative. Sums in another order differ by less than 1e-11 here; skewed sums that nearly cancel need the room."""


def worst_difference(ours: dict[str, float], theirs: dict[str, float]) -> tuple[float, str]:
    """The largest relative difference and the feature it is of."""
    return max((abs(ours[name] - value) / max(abs(value), 1e-9), name) for name, value in theirs.items())


@pytest.mark.parametrize("name", CASES)
def test_features_of_the_formula_image_equal_the_values_recorded_from_pyradiomics(name):
    row = extract(formula_image(), formula_mask(), Settings.from_dict(parameters(name)), labels=[LABEL]).rows[0]

    assert row.error is None
    assert set(row.features) == set(RECORDED[name])
    difference, feature = worst_difference(dict(row.features), RECORDED[name])
    assert difference < TOLERANCE, feature


def test_the_recorded_values_cover_every_class_and_every_filter():
    names = {name for values in RECORDED.values() for name in values}

    assert {name.split("_")[1] for name in names} == {"shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"}
    images = {name.split("_")[0] for name in names}
    assert {"original", "log-sigma-1-0-mm-3D", "square", "squareroot", "logarithm", "exponential", "gradient"} <= images
    assert sum(image.startswith("wavelet-") for image in images) == 8
    assert len(RECORDED["defaults"]) == 107


def test_the_comparison_notices_a_difference_in_the_seventh_digit():
    ours = dict(RECORDED["defaults"])
    ours["original_glcm_Contrast"] *= 1 + 1e-7

    assert worst_difference(ours, RECORDED["defaults"]) == (pytest.approx(1e-7, rel=1e-3), "original_glcm_Contrast")


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.float64])
def test_every_number_type_gives_what_pyradiomics_gives_at_this_moment(dtype):
    image = formula_image()
    image = type(image)((image.array - image.array.min()).astype(dtype), image.geometry)
    settings = Settings.from_dict(parameters("filters_at_1_mm"))

    ours = extract(image, formula_mask(), settings).rows[0]
    theirs = extract_with_pyradiomics(image, formula_mask(), settings).rows[0]

    assert list(ours.features) == list(theirs.features)
    assert worst_difference(dict(ours.features), dict(theirs.features))[0] < TOLERANCE


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
def test_provenance_has_the_names_and_values_that_pyradiomics_gives_at_this_moment():
    data = parameters("filters_at_1_mm")
    data["setting"]["resegmentRange"] = [-300, 400]
    settings = Settings.from_dict(data)

    ours = extract(formula_image(), formula_mask(), settings).rows[0].facts
    theirs = extract_with_pyradiomics(formula_image(), formula_mask(), settings).rows[0].facts

    shared = [name for name in theirs if "Versions" not in name and "Configuration" not in name]
    assert len(shared) > 25
    for name in shared:
        if isinstance(theirs[name], str):
            assert ours[name] == theirs[name], name
        else:
            assert np.ravel(ours[name]) == pytest.approx(np.ravel(theirs[name]), rel=1e-9), name

from __future__ import annotations

import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.report.wording import evidence, geometry_facts, number, plain


@pytest.mark.parametrize(
    ("item", "pair"),
    [
        (("largest_gap_mm", 6.5), ("largest gap", "6.5 mm")),
        (("noise_hu", 41.23456), ("noise", "41.235 HU")),
        (("tilt_deg", 12.0), ("tilt", "12°")),
        (("kvp", 140.0), ("tube voltage", "140 kV")),
        (("threshold_hu", None), ("threshold", "not known")),
        (("share_percent", 3), ("share", "3 %")),
        (("kernel", "B70f"), ("kernel", "B70f")),
        (("n_missing", 2), ("number of missing", "2")),
        (("values_mm", [1.0, 2.5]), ("values", "1, 2.5 mm")),
        (("m", "x"), ("m", "x")),
        (("mean_frequency_per_mm", 0.404), ("mean frequency", "0.404 per mm")),
        (("clusters", [{"volume_ml": 2.0}, {"volume_ml": 3.5}]), ("clusters", "volume 2 mL; volume 3.5 mL")),
    ],
)
def test_evidence_reads_as_a_name_and_a_value_with_its_unit(item, pair) -> None:
    assert evidence(dict([item])) == [pair]


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (3.0, "3"), (0.9765625, "0.97656"), (123456.0, "123456"), (-1024.0, "-1024"), (1e-7, "1e-07")],
)
def test_a_number_is_short_and_readable(value, text) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not stated"),
        (True, "yes"),
        ([], "none"),
        ({"a": 1, "b": [2]}, "a 1, b 2"),
        (list(range(20)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"),
        ("a\nb", "a\\nb"),
    ],
)
def test_any_json_value_becomes_a_short_text(value, text) -> None:
    assert plain(value) == text


def test_a_text_without_end_is_cut() -> None:
    assert len(plain("x" * 10_000)) < 500


def test_an_oblique_grid_is_said_to_be_oblique() -> None:
    straight = Geometry((1, 2, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    tilted = Geometry((1, 2, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))
    assert dict(geometry_facts(straight))["Index axes run towards"] == "LPS"
    assert dict(geometry_facts(tilted))["Index axes run towards"] == "LPS, up to 36.9° off the patient's axes"
    assert dict(geometry_facts(straight))["Voxels (x, y, z)"] == "3 × 2 × 1"

"""Which calibration is taken, and when each is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from densitometry.bodies import body

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.densitometry.calibrate_inserts import (
    Insert,
    PhantomInserts,
    calibrate_inserts,
    inserts_from_labels,
)
from OsteoScreenLib.densitometry.calibrate_site import (
    SiteCalibrations,
    calibrate_asynchronous,
    read_site_calibrations,
)
from OsteoScreenLib.densitometry.calibration import Calibration, Refusal
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice, choose_calibration
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.errors import UsageError

SETTINGS = default_settings()
TODAY = date(2026, 6, 1)
ROW = {
    "manufacturer": "Maker", "model": "Scanner", "kvp": 120, "kernel": None, "slope": 0.75, "intercept": -2.0,
    "residual_mg_cm3": 1.5, "equivalent": "k2hpo4", "phantom": "a phantom", "measured_on": "2026-03-01",
}  # fmt: skip


def inserts(*pairs: tuple[float, float], equivalent: str = "k2hpo4") -> PhantomInserts:
    return PhantomInserts(tuple(Insert(f"{d:g}", d, hu) for d, hu in pairs), equivalent)


def site(tmp_path: Path, *rows: dict[str, object]) -> SiteCalibrations:
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({"schema_version": 1, "site": "Clinic A", "calibrations": rows}), encoding="utf-8")
    return read_site_calibrations(path)


def test_a_phantoms_inserts_give_the_line_through_them() -> None:
    made = calibrate_inserts(inserts((0, 3), (50, 71), (100, 138), (200, 273)), SETTINGS, 120.0)
    assert isinstance(made, Calibration)
    assert made.density(138.0) == pytest.approx(100.0, abs=1.0)
    assert made.residual_hu < 1.0
    assert made.uncertainty_mg_cm3 < 3.0


def test_hydroxyapatite_inserts_are_turned_into_k2hpo4() -> None:
    pairs = ((0, 0), (100, 131.1), (200, 262.2))
    made = calibrate_inserts(inserts(*pairs, equivalent="hydroxyapatite"), SETTINGS, 120.0)
    assert isinstance(made, Calibration)
    assert made.density(131.1) == pytest.approx(97.1, abs=0.3)
    assert "0.97" in made.explanation


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (inserts((0, 0), (100, 135)), "3 inserts"),
        (inserts((0, 0), (0, 1), (100, 135)), "3 inserts"),
        (inserts((0, 200), (100, 100), (200, 0)), "not brighter"),
        (inserts((0, 0), (100, 300), (200, 270)), "off one line"),
        (inserts((0, 0), (100, float("nan")), (200, 270)), "not a number"),
        (inserts((0, 50), (100, 50), (200, 50)), "same HU"),
        (inserts((0, 0), (100, 135), (200, 270), equivalent="plastic"), "hydroxyapatite"),
    ],
)
def test_inserts_that_make_no_line_are_refused(given, word) -> None:
    refusal = calibrate_inserts(given, SETTINGS, 120.0)
    assert isinstance(refusal, Refusal)
    assert word in refusal.reason


def test_inserts_drawn_as_labels_are_read_by_their_mean() -> None:
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[0], labels[1] = 1, 2
    hu = labels * 100.0
    found = inserts_from_labels(hu, labels, {1: 75.0, 2: 150.0})
    assert [(entry.density_mg_cm3, entry.mean_hu) for entry in found] == [(75.0, 100.0), (150.0, 200.0)]
    with pytest.raises(ValueError, match="empty"):
        inserts_from_labels(hu, labels, {3: 75.0})
    with pytest.raises(ValueError, match="size"):
        inserts_from_labels(hu[1:], labels, {1: 75.0})


def test_a_sites_line_is_taken_for_its_scanner_alone(tmp_path: Path) -> None:
    lines = site(tmp_path, ROW, {**ROW, "kernel": "B30f", "slope": 0.8}, {**ROW, "kvp": 100, "slope": 0.66})
    scanner = Acquisition(manufacturer=" maker", model="SCANNER", kvp=120.0, kernel="STANDARD")
    made = calibrate_asynchronous(lines, scanner, SETTINGS, TODAY)
    assert isinstance(made, Calibration)
    assert made.slope == 0.75
    assert "92 days" in made.explanation
    for other in (
        replace(scanner, kvp=110.0),
        replace(scanner, model="Another"),
        replace(scanner, kvp=None),
        replace(scanner, manufacturer=None),
    ):
        assert isinstance(calibrate_asynchronous(lines, other, SETTINGS, TODAY), Refusal)


def test_of_several_lines_the_newest_counts_and_an_old_one_is_refused(tmp_path: Path) -> None:
    lines = site(tmp_path, ROW, {**ROW, "measured_on": "2026-05-01", "slope": 0.7})
    scanner = Acquisition(manufacturer="Maker", model="Scanner", kvp=120.0)
    made = calibrate_asynchronous(lines, scanner, SETTINGS, TODAY)
    assert isinstance(made, Calibration)
    assert made.slope == 0.7
    for day in (date(2028, 1, 1), date(2026, 1, 1)):
        refusal = calibrate_asynchronous(lines, scanner, SETTINGS, day)
        assert isinstance(refusal, Refusal)
        assert "days ago" in refusal.reason


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "slope": -1},
        {**ROW, "slope": "0.7"},
        {**ROW, "kvp": True},
        {**ROW, "kvp": 10**400},
        {**ROW, "equivalent": "water"},
        {**ROW, "measured_on": "yesterday"},
        {**ROW, "measured_on": 5},
        {**ROW, "kernel": ""},
        {**ROW, "model": None},
        {**ROW, "note": "more"},
        {"slope": 0.7},
        "row",
    ],
)
def test_a_sites_file_with_a_row_that_cannot_be_is_refused(tmp_path: Path, row) -> None:
    with pytest.raises(UsageError, match="row 1"):
        site(tmp_path, row)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 1, "site": "A", "calibrations": []}'])
def test_what_is_no_sites_file_is_refused(tmp_path: Path, text) -> None:
    path = tmp_path / "lines.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        read_site_calibrations(path)


def test_the_better_method_comes_first_and_the_result_says_why(tmp_path: Path) -> None:
    scan = body()
    lines, phantom = site(tmp_path, ROW), inserts((0, 3), (50, 71), (100, 138))
    offers = {
        "phantom": CalibrationChoice(inserts=phantom, site=lines, today=TODAY),
        "asynchronous": CalibrationChoice(site=lines, today=TODAY),
        "internal": CalibrationChoice(),
    }
    for method, choice in offers.items():
        made = choose_calibration(scan.ct, scan.labels, choice, SETTINGS).calibration
        assert made is not None
        assert made.method == method
    assert made is not None
    assert "no phantom in the scan was named" in made.explanation


def test_where_the_tissues_are_not_in_view_the_voltage_alone_is_taken_and_without_it_nothing() -> None:
    scan = body()
    inner = np.s_[:, 60:110, 60:110]
    nz, ny, nx = scan.ct.hu[inner].shape
    bone_alone = replace(scan.ct, hu=scan.ct.hu[inner], geometry=replace(scan.ct.geometry, shape_zyx=(nz, ny, nx)))
    outcome = choose_calibration(bone_alone, scan.labels[inner], CalibrationChoice(), SETTINGS)
    assert outcome.calibration is not None
    assert outcome.calibration.method == "fixed"
    assert "internal: " in outcome.calibration.explanation
    nameless = replace(bone_alone, acquisition=replace(scan.ct.acquisition, kvp=None))
    none = choose_calibration(nameless, scan.labels[inner], CalibrationChoice(), SETTINGS)
    assert none.calibration is None
    assert "tube voltage" in none.reason


def test_a_method_asked_for_is_not_replaced_by_another() -> None:
    scan = body()
    asked = choose_calibration(scan.ct, scan.labels, CalibrationChoice(method="fixed"), SETTINGS)
    assert asked.calibration is not None
    assert asked.calibration.method == "fixed"
    missing = choose_calibration(scan.ct, scan.labels, CalibrationChoice(method="phantom"), SETTINGS)
    assert missing.calibration is None
    with pytest.raises(ValueError, match="calibration is"):
        CalibrationChoice(method="guess")

"""Asynchronous calibration: a phantom was scanned on this scanner at another time, and the site keeps the lines.

The site's file::

    {"schema_version": 1, "site": "Clinic A", "calibrations": [
        {"manufacturer": "Maker", "model": "Scanner", "kvp": 120, "kernel": "B30f", "slope": 0.741, "intercept": -1.2,
         "residual_mg_cm3": 1.4, "equivalent": "k2hpo4", "phantom": "name", "measured_on": "2026-03-01"}]}

``slope`` and ``intercept``: mg/cm3 = slope HU + intercept. ``kernel`` may be ``null``: any kernel.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.densitometry.attenuation import hydroxyapatite_hu, k2hpo4_hu
from OsteoScreenLib.densitometry.beam_energy import expected_energy
from OsteoScreenLib.densitometry.calibrate_inserts import EQUIVALENTS
from OsteoScreenLib.densitometry.calibration import Calibration, Refusal
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.settings_rules import is_number
from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.quality.thresholds import KVP_TOLERANCE

_KEYS = {
    *("manufacturer", "model", "kvp", "kernel", "slope", "intercept"),
    *("residual_mg_cm3", "equivalent", "phantom", "measured_on"),
}
_LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class SiteLine:
    """One row of a site's file; names are compared without case and outer blanks."""

    manufacturer: str
    model: str
    kvp: float
    kernel: str | None
    slope: float
    intercept: float
    residual_mg_cm3: float
    equivalent: str
    phantom: str
    measured_on: date


@dataclass(frozen=True)
class SiteCalibrations:
    """A site's lines."""

    site: str
    lines: tuple[SiteLine, ...]


def read_site_calibrations(path: Path) -> SiteCalibrations:
    """Read a site's file. Raises UsageError where it cannot be read or used."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _refused(path, "it is larger than 1 MB")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, "it is not JSON") from error
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        raise _refused(path, "it lacks schema_version 1")
    rows, site = document.get("calibrations"), document.get("site")
    if set(document) != {"schema_version", "site", "calibrations"} or not isinstance(rows, list) or not rows:
        raise _refused(path, "it needs site and calibrations, and nothing else")
    if not isinstance(site, str) or not site.strip():
        raise _refused(path, "its site is missing")
    return SiteCalibrations(site.strip(), tuple(_line(row, number, path) for number, row in enumerate(rows, 1)))


def _line(row: Any, number: int, path: Path) -> SiteLine:
    if not isinstance(row, dict) or set(row) != _KEYS:
        raise _refused(path, f"row {number} needs exactly {', '.join(sorted(_KEYS))}")
    names = [row[key] for key in ("manufacturer", "model", "phantom")]
    kernel = row["kernel"]
    values = [row[key] for key in ("kvp", "slope", "intercept", "residual_mg_cm3")]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise _refused(path, f"row {number}: manufacturer, model and phantom are text")
    if kernel is not None and not (isinstance(kernel, str) and kernel.strip()):
        raise _refused(path, f"row {number}: kernel is text, or null for any")
    if not all(is_number(value) for value in values):
        raise _refused(path, f"row {number}: kvp, slope, intercept and residual_mg_cm3 are numbers")
    kvp, slope, intercept, residual = (float(value) for value in values)
    if not (40 <= kvp <= 160 and 0.2 <= slope <= 3.0 and abs(intercept) <= 200 and 0 <= residual <= 50):
        raise _refused(path, f"row {number}: kvp, slope, intercept or residual_mg_cm3 cannot be")
    if row["equivalent"] not in EQUIVALENTS:
        raise _refused(path, f"row {number}: equivalent is {' or '.join(EQUIVALENTS)}")
    try:
        day = date.fromisoformat(row["measured_on"])
    except (TypeError, ValueError) as error:
        raise _refused(path, f"row {number}: measured_on is a day such as 2026-03-01") from error
    return SiteLine(names[0], names[1], kvp, kernel, slope, intercept, residual, row["equivalent"], names[2], day)


def calibrate_asynchronous(
    site: SiteCalibrations, acquisition: Acquisition, settings: Settings, today: date
) -> Calibration | Refusal:
    """The site's line for this scanner, tube voltage and kernel; the newest where several fit."""
    missing = [name for name in ("manufacturer", "model", "kvp") if getattr(acquisition, name) is None]
    if missing:
        return Refusal("asynchronous", f"the scan does not say its {' and '.join(missing)}")
    fitting = [line for line in site.lines if _fits(line, acquisition)]
    if not fitting:
        kernel = acquisition.kernel or "unknown"
        what = f"{acquisition.manufacturer} {acquisition.model}, {acquisition.kvp:g} kVp, kernel {kernel}"
        return Refusal("asynchronous", f"{site.site} has no line for {printable(what)}")
    line = max(fitting, key=lambda entry: entry.measured_on)
    age, oldest = (today - line.measured_on).days, settings["site.largest_age_days"]
    if not 0 <= age <= oldest:
        return Refusal("asynchronous", f"the line was measured {age} days ago; 0 to {oldest} are allowed")
    energy = expected_energy(settings, acquisition.kvp)
    factor = 1.0
    if line.equivalent == "hydroxyapatite":
        factor = hydroxyapatite_hu(settings, energy.kev) / k2hpo4_hu(settings, energy.kev)
    sd = math.hypot(settings.number("site.sd_mg_cm3"), factor * line.residual_mg_cm3)
    words = f"{site.site}: {line.phantom}, scanned on this scanner at {line.kvp:g} kVp {age} days before."
    return Calibration(
        method="asynchronous",
        slope=factor * line.slope,
        intercept=factor * line.intercept,
        covariance=(0.0, 0.0, 0.0),
        local_sd_mg_cm3=sd,
        effective_energy_kev=energy.kev,
        energy_sd_kev=energy.sd_kev,
        residual_hu=line.residual_mg_cm3 / line.slope,
        explanation=words,
    )


def _fits(line: SiteLine, acquisition: Acquisition) -> bool:
    def same(first: str | None, second: str | None) -> bool:
        return first is not None and second is not None and first.strip().lower() == second.strip().lower()

    assert acquisition.kvp is not None
    return (
        same(line.manufacturer, acquisition.manufacturer)
        and same(line.model, acquisition.model)
        and abs(line.kvp - acquisition.kvp) <= KVP_TOLERANCE
        and (line.kernel is None or same(line.kernel, acquisition.kernel))
    )


def _refused(path: Path, what: str) -> UsageError:
    return UsageError(
        f"This file of site calibrations cannot be used: {printable(what)}",
        path=path,
        next_step="Docs/densitometry.md shows an example.",
        code="site_calibrations",
    )

"""Numbers and tags in the words of a report: units, rounding, and absent facts said to be absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import printable

NOT_STATED = "not stated"
"""Of a fact that the input could carry and does not."""

NOT_KNOWN = "not known"
"""Of a number that could not be determined."""

_UNITS = {
    "mm3": "mm³",
    "ml": "mL",
    "mm": "mm",
    "hu": "HU",
    "kvp": "kV",
    "kv": "kV",
    "mas": "mAs",
    "ma": "mA",
    "deg": "°",
    "percent": "%",
    "years": "years",
    "kg": "kg",
    "m": "m",
    "s": "s",
}
_SPELT_OUT = {
    "hu": "HU",
    "kvp": "tube voltage",
    "fov": "field of view",
    "n": "number of",
    "ct": "CT",
    "l1": "L1",
    "max": "maximum",
    "min": "minimum",
    "sd": "SD",
}
_MAX_ITEMS = 12
_MAX_TEXT = 400


def number(value: float) -> str:
    """A number to five significant digits (every digit before the point), without a tail of zeros."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.5g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e12 else text


def plain(value: Any) -> str:
    """A JSON value as a short text."""
    if value is None:
        return NOT_STATED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, Mapping):
        pairs = [_named_value(str(key), entry) for key, entry in list(value.items())[:_MAX_ITEMS]]
        return ", ".join(f"{name} {text}" for name, text in pairs)
    if isinstance(value, (list, tuple)):
        between = "; " if any(isinstance(entry, Mapping) for entry in value) else ", "
        shown = between.join(plain(entry) for entry in value[:_MAX_ITEMS])
        return f"{shown} and {len(value) - _MAX_ITEMS} more" if len(value) > _MAX_ITEMS else shown or "none"
    text = printable(str(value))
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} ..."


def evidence(items: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A flag's evidence as (name, value with unit) pairs; the unit is the last word of the key, as in ``gap_mm``."""
    return [_named_value(str(key), value) for key, value in items.items()]


def _named_value(key: str, value: Any) -> tuple[str, str]:
    """``("largest gap", "6.5 mm")`` for ``largest_gap_mm`` and 6.5; ``per`` before the unit goes with it."""
    words = key.split("_")
    unit = _UNITS.get(words[-1].lower(), "") if len(words) > 1 or key == "kvp" else ""
    if unit and len(words) > 1:
        words = words[:-1]
        if words[-1] == "per" and len(words) > 1:
            words, unit = words[:-1], f"per {unit}"
    name = printable(" ".join(_SPELT_OUT.get(word.lower(), word) for word in words))
    return name, NOT_KNOWN if value is None else with_unit(plain(value), unit)


def with_unit(text: str, unit: str) -> str:
    """A value and its unit, apart as the SI wants it (the degree sign close)."""
    if not unit:
        return text
    return f"{text}{unit}" if unit == "°" else f"{text} {unit}"


def pretty_unit(unit: str) -> str:
    """A unit as it is printed: with raised figures, and mL as elsewhere in a report."""
    return {"mg/cm3": "mg/cm³", "g/cm2": "g/cm²", "cm2": "cm²", "ml": "mL"}.get(unit, unit)


def acquisition_facts(facts: Acquisition) -> list[tuple[str, str]]:
    """Every fact a measurement may depend on, as (name, value) pairs; an absent one is said to be absent."""

    def measured(value: float | None, unit: str) -> str:
        return NOT_STATED if value is None else with_unit(number(value), unit)

    scanner = " ".join(part for part in (facts.manufacturer, facts.model) if part)
    sexes = {"M": "male", "F": "female", "O": "other"}
    return [
        ("Scanner", plain(scanner or None)),
        ("Tube voltage", measured(facts.kvp, "kV")),
        ("Tube current", measured(facts.tube_current_ma, "mA")),
        ("Exposure", measured(facts.exposure_mas, "mAs")),
        ("Reconstruction kernel", plain(facts.kernel)),
        ("Slice thickness", measured(facts.slice_thickness_mm, "mm")),
        ("Contrast agent", plain(facts.contrast_agent)),
        ("Gantry tilt", measured(facts.gantry_tilt_deg, "°")),
        ("Body part", plain(facts.body_part)),
        ("Patient position", plain(facts.patient_position)),
        ("Sex", sexes.get(facts.sex or "", NOT_STATED)),
        ("Age", measured(facts.age_years, "years")),
        ("Height", measured(facts.height_m, "m")),
        ("Weight", measured(facts.weight_kg, "kg")),
    ]


def facts_origin(facts: Acquisition) -> str:
    """Where the acquisition facts come from, as a sentence."""
    sentences = {
        "dicom": "Read from the DICOM header.",
        "sidecar": "Read from the JSON file beside the image.",
        "none": "The input carries no acquisition facts. Give the DICOM series to have them checked.",
    }
    return sentences.get(facts.facts_from, plain(facts.facts_from))


def geometry_facts(geometry: Geometry) -> list[tuple[str, str]]:
    """Size, spacing, extent, origin and directions, as (name, value) pairs."""

    def triple(values: tuple[float, float, float], unit: str) -> str:
        return with_unit(" × ".join(number(round(value, 4)) for value in values), unit)

    x, y, z = geometry.shape_zyx[::-1]
    tilt = geometry.obliquity_deg
    axes = f"{geometry.axis_codes}" + (f", up to {tilt:.1f}° off the patient's axes" if tilt >= 0.05 else "")
    origin = ", ".join(number(round(value, 3)) for value in geometry.origin_lps_mm)
    return [
        ("Voxels (x, y, z)", f"{x} × {y} × {z}"),
        ("Voxel size (x, y, z)", triple(geometry.spacing_xyz_mm, "mm")),
        ("Extent (x, y, z)", triple(geometry.extent_xyz_mm, "mm")),
        ("Index axes run towards", axes),
        ("Centre of the first voxel (LPS)", f"{origin} mm"),
    ]

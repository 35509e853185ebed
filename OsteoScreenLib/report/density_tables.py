"""Measures of one femur as tables: a row for each place, a column for each measure, reasons for what is withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.report.t_ruler import signed
from OsteoScreenLib.report.wording import pretty_unit

ABSENT = "–"
"""In the place of a measure that is withheld; the reason stands below the tables."""


@dataclass(frozen=True)
class TableForm:
    """A table to fill: caption, and name, title and digits of each column."""

    caption: str
    columns: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class MeasureTable:
    """A filled table: caption, titles with units, and rows of a place's name and its cells."""

    caption: str
    titles: list[str]
    rows: list[tuple[str, list[str]]]


AREAL = TableForm(
    "Projected, positioned as for DXA",
    (
        ("abmd", "aBMD", 2),
        ("t_score", "T-score equivalent", 1),
        ("z_score", "Z-score", 1),
        ("bmc", "Mineral content", 2),
        ("area", "Area", 1),
    ),
)
VOLUMETRIC = TableForm(
    "In three dimensions",
    (
        ("trabecular_vbmd", "Trabecular vBMD", 0),
        ("trabecular_hu", "Trabecular", 0),
        ("cortical_vbmd", "Cortical vBMD", 0),
        ("cortical_thickness", "Cortex", 1),
        ("bmc", "Mineral content", 1),
        ("volume", "Volume", 1),
    ),
)
_WITHOUT_UNIT = ("t_score", "z_score")


def measure_table(form: TableForm, measures: Mapping[str, Mapping[str, Measure]]) -> MeasureTable:
    """Fill a table; columns without any value are left out, so that a table shows what there is.

    Args:
        form: which columns. measures: by place and name.
    """
    shown = [
        (name, title, digits)
        for name, title, digits in form.columns
        if any(entry[name].value is not None for entry in measures.values() if name in entry)
    ]
    units = {name: next(e[name].unit for e in measures.values() if name in e) for name, _, _ in shown}
    titles = [title if name in _WITHOUT_UNIT else f"{title}, {pretty_unit(units[name])}" for name, title, _ in shown]
    rows = [
        (_name(place), [_cell(entry.get(name), name, digits) for name, _, digits in shown])
        for place, entry in measures.items()
    ]
    return MeasureTable(form.caption, titles, rows if shown else [])


def withheld_measures(femur: FemurDensitometry) -> list[tuple[str, str]]:
    """Reasons with the measures that each of them costs, in the order of the tables; a place that it costs all of is
    named once.
    """
    found: dict[str, list[str]] = {}
    for form, measures in ((AREAL, femur.areal), (VOLUMETRIC, femur.regions)):
        for place, entry in measures.items():
            shown = {title: entry[name].withheld for name, title, _ in form.columns if name in entry}
            first = next(iter(shown.values()), "")
            if first and set(shown.values()) == {first}:
                found.setdefault(first, []).append(f"all of {_name(place)}")
                continue
            for title, reason in shown.items():
                if reason:
                    found.setdefault(reason, []).append(f"{title} of {_name(place)}")
    return [(reason, _joined(list(dict.fromkeys(names)))) for reason, names in found.items()]


def _name(place: str) -> str:
    return place.replace("_", " ")


def _joined(names: list[str], most: int = 8) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"


def _cell(measure: Measure | None, name: str, digits: int) -> str:
    if measure is None or measure.value is None:
        return ABSENT
    value = signed(measure.value, digits) if name in _WITHOUT_UNIT else f"{measure.value:.{digits}f}"
    value = value.replace("-", "−")
    return value if measure.sd is None else f"{value} ± {measure.sd:.{digits}f}"

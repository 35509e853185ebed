"""Bone density as the rich text that a Qt label shows: class, T-score ruler, calibration, and what is withheld."""

from __future__ import annotations

from html import escape
from typing import Any

from OsteoScreenLib.mrml.panel_words import lit
from OsteoScreenLib.report.density_section import DensityPart, DensitySection, density_section
from OsteoScreenLib.report.t_ruler import Ruler
from OsteoScreenLib.result.case_result import CaseResult

_LIGHTS = {"normal": "green", "osteopenia": "amber", "osteoporosis": "red"}
_ZONES = {"osteoporosis": "#d23b3b", "osteopenia": "#d98e04", "normal": "#2e9e4f"}
_INK = "#ffffff"
_STEPS = 60
"""Cells of a ruler: a label draws tables, and no lines."""


def density_text(result: CaseResult | None) -> str:
    """Status of each side with its ruler, calibration and reasons; empty where no bone density was asked for."""
    no_ct: Any = None  # only pictures need the scan
    section = None if result is None else density_section(result, no_ct, None)
    if section is None:
        return ""
    if section.withheld:
        return lit("", "No bone density.") + f"<br>{escape(section.withheld)}"
    return "".join(_part(part) for part in section.parts) + _scan(section)


def _part(part: DensityPart) -> str:
    lines = [f"<p>{lit(_LIGHTS.get(part.word, ''), f'{part.title}: {part.word}')}</p>"]
    lines += [f"<p>{escape(text)}</p>" for text in part.sentences]
    if part.ruler is not None:
        lines.append(_ruler(part.ruler))
    if part.withheld:
        reasons = "".join(f"<li>{escape(names)}: {escape(reason)}</li>" for reason, names in part.withheld)
        lines.append(f"<p>Withheld:</p><ul>{reasons}</ul>")
    return "".join(lines + [f"<p>{escape(note)}</p>" for note in part.notes])


def _ruler(ruler: Ruler) -> str:
    """Zones of the classes, and below them each measure: a dot for the value on a bar for its 95 % interval."""
    first, last = ruler.zones[0][2], ruler.zones[-1][2] + ruler.zones[-1][3]

    def step(x: float) -> int:
        return min(_STEPS - 1, max(0, int((x - first) / (last - first) * _STEPS)))

    zones = "".join(
        f'<td width="{100 * width / (last - first):.0f}%" bgcolor="{_ZONES[word]}" align="center">'
        f'<font color="{_INK}">{word}</font></td>'
        for _, word, _, width in ruler.zones
    )
    rows = ""
    for row in ruler.rows:
        low, value, high = step(row.low), step(row.x), step(row.high)
        bar = "".join("●" if n == value else "─" if low <= n <= high else "·" for n in range(_STEPS))
        rows += f"<p>{escape(row.name)}: {escape(row.text)}<br><tt>{bar}</tt></p>"
    limits = " and ".join(text for _, text in ruler.limits)
    return (
        f'<table width="100%" cellspacing="1" cellpadding="2"><tr>{zones}</tr></table>{rows}'
        f"<p>T-score equivalent, not a DXA T-score; limits {escape(limits)}.</p>"
    )


def _scan(section: DensitySection) -> str:
    lines = ["<p><b>Calibration</b></p>", f"<p>{escape(section.explanation)}</p>"]
    lines += [f"<p>{escape(name)}: {escape(value)}</p>" for name, value in section.calibration]
    if section.samples:
        cells = "".join(
            "<tr>" + "".join(f'<td style="padding-right:10px">{escape(cell)}</td>' for cell in row) + "</tr>"
            for row in (("Tissue", "Measured HU", "Expected HU", "Residual HU"), *section.samples)
        )
        lines.append(f"<table>{cells}</table>")
    lines += [f"<p>Not used: {escape(name)}, {escape(why)}</p>" for name, why in section.not_used]
    lines += [f"<p>Patient: {escape(section.patient)}.</p>"] if section.patient else []
    lines += [f"<p>Reference of the scores: {escape(section.reference)}.</p>"] if section.reference else []
    return "".join(lines + [f"<p>{escape(note)}</p>" for note in section.notes]).replace(
        "<p>", '<p style="margin:2px">'
    )

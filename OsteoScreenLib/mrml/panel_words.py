"""What the panel says, as the rich text that a Qt label shows; every value of a scan is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

COLORS = {"green": "#2e9e4f", "amber": "#d98e04", "red": "#d23b3b", "": "#8a8f98"}
"""Of the lights; readable on Slicer's light and on its dark background. The words say the same without the colour."""

WORDS = {"green": "To know", "amber": "Caution", "red": "Withheld"}
_PRESENCE = {"present": "in view from the head to the lesser trochanter", "cut": "cut off", "absent": "not found"}
_LIGHT_OF_PRESENCE = {"present": "green", "cut": "amber", "absent": "red"}


def dot(light: str) -> str:
    """A coloured dot for a light; grey where there is none."""
    return f'<span style="color:{COLORS[light]}">&#9679;</span>'


def lit(light: str, text: str) -> str:
    """A sentence behind its dot."""
    return f"{dot(light)}&nbsp;&nbsp;<b>{escape(text)}</b>"


def flags_text(flags: Iterable[tuple[str, str]]) -> str:
    """Flags, each a light and a message, one row each; empty where there is none."""
    rows = "".join(
        f'<tr><td style="padding:2px 8px 4px 0">{dot(light)}</td>'
        f'<td style="padding:2px 0 4px 0"><b>{WORDS[light]}.</b> {escape(message)}</td></tr>'
        for light, message in flags
    )
    return f'<table cellspacing="0">{rows}</table>' if rows else ""


def sides_text(result: CaseResult | None) -> str:
    """Which femora were found; why there are none where there are none."""
    if result is None:
        return ""
    if not result.femurs:
        reason = "" if result.segmentation is None else result.segmentation.reason or ""
        return lit("red", "No outline of the femora.") + (f"<br>{escape(reason)}" if reason else "")
    return "<br>".join(_side(side, finding) for side, finding in result.femurs.items())


def changes_text(before: CaseResult | None, after: CaseResult) -> str:
    """What scoring again changed, a line for each side that has a volume now or had one before."""
    if before is None:
        return ""
    lines = []
    for side, finding in after.femurs.items():
        earlier = before.femurs.get(side)
        was, now = 0.0 if earlier is None else earlier.volume_ml, finding.volume_ml
        if was or now:
            lines.append(
                f"{escape(side.capitalize())} femur: {was:.1f} mL before, {now:.1f} mL now ({now - was:+.1f})."
            )
    return "<br>".join(lines).replace("-", "\u2212")


def percent(fraction: float) -> int:
    """A fraction for a progress bar; never out of its range."""
    return min(100, max(0, round(100 * fraction)))


def _side(side: str, finding: FemurFinding) -> str:
    what = _PRESENCE.get(finding.presence, finding.presence)
    why = f" {escape(finding.reason)}" if finding.reason else ""
    head = f"<b>{escape(side.capitalize())} femur</b>: {escape(what)}."
    return f"{dot(_LIGHT_OF_PRESENCE.get(finding.presence, ''))}&nbsp;&nbsp;{head}{why}"

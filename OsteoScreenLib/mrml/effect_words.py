"""What the Segment Editor effects say of what they did, as the rich text that a Qt label shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from OsteoScreenLib.segmentation.femur_masks import FemurMasks


def found_text(masks: FemurMasks, sides: Sequence[str]) -> str:
    """What was found on the sides that were filled, a line each, and then the doubts about the outlines of both sides.

    The volumes are those of the outline; masking settings may have let less of it into a segment.
    """
    lines = []
    for side in sides:
        finding = masks.femurs[side]
        reason = f" {escape(finding.reason.rstrip('.'))}." if finding.reason else ""
        lines.append(f"{side.capitalize()} femur: {finding.volume_ml:.1f} mL found.{reason}")
    lines += [escape(flag.message) for flag in masks.flags]
    return "<br>".join(lines)


def regions_text(count: int, incomplete: Mapping[str, str]) -> str:
    """How many regions there are, and which of them are not whole and why, a line each.

    Args:
        count: of the segments made.
        incomplete: reasons by name; the total hip is left out, being no segment but the sum of three.
    """
    lines = [f"{count} {'region' if count == 1 else 'regions'}."]
    for name, reason in incomplete.items():
        if name != "total_hip":
            lines.append(f"{escape(name.capitalize())}: {escape(reason.rstrip('.'))}.")
    return "<br>".join(lines)

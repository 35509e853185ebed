"""The femora in the words of a report: which side, how much of it, how sure, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.report import wording
from OsteoScreenLib.report.femur_pictures import Tile, femur_tiles
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

_SOURCES = {
    "vbnet": "Made by OsteoScreen's own networks (VB-Net), coarse to fine.",
    "given": "Given by the user.",
    "totalsegmentator": "Made by TotalSegmentator, which is installed beside OsteoScreen.",
    "monai_bundle": "Made by a MONAI bundle.",
}
_PRESENCE = {
    "present": ("clean", "✓", "present", "From the head to below the lesser trochanter in view."),
    "cut": ("warning", "▲", "cut", "Part of the proximal femur is out of view."),
    "absent": ("info", "–", "absent", "No proximal femur was found on this side."),
}


@dataclass(frozen=True)
class FemurPart:
    """One side in the report.

    Attributes:
        title: ``Left femur`` or ``Right femur``.
        style, symbol, word: presence, as a mark.
        sentence: presence in a sentence, with the reason.
        facts: (name, value) pairs.
        tiles: slices, then surfaces.
    """

    title: str
    style: str
    symbol: str
    word: str
    sentence: str
    facts: list[tuple[str, str]]
    tiles: list[Tile]


@dataclass(frozen=True)
class FemurSection:
    """The section on the femora.

    Attributes:
        why_not: why there are no masks; empty where there are.
        source: who made the masks.
        models: the models used, one line each.
        parts: left, then right.
    """

    why_not: str
    source: str
    models: list[str]
    parts: list[FemurPart]


def femur_section(result: CaseResult, ct: CTVolume, labels: np.ndarray | None) -> FemurSection | None:
    """The section; None where nobody asked for masks.

    Args:
        result: of the case.
        ct, labels: the volume and its masks, for the pictures; without masks the section is words only.

    Raises:
        MissingPackageError: scipy or Pillow is not installed.
    """
    facts = result.segmentation
    if facts is None:
        return None
    parts = [_part(side, result.femurs[side], ct, labels) for side in ("left", "right") if side in result.femurs]
    source = "" if facts.source is None else _SOURCES.get(facts.source, facts.source)
    return FemurSection(facts.reason, source, [_model(model) for model in result.models], parts)


def _part(side: str, finding: FemurFinding, ct: CTVolume, labels: np.ndarray | None) -> FemurPart:
    style, symbol, word, usual = _PRESENCE.get(finding.presence, ("info", "–", finding.presence, ""))
    tiles = [] if labels is None or finding.presence == "absent" else femur_tiles(ct, labels, side, finding)
    return FemurPart(
        title=f"{side.capitalize()} femur",
        style=style,
        symbol=symbol,
        word=word,
        sentence=_sentence(finding.reason) or usual,
        facts=[] if finding.presence == "absent" else _facts(finding),
        tiles=tiles,
    )


def _sentence(text: str) -> str:
    """The text with a full stop."""
    return text if not text or text[-1] in ".!?" else f"{text}."


def _facts(finding: FemurFinding) -> list[tuple[str, str]]:
    """What is known of a side, absent facts said to be absent."""
    dsc, radius = finding.estimated_dsc, finding.head_radius_mm
    return [
        ("Volume of the mask", f"{finding.volume_ml:.1f} mL"),
        ("Estimated DSC", wording.NOT_KNOWN if dsc is None else f"{dsc:.2f}"),
        ("Diameter of the head", wording.NOT_KNOWN if radius is None else f"{2 * radius:.1f} mm"),
        ("Metal in or at the bone", "yes" if finding.implant else "no"),
        ("Meets the image border", ", ".join(finding.cut_at) or "nowhere"),
    ]


def _model(model: Mapping[str, str]) -> str:
    """A model's name, version and the start of its digest."""
    parts = [str(model.get("id") or "model without a name")]
    if model.get("version"):
        parts.append(f"version {model['version']}")
    if model.get("sha256"):
        parts.append(f"SHA-256 beginning with {str(model['sha256'])[:12]}")
    return ", ".join(parts)

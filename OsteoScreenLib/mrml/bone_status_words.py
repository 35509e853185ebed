"""Answers of bone-status models as the rich text that Qt labels show; what a bundle says of itself is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from OsteoScreenLib.errors import printable
from OsteoScreenLib.mrml.panel_words import lit
from OsteoScreenLib.report.model_section import ModelCard, ModelPart, percent
from OsteoScreenLib.result.case_result import CaseResult

_LIGHTS = {"normal": "green", "osteopenia": "amber", "osteoporosis": "red"}
HOW_TO_READ = (
    "Bars: probability of each class. The upright line, 'from ... %', is the threshold of that class against the "
    "others. The class is the most probable one. Research use only: confirm a status by DXA."
)
NOT_SCREENED = "This volume has not been screened."
NOT_ASKED = (
    "No models were asked for this result, or it was made before OsteoScreen asked any. Choose models, then screen or "
    "score again."
)


def banner_text(card: ModelCard) -> str:
    """What must stand above the answers of a demonstration, as plain text; empty for all other models."""
    return f"▲ {card.warning}" if card.warning else ""


def head_text(card: ModelCard) -> str:
    """Title, name, version and reference standard of a model, and how its thresholds were chosen."""
    said = " ".join(filter(None, (f"{card.name}.", card.standard, card.point)))
    return f"<b>{_plain(card.title)}</b>{_paragraphs([_plain(said)])}"


def status_text(part: ModelPart, demonstration: bool) -> str:
    """The class of one femur, or that it is withheld and why; what stands above the bars."""
    mark = " (demonstration)" if demonstration else ""
    reasons = [f"{_plain(reason[:1].upper() + reason[1:]).rstrip('.')}." for reason in part.reasons]
    return _paragraphs([lit(_LIGHTS.get(part.word, ""), f"{part.title}: {part.word}{mark}"), *reasons])


def bars_text(part: ModelPart) -> str:
    """The bars in words: probability and threshold of each class."""
    said = []
    for bar in part.bars:
        limit = "" if bar.threshold is None else f" (from {percent(bar.threshold)})"
        said.append(f"{bar.name}: {bar.text}{limit}")
    return "; ".join(said)


def details_text(part: ModelPart) -> str:
    """What stands below the bars: operating point, ordinal view, prediction set, top features, notes."""
    said = [_plain(sentence) for sentence in part.sentences]
    if part.top:
        features = "".join(f"<li>{_plain(sentence)}</li>" for sentence in part.top)
        said.append(f"What moved the class most:<ul style='margin:0 0 0 -24px'>{features}</ul>")
    return _paragraphs([*said, *map(_plain, part.notes)])


def why_none(result: CaseResult | None) -> str:
    """Why there are no answers; empty where there are some, or the result says itself why not."""
    if result is None:
        return NOT_SCREENED
    return "" if result.model_status or result.status_notes else NOT_ASKED


def _plain(text: str) -> str:
    """A text of a bundle: nothing in it is markup, nothing moves a cursor."""
    return escape(printable(text))


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f'<div style="margin:2px 0 2px 0">{text}</div>' for text in texts if text)

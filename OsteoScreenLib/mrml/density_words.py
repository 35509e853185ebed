"""Bone density as the rich text that Qt labels show: class, reasons, calibration; every value of a scan is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from OsteoScreenLib.mrml.panel_words import lit
from OsteoScreenLib.report.density_section import DensityPart, DensitySection

_LIGHTS = {"normal": "green", "osteopenia": "amber", "osteoporosis": "red"}
HOW_TO_READ = (
    "Rulers: T-score equivalents, computed from the CT. They are not DXA T-scores. Dots are values, bars their 95 % "
    "intervals, per cent the probability of each class given the uncertainty of the measurement."
)


def status_text(part: DensityPart) -> str:
    """The class of one femur, or that it is withheld and why; what stands above the ruler."""
    said = part.sentences if part.ruler is not None else [*part.sentences, part.chances]
    return _paragraphs([lit(_LIGHTS.get(part.word, ""), f"{part.title}: {part.word}"), *map(escape, said)])


def details_text(part: DensityPart) -> str:
    """What stands below the ruler: what is withheld and why, what to know of the values."""
    said = [f"<b>Withheld</b> because {escape(why)}: {escape(names)}." for why, names in part.withheld]
    return _paragraphs([*said, *map(escape, part.notes)])


def scan_text(section: DensitySection) -> str:
    """What holds for both sides: how to read the rulers, patient, reference, notes; or why nothing was measured."""
    if section.withheld:
        return _paragraphs([lit("", "No bone density."), escape(section.withheld), *map(escape, section.notes)])
    said = [HOW_TO_READ] if any(part.ruler is not None for part in section.parts) else []
    said += [f"Patient: {section.patient}."] if section.patient else []
    said += [f"Reference of the T-scores: {section.reference}."] if section.reference else []
    return _paragraphs(map(escape, [*said, *section.notes]))


def calibration_text(section: DensitySection) -> str:
    """How HU became density: why this way, its line, what it was fitted to, and what was not used."""
    facts = _table([(f"{name}:", value) for name, value in section.calibration])
    samples = ""
    if section.samples:
        titles = ("Fitted to", "Measured HU", "Expected HU", "Residual HU")
        samples = _table(section.samples, titles)
    return _paragraphs([escape(section.explanation)]) + facts + samples


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f'<p style="margin:2px 0 2px 0">{text}</p>' for text in texts if text)


def _table(rows: Sequence[Sequence[str]], titles: Sequence[str] = ()) -> str:
    """Rows of plain texts: the first column from the left, numbers from the right where there are titles."""

    def cells(row: Sequence[str], kind: str) -> str:
        aligned = ["left", *(["right"] * (len(row) - 1) if titles else ["left"])]
        return "".join(
            f'<{kind} align="{side}" style="padding:1px 14px 1px 0">{escape(text)}</{kind}>'
            for text, side in zip(row, aligned, strict=True)
        )

    head = f"<tr>{cells(titles, 'th')}</tr>" if titles else ""
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<table cellspacing="0">{head}{body}</table>' if rows else ""

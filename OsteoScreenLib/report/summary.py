"""A result in one heading and one sentence, with the symbol and the style that go with it."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.result.case_result import CaseResult

SEVERITY_SYMBOLS = {Severity.WITHHOLD: "■", Severity.WARNING: "▲", Severity.INFO: "●"}
SEVERITY_WORDS = {Severity.WITHHOLD: "Withholds", Severity.WARNING: "Warning", Severity.INFO: "To know"}


@dataclass(frozen=True)
class Summary:
    """What a reader must know first.

    Attributes:
        state: ``withheld``, ``warnings`` or ``clean``; names the style too.
        symbol: a shape that tells the states apart without colour.
        heading, sentence: in words.
        points: the messages behind a withheld result.
    """

    state: str
    symbol: str
    heading: str
    sentence: str
    points: tuple[str, ...] = ()


def summarise(result: CaseResult) -> Summary:
    """Withheld, readable with warnings, or clean."""
    warnings = sum(flag.severity is Severity.WARNING for flag in result.quality)
    if result.withheld:
        return Summary(
            "withheld",
            SEVERITY_SYMBOLS[Severity.WITHHOLD],
            "Withheld",
            "This scan cannot support a bone status, because:",
            result.reasons,
        )
    if warnings:
        count = "one warning" if warnings == 1 else f"{warnings} warnings"
        sentence = "Bear the warnings below in mind in any measurement made from this scan."
        return Summary("warnings", SEVERITY_SYMBOLS[Severity.WARNING], f"Readable, with {count}", sentence)
    return Summary("clean", "✓", "Readable, no warnings", "The scan was read, and no check raised a warning.")

"""Bone status in words: the class, or that it is withheld and why; for a report, an index and a console."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.status.bone_status import BoneStatus

STYLES = {"normal": ("clean", "○"), "osteopenia": ("warning", "◐"), "osteoporosis": ("withhold", "◆")}
"""Style and symbol of each class, so that they are told apart without colour, and from the marks of flags."""
WITHHELD = ("", "–")


@dataclass(frozen=True)
class StatusWord:
    """One status, ready to be shown.

    Attributes:
        who: ``Left femur``, ``Right femur`` or ``Both femora``.
        style, symbol: of the mark. word: the class or ``withheld``. why: reasons; empty where there is a class.
    """

    who: str
    style: str
    symbol: str
    word: str
    why: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.who}: {self.word}" + (f", because {self.why}" if self.why else "")


def status_words(result: CaseResult) -> list[StatusWord]:
    """Of each model and side; one word for both sides where both are withheld for the same reason."""
    words = [_word(status) for status in result.status]
    sides = {(word.word, word.why) for word in words}
    if len(words) == 2 and len(sides) == 1 and words[0].why:
        first = words[0]
        return [StatusWord("Both femora", first.style, first.symbol, first.word, first.why)]
    return words


def _word(status: BoneStatus) -> StatusWord:
    who = "Patient" if status.side is None else f"{status.side.capitalize()} femur"
    if status.bone_class is None:
        return StatusWord(who, *WITHHELD, "withheld", "; ".join(reason.rstrip(".") for reason in status.reasons))
    return StatusWord(who, *STYLES[status.bone_class], status.bone_class)

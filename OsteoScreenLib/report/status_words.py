"""Bone status in words: the class, or that it is withheld and why; for a report, an index and a console."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        warning: what must stand beside it, of a demonstration model; empty for all others.
    """

    who: str
    style: str
    symbol: str
    word: str
    why: str = ""
    warning: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        warning = f" ({self.warning})" if self.warning else ""
        return f"{self.who}: {self.word}{warning}" + (f", because {self.why}" if self.why else "")


def status_words(result: CaseResult) -> list[StatusWord]:
    """Of each side by rule; one word for both sides where both are withheld for the same reason."""
    return _merged([_word(status) for status in result.status])


def model_words(result: CaseResult) -> list[StatusWord]:
    """Of each installed model that was asked and each side, the model named; merged in the same way."""
    words: dict[str, list[StatusWord]] = {}
    for answer in result.model_status:
        name = f"{answer.status.model} {answer.model.version}"
        words.setdefault(name, []).append(replace(_word(answer.status), warning=answer.warning))
    return [replace(word, who=f"{word.who}, {name}") for name, of_model in words.items() for word in _merged(of_model)]


def _merged(words: list[StatusWord]) -> list[StatusWord]:
    sides = {(word.word, word.why) for word in words}
    if len(words) == 2 and len(sides) == 1 and words[0].why:
        return [replace(words[0], who="Both femora")]
    return words


def _word(status: BoneStatus) -> StatusWord:
    who = "Patient" if status.side is None else f"{status.side.capitalize()} femur"
    if status.bone_class is None:
        return StatusWord(who, *WITHHELD, "withheld", "; ".join(reason.rstrip(".") for reason in status.reasons))
    return StatusWord(who, *STYLES[status.bone_class], status.bone_class)

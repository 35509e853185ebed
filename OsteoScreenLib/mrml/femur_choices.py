"""What can outline the femora and what can compute the networks, and what is missing on this machine for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from OsteoScreenLib.errors import MissingPackageError
from OsteoScreenLib.models.engines import AUTO, ENGINES, engine_for
from OsteoScreenLib.screening.femur_source import TOTALSEGMENTATOR, VBNET
from OsteoScreenLib.segmentation.totalsegmentator import why_unusable


@dataclass(frozen=True)
class Choice:
    """One entry.

    Attributes:
        key: what is kept in a scene and given to the screening.
        missing: what this machine lacks for it, in sentences; empty where it can be used.
    """

    key: str
    missing: str = ""


def source_choices() -> tuple[Choice, ...]:
    """What can outline the femora, the usual one first. Nothing is imported or started to find out."""
    return Choice(VBNET), Choice(TOTALSEGMENTATOR, why_unusable())


def engine_choices() -> tuple[Choice, ...]:
    """What can compute the networks, the usual one first. Nothing is imported or started to find out."""
    # The usual one brings its own question: screening asks whether to install what is missing for it.
    return Choice(AUTO), *(Choice(name, _missing(name)) for name in ENGINES)


def position_of(key: str, choices: Sequence[Choice]) -> int:
    """Position of a key among choices; of the first where a scene names one that is not there."""
    return next((position for position, choice in enumerate(choices) if choice.key == key), 0)


def _missing(engine: str) -> str:
    try:
        engine_for(engine)
    except MissingPackageError as error:
        return str(error)
    return ""

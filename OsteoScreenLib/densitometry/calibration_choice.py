"""Which calibration is used, and why.

A phantom in the scan comes before the site's own line, that before the tissues, and those before the bare tube voltage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.calibrate_fixed import calibrate_fixed
from OsteoScreenLib.densitometry.calibrate_inserts import PhantomInserts, calibrate_inserts
from OsteoScreenLib.densitometry.calibrate_internal import calibrate_internal
from OsteoScreenLib.densitometry.calibrate_site import SiteCalibrations, calibrate_asynchronous
from OsteoScreenLib.densitometry.calibration import METHODS, Calibration, Refusal
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.tissue_search import find_tissues


@dataclass(frozen=True, eq=False)
class CalibrationChoice:
    """What the user offers for a calibration.

    Attributes:
        method: one of ``METHODS``, then only that is tried; ``auto``: the best that can be had.
        inserts: of a phantom in this scan. site: the site's lines. today: the day by which those are judged.
        blood: (z, y, x) bool, a large vessel of an unenhanced scan, for the internal method.
    """

    method: str = "auto"
    inserts: PhantomInserts | None = None
    site: SiteCalibrations | None = None
    today: date | None = None
    blood: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.method not in ("auto", *METHODS):
            raise ValueError(f"a calibration is auto, {', '.join(METHODS)}, not {self.method!r}")


@dataclass(frozen=True)
class CalibrationOutcome:
    """The calibration, or None; and why each method before it was refused."""

    calibration: Calibration | None
    refused: tuple[Refusal, ...] = ()

    @property
    def reason(self) -> str:
        """Why there is none."""
        return "; ".join(f"{entry.method}: {entry.reason}" for entry in self.refused)


def choose_calibration(
    ct: CTVolume, femora: np.ndarray | None, choice: CalibrationChoice, settings: Settings, contrast: bool = False
) -> CalibrationOutcome:
    """Try the methods in order of trust.

    Args:
        ct: the scan. femora: (z, y, x) 1 left, 2 right, or None. choice: the user's. settings: the table.
        contrast: whether a contrast agent was given.
    """
    kvp = ct.acquisition.kvp
    makers: dict[str, Callable[[], Calibration | Refusal]] = {
        "phantom": lambda: _by_phantom(choice, settings, kvp),
        "asynchronous": lambda: _by_site(choice, ct, settings),
        "internal": lambda: calibrate_internal(
            find_tissues(ct, femora, settings, choice.blood), settings, kvp, contrast
        ),
        "fixed": lambda: calibrate_fixed(settings, kvp),
    }
    methods = METHODS if choice.method == "auto" else (choice.method,)
    refused: list[Refusal] = []
    for method in methods:
        made = makers[method]()
        if isinstance(made, Calibration):
            return CalibrationOutcome(_explained(made, refused, choice), tuple(refused))
        refused.append(made)
    return CalibrationOutcome(None, tuple(refused))


def _by_phantom(choice: CalibrationChoice, settings: Settings, kvp: float | None) -> Calibration | Refusal:
    if choice.inserts is None:
        return Refusal("phantom", "no phantom in the scan was named")
    return calibrate_inserts(choice.inserts, settings, kvp)


def _by_site(choice: CalibrationChoice, ct: CTVolume, settings: Settings) -> Calibration | Refusal:
    if choice.site is None:
        return Refusal("asynchronous", "no file of this site's calibrations was given")
    return calibrate_asynchronous(choice.site, ct.acquisition, settings, choice.today or date.today())


def _explained(made: Calibration, refused: list[Refusal], choice: CalibrationChoice) -> Calibration:
    """Why this one: what would have come before it could not be had."""
    if choice.method != "auto":
        return replace(made, explanation=f"{made.explanation} Asked for by the user.")
    if not refused:
        return made
    before = "; ".join(f"{entry.method}: {entry.reason}" for entry in refused)
    return replace(
        made, explanation=f"{made.explanation} Taken because what comes before it could not be had: {before}."
    )

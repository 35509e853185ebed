"""What the user knows of a patient and wants of bone density: for the ``osteoscreen`` program, and for this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from OsteoScreenLib.densitometry.calibrate_site import read_site_calibrations
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import site_settings
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions

AUTO, INTERNAL, SITE, FIXED = CALIBRATIONS = ("auto", "internal", "site", "fixed")
"""As the ``osteoscreen`` command names them. A phantom in the scan is for the command line."""
_METHODS = {SITE: "asynchronous"}
"""Names of the library, where they differ."""


@dataclass(frozen=True)
class DensityOrder:
    """What is asked of densitometry.

    Attributes:
        facts: of the patient, that the user knows; each goes before what the scan says.
        calibration: one of :data:`CALIBRATIONS`.
        site_lines: the site's file of lines, for ``site`` and ``auto``. site_values: the site's file of settings.
    """

    facts: PatientFacts = field(default_factory=PatientFacts)
    calibration: str = AUTO
    site_lines: Path | None = None
    site_values: Path | None = None

    def __post_init__(self) -> None:
        if self.calibration not in CALIBRATIONS:
            raise ValueError(f"a calibration is one of {', '.join(CALIBRATIONS)}, not {self.calibration!r}")

    @property
    def lines_used(self) -> Path | None:
        """The file of lines, where this calibration makes use of it."""
        return self.site_lines if self.calibration in (AUTO, SITE) else None

    def arguments(self) -> list[str]:
        """Arguments of ``osteoscreen screen``; nothing is said that the user did not say."""
        facts, words = self.facts, {True: "yes", False: "no"}
        found = [] if self.calibration == AUTO else ["--calibration", self.calibration]
        found += [] if self.lines_used is None else ["--site-calibration", str(self.lines_used)]
        found += [] if self.site_values is None else ["--site-settings", str(self.site_values)]
        found += [] if facts.sex is None else ["--sex", facts.sex]
        found += [] if facts.age_years is None else ["--age", f"{facts.age_years:g}"]
        return found + ([] if facts.contrast is None else ["--contrast", words[facts.contrast]])

    def options(self) -> DensitometryOptions:
        """The same for the library, its files read; a look at whether they can be used, too.

        Raises:
            UsageError: a file is missing (``no_site_lines``), cannot be read or is not such a file.
        """
        lines = self.lines_used
        if self.calibration == SITE and lines is None:
            raise UsageError(
                "The file with the site's calibration lines is missing",
                next_step="Choose it, or choose another calibration.",
                code="no_site_lines",
            )
        choice = CalibrationChoice(
            method=_METHODS.get(self.calibration, self.calibration),
            site=None if lines is None else read_site_calibrations(lines),
        )
        table = None if self.site_values is None else site_settings(self.site_values)
        return DensitometryOptions(choice=choice, facts=self.facts, table=table)

"""What the user asked of densitometry, and what the user or the site knows that the scan does not say."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import Settings, default_settings
from OsteoScreenLib.screening.vertebrae import VertebraLabels


@dataclass(frozen=True)
class DensitometryOptions:
    """What the user asked of densitometry.

    Attributes:
        choice: of the calibration.
        facts: that the user knows of the patient; each goes before what the header says.
        table: the site's settings; None: as shipped.
        regions: whether the regions are wanted as a label map.
        vertebrae: a label map of vertebrae, to be read too; None: none.
    """

    choice: CalibrationChoice = field(default_factory=CalibrationChoice)
    facts: PatientFacts = field(default_factory=PatientFacts)
    table: Settings | None = None
    regions: bool = True
    vertebrae: VertebraLabels | None = None

    @property
    def settings(self) -> Settings:
        """The table in use."""
        return self.table or default_settings()

    def knowing(self, facts: PatientFacts | None) -> DensitometryOptions:
        """The same with facts of one patient, which go before those that hold for all."""
        return self if facts is None else replace(self, facts=first_known(facts, self.facts))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form for a result: what was asked, so that ``--resume`` can tell whether it was asked again."""
        choice = self.choice
        return {
            "calibration": choice.method,
            "phantom": None if choice.inserts is None else asdict(choice.inserts),
            "site_calibrations_sha256": None if choice.site is None else _digest(repr(choice.site)),
            "settings_sha256": self.settings.sha256,
            "facts": asdict(self.facts),
            "regions": self.regions,
            "vertebrae": None if self.vertebrae is None else self.vertebrae.to_dict(),
        }


def first_known(first: PatientFacts, then: PatientFacts) -> PatientFacts:
    """Each fact of the first where it is known, else of the other."""
    known = {name: value for name, value in asdict(first).items() if value is not None}
    return PatientFacts(**{**asdict(then), **known})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

"""What the user asked of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from OsteoScreenLib.ct.reader import WANTED_THICKNESS_MM
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.status_models import StatusModels


@dataclass(frozen=True)
class ScreenSettings:
    """What the user asked of a run.

    Attributes:
        series: Series Instance UID or number of the series to read; None lets the program choose.
        wanted_thickness_mm: slice thickness the choice aims at.
        densitometry: what is asked of it; None: no bone density is measured.
        status: the bone-status models to ask, where bone density is measured; None: none.
    """

    series: str | None = None
    wanted_thickness_mm: float = WANTED_THICKNESS_MM
    densitometry: DensitometryOptions | None = None
    status: StatusModels | None = None

    def knowing(self, facts: PatientFacts | None) -> ScreenSettings:
        """The same for one case, of whose patient something is known."""
        if facts is None or self.densitometry is None:
            return self
        return replace(self, densitometry=self.densitometry.knowing(facts))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form for a result. A series UID is an identifier: it appears as a digest only."""
        digest = None if self.series is None else hashlib.sha256(self.series.encode("utf-8", "replace")).hexdigest()
        return {
            "series_digest": digest,
            "wanted_thickness_mm": self.wanted_thickness_mm,
            "densitometry": None if self.densitometry is None else self.densitometry.to_dict(),
            "status_models": None if self.status is None else self.status.to_dict(),
        }

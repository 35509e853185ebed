"""What the user asked of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from OsteoScreenLib.ct.reader import WANTED_THICKNESS_MM


@dataclass(frozen=True)
class ScreenSettings:
    """What the user asked of a run.

    Attributes:
        series: Series Instance UID or number of the series to read; None lets the program choose.
        wanted_thickness_mm: slice thickness the choice aims at.
    """

    series: str | None = None
    wanted_thickness_mm: float = WANTED_THICKNESS_MM

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form for a result. A series UID is an identifier: it appears as a digest only."""
        digest = None if self.series is None else hashlib.sha256(self.series.encode("utf-8", "replace")).hexdigest()
        return {"series_digest": digest, "wanted_thickness_mm": self.wanted_thickness_mm}

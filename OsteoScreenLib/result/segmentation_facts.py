"""SegmentationFacts: where the masks of a case came from, or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SegmentationFacts:
    """Where the masks of a case came from, or why it has none.

    Attributes:
        source: who made the masks (``FemurMasks.source``); None where there are none.
        reason: why there are none, in sentences; empty where there are.
        timings_s: seconds by step of the segmentation.
    """

    source: str | None
    reason: str = ""
    timings_s: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {"source": self.source, "reason": self.reason, "timings_s": dict(self.timings_s)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SegmentationFacts:
        """Read what :meth:`to_dict` wrote. Raises KeyError or TypeError where a field is missing or malformed."""
        return cls(source=data["source"], reason=data["reason"], timings_s=dict(data["timings_s"]))

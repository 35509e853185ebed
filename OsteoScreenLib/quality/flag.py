"""QualityFlag: one thing a reader of a result must know about the scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """What a flag means for the result: to know, to be careful, or no bone status from this scan."""

    INFO = "info"
    WARNING = "warning"
    WITHHOLD = "withhold"


@dataclass(frozen=True)
class QualityFlag:
    """One finding of a check.

    Attributes:
        code: stable name, such as ``sharp_kernel``; listed with threshold and source in Docs/quality-flags.md.
        severity: info, warning or withhold.
        message: one or two plain sentences for the user.
        evidence: the numbers or tags behind it (JSON values; units in the keys).
    """

    code: str
    severity: Severity
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> QualityFlag:
        """Read what :meth:`to_dict` wrote. Raises KeyError or ValueError where malformed."""
        return cls(data["code"], Severity(data["severity"]), data["message"], dict(data["evidence"]))

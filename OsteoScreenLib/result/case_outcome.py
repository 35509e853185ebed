"""CaseOutcome: how one case of a run ended. The cohort runner makes it, the tables and the command line show it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.result.case_result import CaseResult


class CaseState(str, Enum):
    """How a case ended."""

    DONE = "done"
    WITHHELD = "withheld"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class CaseOutcome:
    """How one case of a run ended.

    Attributes:
        case_id: the case's folder name.
        input_name: last part of the path the user gave.
        state: done, withheld (a full answer too), failed, or not run because the run stopped before it.
        result: what was learnt; None where the case failed or was not run.
        error_code: stable name of what went wrong; empty where nothing did.
        message: why the case failed or was not run, in sentences; empty where it has a result.
        seconds: wall time this run spent on the case.
        kept: the result is that of an earlier run and was not computed again.
    """

    case_id: str
    input_name: str
    state: CaseState
    result: CaseResult | None = None
    error_code: str = ""
    message: str = ""
    seconds: float = 0.0
    kept: bool = False

    @classmethod
    def of(cls, result: CaseResult, input_name: str, *, seconds: float = 0.0, kept: bool = False) -> CaseOutcome:
        """The outcome of a case that has a result."""
        state = CaseState.WITHHELD if result.withheld else CaseState.DONE
        return cls(result.case_id, input_name, state, result=result, seconds=seconds, kept=kept)

    def flag_codes(self, severity: Severity) -> tuple[str, ...]:
        """Codes of the result's flags of one severity."""
        if self.result is None:
            return ()
        return tuple(flag.code for flag in self.result.quality if flag.severity is severity)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form for a program that follows a run; the full result lies in the case's ``result.json``."""
        return {
            "case_id": self.case_id,
            "input": self.input_name,
            "state": self.state.value,
            "flags": {severity.value: list(self.flag_codes(severity)) for severity in Severity},
            "reasons": list(self.result.reasons) if self.result else [],
            "error_code": self.error_code,
            "message": self.message,
            "seconds": round(self.seconds, 3),
            "kept": self.kept,
        }

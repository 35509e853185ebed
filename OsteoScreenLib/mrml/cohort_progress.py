"""CohortProgress: where each case of a running cohort is, as the run's own words tell it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from OsteoScreenLib.screening.inputs import CaseInput

EARLY = 0.05
"""Below this share of the first case, how long it will take cannot be told."""


class Stage(str, Enum):
    """Where a case is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    WITHHELD = "withheld"
    FAILED = "failed"
    NOT_RUN = "not_run"


_ENDS = {stage.value: stage for stage in (Stage.DONE, Stage.WITHHELD, Stage.FAILED, Stage.NOT_RUN)}


@dataclass
class CohortRow:
    """One case.

    Attributes:
        case_id: name of its folder of results.
        path: of the scan.
        stage: where it is.
        fraction: how far it is, 0 to 1.
        message: what is being done, why it failed, or why the result is withheld.
        seconds: wall time it took; 0 where it has not ended.
        kept: whether the result is that of an earlier run.
    """

    case_id: str
    path: Path
    stage: Stage = Stage.WAITING
    fraction: float = 0.0
    message: str = ""
    seconds: float = 0.0
    kept: bool = False

    @property
    def has_result(self) -> bool:
        """Whether there is a folder of results; a withheld one counts."""
        return self.stage in (Stage.DONE, Stage.WITHHELD)

    @property
    def ended(self) -> bool:
        """Whether the run has no more to say of it."""
        return self.stage not in (Stage.WAITING, Stage.RUNNING)


class CohortProgress:
    """Hears the events of ``osteoscreen screen --progress json`` and keeps the table of cases.

    Args:
        cases: the cases of the run, in their order.
        clock: seconds that only grow.
    """

    def __init__(self, cases: Sequence[CaseInput], clock: Callable[[], float] = time.monotonic) -> None:
        self.rows = [CohortRow(case.case_id, case.path) for case in cases]
        self.exit_code: int | None = None
        """As the run itself said it at its end; None where it has not."""
        self.stopped = ""
        """Why the run ended before its last case; empty where it did not."""
        self._by_id = {row.case_id: (position, row) for position, row in enumerate(self.rows)}
        self._clock = clock
        self._begun: tuple[str, float] | None = None

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take one event; one that is unknown or malformed tells nothing."""
        handler = {"progress": self._progress, "case": self._case, "end": self._end}.get(str(event.get("event")))
        if handler is not None:
            handler(event)

    def stop(self, why: str) -> None:
        """The run is over: what has not ended was not run."""
        for row in self.rows:
            if not row.ended:
                row.stage, row.fraction, row.message = Stage.NOT_RUN, 0.0, why

    @property
    def fraction(self) -> float:
        """How far the whole run is, 0 to 1."""
        return sum(1.0 if row.ended else row.fraction for row in self.rows) / max(1, len(self.rows))

    @property
    def n_ended(self) -> int:
        """How many cases have ended."""
        return sum(row.ended for row in self.rows)

    def count(self, stage: Stage) -> int:
        """How many cases are at a stage."""
        return sum(row.stage is stage for row in self.rows)

    def seconds_left(self) -> float | None:
        """How long the rest will take, by the cases that this run computed; None where it is too early to tell."""
        took = [row.seconds for row in self.rows if row.ended and not row.kept and row.seconds > 0]
        running = next((row for row in self.rows if row.stage is Stage.RUNNING), None)
        if took:
            each = sum(took) / len(took)
        elif running is not None and self._begun is not None and running.fraction >= EARLY:
            each = (self._clock() - self._begun[1]) / running.fraction
        else:
            return None
        done_of_running = 0.0 if running is None else running.fraction
        return each * max(0.0, len(self.rows) - self.n_ended - done_of_running)

    def _progress(self, event: Mapping[str, Any]) -> None:
        case_id, _, message = str(event.get("message", "")).partition(": ")
        fraction = event.get("fraction")
        if case_id not in self._by_id or not isinstance(fraction, (int, float)) or not math.isfinite(fraction):
            return
        position, row = self._by_id[case_id]
        if row.ended:
            return
        if self._begun is None or self._begun[0] != case_id:
            self._begun = (case_id, self._clock())
        row.stage, row.message = Stage.RUNNING, message
        row.fraction = min(1.0, max(row.fraction, fraction * len(self.rows) - position, 0.0))

    def _case(self, event: Mapping[str, Any]) -> None:
        stage = _ENDS.get(str(event.get("state")))
        _, row = self._by_id.get(str(event.get("case_id")), (0, None))
        if stage is None or row is None:
            return
        reasons = event.get("reasons")
        seconds = event.get("seconds")
        row.stage, row.fraction, row.kept = stage, 1.0, event.get("kept") is True
        row.message = str(event.get("message") or "")
        if not row.message and isinstance(reasons, list):
            row.message = " ".join(str(reason) for reason in reasons)
        row.seconds = float(seconds) if isinstance(seconds, (int, float)) and math.isfinite(seconds) else 0.0

    def _end(self, event: Mapping[str, Any]) -> None:
        code = event.get("exit_code")
        self.exit_code = code if isinstance(code, int) else None
        self.stopped = str(event.get("message") or "")
        self.stop(self.stopped)

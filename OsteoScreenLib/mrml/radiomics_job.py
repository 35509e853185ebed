"""RadiomicsJob: features computed by the ``osteoscreen`` program beside Slicer."""

from __future__ import annotations

import csv
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from OsteoScreenLib.ct.plain_metaimage import write_metaimage
from OsteoScreenLib.errors import OsteoScreenError, OutputError, printable
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.child_process import ChildProcess, child_environment, osteoscreen_program
from OsteoScreenLib.mrml.radiomics_logic import named_by_side
from OsteoScreenLib.mrml.radiomics_order import RadiomicsOrder
from OsteoScreenLib.progress import CancelToken, ProgressCallback, stop_if
from OsteoScreenLib.radiomics.feature_table import FeatureRow, FeatureTable
from OsteoScreenLib.radiomics.provenance import PREFIX

IMAGE, MASKS, PARAMETERS, FEATURES = "scan.mha", "femora.mha", "parameters.json", "features.csv"
"""Names of the files in the folder of a job."""
_HEAD = ("image", "mask", "label", "status", "notes")
_LOOK_EVERY_S = 0.05


class RadiomicsJob:
    """Computes features in a process of its own: a job, as :class:`OsteoScreenPanel.work.Work` runs them.

    A thread writes image, masks and parameters into a temporary folder, waits for the program and reads its table. The
    folder is removed however it ends. What is told arrives in the thread that calls :meth:`poll`; no node is touched.
    The program does not say how far it is: progress stays at 0, and its words tell for how long it has run.

    Args:
        order: what is asked.
        on_progress, on_done, on_failed: told ``(fraction, message)``; the :class:`FeatureTable`; the exception, a
            :class:`CancelledError` where the user asked to stop.
        directory: where the temporary folder is made; None: where the system keeps such folders.
    """

    def __init__(
        self,
        order: RadiomicsOrder,
        on_progress: ProgressCallback,
        on_done: Callable[[FeatureTable], None],
        on_failed: Callable[[BaseException], None],
        directory: str | None = None,
    ) -> None:
        self._order, self._directory = order, directory
        self._job = BackgroundJob(self._work, on_progress, on_done, on_failed)
        self._folder: Path | None = None
        self._child: ChildProcess | None = None

    def start(self) -> None:
        """Begin; returns at once.

        Raises:
            OSError: no temporary folder can be made.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="osteoscreen-", dir=self._directory))
        self._job.start()

    @property
    def pid(self) -> int | None:
        """Number of the program's process; None before it runs."""
        return None if self._child is None else self._child.pid

    def poll(self) -> bool:
        """Tell what is new; call it again and again until it returns True, which it does once the end is told."""
        return self._job.poll()

    def cancel(self) -> None:
        """Stop: the program and all it started are ended before this returns, and their files are gone."""
        self._job.cancel()
        self._tidy()

    def _work(self, progress: ProgressCallback, cancelled: CancelToken) -> FeatureTable:
        assert self._folder is not None
        try:
            progress(0.0, "Writing the scan")
            write_files(self._order, self._folder)
            stop_if(cancelled)
            command = [*osteoscreen_program(), *arguments(self._order, self._folder)]
            self._child = ChildProcess(command, self._folder, _environment(self._folder))
            self._child.start()
            code = self._wait_for(self._child, progress, cancelled)
            return answer(self._folder, code, self._child.last_words(), self._order.labels)
        finally:
            self._tidy()

    def _wait_for(self, child: ChildProcess, progress: ProgressCallback, cancelled: CancelToken) -> int:
        began = time.monotonic()
        while (code := child.poll()) is None:
            stop_if(cancelled)
            progress(0.0, f"Computing the features ({time.monotonic() - began:.0f} s)")
            time.sleep(_LOOK_EVERY_S)
        stop_if(cancelled)
        return code

    def _tidy(self) -> None:
        if self._child is not None:
            self._child.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def write_files(order: RadiomicsOrder, folder: Path) -> None:
    """Write what the program is to read.

    Raises:
        OutputError: it cannot be written, for instance because the disk is full.
    """
    try:
        write_metaimage(order.image.array, order.image.geometry, folder / IMAGE)
        write_metaimage(order.masks.array, order.masks.geometry, folder / MASKS)
        (folder / PARAMETERS).write_text(json.dumps(order.settings.to_dict()), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The scan could not be written for the program that computes the features: {error.strerror or error}",
            path=folder,
            next_step="Free some space on this disk, or choose another temporary folder in Slicer's settings.",
        ) from error


def arguments(order: RadiomicsOrder, folder: Path) -> list[str]:
    """Arguments of the ``osteoscreen`` command."""
    found = ["radiomics", str(folder / IMAGE), str(folder / MASKS), "--out", str(folder / FEATURES)]
    found += ["--params", str(folder / PARAMETERS)]
    return found + [part for label in order.labels for part in ("--label", str(label))]


def answer(folder: Path, code: int, log: str, labels: Sequence[int]) -> FeatureTable:
    """The table that the program wrote.

    Args:
        folder: of the job.
        code: the program's exit code.
        log: its last words.
        labels: of the femora that were asked for.

    Raises:
        OsteoScreenError: ``radiomics_ended``, there is no table; ``wrong_answer``, it cannot be read or is
            about other femora; or why no femur has features.
    """
    if code not in (0, 1) or not (folder / FEATURES).is_file():
        words = f": {_without_paths(log, folder)}" if log else ""
        raise OsteoScreenError(
            f"The program that computes the features ended by itself (exit code {code}){words}",
            next_step="Close other programs and try again. If it happens again, report these words.",
            code="radiomics_ended",
        )
    try:
        with (folder / FEATURES).open(encoding="utf-8", newline="") as stream:
            rows = [_row(record, folder) for record in csv.DictReader(stream, strict=True)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise _wrong(f"its table cannot be read ({type(error).__name__})") from error
    if [row.label for row in rows] != list(labels):
        raise _wrong("it is about other femora")
    errors = [row.error for row in rows if row.error is not None]
    if errors and len(errors) == len(rows):
        raise errors[0]
    return named_by_side(FeatureTable(tuple(rows)))


def _row(record: dict[str, str], folder: Path) -> FeatureRow:
    """One line of the program's table; ValueError, KeyError or TypeError where it is none."""
    label, notes = int(record["label"]), _without_paths(record["notes"], folder)
    if record["status"] != "features":
        return FeatureRow(label, {}, error=OsteoScreenError(notes, code=record["status"]))
    facts = {name: text for name, text in record.items() if name.startswith(PREFIX)}
    names = [name for name in record if name not in _HEAD and name not in facts]
    features = {name: float(record[name]) if record[name] else math.nan for name in names}
    return FeatureRow(label, features, facts, (notes,) if notes else ())


def _without_paths(text: str, folder: Path) -> str:
    """A message without the names of files that nobody needs to know."""
    for name in (IMAGE, MASKS, PARAMETERS, FEATURES):
        text = text.replace(f" ({printable(str(folder / name))})", "")
    return text


def _environment(folder: Path) -> dict[str, str]:
    """A message of the program must not be broken into lines as for a narrow terminal."""
    return child_environment(folder) | {"COLUMNS": "1000"}


def _wrong(what: str) -> OsteoScreenError:
    return OsteoScreenError(
        f"The answer of the program that computes the features cannot be used: {what}",
        next_step="Try again; if it happens again, report it.",
        code="wrong_answer",
    )

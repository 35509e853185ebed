"""PlayedScreening: puts a small stand-in where the panel would start the ``osteoscreen`` program."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory import screening_stand_in
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_labels
from OsteoScreenLib.mrml import child_screening
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter


class PlayedScreening:
    """Prepares what the stand-in answers: what the library itself finds in the volume, with a source of the test's.

    Args:
        stage: an empty folder.
        ct: the volume that will be screened.
        monkeypatch: puts the stand-in in place.
    """

    def __init__(self, stage: Path, ct: CTVolume, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.ct = stage, ct
        self.densitometry: DensitometryOptions | None = None
        self._script = {"holds": False, "says": "", "dies_by": 0, "fails_with": "", "code": 0}
        self.does()
        program = [sys.executable, "-I", "-S", screening_stand_in.__file__, str(stage)]
        monkeypatch.setattr(child_screening, "osteoscreen_program", lambda: program)

    def does(self, **how: Any) -> None:
        """Say how it behaves: ``holds`` until :meth:`go`, ``says`` on stderr, ``dies_by`` a signal, ``fails_with``."""
        assert set(how) <= set(self._script), how
        self._script |= how
        (self.stage / "script.json").write_text(json.dumps(self._script), encoding="utf-8")

    def source(self, segmenter: FemurSegmenter) -> None:
        """What it finds when it is asked for outlines."""
        self._prepare("vbnet", segmenter)

    def checks(self) -> None:
        """What it finds when it is asked for the checks only."""
        self._prepare("none", None)

    def given(self, labels: np.ndarray) -> None:
        """What it finds when it is given these masks."""
        self._prepare("given", GivenMaskSegmenter(labels))

    def answers(self, name: str, case: ScreenedCase) -> None:
        """What it finds for a source (``vbnet``, ``given``, ``none``), from elsewhere."""
        folder = self.stage / "answers" / name
        folder.mkdir(parents=True, exist_ok=True)
        write_answer(case, self.ct, folder)

    def go(self) -> None:
        """Let one that holds go on."""
        (self.stage / "go").touch()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Number of the process, arguments, and size of the image, of each time it was started."""
        path = self.stage / "calls.txt"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @property
    def others(self) -> list[int]:
        """Numbers of the processes that one that holds started itself."""
        path = self.stage / "others.txt"
        return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []

    def _prepare(self, name: str, segmenter: FemurSegmenter | None) -> None:
        self.answers(name, screen(self.ct, "scan", segmenter, densitometry=self.densitometry))


def write_answer(case: ScreenedCase, ct: CTVolume, folder: Path) -> None:
    """The files of a case, without the report."""
    (folder / "result.json").write_text(case.result.to_json(), encoding="utf-8")
    if case.masks is not None:
        write_labels(case.masks.labels, ct.geometry, folder / "segmentation.nii.gz")
    if case.regions is not None:
        write_labels(case.regions, ct.geometry, folder / "regions.nii.gz")

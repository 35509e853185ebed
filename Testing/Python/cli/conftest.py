"""The command run in this process, and a small geometric body to run it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.cli import app
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.phantom.dicom_series import write_dicom_series
from OsteoScreenLib.screening import femur_source


@dataclass(frozen=True)
class Ended:
    """How a call of the command ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict]:
        """What it said as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def osteoscreen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Runs the command with the given arguments, on a terminal of 200 columns without colours."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        code = app.run([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture(autouse=True)
def box_segmenter(monkeypatch: pytest.MonkeyPatch) -> BoxSegmenter:
    """Takes the place of the networks: these tests are about the command around them."""
    segmenter = BoxSegmenter()
    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: segmenter)
    return segmenter


@pytest.fixture(scope="session")
def body() -> CTVolume:
    """A coarse geometric body."""
    return make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0))


@pytest.fixture(scope="session")
def dicom_folder(body: CTVolume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The body as a DICOM folder of two series: one standard, one coarse and sharp."""
    folder = tmp_path_factory.mktemp("dicom") / "body"
    write_dicom_series(body, folder / "a", SeriesNumber=1, PatientName="Doe^Jane", PatientID="MRN-4711")
    write_dicom_series(
        body, folder / "b", SeriesNumber=2, PatientName="Doe^Jane", PatientID="MRN-4711", ConvolutionKernel="B70f"
    )
    return folder

"""A small volume, and a reader and checks that answer at once, so that these tests are about the runner alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.ct import reader
from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.quality import checks
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.cohort import CohortWriters

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
WARNING = QualityFlag("sharp_kernel", Severity.WARNING, "The kernel is sharp.", {"kernel": "B70f"})
WITHHOLD = QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT.", {"modality": "MR"})


def volume(name: str = "scan.nii.gz", sha256: str | None = None) -> CTVolume:
    """A volume of 4 x 5 x 6 voxels."""
    geometry = Geometry((4, 5, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), IDENTITY)
    hu = np.zeros(geometry.shape_zyx, dtype=np.int16)
    return CTVolume(hu, geometry, Acquisition(kvp=120.0), Source(name=name, kind="nifti", sha256=sha256))


@pytest.fixture
def ct() -> CTVolume:
    return volume()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the reader by one that makes a small volume; lists the names it was asked for."""
    asked: list[str] = []

    def read(path: Path, **_: object) -> CTVolume:
        from OsteoScreenLib.ct.digest import file_sha256

        asked.append(Path(path).name)
        return volume(Path(path).name, file_sha256(path) if Path(path).is_file() else None)

    monkeypatch.setattr(reader, "read_ct", read)
    return asked


@pytest.fixture
def give_flags(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the checks find the given flags."""

    def give(*flags: QualityFlag) -> None:
        monkeypatch.setattr(checks, "check_volume", lambda *_, **__: flags)

    give(WARNING)
    return give


@pytest.fixture
def writers() -> CohortWriters:
    """Writes result.json for a case and one line per case for the run."""

    def case_files(case: ScreenedCase, ct: CTVolume, folder: Path) -> None:
        (folder / "result.json").write_text(case.result.to_json(), encoding="utf-8")
        if case.masks is not None:
            (folder / "segmentation.nii.gz").write_bytes(case.masks.labels.tobytes())

    def tables(outcomes: Sequence[CaseOutcome], out: Path) -> None:
        lines = [f"{outcome.case_id} {outcome.state.value} {outcome.message}" for outcome in outcomes]
        (out / "results.csv").write_text("\n".join(lines), encoding="utf-8")

    return CohortWriters(case_files, tables)


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    """Three files named like scans."""
    paths = [tmp_path / "data" / f"{name}.nii.gz" for name in ("one", "two", "three")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(path.name.encode())
    return paths

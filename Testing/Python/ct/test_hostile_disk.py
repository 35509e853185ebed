"""A disk that is full, read-only, unreadable, or changes while it is read."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from factory.base import small_body
from factory.dicom import DicomSeriesBuilder
from factory.images import nifti_bytes, write_bytes

from OsteoScreenLib.cli.app import run
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.errors import InputError


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_bytes(tmp_path / "ct.nii", nifti_bytes(small_body()))


@pytest.mark.skipif(os.name != "posix", reason="a limit on file sizes needs POSIX")
@pytest.mark.parametrize("limit_bytes", [0, 1000, 20_000])
def test_a_full_disk_leaves_no_half_result_and_no_traceback(
    scan: Path, tmp_path: Path, repository: Path, limit_bytes: int
):
    """A limit on the size of files stands for the full disk: writing fails at that byte."""
    code = f"""
import resource, sys
from OsteoScreenLib.cli.app import run
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))
sys.exit(run(sys.argv[1:]))
"""
    arguments = ["screen", str(scan), "--out", str(tmp_path / "out"), "--progress", "none"]
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=repository, capture_output=True, text=True, check=False
    )
    assert ended.returncode in (1, 2), ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stderr.strip() or ended.stdout.strip(), "the user is told"
    assert not list(tmp_path.rglob("*.partial"))
    for result in tmp_path.rglob("result.json"):
        json.loads(result.read_text(encoding="utf-8"))
        assert (result.parent / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_disk_that_fills_up_is_named_and_stops_the_run(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """The first case cannot be written; the second is not begun."""
    real_open = io.open

    def full(file: object, mode: str = "r", *args: object, **options: object) -> object:
        if "w" in mode and "report" in os.fspath(file):  # type: ignore[arg-type]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        return real_open(file, mode, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(io, "open", full)
    monkeypatch.setattr(builtins, "open", full)
    second = tmp_path / "second"
    second.mkdir()
    other = write_bytes(second / "other.nii", nifti_bytes(small_body()))
    code = run(["screen", str(scan), str(other), "--out", str(tmp_path / "out"), "--progress", "none"])
    monkeypatch.undo()
    assert code == 1
    table = (tmp_path / "out" / "results.csv").read_text(encoding="utf-8")
    assert "disk_full" in table
    assert "not_run" in table
    assert "Traceback" not in "".join(capfd.readouterr())
    assert not list((tmp_path / "out").rglob("result.json"))


def test_an_output_below_a_file_is_a_wrong_call_with_a_sentence(
    scan: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("in the way")
    assert run(["screen", str(scan), "--out", str(tmp_path / "file" / "out"), "--progress", "none"]) == 2
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "folder" in said
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_read_only_output_is_a_wrong_call_with_a_sentence(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: int
):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    code = run(["screen", str(scan), "--out", str(tmp_path / "out"), "--progress", "none"])
    monkeypatch.undo()
    assert code == 2
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "--out" in said


@pytest.mark.parametrize("kind", ["nifti", "dicom folder", "zip"])
def test_an_input_that_may_not_be_read_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    if kind == "dicom folder":
        path = DicomSeriesBuilder(small_body()).keep([0, 1]).write(tmp_path / "forbidden")
    else:
        path = write_bytes(tmp_path / ("forbidden.nii" if kind == "nifti" else "forbidden.zip"), b"PK\3\4" * 100)
    real_open = io.open

    def refuse(file: object, *args: object, **options: object) -> object:
        if isinstance(file, str | os.PathLike) and "forbidden" in os.fspath(file):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        return real_open(file, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(InputError) as caught:
        read_ct(path)
    monkeypatch.undo()
    assert caught.value.code == "unreadable_input"
    assert "Permission denied" in str(caught.value)


def test_files_that_vanish_while_they_are_read_are_one_clear_error(tmp_path: Path):
    folder = DicomSeriesBuilder(small_body()).write(tmp_path / "scan")

    def sweep(_: float, message: str) -> None:
        if "slices" in message:
            for file in folder.iterdir():
                file.unlink()

    with pytest.raises(InputError):
        read_ct(folder, progress=sweep)


@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz", "ct.nrrd", "ct.mha", "slice.dcm"])
def test_spoilt_bytes_never_end_the_program(tmp_path: Path, repository: Path, name: str):
    """Forty files of each format with random bytes in their first kilobyte, or (where the header is text) a number of
    it replaced by one that no header should hold: an error or a volume, never a crash."""
    code = """
import re, sys
from pathlib import Path
import numpy as np
from factory.base import small_body
from factory.dicom import DicomSeriesBuilder, write_dataset
from factory.images import nifti_bytes, write_bytes, write_metaimage, write_nrrd
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.errors import InputError
name, folder = sys.argv[1], Path(sys.argv[2])
path = folder / name
if ".nii" in name:
    write_bytes(path, nifti_bytes(small_body()))
elif name.endswith(".nrrd"):
    write_nrrd(path, small_body())
elif name.endswith(".mha"):
    write_metaimage(path, small_body())
else:
    write_dataset(DicomSeriesBuilder(small_body()).images[0], path)
good, rng = path.read_bytes(), np.random.default_rng(0)
numbers = [found.span() for found in re.finditer(rb"(?<=[ (,])-?[0-9.]+", good[:400])]
absurd = (b"nan", b"-1", b"0", b"99999999999", b"1e400", b"inf", b"", b"-99999999", b"9999")
volumes = 0
for turn in range(40):
    spoilt = bytearray(good)
    if turn % 2 and name.endswith((".nrrd", ".mha")):
        start, end = numbers[rng.integers(len(numbers))]
        spoilt[start:end] = absurd[rng.integers(len(absurd))]
    else:
        for place in rng.integers(0, min(len(good), 1000), rng.integers(1, 12)):
            spoilt[place] = rng.integers(0, 256)
    path.write_bytes(bytes(spoilt))
    try:
        volumes += read_ct(path).hu.size > 0
    except InputError as error:
        assert "\\n" not in str(error), str(error)
print(volumes)
"""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "Testing" / "Python")]),
    }
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code, name, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]

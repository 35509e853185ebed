"""Every hostile input gives the error or the flag that is specified for it: no traceback, no hang, no wrong number."""

from __future__ import annotations

import csv
import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from factory.base import differences, field_differences, small_body
from factory.dicom import DicomSeriesBuilder
from factory.hostile import HostileInput, Made, all_hostile_inputs

from OsteoScreenLib.cli.app import run
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.quality.checks import check_volume
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.quality.registry import CODES

HOSTILE_INPUTS = all_hostile_inputs()
PATIENCE_S = 20
REPOSITORY = Path(__file__).resolve().parents[3]

every_hostile_input = pytest.mark.parametrize("entry", HOSTILE_INPUTS, ids=lambda entry: entry.name)


class Hang(BaseException):
    """The program waits for ever. Not an Exception, so that no ``except`` of the program can swallow it."""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """End a test that hangs (where the platform has an alarm clock)."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise Hang(f"no answer within {PATIENCE_S} s")

    earlier = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, earlier)


def made(entry: HostileInput, folder: Path) -> Made:
    """Make the input; skip where the file system or the platform cannot hold it."""
    try:
        return entry.make(folder)
    except (OSError, AttributeError, NotImplementedError) as error:
        if sys.platform.startswith("linux"):
            raise
        pytest.skip(f"this platform cannot make it: {error}")


def test_the_list_is_long_and_every_name_and_code_is_known():
    names = [entry.name for entry in HOSTILE_INPUTS]
    assert len(names) == len(set(names))
    assert len(names) >= 100
    for entry in HOSTILE_INPUTS:
        assert set(entry.flags) | set(entry.also) <= set(CODES), entry.name


@every_hostile_input
def test_the_library_gives_the_specified_error_or_flag(entry: HostileInput, tmp_path: Path):
    made_input = made(entry, tmp_path)
    if entry.isolated:
        must_end_well_in_a_process_of_its_own(entry, made_input.path)
    found = volume_or_error(made_input.path)
    if isinstance(found, InputError):
        assert found.code in entry.errors, f"{found.code}: {found}"
        assert_clear(found)
        return
    assert entry.flags or not entry.errors, f"a volume was returned in place of the error {entry.errors}"
    assert_true(found, made_input)
    assert_flagged(found, entry)


def volume_or_error(path: Path) -> CTVolume | InputError:
    """What the library makes of a path; any other exception ends the test."""
    try:
        return read_ct(path)
    except InputError as error:
        return error


def must_end_well_in_a_process_of_its_own(entry: HostileInput, path: Path) -> None:
    code = "import sys; from OsteoScreenLib.cli.app import run; sys.exit(run(sys.argv[1:]))"
    arguments = ["screen", str(path), "--out", str(path.parent / "isolated-out"), "--progress", "none"]
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, capture_output=True, check=False, timeout=PATIENCE_S
    )
    assert ended.returncode == (1 if entry.errors else 0), f"the process ended with {ended.returncode}"


def assert_clear(error: InputError) -> None:
    """One sentence that names the file, and the next step, on one line."""
    assert "\n" not in str(error)
    assert "Traceback" not in str(error)
    assert error.path is not None
    assert error.next_step.endswith(".")
    assert "ITK" not in error.message, "the words of a C++ library say nothing to a user"
    assert "itk::" not in error.message


def assert_true(ct: CTVolume, made_input: Made) -> None:
    """Geometry and HU are what the builder knows."""
    assert ct.geometry.is_valid() == (True, "")
    assert not ct.hu.flags.writeable
    if made_input.truth is not None:
        assert differences(ct, made_input.truth) == ""
    if made_input.field is not None:
        assert field_differences(ct, made_input.field, made_input.outside_hu) == ""
    assert ct.source.oriented is not made_input.unoriented


def assert_flagged(ct: CTVolume, entry: HostileInput) -> None:
    flags = check_volume(ct)
    codes = {flag.code for flag in flags}
    grave = {flag.code for flag in flags if flag.severity is not Severity.INFO}
    assert set(entry.flags) <= codes, f"not flagged: {set(entry.flags) - codes}"
    assert grave <= set(entry.flags) | set(entry.also), "false alarm"
    for flag in flags:
        json.dumps(flag.to_dict(), allow_nan=False)


@every_hostile_input
def test_the_command_ends_with_the_right_code_and_no_traceback(
    entry: HostileInput, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    inputs = tmp_path / "in"
    inputs.mkdir()
    made_input, out = made(entry, inputs), tmp_path / "out"
    if entry.isolated:
        must_end_well_in_a_process_of_its_own(entry, made_input.path)
    code = run(["screen", str(made_input.path), "--out", str(out), "--progress", "none"])
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert not any(ord(c) < 32 and c not in "\n\r\t" for c in said), "a control character reached the terminal"
    with (out / "results.csv").open(newline="", encoding="utf-8") as table:
        (row,) = csv.DictReader(table)
    if row["state"] == "failed":
        assert code == 1
        assert row["error_code"] in entry.errors, row["error_message"]
        assert not list(out.rglob("result.json"))
    else:
        assert code == 0
        assert entry.flags or not entry.errors, f"a result was written in place of the error {entry.errors}"
        assert_result_holds(out / row["case_id"], entry)
    assert_nothing_escaped(tmp_path, out)


def assert_result_holds(folder: Path, entry: HostileInput) -> None:
    """A whole result and report; no person, no identifier, no markup of the input's own."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert set(entry.flags) <= {flag["code"] for flag in result["quality"]}
    grave = {flag["code"] for flag in result["quality"] if flag["severity"] == "withhold"}
    assert result["withheld"] is bool(grave)
    for file in folder.iterdir():
        text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode("latin-1")
        assert "OsteoScreen^Simulation" not in text, "the patient's name"
        assert "OSTEOSCREEN-SIMULATION" not in text, "the patient's ID"
        assert "1.2.826.0.1" not in text, "a UID"
    assert "<script>alert" not in (folder / "report.html").read_text(encoding="utf-8")


def assert_nothing_escaped(tmp_path: Path, out: Path) -> None:
    """The program wrote into its output folder and nowhere else, and left nothing half done."""
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    assert not list(tmp_path.rglob("*escaped*"))
    assert not list(out.rglob("*.partial"))


def test_hostile_inputs_do_not_stop_the_other_cases_of_a_call(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    names = ("text_named_dcm", "zip_bomb", "zip_of_a_series", "nifti_4d", "dicom_mr", "nifti_big_endian")
    paths = []
    for entry in HOSTILE_INPUTS:
        if entry.name in names:
            (tmp_path / entry.name).mkdir()
            paths.append(str(entry.make(tmp_path / entry.name).path))
    assert len(paths) == len(names)
    assert run(["screen", *paths, "--out", str(tmp_path / "out"), "--progress", "none", "--no-segmentation"]) == 1
    with (tmp_path / "out" / "results.csv").open(newline="", encoding="utf-8") as table:
        states = [row["state"] for row in csv.DictReader(table)]
    assert sorted(states) == ["done", "done", "failed", "failed", "failed", "failed"]
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("text", ["[/bold]", "[red]", "\x1b[31m", "<script>alert(1)</script>", "=1+1"])
def test_the_list_of_series_shows_what_headers_say_as_plain_text(
    text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    series = DicomSeriesBuilder(small_body(), ConvolutionKernel=text, ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "Q"])
    folder = series.write(tmp_path / "scan")
    assert run(["screen", str(folder), "--list-series"]) == 0
    said = "".join(capfd.readouterr())
    assert "\x1b" not in said
    assert "Traceback" not in said
    assert run(["screen", str(folder), "--out", str(tmp_path / "out"), "--progress", "none"]) == 0
    assert "\x1b" not in "".join(capfd.readouterr())
    page = (tmp_path / "out" / "scan" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page


def test_the_installed_command_shows_a_sentence_and_a_traceback_only_with_v(tmp_path: Path, repository: Path):
    (tmp_path / "slice.dcm").write_text("This is no DICOM file.")
    command = [sys.executable, "-m", "OsteoScreenLib.cli", "screen", str(tmp_path / "slice.dcm")]
    quiet = subprocess.run(
        [*command, "--out", str(tmp_path / "a")], cwd=repository, capture_output=True, text=True, check=False
    )
    loud = subprocess.run(
        [*command, "--out", str(tmp_path / "b"), "-v"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (quiet.returncode, loud.returncode) == (1, 1)
    assert "not an image" in (quiet.stdout + quiet.stderr).replace("\n", " ")
    assert "Traceback" not in quiet.stdout + quiet.stderr
    assert "Traceback" in loud.stdout + loud.stderr

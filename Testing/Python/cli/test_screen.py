from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from OsteoScreenLib.cli import progress_bar
from OsteoScreenLib.ct import reader
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.quality import checks
from OsteoScreenLib.screening import output_folder


def table(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.dcm"
    path.write_text("not an image\n" * 50)
    return path


def test_a_dicom_folder_gives_a_result_a_report_and_tables(osteoscreen, dicom_folder, out) -> None:
    ended = osteoscreen("screen", dicom_folder, "--out", out)
    assert ended.code == 0, ended.err
    assert {entry.name for entry in out.iterdir()} == {"results.csv", "index.html", "body"}
    assert {entry.name for entry in (out / "body").iterdir()} == {"result.json", "report.html", "segmentation.nii.gz"}
    result = json.loads((out / "body" / "result.json").read_text(encoding="utf-8"))
    assert result["case_id"] == "body"
    assert set(result["timings_s"]) == {"reading", "checks", "segmentation", "densitometry"}
    assert len(result["input"]["series"]) == 2
    assert table(out)[0]["state"] == ("withheld" if result["withheld"] else "done")
    assert "body" in ended.out
    assert str(out / "body" / "report.html") in ended.out
    assert "confirm with DXA" in ended.out
    assert ended.err == ""


def test_a_file_gives_a_result_too(osteoscreen, body, tmp_path, out) -> None:
    write_image(body, tmp_path / "scan.nii.gz")
    assert osteoscreen("screen", tmp_path / "scan.nii.gz", "--out", out).code == 0
    assert (out / "scan" / "report.html").is_file()


def test_no_patient_identifier_reaches_any_output(osteoscreen, dicom_folder, out, tmp_path) -> None:
    log = tmp_path / "log.txt"
    ended = osteoscreen("screen", dicom_folder, "--out", out, "--log-file", log)
    uids = [series.uid for series in reader.list_series(dicom_folder)]
    files = [path for path in [log, *out.rglob("*.*")] if path.is_file() and path.suffix != ".gz"]
    written = [path.read_text(encoding="utf-8") for path in files]
    written.append(gzip.decompress((out / "body" / "segmentation.nii.gz").read_bytes()).decode("latin-1"))
    for text in (*written, ended.out, ended.err):
        for secret in ("Doe", "Jane", "4711", *uids):
            assert secret not in text


def test_a_failed_case_leaves_no_uid_in_the_log(osteoscreen, dicom_folder, out, tmp_path) -> None:
    uid = reader.list_series(dicom_folder)[0].uid
    log = tmp_path / "log.txt"
    study = Path(shutil.copytree(dicom_folder, tmp_path / "study"))
    osteoscreen("screen", study, "--out", out, "--log-file", log, "--series", f"{uid}.99")
    assert table(out)[0]["error_code"] == "series_not_found"
    first = min(study.rglob("*.dcm"))
    (first.parent / f"{uid}.dcm").write_bytes(first.read_bytes()[:-1000])
    osteoscreen("screen", study, "--out", out, "--log-file", log)
    assert table(out)[0]["error_code"] == "truncated"
    text = log.read_text(encoding="utf-8")
    assert "failed (series_not_found)" in text
    assert "failed (truncated)" in text
    assert uid not in text


def test_a_failed_case_is_named_with_its_reason_and_the_others_go_on(osteoscreen, dicom_folder, text_file, out) -> None:
    missing = out.parent / "nothing-here"
    ended = osteoscreen("screen", text_file, missing, dicom_folder, "--out", out)
    assert ended.code == 1
    assert [row["state"] == "failed" for row in table(out)] == [True, True, False]
    assert "notes.dcm" in ended.err
    assert "nothing-here" in ended.err
    assert "Traceback" not in ended.out + ended.err
    assert table(out)[1]["error_code"] == "not_found"


def test_a_missing_input_alone_is_a_failed_case_and_not_a_wrong_call(osteoscreen, out) -> None:
    assert osteoscreen("screen", "nothing-here", "--out", out).code == 1
    assert len(table(out)) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("screen",), "There is no INPUT"),
        (("screen", "x"), "--out"),
        (("screen", "x", "--out", "y", "--no-such-option"), "No such option"),
        (("screen", "x", "--out", "y", "--thickness", "thin"), "--thickness"),
        (("screen", "x", "--out", "y", "--thickness", "-1"), "--thickness"),
        (("screen", "x", "--out", "y", "--series", " "), "--series is empty"),
        (("screen", "x", "--out", "y", "--progress", "loud"), "--progress"),
        (("no-such-command",), "No such command"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_wrong(osteoscreen, arguments, says, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = osteoscreen(*arguments)
    assert ended.code == 2
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_a_file_is_a_wrong_call(osteoscreen, dicom_folder, text_file) -> None:
    ended = osteoscreen("screen", dicom_folder, "--out", text_file)
    assert ended.code == 2
    assert "--out" in ended.err


def test_an_unexpected_error_shows_its_traceback_with_v_only(osteoscreen, dicom_folder, out, monkeypatch) -> None:
    monkeypatch.setattr(checks, "check_volume", lambda *_, **__: 1 / 0)
    quiet = osteoscreen("screen", dicom_folder, "--out", out)
    assert quiet.code == 1
    assert "unexpected error" in quiet.err
    assert "-v" in quiet.err
    assert "Traceback" not in quiet.err
    for loud in (
        osteoscreen("-v", "screen", dicom_folder, "--out", out),
        osteoscreen("screen", dicom_folder, "--out", out, "-v"),
    ):
        assert "Traceback" in loud.err
        assert "ZeroDivisionError" in loud.err


def test_the_log_shows_where_an_error_was_but_not_its_text(
    osteoscreen, dicom_folder, out, tmp_path, monkeypatch
) -> None:
    secret = "^".join(("Doe", "Jane"))

    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"bad value in {secret}")

    monkeypatch.setattr(checks, "check_volume", broken)
    log = tmp_path / "log.txt"
    osteoscreen("--log-file", log, "screen", dicom_folder, "--out", out)
    text = log.read_text(encoding="utf-8")
    assert "unexpected error" in text
    assert "pipeline.py" in text
    assert "ValueError" in text
    assert secret not in text


def test_a_log_file_that_cannot_be_written_is_a_wrong_call(osteoscreen, dicom_folder, out, tmp_path) -> None:
    ended = osteoscreen("--log-file", tmp_path / "no" / "such" / "log.txt", "screen", dicom_folder, "--out", out)
    assert ended.code == 2
    assert "log.txt" in ended.err
    assert not out.exists()


def test_ctrl_c_ends_with_130_and_leaves_finished_cases_intact(
    osteoscreen, dicom_folder, body, out, tmp_path, monkeypatch
) -> None:
    write_image(body, tmp_path / "first.nii.gz")
    good = reader.read_ct

    def interrupted(path, **options):
        if Path(path) == dicom_folder:
            raise KeyboardInterrupt
        return good(path, **options)

    monkeypatch.setattr(reader, "read_ct", interrupted)
    ended = osteoscreen("screen", tmp_path / "first.nii.gz", dicom_folder, "--out", out)
    assert ended.code == 130
    assert "--resume" in ended.err
    assert (out / "first" / "report.html").is_file()
    assert [row["state"] for row in table(out)][1] == "not_run"
    assert not list(out.glob(".*"))
    monkeypatch.setattr(reader, "read_ct", good)
    resumed = osteoscreen("screen", tmp_path / "first.nii.gz", dicom_folder, "--out", out, "--resume")
    assert resumed.code == 0
    assert [row["kept_from_earlier_run"] for row in table(out)] == ["yes", "no"]


def test_a_disk_that_fills_up_is_said_and_leaves_no_half_result(osteoscreen, dicom_folder, out, monkeypatch) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "result.json":
            raise OSError(28, os.strerror(28))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    ended = osteoscreen("screen", dicom_folder, "--out", out)
    assert ended.code == 1
    assert "The disk is full" in ended.err
    assert "Free some space" in ended.err
    assert {entry.name for entry in out.iterdir()} == {"results.csv", "index.html"}


def test_an_output_that_is_read_only_is_a_wrong_call(osteoscreen, dicom_folder, out, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(output_folder.tempfile, "NamedTemporaryFile", refuse)
    ended = osteoscreen("screen", dicom_folder, "--out", out)
    assert ended.code == 2
    assert "read-only" in ended.err


def test_json_progress_is_one_object_per_line_and_ends_with_the_exit_code(
    osteoscreen, dicom_folder, text_file, out
) -> None:
    ended = osteoscreen("screen", dicom_folder, text_file, "--out", out, "--progress", "json")
    kinds = [event["event"] for event in ended.events]
    assert kinds[-1] == "end"
    assert ended.events[-1]["exit_code"] == ended.code == 1
    cases = [event for event in ended.events if event["event"] == "case"]
    assert [case["case_id"] for case in cases] == ["body", "notes"]
    fractions = [event["fraction"] for event in ended.events if event["event"] == "progress"]
    assert fractions == sorted(fractions)


def test_a_pipe_sees_no_bar(osteoscreen, dicom_folder, out, monkeypatch) -> None:
    monkeypatch.setattr(progress_bar, "SHOW_AFTER_S", 0.0)
    assert osteoscreen("screen", dicom_folder, "--out", out).err == ""


def test_the_series_are_listed_with_their_uids_on_request(osteoscreen, dicom_folder, body, tmp_path) -> None:
    ended = osteoscreen("screen", dicom_folder, "--list-series")
    assert ended.code == 0
    for series in reader.list_series(dicom_folder):
        assert series.uid in ended.out
    assert "B70f" in ended.out
    write_image(body, tmp_path / "scan.nii.gz")
    single = osteoscreen("screen", tmp_path / "scan.nii.gz", "--list-series")
    assert single.code == 0
    assert "one image file" in single.out
    assert osteoscreen("screen", "nothing-here", "--list-series").code == 1


def test_a_series_can_be_chosen_by_uid_or_number(osteoscreen, dicom_folder, out) -> None:
    sharp = next(series for series in reader.list_series(dicom_folder) if series.kernel == "B70f")
    for choice in (sharp.uid, "2"):
        assert osteoscreen("screen", dicom_folder, "--out", out, "--series", choice).code == 0
        assert table(out)[0]["kernel"] == "B70f"
    assert osteoscreen("screen", dicom_folder, "--out", out).code == 0
    assert table(out)[0]["kernel"] != "B70f"
    wrong = osteoscreen("screen", dicom_folder, "--out", out, "--series", "99")
    assert wrong.code == 1
    assert "99" in wrong.err or "series" in wrong.err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this file system refuses names that are not UTF-8")
def test_a_path_that_is_not_utf8_does_not_trouble_the_command(osteoscreen, body, tmp_path, out) -> None:
    write_image(body, tmp_path / "scan.nii.gz")
    odd = tmp_path / os.fsdecode(b"gr\xf6\xdfe \xff.nii.gz")
    (tmp_path / "scan.nii.gz").rename(odd)
    ended = osteoscreen("screen", odd, out.parent / os.fsdecode(b"\xfe"), "--out", out)
    assert ended.code == 1
    assert [row["state"] for row in table(out)][1] == "failed"
    assert table(out)[0]["state"] != "failed", table(out)[0]["error_message"]
    report = next(out.rglob("report.html")).read_text(encoding="utf-8")
    assert "\\udcff" in report


def test_the_summary_marks_states_by_symbol_and_in_words(osteoscreen, dicom_folder, text_file, out) -> None:
    ended = osteoscreen("screen", dicom_folder, text_file, "--out", out)
    assert "✕ failed" in ended.out
    assert "✓ done" in ended.out or "■ withheld" in ended.out
    assert str(out / "index.html") in ended.out


def test_every_shared_ct_has_a_result(osteoscreen, shared_data, out) -> None:
    scans = [
        shared_data / "hip_ct_dicom" / "STS_036",
        shared_data / "hip_ct" / "STS_036_CT.nii.gz",
        shared_data / "abdomen_ct" / "totalsegmentator_example" / "example_ct.nii.gz",
        shared_data / "chest_ct" / "lidc_chest" / "lidc_chest_spinecrop_native.nii.gz",
    ]
    ended = osteoscreen("screen", *[scan for scan in scans if scan.exists()], "--out", out, "--no-segmentation")
    assert ended.code == 0, ended.err
    rows = {row["case_id"]: row for row in table(out)}
    assert "kvp_not_120" in rows["STS_036"]["warning_flags"]

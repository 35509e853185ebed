"""Which scans a folder or a table means, for the command line's --cohort and for the panel."""

from __future__ import annotations

from pathlib import Path

import pytest

from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.screening.cohort_paths import cohort_paths, cohort_scans


def code_of(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        cohort_paths(path)
    return refused.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cohort of four scans among other files."""
    folder = tmp_path / "cohort"
    for name in ("b_dicom", "results", ".hidden"):
        (folder / name).mkdir(parents=True)
    for name in ("A.nii.gz", "c.ZIP", "d.mha", "notes.txt", "patients.csv", ".DS_Store", "d.raw"):
        (folder / name).write_text("x")
    return folder


def write_table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_each_folder_image_and_zip_is_a_scan_and_nothing_else_is(folder: Path) -> None:
    assert [path.name for path in cohort_paths(folder)] == ["A.nii.gz", "b_dicom", "c.ZIP", "d.mha", "results"]


def test_the_folder_of_the_results_is_no_scan(folder: Path) -> None:
    names = [path.name for path in cohort_paths(folder, folder / "b_dicom" / ".." / "results")]
    assert names == ["A.nii.gz", "b_dicom", "c.ZIP", "d.mha"]


def test_a_folder_that_is_itself_a_scan_is_refused_with_advice(folder: Path) -> None:
    (folder / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(10))
    with pytest.raises(UsageError, match="one scan") as refused:
        cohort_paths(folder)
    assert refused.value.code == "loose_dicom"
    assert "folder above" in refused.value.next_step


def test_an_empty_folder_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "no_scan"
    assert code_of(tmp_path / "absent") == "not_found"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_names_scans_relative_to_itself(tmp_path: Path, separator: str) -> None:
    rows = [["age", " Path "], ["61", "a/ct.nii.gz"], ["", ""], ["70", str(tmp_path / "b c")]]
    table = write_table(tmp_path, "\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    assert cohort_paths(table) == (tmp_path / "a" / "ct.nii.gz", tmp_path / "b c")


def test_a_path_with_a_comma_stands_in_quotes(tmp_path: Path) -> None:
    assert cohort_paths(write_table(tmp_path, 'path\n"Doe, Jane"\n')) == (tmp_path / "Doe, Jane",)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "utf-8"),
        ("file,age\na,1\n", "utf-8"),
        ("path,path\na,b\n", "utf-8"),
        ("path,age\n,61\n", "utf-8"),
        ('path\n"a\n', "utf-8"),
        ("path\n\u00e4\n", "latin-1"),
        ("path\na\0b\n", "utf-8"),
    ],
)
def test_what_is_no_table_of_scans_is_refused(tmp_path: Path, text: str, encoding: str) -> None:
    assert code_of(write_table(tmp_path, text, encoding)) == "not_a_table"


def test_a_table_without_rows_holds_no_scan(tmp_path: Path) -> None:
    assert code_of(write_table(tmp_path, "path\n")) == "no_scan"


def test_a_table_of_any_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("OsteoScreenLib.screening.cohort_paths.MAX_TABLE_BYTES", 20)
    assert code_of(write_table(tmp_path, "path\n" + "a" * 30)) == "not_a_table"
    assert cohort_paths(write_table(tmp_path, "path\n" + "a" * 10)) == (tmp_path / ("a" * 10),)


def test_a_table_may_say_sex_age_and_contrast_of_each_patient(tmp_path: Path) -> None:
    text = "path;Sex;age_years;contrast\na;F;67.5;no\nb;male;;\nc;;;YES\nd;;;\n"
    facts = [scan.facts for scan in cohort_scans(write_table(tmp_path, text))]
    assert facts == [PatientFacts("F", 67.5, False), PatientFacts("M"), PatientFacts(contrast=True), None]


def test_a_table_without_such_columns_says_nothing_of_the_patients(tmp_path: Path) -> None:
    assert [scan.facts for scan in cohort_scans(write_table(tmp_path, "path,weight\na,70\n"))] == [None]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path,sex\na,F\nb,X\n", "Row 3 of the table: sex is F or M, not 'X'"),
        ("path,age\na,old\n", "age is a number of years from 0 to 130, not 'old'"),
        ("path,age\na,nan\n", "age is a number"),
        ("path,age\na,-1\n", "age is a number"),
        ("path,contrast\na,perhaps\n", "contrast is yes or no"),
        ("path,age,age_years\na,60,61\n", "two columns speak of the same"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_with_its_row(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        cohort_scans(write_table(tmp_path, text))
    assert refused.value.code == "not_a_table"

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.screening.inputs import MAX_LENGTH, case_inputs, safe_name


def ids(*paths: str) -> list[str]:
    return [case.case_id for case in case_inputs(paths)]


@pytest.mark.parametrize(
    ("path", "case_id"),
    [
        ("/data/STS_036_CT.nii.gz", "STS_036_CT"),
        ("/data/scan.MHA", "scan"),
        ("/data/scan.dcm", "scan"),
        ("/data/scan.zip", "scan"),
        ("/data/study.2024/", "study.2024"),
        ("/data/.nii.gz", "nii"),
        ("/", "case"),
    ],
)
def test_a_case_is_named_by_the_last_part_of_its_path_without_the_image_suffix(path: str, case_id: str) -> None:
    assert ids(path) == [case_id]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a b/c:d", "a_b_c_d"),
        ("Müller", "Muller"),
        ("con", "case_con"),
        ("LPT1.x", "case_LPT1.x"),
        ("console", "console"),
        ("../..", "case"),
        ("-rf", "rf"),
        ("name. ", "name"),
        ("=1+1", "1_1"),
        ("\udcff\udcfe", "case"),
        ("<script>", "script"),
    ],
)
def test_a_name_becomes_safe_on_every_platform(text: str, safe: str) -> None:
    assert safe_name(text) == safe


@given(st.text(max_size=200))
def test_any_text_becomes_a_short_plain_name(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    assert len(name) <= MAX_LENGTH + len("case_")
    assert not name.endswith(".")


def test_inputs_of_one_name_are_told_apart_by_the_folder_that_differs() -> None:
    assert ids("/d/STS_036/image", "/d/STS_040/image") == ["STS_036_image", "STS_040_image"]
    assert ids("/d/STS_036/CT/image", "/d/STS_040/CT/image") == ["STS_036_image", "STS_040_image"]


def test_inputs_that_no_single_folder_tells_apart_get_several() -> None:
    assert ids("/a/x/i", "/a/y/i", "/b/x/i", "/b/y/i") == ["a_x_i", "a_y_i", "b_x_i", "b_y_i"]


def test_the_same_path_twice_is_numbered() -> None:
    assert ids("/d/scan.nii", "/d/scan.nii", "/d/scan.nii") == ["scan", "scan_2", "scan_3"]


def test_an_image_and_a_zip_of_one_name_beside_each_other_are_numbered() -> None:
    assert ids("/d/scan.nii", "/d/scan.zip") == ["scan", "scan_2"]


def test_ids_differ_also_where_a_file_system_ignores_the_case_of_letters() -> None:
    first, second = ids("/d/Scan.nii", "/d/scan.nii")
    assert first.casefold() != second.casefold()


def test_a_case_never_takes_the_name_of_a_table_of_the_run() -> None:
    assert ids("/d/results.csv", "/d/Index.html") == ["results.csv_2", "Index.html_2"]


def test_a_made_up_name_does_not_collide_with_a_given_one() -> None:
    names = ids("/d/scan", "/d/scan", "/d/scan_2")
    assert len(set(names)) == 3


@given(st.lists(st.sampled_from(["a", "A", "b", "con", "é", "..", " "]), min_size=1, max_size=6), st.integers(1, 5))
def test_ids_are_always_unique(parts: list[str], repeats: int) -> None:
    paths = [os.path.join("/r", *parts[: 1 + n % len(parts)]) for n in range(repeats * 3)]  # noqa: PTH118
    names = [name.casefold() for name in ids(*paths)]
    assert len(set(names)) == len(names)


def test_the_name_of_an_input_is_the_last_part_of_its_path_as_given() -> None:
    assert case_inputs(["/d/Über scan.nii.gz"])[0].name == "Über scan.nii.gz"
    assert case_inputs([Path("/d/x/..")])[0].name == "d"


def test_a_folder_whose_name_says_nothing_is_led_by_the_one_it_lies_in() -> None:
    cases = case_inputs(["cohort/patient-0001/dicom", "cohort/patient-0002/ct.nii.gz", "cohort/hip"])
    assert [case.case_id for case in cases] == ["patient-0001_dicom", "patient-0002_ct", "hip"]

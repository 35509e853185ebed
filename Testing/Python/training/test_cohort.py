"""The cohort table: what it refuses, which cases belong together, how it is split."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.training.cohort_file import read_cohort
from OsteoScreenLib.training.cohort_splits import split_cohort

ROW = {
    "case_id": "a",
    "patient_id": "p1",
    "t_score": "-1.5",
    "t_score_source": "QCT",
    "t_score_site": "femoral_neck",
    "sex": "F",
    "age": "67",
    "site": "north",
    "date": "2024-05-01",
}


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def many(n: int) -> list[dict[str, str]]:
    scores = (-0.5, -1.8, -3.0)
    return [
        ROW | {"case_id": f"c{i}", "patient_id": f"p{i // 2}", "t_score": str(scores[i // 2 % 3])} for i in range(n)
    ]


def test_a_sound_table_is_read_with_types_and_classes(tmp_path):
    rows = [ROW, ROW | {"case_id": "b", "t_score": "-1.0"}, ROW | {"case_id": "c", "t_score": "-2.5", "sex": ""}]
    cohort = read_cohort(write(tmp_path / "cohort.csv", rows))
    assert [case.status for case in cohort.cases] == ["osteopenia", "normal", "osteoporosis"]
    assert (cohort.cases[0].sex, cohort.cases[0].age, cohort.cases[2].sex) == ("female", 67.0, None)
    assert (cohort.t_score_source, cohort.t_score_site) == ("QCT", "femoral_neck")


def test_a_table_of_the_screening_command_is_read_under_its_own_headings(tmp_path):
    (tmp_path / "scan.nii.gz").write_bytes(b"voxels")
    row = {name: text for name, text in ROW.items() if name != "age"}
    cohort = read_cohort(
        write(tmp_path / "cohort.csv", [row | {"path": "scan.nii.gz", "age_years": "71.5", "side": "left"}])
    )
    assert (cohort.cases[0].image, cohort.cases[0].age) == (tmp_path / "scan.nii.gz", 71.5)
    with pytest.raises(InputError, match="the columns age_years and age say the same"):
        read_cohort(write(tmp_path / "both.csv", [ROW | {"age_years": "71"}]))


def test_every_problem_is_said_at_once_with_its_line(tmp_path):
    rows = [
        ROW | {"t_score": "low", "age": "670"},
        ROW | {"sex": "x", "patient_id": ""},
        ROW | {"case_id": "b", "sex": "M", "date": "1.5.2024"},
        ROW | {"case_id": "c", "t_score_site": "total_hip", "image": "nowhere.nii.gz"},
    ]
    with pytest.raises(InputError) as caught:
        read_cohort(write(tmp_path / "cohort.csv", rows))
    text = str(caught.value)
    for part in (
        "10 problems",
        "line 2: t_score is 'low', which is no number",
        "line 2: age is 670 years",
        "line 3: the case 'a' is in line 2 already",
        "line 3: sex is 'x'",
        "line 3: patient_id is empty",
        "line 4: date is '1.5.2024'",
        "line 4: the patient 'p1' is female in line 2",
        "line 5: image: there is no",
        "line 5: there is an image and no side",
        "t_score_site is femoral_neck and total_hip",
    ):
        assert part in text, part


def test_t_scores_of_dxa_and_qct_together_are_read_and_said_to_be_mixed(tmp_path):
    from OsteoScreenLib.training.honesty import cohort_warnings

    rows = [ROW | {"split": "train"}, ROW | {"case_id": "b", "t_score_source": "DXA", "split": "train"}]
    cohort = read_cohort(write(tmp_path / "cohort.csv", rows))
    assert cohort.t_score_source == "DXA and QCT"
    assert "are mixed" in cohort_warnings(cohort)[0]
    assert cohort_warnings(read_cohort(write(tmp_path / "one.csv", rows[:1]))) == []


def test_a_missing_required_column_is_named(tmp_path):
    row = {name: value for name, value in ROW.items() if name != "t_score_site"}
    with pytest.raises(InputError, match="the column t_score_site is missing"):
        read_cohort(write(tmp_path / "cohort.csv", [row]))


@pytest.mark.needs_module("openpyxl")
def test_an_excel_table_says_the_same_as_csv(tmp_path):
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    typed = ROW | {"t_score": -1.5, "age": 67, "date": datetime.datetime(2024, 5, 1)}
    book.active.append(list(typed))
    book.active.append(list(typed.values()))
    book.save(tmp_path / "cohort.xlsx")
    assert read_cohort(tmp_path / "cohort.xlsx") == read_cohort(write(tmp_path / "cohort.csv", [ROW]))
    (tmp_path / "broken.xlsx").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="not an Excel file"):
        read_cohort(tmp_path / "broken.xlsx")


@pytest.mark.beside("pyarrow", "pyarrow")
def test_a_parquet_table_says_the_same_as_csv(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    typed = ROW | {"t_score": -1.5, "age": 67.0}
    parquet.write_table(pa.table({name: [value] for name, value in typed.items()}), tmp_path / "cohort.parquet")
    assert read_cohort(tmp_path / "cohort.parquet") == read_cohort(write(tmp_path / "cohort.csv", [ROW]))


def test_the_same_image_joins_two_patients_and_another_does_not(tmp_path):
    for name, content in (("1.nii", b"one"), ("2.nii", b"one"), ("3.nii", b"three")):
        (tmp_path / name).write_bytes(content)
    rows = [ROW | {"case_id": f"c{i}", "patient_id": f"p{i}", "image": f"{i}.nii", "side": "left"} for i in (1, 2, 3)]
    cohort = read_cohort(write(tmp_path / "cohort.csv", rows))
    assert [case.group for case in cohort.cases] == ["p1", "p1", "p3"]


def test_a_random_split_keeps_patients_whole_and_classes_in_proportion(tmp_path):
    cohort = read_cohort(write(tmp_path / "cohort.csv", many(240)))
    split = split_cohort(cohort, "random", seed=3)
    of_patient: dict[str, set] = {}
    for case in split.cases:
        of_patient.setdefault(case.patient_id, set()).add(case.split)
    assert all(len(found) == 1 for found in of_patient.values())
    counts = Counter((case.status, case.split) for case in split.cases)
    assert all(counts[name, "test"] == 24 for name in ("normal", "osteopenia", "osteoporosis"))
    assert split == split_cohort(cohort, "random", seed=3)
    assert split != split_cohort(cohort, "random", seed=4)


def test_a_random_split_leaves_the_test_cases_of_the_table_alone(tmp_path):
    rows = [row | {"split": "test" if i < 60 else ""} for i, row in enumerate(many(240))]
    split = split_cohort(read_cohort(write(tmp_path / "cohort.csv", rows)), "random")
    assert Counter(case.split for case in split.cases) == {"test": 60, "train": 126, "validation": 54}
    assert all(case.split == "test" for case in split.cases[:60])


def test_splits_by_site_and_by_date(tmp_path):
    rows = [ROW, ROW | {"case_id": "b", "patient_id": "p2", "site": "south", "date": "2024-06-01"}]
    cohort = read_cohort(write(tmp_path / "cohort.csv", rows))
    by_site = split_cohort(cohort, "site", test_sites=["south"])
    by_date = split_cohort(cohort, "date", test_from="2024-05-15")
    assert [case.split for case in by_site.cases] == ["development", "external"]
    assert [case.split for case in by_date.cases] == ["development", "test"]
    with pytest.raises(UsageError, match="No case is of the site 'west'"):
        split_cohort(cohort, "site", test_sites=["west"])


def test_a_patient_on_both_sides_of_a_given_split_is_refused(tmp_path):
    rows = [ROW | {"split": "train"}, ROW | {"case_id": "b", "split": "test"}]
    cohort = read_cohort(write(tmp_path / "cohort.csv", rows))
    with pytest.raises(InputError, match=r"1 patients lie in more than one split: p1 \(test and train\)"):
        split_cohort(cohort, "given")
    with pytest.raises(InputError, match="No case is left to learn from"):
        split_cohort(read_cohort(write(tmp_path / "all.csv", [ROW | {"split": "test"}])), "given")

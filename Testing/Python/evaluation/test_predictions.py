"""The table of predictions: what is read, what is written, and every problem of a table said at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.errors import InputError, OutputError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, TWO_CLASSES, Prediction, PredictionTable, problems_of
from OsteoScreenLib.evaluation.predictions_file import read_predictions, write_predictions

FULL = """case_id,patient_id,model,truth,p_normal,p_osteopenia,p_osteoporosis,predicted,withheld,split,sex,age,site,kvp
a,P1,forest,normal,0.7,0.2,0.1,normal,,test,F,61,North,120
b,P1,forest,osteopenia,0.3,0.5,0.2,osteoporosis,,test,female,61,North,120
c,,forest,osteoporosis,,,,,implant,test,M,70.5,,
"""


def table_file(folder: Path, text: str) -> Path:
    path = folder / "predictions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def message_of(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as raised:
        read_predictions(table_file(folder, text))
    assert raised.value.code == "unusable_predictions"
    return str(raised.value)


def test_a_full_table_is_read_with_every_fact(tmp_path: Path):
    table = read_predictions(table_file(tmp_path, FULL))
    assert table.classes == THREE_CLASSES
    assert table.models == ("forest",)
    assert table.splits == ("test",)
    first, second, third = table.rows
    assert first == Prediction(
        *("a", "forest", "normal", (0.7, 0.2, 0.1), "P1", "normal"),
        split="test",
        sex="female",
        age=61,
        site="North",
        kvp=120,
    )
    assert second.predicted == "osteoporosis"
    assert (third.patient, third.probabilities, third.withheld, third.site) == ("c", None, "implant", None)


def test_semicolons_tabs_and_a_byte_order_mark_are_read_alike(tmp_path: Path):
    wanted = read_predictions(table_file(tmp_path, FULL))
    for separator in ";\t":
        assert read_predictions(table_file(tmp_path, "\ufeff" + FULL.replace(",", separator))) == wanted


def test_a_binary_table_has_two_classes_and_takes_words_for_zero_and_one(tmp_path: Path):
    table = read_predictions(
        table_file(tmp_path, "case_id,truth,p_osteoporosis,predicted\na,1,0.8,1\nb,0,.25,\nc,osteopenia,0.1,0\n")
    )
    assert table.classes == TWO_CLASSES
    assert [row.truth for row in table.rows] == ["osteoporosis", "no osteoporosis", "no osteoporosis"]
    assert [row.predicted for row in table.rows] == ["osteoporosis", None, "no osteoporosis"]
    assert table.rows[1].probabilities == (0.75, 0.25)


def test_thresholds_of_one_class_against_the_rest_are_read_from_their_columns(tmp_path: Path):
    head = (
        "case_id,truth,p_normal,p_osteopenia,p_osteoporosis,positive_normal,positive_osteopenia,positive_osteoporosis"
    )
    rows = "\na,normal,.6,.3,.1,yes,1,no,\nb,normal,,,,,,,implant\n"
    table = read_predictions(table_file(tmp_path, head + ",withheld" + rows))
    assert [row.positive for row in table.rows] == [(True, True, False), None]
    assert "filled in some rows" in message_of(
        tmp_path, head + rows.replace(",,,,,implant", ".6,.3,.1,,,").replace("no,", "no")
    )
    assert "positive_osteopenia must be yes or no" in message_of(tmp_path, head + "\na,normal,.6,.3,.1,yes,,no\n")


def test_every_problem_of_a_table_is_said_at_once_with_its_line(tmp_path: Path):
    head = FULL.splitlines()[0]
    text = message_of(
        tmp_path,
        f"{head}\na,,m,normal,0.7,0.2,0.1,,,test,F,61,,120\n\nb,,m,porous,0.7,0.2,0.4,,,test,F,x,,120\n"
        "c,,m,normal,,,,,,test,F,61,,12\na,,m,normal,0.7,,0.1,,,test,?,61,,120\n",
    )
    for piece in (
        "line 4: age is 'x', which is no number",
        "line 4: truth is 'porous', which is none of normal, osteopenia, osteoporosis",
        "line 4: the probabilities sum to 1.3, not to 1",
        "line 5: kvp is 12, which is not between 20 and 200",
        "line 5: there are no probabilities, and withheld gives no reason",
        "line 6: one of the three probabilities is missing",
    ):
        assert piece in text
    assert "line 2" not in text  # the first of two rows of a case is not the one that is wrong


def test_what_is_wrong_within_a_row_is_named(tmp_path: Path):
    good = read_predictions(table_file(tmp_path, FULL))
    assert problems_of(good) == []
    for change, words in (
        ({"truth": "porous"}, "truth is 'porous'"),
        ({"predicted": "?"}, "predicted is '?'"),
        ({"probabilities": (0.5, 0.5, 0.5)}, "sum to 1.5"),
        ({"probabilities": (1.5, -0.5, 0.0)}, "not between 0 and 1"),
        ({"probabilities": (0.5, 0.5)}, "2 probabilities of 3"),
        ({"probabilities": None}, "no probabilities"),
        ({"split": "tset"}, "split is 'tset'"),
        ({"sex": "x"}, "sex is 'x'"),
        ({"age": 131.0}, "age is 131"),
        ({"slice_thickness_mm": 0.0}, "slice_thickness_mm is 0"),
        ({"case_id": ""}, "case_id is empty"),
    ):
        bad = PredictionTable(THREE_CLASSES, (replace(good.rows[0], **change), *good.rows[1:]))
        assert any(at == 0 and words in message for at, message in problems_of(bad)), words


def test_what_is_wrong_between_rows_is_named(tmp_path: Path):
    rows = read_predictions(table_file(tmp_path, FULL)).rows
    twice = PredictionTable(THREE_CLASSES, (*rows, rows[1]))
    assert (3, "the case 'b' occurs twice in the model 'forest'") in problems_of(twice)
    other = tuple(replace(row, model="linear") for row in rows)
    assert problems_of(PredictionTable(THREE_CLASSES, rows + other)) == []
    lacking = problems_of(PredictionTable(THREE_CLASSES, rows + other[:2]))
    assert lacking == [(None, "the model 'linear' has no row for 1 of 3 cases (c)")]
    differing = problems_of(PredictionTable(THREE_CLASSES, (*rows, replace(other[0], truth="osteopenia"), *other[1:])))
    assert differing == [(3, "truth of the case 'a' differs from that of another row of it")]
    mixed = problems_of(PredictionTable(THREE_CLASSES, (replace(rows[0], split=None), *rows[1:])))
    assert mixed == [(None, "some rows have a split and others have none")]
    assert problems_of(PredictionTable(THREE_CLASSES, ())) == [(None, "the table has no rows")]


def test_a_header_that_cannot_be_used_is_said(tmp_path: Path):
    assert "the column truth is missing; the column p_osteoporosis is missing" in message_of(tmp_path, "case_id\na\n")
    assert "only one is there" in message_of(tmp_path, "case_id,truth,p_normal,p_osteoporosis\n")
    assert "age is there twice" in message_of(tmp_path, "case_id,truth,p_osteoporosis,age,age\n")
    assert "the column case_id is missing" in message_of(tmp_path, "")
    assert "no rows" in message_of(tmp_path, "case_id,truth,p_osteoporosis\n")
    assert "3 cells under 4 headings" in message_of(tmp_path, "case_id,truth,p_osteoporosis,age\na,1,0.5\n")


def test_many_problems_are_cut_but_counted(tmp_path: Path):
    text = message_of(tmp_path, "case_id,truth,p_osteoporosis\n" + "".join(f"{i},1,7\n" for i in range(50)))
    assert "has 50 problems" in text
    assert "and 20 more" in text


def test_a_file_that_is_no_table_is_refused(tmp_path: Path):
    path = tmp_path / "predictions.csv"
    with pytest.raises(InputError, match="cannot be read"):
        read_predictions(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_predictions(path)


def test_a_table_with_problems_is_not_written_and_a_folder_that_is_a_file_is_said(tmp_path: Path):
    row = Prediction("a", "m", "normal", (0.5, 0.3, 0.2))
    with pytest.raises(ValueError, match="line 2: the probabilities sum to"):
        write_predictions(PredictionTable(THREE_CLASSES, (replace(row, probabilities=(1, 1, 1)),)), tmp_path / "x.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_predictions(PredictionTable(THREE_CLASSES, (row,)), tmp_path / "file" / "x.csv")


@given(
    weights=st.lists(st.tuples(*[st.floats(0, 1)] * 3).filter(lambda three: sum(three) > 0.01), min_size=1, max_size=5),
    age=st.none() | st.floats(0, 130),
    site=st.none() | st.text("ab,;\"' \n=é", min_size=1).filter(lambda text: text == text.strip() != ""),
)
def test_what_is_written_is_read_back_unchanged(tmp_path_factory, weights, age, site):
    rows = tuple(
        Prediction(
            *(f"c{i}", "m", THREE_CLASSES[i % 3], tuple(w / sum(three) for w in three)),
            age=age,
            site=site,
            positive=(True, False, i % 2 == 0),
            sex="male",
        )
        for i, three in enumerate(weights)
    )
    table = PredictionTable(THREE_CLASSES, rows)
    path = write_predictions(table, tmp_path_factory.mktemp("table") / "predictions.csv")
    assert read_predictions(path) == table


def test_a_binary_table_is_written_and_read_back(tmp_path: Path):
    rows = (
        Prediction("a", "m", "osteoporosis", (0.25, 0.75), predicted="osteoporosis", kvp=120.0),
        Prediction("b", "m", None, None, withheld="no sex, no age"),
    )
    table = PredictionTable(TWO_CLASSES, rows)
    path = write_predictions(table, tmp_path / "new" / "predictions.csv")
    assert "p_normal" not in path.read_text(encoding="utf-8")
    assert read_predictions(path) == table

"""The file of a phantom's inserts: read as it says, refused with the reason where it cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from OsteoScreenLib.densitometry.inserts_file import read_inserts
from OsteoScreenLib.errors import UsageError

INSERT = {"name": "A", "density_mg_cm3": 50.0, "mean_hu": 66.5}
GOOD = {"schema_version": 1, "phantom": "P1", "equivalent": "hydroxyapatite", "inserts": [INSERT]}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "inserts.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_as_it_says(tmp_path) -> None:
    found = read_inserts(written(tmp_path, json.dumps(GOOD)))
    assert (found.phantom, found.equivalent) == ("P1", "hydroxyapatite")
    assert (found.inserts[0].name, found.inserts[0].density_mg_cm3, found.inserts[0].mean_hu) == ("A", 50.0, 66.5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"equivalent": "water"}, "k2hpo4 or hydroxyapatite"),
        ({"phantom": " "}, "name is missing"),
        ({"inserts": "A"}, "needs phantom"),
        ({"more": 1}, "nothing else"),
        ({"inserts": [{**INSERT, "mean_hu": "66"}]}, "numbers"),
        ({"inserts": [{**INSERT, "name": ""}]}, "text"),
        ({"inserts": [{"name": "A"}]}, "density_mg_cm3 and mean_hu"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, change, says) -> None:
    with pytest.raises(UsageError, match=says):
        read_inserts(written(tmp_path, json.dumps({**GOOD, **change})))


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"schema_version": 1'])
def test_what_is_no_document_is_refused(tmp_path, text) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        read_inserts(written(tmp_path, text))


def test_an_absent_and_a_huge_file_are_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_inserts(tmp_path / "absent.json")
    with pytest.raises(UsageError, match="1 MB"):
        read_inserts(written(tmp_path, " " * 1_000_001))

"""The label table."""

from __future__ import annotations

import json
import re

import pytest

from OsteoScreenLib.phantom import labels


def test_numbers_and_names_are_unique_and_fit_a_byte():
    numbers = [row.number for row in labels.STRUCTURES]
    assert len(set(numbers)) == len(numbers) == len(labels.LABEL)
    assert min(numbers) == 1
    assert max(numbers) <= 255


def test_the_femora_have_the_numbers_of_every_osteoscreen_mask():
    assert labels.LABEL["femur_left"] == 1
    assert labels.LABEL["femur_right"] == 2


def test_every_left_structure_has_a_right_one_with_the_same_code():
    for row in labels.STRUCTURES:
        assert (row.side is not None) == row.name.endswith(("_left", "_right"))
        if row.side == "left":
            other = next(r for r in labels.STRUCTURES if r.name == row.name.replace("_left", "_right"))
            assert (other.code, other.side, other.number) == (row.code, "right", row.number + 1)


def _verhoeff_is_valid(code: str) -> bool:
    """Whether a SNOMED CT identifier's check digit is right (Verhoeff's dihedral check, SNOMED CT release format)."""
    dihedral = [[(a + b) % 5 if a < 5 and b < 5 else 0 for b in range(10)] for a in range(10)]
    for a in range(10):
        for b in range(10):
            if a < 5:
                dihedral[a][b] = (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
            else:
                dihedral[a][b] = 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5
    base = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    permutations = [list(range(10)), base]
    for _ in range(6):
        permutations.append([permutations[-1][base[i]] for i in range(10)])
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = dihedral[check][permutations[place % 8][int(digit)]]
    return check == 0


def test_every_code_is_a_well_formed_snomed_ct_identifier():
    assert not _verhoeff_is_valid("71341002")
    for row in labels.STRUCTURES:
        if row.code is not None:
            assert re.fullmatch(r"[1-9]\d{5,17}", row.code)
            assert _verhoeff_is_valid(row.code), row.name


@pytest.mark.needs_module("pydicom")
def test_codes_that_dicom_knows_have_the_meaning_dicom_gives_them():
    from pydicom.sr._concepts_dict import concepts

    meanings: dict[str, set[str]] = {}
    for entries in concepts["SCT"].values():
        for code, (meaning, _) in entries.items():
            meanings.setdefault(code, set()).add(meaning.lower())
    known = [row for row in labels.STRUCTURES if row.code in meanings]
    assert len(known) > 40
    for row in known:
        assert any(row.meaning.lower() in text or text in row.meaning.lower() for text in meanings[row.code]), row.name


def test_the_table_is_json_with_laterality_where_it_applies():
    rows = {row["name"]: row for row in json.loads(json.dumps(labels.table()))["structures"]}
    assert rows["femur_left"]["laterality"]["value"] == "7771000"
    assert rows["femur_right"]["laterality"]["value"] == "24028007"
    assert "laterality" not in rows["sacrum"]
    assert "value" not in rows["bowel"]["type"]

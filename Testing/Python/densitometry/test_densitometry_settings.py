"""Every number of densitometry has a source; a site may change values, and cannot misspell a key in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from OsteoScreenLib.densitometry.settings import default_settings, site_settings, with_overrides
from OsteoScreenLib.errors import UsageError


def document(**settings: object) -> dict[str, object]:
    return {"schema_version": 1, "site": "Clinic A", "settings": settings}


def change(value: object, source: str = "own tests") -> dict[str, object]:
    return {"value": value, "source": source}


def test_every_setting_says_its_unit_and_its_source() -> None:
    for key, entry in default_settings().entries.items():
        assert entry["unit"].strip(), key
        assert len(entry["source"]) > 3, key


def test_the_shipped_values_keep_to_their_own_rules() -> None:
    entries = default_settings().entries
    assert with_overrides(document(**{key: change(entry["value"]) for key, entry in entries.items()}))


def test_every_setting_is_used_by_the_code(repository: Path) -> None:
    room = repository / "OsteoScreenLib" / "densitometry"
    code = "\n".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    spelt = set(re.findall(r'"([a-z]\w*(?:\.[\w{}]+)+)"', code)) | {"hu_rules"}
    patterns = [re.compile(re.sub(r"\\{\w+\\}", r"\\w+", re.escape(name)) + "$") for name in spelt]
    unused = [key for key in default_settings().entries if not any(pattern.match(key) for pattern in patterns)]
    assert unused == []


def test_a_sites_file_changes_a_value_and_keeps_its_source(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(document(**{"energy.sd_kev": change(1.5)})), encoding="utf-8")
    found = site_settings(path)
    assert found.number("energy.sd_kev") == 1.5
    assert found.source("energy.sd_kev") == "own tests"
    assert found.to_dict()["overridden"] == {"energy.sd_kev": {"value": 1.5, "source": "own tests"}}
    assert found.sha256 != default_settings().sha256
    assert default_settings().number("energy.sd_kev") != 1.5


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"energy.sd_keV": change(1.5)}, "no setting"),
        ({"energy.sd_kev": 1.5}, "write it as"),
        ({"energy.sd_kev": change(1.5, " ")}, "source"),
        ({"energy.sd_kev": change("wide")}, "number"),
        ({"energy.sd_kev": change(True)}, "number"),
        ({"energy.sd_kev": change(float("nan"))}, "number"),
        ({"energy.sd_kev": change(500.0)}, "between"),
        ({"energy.sd_kev": change(10**400)}, "number"),
        ({"internal.minimum_tissues": change(2.5)}, "whole"),
        ({"fixed.allowed": change("no")}, "true or false"),
        ({"reference.femoral_neck": change([0.9])}, "2 numbers"),
        ({"contrast.action": change("ignore")}, "one of"),
        ({"status.sites": change(["wrist"])}, "one of"),
        ({"status.sites": change([])}, "text"),
        ({"material.fat.percent": change({"H": 10, "Xx": 90})}, "entries"),
        ({"mineral.marrow_fat_share": change({"neck": 0.5})}, "entries"),
        ({"internal.air.plausible_hu": change([-980, -1030])}, "lower limit"),
        ({"status.normal_t": change(-3.0)}, "below"),
        ({"hu_rules": change([{"name": "x"}])}, "rule"),
        ({"hu_rules": change([{"name": "x", "site": "L1", "source": "y", "kvp": 120}])}, "limit"),
        ({"reference.by_age": change({"wrist": {}})}, "femoral_neck"),
        ({"reference.by_age": change({"femoral_neck": {"F": [[60, 50, 0.7, 0.1]]}})}, "cannot be"),
    ],
)
def test_what_cannot_be_a_setting_is_refused(settings, word) -> None:
    with pytest.raises(UsageError, match=word):
        with_overrides(document(**settings))


@pytest.mark.parametrize(
    "broken",
    [
        "[]",
        "{",
        '{"schema_version": 2, "site": "A", "settings": {}}',
        '{"schema_version": 1, "settings": {}}',
        '{"schema_version": 1, "site": "A", "settings": {}, "more": 1}',
        "[" * 100000,
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, broken) -> None:
    path = tmp_path / "site.json"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(UsageError):
        site_settings(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.json"):
        site_settings(tmp_path / "absent.json")

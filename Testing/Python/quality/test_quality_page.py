"""Every code that a check can give is in the registry and in the page for users, and the other way round."""

import ast
import re
from pathlib import Path

from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.quality.registry import CODES

ROOMS = ("quality", "segmentation", "screening")
"""Rooms whose checks make flags."""


def codes_in_source(rooms: list[Path]) -> dict[str, set[str]]:
    """Codes and severities of every QualityFlag(...) that the rooms' files make; severity names where written out."""
    found: dict[str, set[str]] = {}
    for file in sorted(file for room in rooms for file in room.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "QualityFlag" and len(node.args) > 1:
                severity = getattr(node.args[1], "attr", None)
                found.setdefault(node.args[0].value, set()).update({severity.lower()} if severity else set())
    return found


def rows_of_page(page: Path) -> dict[str, str]:
    """Code to severity column of the tables in the page."""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {code: severity for code, _, severity in rows}


def test_the_registry_lists_what_the_checks_can_give_and_nothing_else(repository):
    found = codes_in_source([repository / "OsteoScreenLib" / room for room in ROOMS])
    assert set(found) == set(CODES)
    for code, severities in found.items():
        assert severities <= {s.value for s in CODES[code]}, code


def test_the_page_explains_every_code_with_its_severities(repository):
    page = rows_of_page(repository / "Docs" / "quality-flags.md")
    assert set(page) == set(CODES)
    for code, severities in CODES.items():
        assert {word for word in re.findall(r"\w+", page[code]) if word in set(Severity)} == {
            s.value for s in severities
        }, code

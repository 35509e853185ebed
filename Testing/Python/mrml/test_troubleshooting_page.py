"""Docs/troubleshooting.md quotes messages as the code has them, and lists all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import troubleshooting_page as tool


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / tool.PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def texts(repository: Path) -> set[str]:
    """The code's texts; a value that is named in the text is filled in later, like one that is computed there."""
    return {re.sub(r"\{\w+\}", tool.UNKNOWN, text) for text in tool.texts_in(repository)}


def quoted(page: str) -> list[str]:
    """What the headings quote."""
    return re.findall(r"^### `(.+)`$", page[: page.index(tool.BEGIN)], flags=re.MULTILINE)


def unknown_headings(page: str, texts: set[str]) -> list[str]:
    """Headings that no text of the code holds. Two values beside each other are one ellipsis."""
    plain = {re.sub(f"{tool.UNKNOWN}+", tool.UNKNOWN, text) for text in texts}
    return [heading for heading in quoted(page) if heading not in plain]


def test_every_quoted_heading_is_a_text_of_the_code(page, texts):
    assert len(quoted(page)) >= 20
    assert unknown_headings(page, texts) == []


def test_a_heading_that_the_code_does_not_say_is_found(page, texts):
    wrong = page.replace("### `No volume is chosen`", "### `No volume was chosen`")
    assert unknown_headings(wrong, texts) == ["No volume was chosen"]


def test_the_list_of_messages_is_that_of_the_code(page, repository):
    message = "make messages rewrites the list"
    assert tool.renewed(page, repository) == page, message


def test_a_message_with_its_advice_is_listed_under_its_room(tmp_path):
    room = tmp_path / "OsteoScreenLib" / "ct"
    room.mkdir(parents=True)
    (room / "x.py").write_text(
        'ADVICE = "Do this."\n'
        'def f(name):\n    raise InputError(f"The file {name} is odd.", next_step=ADVICE)\n'
        "def g(text):\n    raise InputError(text)\n",
        encoding="utf-8",
    )
    assert tool.messages_in(tmp_path) == {"Reading and writing scans": {"The file … is odd": "Do this."}}


def test_a_page_without_the_marks_is_refused(repository):
    with pytest.raises(ValueError, match="marks"):
        tool.renewed("# A page", repository)

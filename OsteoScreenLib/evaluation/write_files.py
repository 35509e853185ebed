"""Writing the files of a study, each whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import OutputError, printable

_FORMULA_STARTS = "=+-@＝＋－＠"


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, which is made where it lacks; text as UTF-8 with line feeds.

    Returns:
        Their paths, in order.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            partial = folder / f".{name}.partial"
            partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
            partial.replace(folder / name)
    except OSError as error:
        raise OutputError(
            f"The tables cannot be written: {error.strerror or error}",
            path=folder,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error
    return [folder / name for name in contents]


def spreadsheet_cell(value: Any, digits: int = 10) -> str:
    """A value as a spreadsheet may safely show it; a name must not become a formula, and None is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    text = printable(str(value))
    return f"'{text}" if text.lstrip()[:1] and text.lstrip()[0] in _FORMULA_STARTS else text

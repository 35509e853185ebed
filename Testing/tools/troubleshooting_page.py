"""List every message of an error that the code can raise, with its advice, in Docs/troubleshooting.md.

    python Testing/tools/troubleshooting_page.py           says whether the list is that of the code; exit 1 where not
    python Testing/tools/troubleshooting_page.py --write   writes it anew

Only the list between the two marks is touched; the pages above it are written by hand. What is not known before the
program runs appears as an ellipsis.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path("Docs/troubleshooting.md")
FOLDERS = ("OsteoScreen", "OsteoScreenLib")
ERRORS = {"InputError", "OutputError", "UsageError", "ModelError", "MissingPackageError", "OsteoScreenError"}
BEGIN, END = "<!-- messages of the code: begin -->", "<!-- messages of the code: end -->"
UNKNOWN = "…"
ROOMS = {
    "ct": "Reading and writing scans",
    "quality": "Checks",
    "segmentation": "Outlines of the femora",
    "densitometry": "Landmarks and regions",
    "radiomics": "Features",
    "models": "Models",
    "phantom": "Digital patients",
    "training": "Training",
    "evaluation": "Evaluation",
    "status": "Bone status",
    "result": "Results",
    "screening": "Screening and cohorts",
    "report": "Reports and tables",
    "cli": "The command line",
    "mrml": "In Slicer",
}
"""Heading of each room's messages, in the page's order; a room that is not listed comes last under its own name."""


def template(node: ast.AST) -> str | None:
    """The text of a literal, with an ellipsis for each value that is filled in; None where it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (value.value if isinstance(value, ast.Constant) else UNKNOWN for value in node.values)
        return "".join(str(part) for part in parts)
    return None


def parsed(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the module and the library."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root), ast.parse(path.read_text(encoding="utf-8"))


def texts_in(root: Path) -> set[str]:
    """Every literal text of the code, as :func:`template` writes it; an error's message without its full stop."""
    found = {text for _, code in parsed(root) for node in ast.walk(code) if (text := template(node)) is not None}
    return found | {text.rstrip(".") for text in found}


def messages_in(root: Path) -> dict[str, dict[str, str]]:
    """Message and advice of each error, by heading."""
    found: dict[str, dict[str, str]] = {}
    for path, code in parsed(root):
        constants = {
            statement.targets[0].id: statement.value
            for statement in code.body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
        for call in (node for node in ast.walk(code) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            message = template(call.args[0]) if name in ERRORS and call.args else None
            if message and message.strip(UNKNOWN + " "):
                room = path.parts[1] if path.parts[0] == "OsteoScreenLib" and len(path.parts) > 2 else "mrml"
                found.setdefault(ROOMS.get(room, room), {})[message.rstrip(".")] = _advice(call, constants)
    order = [*ROOMS.values(), *sorted(set(found) - set(ROOMS.values()))]
    return {heading: dict(sorted(found[heading].items())) for heading in order if heading in found}


def _advice(call: ast.Call, constants: dict[str, ast.expr]) -> str:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "next_step"), None)
    if isinstance(given, ast.Name):
        given = constants.get(given.id)
    return (template(given) or "") if given is not None else ""


def list_of(root: Path) -> str:
    """The list as Markdown, marks included."""
    lines = [BEGIN]
    for heading, messages in messages_in(root).items():
        lines += ["", f"### {heading}", "", "| message | what to do |", "| --- | --- |"]
        lines += [f"| {_cell(message)} | {_cell(advice)} |" for message, advice in messages.items()]
    return "\n".join([*lines, "", END])


def _cell(text: str) -> str:
    return re.sub(r"([|<>*_\[\]`])", r"\\\1", " ".join(text.split()))


def renewed(page: str, root: Path) -> str:
    """The page with the list of today. Raises ValueError where a mark is absent."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"{PAGE} must hold each of the two marks of the list once")
    return page[: page.index(BEGIN)] + list_of(root) + page[page.index(END) + len(END) :]


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    root = Path(__file__).resolve().parents[2]
    before = (root / PAGE).read_text(encoding="utf-8")
    after = renewed(before, root)
    if arguments == ["--write"]:
        (root / PAGE).write_text(after, encoding="utf-8", newline="\n")
        print(f"{PAGE}: {'was right' if after == before else 'rewritten'}")
        return 0
    print("The list is right." if after == before else f"{PAGE} is not of today: run this with --write.")
    return 0 if after == before else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Compare the file lists of the CMake files with the files on disk, or rewrite them.

Slicer installs a file of a scripted extension only where CMake lists it, and refuses to configure where it lists a file
that does not exist. Both mistakes show late, on another machine, so they are looked for here.

    python Testing/tools/cmake_lists.py           says what differs; exit 1 where anything does
    python Testing/tools/cmake_lists.py --write   rewrites the lists
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDERS = ("OsteoScreen", "OsteoScreenLib")
_LIST = re.compile(r"set\((?P<name>\w+_PYTHON_(?P<kind>SCRIPTS|RESOURCES))\n(?P<body>.*?)\n?  \)", re.DOTALL)
_LEFT_OUT = {"__pycache__", ".DS_Store"}


def files_on_disk(root: Path, folder: str) -> set[str]:
    """Files of a folder that belong to the project, relative to the folder: tracked by git, or new and not ignored."""
    base = root / folder
    command = ["git", "-C", str(base), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        names = {name for name in listed if name and (base / name).is_file()}
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive has no git history
        names = {path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file()}
    return {name for name in names if name != "CMakeLists.txt" and not _LEFT_OUT & set(Path(name).parts)}


def kind_of(name: str) -> str:
    """Which of the two lists a file belongs to."""
    return "SCRIPTS" if name.endswith(".py") else "RESOURCES"


def lists_in(text: str) -> dict[str, list[str]]:
    """The file names that a CMake file lists, by kind. Raises ValueError where a list is absent."""
    found = {match["kind"]: match["body"].split() for match in _LIST.finditer(text)}
    if set(found) != {"SCRIPTS", "RESOURCES"}:
        raise ValueError("a CMake file must set one ..._PYTHON_SCRIPTS and one ..._PYTHON_RESOURCES list")
    return found


def differences(root: Path, folder: str) -> list[str]:
    """What is wrong with the lists of one folder, a sentence each; empty where they are right."""
    listed = lists_in((root / folder / "CMakeLists.txt").read_text(encoding="utf-8"))
    disk = files_on_disk(root, folder)
    problems = []
    for kind, names in listed.items():
        for name in names:
            if name not in disk:
                problems.append(f"{folder}/CMakeLists.txt lists {name}, which does not exist")
            elif kind_of(name) != kind:
                problems.append(f"{folder}/CMakeLists.txt lists {name} among the {kind.lower()}")
            if names.count(name) > 1:
                problems.append(f"{folder}/CMakeLists.txt lists {name} twice")
    missing = disk - set(listed["SCRIPTS"]) - set(listed["RESOURCES"])
    problems += [f"{folder}/CMakeLists.txt does not list {name}" for name in missing]
    return sorted(set(problems))


def rewrite(root: Path, folder: str) -> bool:
    """Write the lists of one folder anew from what is on disk. Returns whether the file changed."""
    path = root / folder / "CMakeLists.txt"
    before = path.read_text(encoding="utf-8")
    names = sorted(files_on_disk(root, folder))

    def fill(match: re.Match[str]) -> str:
        lines = "".join(f"  {name}\n" for name in names if kind_of(name) == match["kind"])
        return f"set({match['name']}\n{lines}  )"

    after = _LIST.sub(fill, before)
    path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    root = Path(__file__).resolve().parents[2]
    if arguments == ["--write"]:
        for folder in FOLDERS:
            print(f"{folder}/CMakeLists.txt: {'rewritten' if rewrite(root, folder) else 'was right'}")
        return 0
    problems = [problem for folder in FOLDERS for problem in differences(root, folder)]
    print("\n".join(problems) or "The file lists are right.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

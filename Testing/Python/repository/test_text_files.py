"""Text files are UTF-8 with Unix line ends, and name no place on the machine they were written on."""

import re
import subprocess
from pathlib import Path

import pytest

BINARY = {".png", ".gif", ".jpg", ".jpeg", ".ico", ".onnx", ".gz", ".nrrd", ".dcm", ".zip"}
HOME = re.compile(r"(?<![\w.])/(?:home|Users|root)/[a-z]|[A-Z]:\\Users\\")


def text_files(root):
    """Files of the project as git sees them; without git, every file that is not hidden."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [root / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [
            p for p in Path(root).rglob("*") if not any(part.startswith(".") for part in p.relative_to(root).parts)
        ]
    return sorted(path for path in paths if path.is_file() and path.suffix not in BINARY)


def problems_of(path):
    """What is wrong with one file, as words."""
    data = path.read_bytes()
    found = []
    if b"\r" in data:
        found.append("carriage return")
    if data and not data.endswith(b"\n"):
        found.append("no newline at the end")
    try:
        if HOME.search(data.decode("utf-8")):
            found.append("a path of somebody's machine")
    except UnicodeDecodeError:
        found.append("not UTF-8")
    return found


def test_every_text_file_is_clean(repository):
    found = {str(path.relative_to(repository)): problems_of(path) for path in text_files(repository)}
    assert len(found) > 30
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (b"one\ntwo\n", []),
        (b"", []),
        ("40 \u00b5m at /usr/share\n".encode(), []),
        (b"one\r\ntwo\r\n", ["carriage return"]),
        (b"one\ntwo", ["no newline at the end"]),
        (b"/".join([b"", b"home", b"anna", b"scan\n"]), ["a path of somebody's machine"]),
        (b"\xff\xfe\n", ["not UTF-8"]),
    ],
)
def test_each_problem_of_a_text_file_is_found(tmp_path, data, problems):
    path = tmp_path / "file.txt"
    path.write_bytes(data)
    assert problems_of(path) == problems

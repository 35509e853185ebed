"""Which files a bundle may hold: their names, kinds, sizes; and the proof that they are the ones that are listed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from OsteoScreenLib.errors import ModelError, printable

MAX_FILES = 64
MAX_BYTES = 1 << 30
"""Of one file and of a whole bundle. The largest public network for whole-body CT has about 0.3 GB; own choice."""
RUN_CODE_WHEN_OPENED = frozenset(
    {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".npy", ".npz", ".dill", ".h5", ".keras"}
    | {".py", ".pyc", ".so", ".dll", ".dylib", ".exe", ".bat", ".sh"}
)
"""Pickles and what may hold one, and programs. They are refused by their names and never opened."""
OF_THE_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in folders; these are passed over."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,78}[A-Za-z0-9]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_ADVICE = "Do not use this bundle. Get it again from where it came."
_CHUNK_BYTES = 1 << 20


def check_file_name(name: str, path: str | os.PathLike[str]) -> None:
    """Check that a listed file lies directly in the bundle's folder and is of a harmless kind.

    Raises:
        ModelError: ``unsafe_path`` or ``forbidden_file``.
    """
    if not _PLAIN.fullmatch(name) or _DEVICES.fullmatch(name):
        raise ModelError(
            f"model.json lists a file by the name {printable(name)[:80]!r}; a plain name in the same folder is wanted",
            path=path,
            next_step=_ADVICE,
            code="unsafe_path",
        )
    if Path(name).suffix.lower() in RUN_CODE_WHEN_OPENED:
        raise ModelError(
            f"The bundle holds {name}, a kind of file that can run code when it is opened; it was not opened",
            path=path,
            next_step="Ask its maker for ONNX files.",
            code="forbidden_file",
        )


def check_folder(folder: Path, listed: Iterable[str]) -> None:
    """Check that a folder holds the listed files and nothing else: no further file, no folder, no link.

    Raises:
        ModelError: ``missing_file``, ``unsafe_path``, ``forbidden_file`` or ``unlisted_file``.
    """
    wanted = set(listed)
    found: set[str] = set()
    for entry in os.scandir(folder):
        if entry.name in OF_THE_SYSTEM:
            continue
        if len(found) > MAX_FILES:
            raise ModelError("The folder holds too many files", path=folder, next_step=_ADVICE, code="too_large")
        if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            raise ModelError(
                f"{printable(entry.name)} in the bundle is a link, a folder or a device",
                path=folder,
                next_step=_ADVICE,
                code="unsafe_path",
            )
        found.add(entry.name)
    for name in sorted(found - wanted):
        check_file_name(name, folder)
        raise ModelError(
            f"The folder holds {name}, which model.json does not list",
            path=folder,
            next_step="Remove it if it is yours; else do not use this bundle.",
            code="unlisted_file",
        )
    if wanted - found:
        raise ModelError(
            f"Files of the bundle are absent: {', '.join(sorted(wanted - found))}",
            path=folder,
            next_step="Get the bundle again from where it came.",
            code="missing_file",
        )


def check_content(path: Path, size: int, sha256: str) -> None:
    """Check size and digest of a file, the size first.

    Raises:
        ModelError: ``checksum_mismatch``.
    """
    real = path.lstat().st_size
    if real != size:
        raise _changed(path, f"it has {real} bytes and should have {size}")
    digest, left = hashlib.sha256(), size
    with path.open("rb") as stream:
        while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    if digest.hexdigest() != sha256:
        raise _changed(path, "its SHA-256 is not the one that model.json states")


def read_checked(path: Path, sha256: str) -> bytes:
    """The bytes of a file, proven to be the ones of a digest, so that what was checked is what is used.

    Raises:
        ModelError: ``checksum_mismatch``, ``too_large``, ``unsafe_path`` (a link) or ``missing_file``.
    """
    if path.is_symlink():
        raise ModelError("This file of a bundle is a link", path=path, next_step=_ADVICE, code="unsafe_path")
    if not path.is_file():
        raise ModelError("This file of a bundle is absent", path=path, next_step=_ADVICE, code="missing_file")
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ModelError("This file of a bundle is too large", path=path, next_step=_ADVICE, code="too_large")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _changed(path, "its SHA-256 is not the one of the bundle")
    return data


def _changed(path: Path, how: str) -> ModelError:
    return ModelError(
        f"A file of the bundle was damaged or changed: {how}", path=path, next_step=_ADVICE, code="checksum_mismatch"
    )

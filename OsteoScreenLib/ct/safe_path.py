"""A path that SimpleITK can open: its C++ side needs UTF-8 and chooses a format by the suffix."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def path_for_itk(path: str | os.PathLike[str], suffix: str | None = None) -> Iterator[str]:
    """Yield a name for the file that SimpleITK accepts.

    A name with bytes that are not UTF-8 ends the whole process inside SimpleITK, so such a file gets a link (or, where
    links are not allowed, a copy) with a plain name in a temporary folder. The same is done where the file's suffix is
    not the wanted one.

    Args:
        path: the file.
        suffix: the suffix that its content asks for, such as ``.nii.gz``; None keeps its own.
    """
    name = os.fspath(path)
    if _is_utf8(name) and (suffix is None or name.lower().endswith(suffix)):
        yield name
        return
    with tempfile.TemporaryDirectory(prefix="osteoscreen-") as folder:
        alias = Path(folder) / f"input{suffix or ''}"
        try:
            alias.symlink_to(Path(name).resolve())
        except OSError:
            shutil.copyfile(name, alias)
        yield str(alias)


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

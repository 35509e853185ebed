"""SHA-256 of what was read, so that a result can be tied to its input and a copy be found."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def combined_sha256(digests: Iterable[str]) -> str:
    """One digest for many files: SHA-256 over their sorted hexadecimal digests, so that the order does not matter."""
    return hashlib.sha256("\n".join(sorted(digests)).encode("ascii")).hexdigest()

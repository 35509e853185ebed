"""Unpacking a zip of a scan into a temporary folder, with nothing in it trusted."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

MAX_FILES = 100_000
MAX_BYTES = 32 << 30
"""More than any CT of one patient; own choice."""
MAX_RATIO, RATIO_FROM_BYTES = 200, 256 << 20
"""A CT shrinks 2 to 5 times, padded air some tens of times; what shrinks 200 times is a bomb. Own choice."""

_CHUNK_BYTES = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, UnicodeDecodeError)


@contextmanager
def unpacked(
    path: str | os.PathLike[str],
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Iterator[Path]:
    """Unpack a zip file into a temporary folder that is gone afterwards.

    Raises:
        InputError: ``unsafe_archive`` (names that leave the folder, links), ``archive_too_large``,
            ``encrypted_archive`` or ``damaged``.
    """
    with tempfile.TemporaryDirectory(prefix="osteoscreen-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                members = _checked_members(archive, path, Path(folder))
                _extract(archive, members, Path(folder), path, progress, cancelled)
        except _BROKEN as error:
            raise _damaged(path) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise _damaged(path) from error  # bz2 reports broken data as an OSError that no system call made
        yield Path(folder)


def _damaged(path: str | os.PathLike[str]) -> InputError:
    return InputError(
        "The zip file is damaged, or packed in a way that cannot be unpacked",
        path=path,
        next_step="Copy or pack it again.",
        code="damaged",
    )


def _checked_members(
    archive: zipfile.ZipFile, path: str | os.PathLike[str], folder: Path
) -> list[tuple[zipfile.ZipInfo, Path]]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    total = sum(info.file_size for info in members)
    packed = sum(info.compress_size for info in members)
    room = shutil.disk_usage(folder).free
    if (
        len(members) > MAX_FILES
        or total > min(MAX_BYTES, room)
        or (total > RATIO_FROM_BYTES and total > MAX_RATIO * max(packed, 1))
    ):
        raise InputError(
            f"The zip file would unpack to {total / 1e9:.1f} GB in {len(members)} files from {packed / 1e6:.1f} MB"
            f" ({room / 1e9:.0f} GB are free)",
            path=path,
            next_step="Unpack it yourself if you trust it, and give the folder.",
            code="archive_too_large",
        )
    return _targets(members, folder, path)


def _targets(
    members: list[zipfile.ZipInfo], folder: Path, path: str | os.PathLike[str]
) -> list[tuple[zipfile.ZipInfo, Path]]:
    """Where each member goes: one numbered folder for each of the zip's, so that files that belong together stay so."""
    numbers: dict[str, int] = {}
    taken: set[str] = set()
    targets = []
    for position, info in enumerate(members):
        name = _plain_name(info, path)
        parent = info.filename.replace("\\", "/").rpartition("/")[0]
        target = folder / f"{numbers.setdefault(parent, len(numbers)):06d}" / name
        if str(target).casefold() in taken:  # one name once it is plain, or where letters' case does not count
            target = target.with_name(f"{position:06d}-{name}")
        taken.add(str(target).casefold())
        targets.append((info, target))
    return targets


def _plain_name(info: zipfile.ZipInfo, path: str | os.PathLike[str]) -> str:
    """The last part of a member's name in plain letters; a name that would leave the folder makes the zip unsafe."""
    name = info.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    if ".." in parts or name.startswith("/") or (parts and parts[0].endswith(":")) or is_link:
        raise InputError(
            "The zip file holds a name that leads outside of it, or a link; it was not unpacked",
            path=path,
            next_step="Do not trust this file.",
            code="unsafe_archive",
        )
    if info.flag_bits & 0x1:
        raise InputError(
            "The zip file is encrypted", path=path, next_step="Unpack it and give the folder.", code="encrypted_archive"
        )
    last = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in (parts[-1] if parts else "file"))
    return last[-80:]


def _extract(
    archive: zipfile.ZipFile,
    members: list[tuple[zipfile.ZipInfo, Path]],
    folder: Path,
    path: str | os.PathLike[str],
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> None:
    """Unpack member by member, counting real bytes: a declared size is only a claim."""
    for number, (info, target) in enumerate(members):
        stop_if(cancelled)
        progress(number / len(members), "Unpacking the zip file")
        written = 0
        target.parent.mkdir(exist_ok=True)
        with archive.open(info) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > info.file_size:
                    raise InputError(
                        "The zip file unpacks to more than it declares; unpacking was stopped",
                        path=path,
                        next_step="Do not trust this file.",
                        code="unsafe_archive",
                    )
                sink.write(chunk)

"""Writing results so that what lies on disk is always whole: a file or a case folder appears complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from OsteoScreenLib.errors import OutputError

RESULT_FILE = "result.json"
MASK_FILE = "segmentation.nii.gz"
REGIONS_FILE = "regions.nii.gz"

_CASE_FILES = frozenset({RESULT_FILE, "report.html", MASK_FILE, REGIONS_FILE, "features.csv"})
_SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

_ADVICE = {
    errno.ENOSPC: ("disk_full", "The disk is full", "Free some space, or give another --out, and add --resume."),
    errno.EROFS: ("read_only_output", "The output lies on a read-only disk", "Give another --out."),
    errno.EACCES: ("no_permission", "There is no permission to write here", "Give an --out that you may write to."),
    errno.EPERM: ("no_permission", "There is no permission to write here", "Give an --out that you may write to."),
    errno.ENOTDIR: ("not_a_folder", "A part of this path is a file, not a folder", "Give a folder as --out."),
    errno.EEXIST: ("not_a_folder", "A file of this name is in the way", "Give a folder as --out."),
    errno.ENAMETOOLONG: ("name_too_long", "The path is too long for this disk", "Give a shorter --out."),
}
if hasattr(errno, "EDQUOT"):
    _ADVICE[errno.EDQUOT] = ("disk_full", "Your disk quota is used up", "Free some space, or give another --out.")

STOPS_THE_RUN = frozenset({"disk_full", "read_only_output"})
"""Codes of errors that the next case would only meet again."""


def output_error(error: OSError, path: str | os.PathLike[str]) -> OutputError:
    """What an operating system's refusal to write means to the user."""
    fallback = ("unwritable_output", f"This cannot be written: {error.strerror or error}", "Give another --out.")
    code, message, next_step = _ADVICE.get(error.errno or 0, fallback)
    return OutputError(message, path=path, next_step=next_step, code=code)


def prepare_output(folder: Path) -> None:
    """Make the output folder and prove that files can be written to it.

    Raises:
        OutputError: it cannot be made or written to; the message says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".osteoscreen-", suffix=".partial") as probe:
            probe.write(b"OsteoScreen\n" * 400)
            probe.flush()
    except OSError as error:
        raise output_error(error, folder) from error


def refuse_foreign_folder(folder: Path) -> None:
    """Make sure that a case folder holds nothing but an earlier result, so that it may be replaced.

    Raises:
        OutputError: it is a file, a link, or holds something that OsteoScreen did not write (perhaps the input itself).
    """
    advice = "Give another --out, or move it away."
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError("A file or a link has the name of the case's folder", path=folder, next_step=advice)
    if not folder.is_dir():
        return
    try:
        names = {entry.name for entry in folder.iterdir()} - _SYSTEM_FILES
    except OSError as error:
        raise output_error(error, folder) from error
    if names - _CASE_FILES or (names and RESULT_FILE not in names):
        raise OutputError(
            "The case's folder exists and holds other files than a result of OsteoScreen",
            path=folder,
            next_step=advice,
            code="foreign_folder",
        )


@contextlib.contextmanager
def case_folder(out: Path, case_id: str) -> Iterator[Path]:
    """A fresh folder to write a case into; takes its place as ``out/case_id`` when the block ends well.

    Where the block raises, the folder is removed and an earlier result stays as it was.

    Raises:
        OutputError: a file cannot be written or the folder cannot take its place.
    """
    final, partial = out / case_id, out / f".{case_id}.partial"
    refuse_foreign_folder(final)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        _put_in_place(partial, final)
    except OSError as error:
        raise output_error(error, final) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, final: Path) -> None:
    """Replace one folder by another; the earlier one comes back if that fails."""
    if not final.exists():
        partial.rename(final)
        return
    earlier = final.with_name(f".{final.name}.earlier.partial")
    shutil.rmtree(earlier, ignore_errors=True)
    final.rename(earlier)
    try:
        partial.rename(final)
    except BaseException:
        earlier.rename(final)
        raise
    shutil.rmtree(earlier, ignore_errors=True)

"""A bundle that comes as a zip file, with nothing in it trusted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from OsteoScreenLib.ct.archive import unpacked
from OsteoScreenLib.errors import InputError, ModelError, printable
from OsteoScreenLib.models.document import DOCUMENT, MAX_DOCUMENT_BYTES
from OsteoScreenLib.models.file_rules import MAX_BYTES, MAX_FILES, OF_THE_SYSTEM

_ADVICE = "Pack the bundle's folder again, alone."


@contextmanager
def unpacked_bundle(path: Path) -> Iterator[Path]:
    """Unpack a zip file that holds one bundle, at its top or in one folder; the folder is gone afterwards.

    Raises:
        ModelError: ``unsafe_archive`` (names that leave the folder, links, more data than declared),
            ``archive_too_large``, ``encrypted_archive``, ``damaged``, ``unreadable`` or ``missing_file`` (it holds no
            bundle, or several).
    """
    try:
        _refuse_large(path)
        with unpacked(path) as folder:
            yield _folder_of_bundle(folder, path)
    except InputError as error:
        raise ModelError(error.message, path=error.path, next_step=error.next_step, code=error.code) from error
    except OSError as error:
        raise ModelError(
            f"The zip file cannot be unpacked: {printable(error.strerror or str(error))}",
            path=path,
            next_step="Check that you may read it and that the disk of temporary files has room.",
            code="unreadable",
        ) from error


def _refuse_large(path: Path) -> None:
    """Bundles are far smaller than scans: refuse, before anything is unpacked, what no bundle can be."""
    limit = MAX_BYTES + MAX_DOCUMENT_BYTES
    if path.stat().st_size > limit:
        raise _too_large(path, f"It has more than {limit >> 20} MB")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise ModelError("The zip file is damaged", path=path, next_step="Get it again.", code="damaged") from error
    if len(members) > 4 * MAX_FILES:
        raise _too_large(path, f"It holds {len(members)} files")
    if sum(info.file_size for info in members) > limit:
        raise _too_large(path, f"It would unpack to more than {limit >> 20} MB")


def _too_large(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{why}, which no model bundle has", path=path, next_step="Do not trust this file.", code="archive_too_large"
    )


def _folder_of_bundle(folder: Path, path: Path) -> Path:
    """The one unpacked folder with a model.json; what macOS adds to zips (``__MACOSX``) is passed over."""
    candidates = []
    for entry in sorted(folder.iterdir()):
        names = {file.name for file in entry.iterdir()} - OF_THE_SYSTEM
        if names and not all(name.startswith("._") for name in names):
            candidates.append((entry, DOCUMENT in names))
    if len(candidates) != 1 or not candidates[0][1]:
        what = f"no {DOCUMENT}" if not any(found for _, found in candidates) else "more than one folder"
        raise ModelError(
            f"The zip file does not hold one model bundle: {what}", path=path, next_step=_ADVICE, code="missing_file"
        )
    return candidates[0][0]

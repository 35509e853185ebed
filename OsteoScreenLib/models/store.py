"""The model store: listing, finding, installing, checking and removing models. Nothing is downloaded."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import ModelError, OutputError, printable
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.bundle_archive import unpacked_bundle
from OsteoScreenLib.models.document import DOCUMENT, listed_files, read_document
from OsteoScreenLib.models.file_rules import read_checked
from OsteoScreenLib.models.onnx_content import check_onnx
from OsteoScreenLib.models.places import VARIABLE, shipped_folder, user_folder

log = logging.getLogger(__name__)

SHIPPED, USER = "shipped", "user"


@dataclass(frozen=True, eq=False)
class ModelEntry:
    """A folder of the store, sound or not.

    Attributes:
        folder: where it lies.
        origin: ``shipped`` with OsteoScreen, or the ``user``'s.
        document: all of ``model.json``; None where it cannot be read.
        problem: why the bundle cannot be used, as far as its ``model.json`` tells; None where nothing is known against
            it. Its files are not compared with their digests here: :func:`verify_model` does.
    """

    folder: Path
    origin: str
    document: dict[str, Any] | None
    problem: ModelError | None = None

    @property
    def model_id(self) -> str:
        """The model's id; the folder's name where that is not known."""
        return str(self.document["id"]) if self.document else self.folder.name

    @property
    def version(self) -> str:
        """Such as ``0.1.0``; empty where not known."""
        return str(self.document["version"]) if self.document else ""

    def answers_to(self, name: str, version: str | None) -> bool:
        """Whether this is meant by a model's id, or the name of its folder, and a version."""
        return name in (self.model_id, self.folder.name) and version in (None, self.version)


def version_key(version: str) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
    """Sorts versions by age: 0.9.0 < 0.10.0-beta.2 < 0.10.0-beta.10 < 0.10.0 (Semantic Versioning 2.0.0, item 11)."""
    numbers, _, prerelease = version.partition("-")
    first, second, third = (int(number) for number in numbers.split("."))
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in prerelease.split("."))
    return first, second, third, not prerelease, parts


def list_models() -> tuple[ModelEntry, ...]:
    """Every bundle that comes with OsteoScreen or was installed: by id, newest version first, broken ones last."""
    entries = [*_entries(shipped_folder(), SHIPPED), *_entries(user_folder(), USER)]
    sound = sorted((e for e in entries if e.document), key=lambda e: version_key(e.version), reverse=True)
    return (*sorted(sound, key=lambda e: e.model_id), *(e for e in entries if not e.document))


def find_model(model_id: str, version: str | None = None) -> ModelBundle:
    """The newest version of a model, or the one that is named, checked as :func:`load_bundle` does.

    A newest version that is damaged is an error: taking an older one in silence would change results.

    Raises:
        ModelError: ``not_found``, or what is wrong with the bundle.
    """
    return load_bundle(_the_entry(model_id, version).folder)


def verify_model(model_id: str, version: str | None = None) -> ModelBundle:
    """Check a bundle's files against their sizes and digests, and look through its networks.

    Raises:
        ModelError: ``not_found``, or what is wrong with the bundle.
    """
    return verify_folder(_the_entry(model_id, version).folder)


def verify_folder(folder: Path) -> ModelBundle:
    """Do as :func:`verify_model`, for a bundle wherever it lies. Raises ModelError."""
    bundle = load_bundle(folder)
    files = {spec.file: spec.sha256 for spec in bundle.networks.values()}
    files |= {spec.file: spec.sha256 for spec in bundle.classifiers.values()}
    for name, sha256 in files.items():
        check_onnx(read_checked(bundle.folder / name, sha256), name)
    return bundle


def install_model(path: str | os.PathLike[str], *, replace: bool = False) -> ModelBundle:
    """Check a bundle and copy it into the user's folder; it appears there whole or not at all.

    Args:
        path: the bundle's folder, or a zip file of it.
        replace: let another bundle of the user's, or what else lies where the model would go, give way to it.

    Returns:
        The installed bundle; the one that is there where it had been installed before.

    Raises:
        ModelError: what is wrong with the bundle or its zip file; ``version_taken`` where another bundle has its id and
            version.
        OutputError: the user's folder cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        return _install_folder(path, replace)
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise ModelError(
            "This is neither a folder nor a zip file",
            path=path,
            next_step="Give the folder or the zip file that a model bundle came as.",
            code="not_a_bundle",
        )
    with unpacked_bundle(path) as folder:
        return _install_folder(folder, replace)


def remove_model(model_id: str, version: str | None = None) -> Path:
    """Remove a model that the user installed.

    Args:
        model_id: its id, or the name of its folder (a broken bundle has no other name).
        version: may be left out where only one version is installed.

    Returns:
        The folder that was removed.

    Raises:
        ModelError: ``not_found``, ``shipped_model`` (it belongs to OsteoScreen) or ``several_versions``.
        OutputError: it cannot be removed.
    """
    found = [entry for entry in list_models() if entry.answers_to(model_id, version)]
    own = [entry for entry in found if entry.origin == USER]
    if not found:
        raise _not_found(model_id, version)
    if not own:
        raise ModelError(
            f"The model {printable(model_id)} is part of OsteoScreen and is not removed",
            path=found[0].folder,
            next_step="A newer version that you install is used in its place.",
            code="shipped_model",
        )
    if len(own) > 1:
        raise ModelError(
            f"Several versions of {printable(model_id)} are installed: {', '.join(e.version for e in own)}",
            next_step="Say which one with --version.",
            code="several_versions",
        )
    _delete(own[0].folder)
    return own[0].folder


def _entries(folder: Path | None, origin: str) -> Iterator[ModelEntry]:
    if folder is None or not folder.is_dir():
        return
    try:
        names = sorted(folder.iterdir())
    except OSError as error:  # a model that comes with OsteoScreen must still be found
        log.warning("The folder of models cannot be read: %s", printable(error.strerror or str(error)))
        return
    for entry in names:
        if entry.name.startswith(".") or not (entry.is_dir() or entry.is_symlink()):
            continue
        try:
            if entry.is_symlink():
                raise ModelError("This is a link", path=entry, next_step="Install the bundle.", code="unsafe_path")
            document, _ = read_document(entry / DOCUMENT)
            yield ModelEntry(entry, origin, document)
        except ModelError as error:
            yield ModelEntry(entry, origin, None, error)
        except OSError as error:
            why = printable(error.strerror or str(error))
            yield ModelEntry(entry, origin, None, ModelError(f"It cannot be read: {why}", path=entry))


def _the_entry(model_id: str, version: str | None) -> ModelEntry:
    for entry in list_models():  # the newest first; a shipped one before a copy of the same version
        if entry.answers_to(model_id, version):
            if entry.problem is not None:
                raise entry.problem
            return entry
    raise _not_found(model_id, version)


def _not_found(model_id: str, version: str | None) -> ModelError:
    wanted = printable(model_id if version is None else f"{model_id} {version}")
    return ModelError(
        f"There is no model {wanted[:100]}",
        next_step="Run: osteoscreen models list. Models are looked for in OsteoScreen itself and in the folder that"
        f" osteoscreen doctor names (the environment variable {VARIABLE} names another one).",
        code="not_found",
    )


def _install_folder(source: Path, replace: bool) -> ModelBundle:
    bundle = verify_folder(source)
    target = user_folder() / f"{bundle.model_id}-{bundle.version}"
    for entry in list_models():
        if entry.document and (entry.model_id, entry.version) == (bundle.model_id, bundle.version):
            if not (replace and entry.origin == USER) or _is_the_same(bundle, entry):
                return _same_or_refuse(bundle, entry)
            with _out_of_the_way(entry.folder):
                return _copy(bundle, source, target)
    if replace and (target.exists() or target.is_symlink()):
        with _out_of_the_way(target):
            return _copy(bundle, source, target)
    return _copy(bundle, source, target)


def _copy(bundle: ModelBundle, source: Path, target: Path) -> ModelBundle:
    if target.exists() or target.is_symlink():
        raise ModelError(
            "A broken bundle or something else lies where the model would go",
            path=target,
            next_step=f"Run: osteoscreen models remove {target.name}",
            code="version_taken",
        )
    with _staging(target) as partial:
        for name in (DOCUMENT, *listed_files(bundle.document, source)):
            shutil.copyfile(bundle.folder / name, partial / name)
        if load_bundle(partial).sha256 != bundle.sha256:
            raise ModelError("The bundle changed while it was copied", path=source, code="checksum_mismatch")
        partial.rename(target)
    return load_bundle(target)


def _is_the_same(bundle: ModelBundle, entry: ModelEntry) -> bool:
    try:
        return load_bundle(entry.folder).sha256 == bundle.sha256
    except ModelError:  # a damaged one is not
        return False


@contextmanager
def _out_of_the_way(folder: Path) -> Iterator[None]:
    """A folder that is gone when the block ends well, and back in its place where it does not. Raises OutputError."""
    hidden = folder.with_name(f".{uuid.uuid4().hex}.removed")
    try:
        folder.rename(hidden)
    except OSError as error:
        raise _not_removed(error, folder) from error
    try:
        yield
    except BaseException:
        hidden.rename(folder)
        raise
    if hidden.is_dir() and not hidden.is_symlink():
        shutil.rmtree(hidden, ignore_errors=True)
    else:
        hidden.unlink(missing_ok=True)


def _same_or_refuse(bundle: ModelBundle, entry: ModelEntry) -> ModelBundle:
    if _is_the_same(bundle, entry):
        return load_bundle(entry.folder)
    advice = (
        f"Remove it first: osteoscreen models remove {bundle.model_id} --version {bundle.version}."
        if entry.origin == USER
        else "It belongs to OsteoScreen; give the new model another version."
    )
    raise ModelError(
        f"Another bundle is installed as {bundle.model_id} {bundle.version}",
        path=entry.folder,
        next_step=advice,
        code="version_taken",
    )


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A new folder beside the target that is gone when the block ends, unless it was renamed. Raises OutputError."""
    partial = target.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
    except OSError as error:
        why = printable(error.strerror or str(error))
        raise OutputError(
            f"The model cannot be installed: {why}",
            path=target.parent,
            next_step=f"Free some space, or name another folder in the environment variable {VARIABLE}.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _delete(folder: Path) -> None:
    """Remove a folder, out of sight first, so that no half of it is ever found; of a link only the link."""
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        hidden = folder.with_name(f".{uuid.uuid4().hex}.removed")
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise _not_removed(error, folder) from error


def _not_removed(error: OSError, folder: Path) -> OutputError:
    return OutputError(
        f"The model cannot be removed: {printable(error.strerror or str(error))}",
        path=folder,
        next_step="Check that you may write there and that no program uses it.",
    )

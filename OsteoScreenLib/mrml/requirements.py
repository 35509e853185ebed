"""The Python packages a step of the module needs: installed at the moment of use, after the user's consent."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
from pathlib import Path

from OsteoScreenLib.errors import MissingPackageError

REQUESTER = "OsteoScreen"


def ensure_requirements(path: str | os.PathLike[str]) -> None:
    """See that the packages of a requirements file are installed; ask the user before anything is downloaded.

    Slicer 5.11 and later have ``slicer.packaging`` for this. Before that the names alone are compared with what is
    installed, and Slicer's older question and installer are used.

    Args:
        path: a requirements file; one package a line, with a lower bound, never one that Slicer pins for itself.

    Raises:
        MissingPackageError: the user declined, or the installation failed (most often: no network).
    """
    try:
        packaging = importlib.import_module("slicer.packaging")
    except ModuleNotFoundError:
        _ask_and_install(read_requirements(path))
        return
    try:
        packaging.pip_ensure(packaging.load_requirements(path), requester=REQUESTER)
    except Exception as error:  # a refusal is a RuntimeError, a failed pip a CalledProcessError
        wanted = read_requirements(path)
        raise _not_installed(missing_packages(wanted) or wanted) from error


def read_requirements(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The requirements in a file, without comments, empty lines and pip options."""
    lines = (line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("-"))


def missing_packages(requirements: tuple[str, ...]) -> tuple[str, ...]:
    """Those requirements whose package is not installed in any version."""
    return tuple(requirement for requirement in requirements if not _is_installed(package_name(requirement)))


def package_name(requirement: str) -> str:
    """The distribution's name at the start of a requirement such as ``scipy>=1.10``."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return match.group()


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _ask_and_install(requirements: tuple[str, ...]) -> None:
    """The way of Slicer 5.10 and before."""
    import slicer.util

    missing = missing_packages(requirements)
    if not missing:
        return
    question = f"{REQUESTER} needs Python packages that are not installed: {', '.join(missing)}. Install them now?"
    if not slicer.util.confirmOkCancelDisplay(question, windowTitle=REQUESTER):
        raise _not_installed(missing)
    try:
        slicer.util.pip_install(list(missing))
    except Exception as error:  # CalledProcessError, or what a broken pip raises
        raise _not_installed(missing) from error


def _not_installed(requirements: tuple[str, ...]) -> MissingPackageError:
    return MissingPackageError(
        f"The Python packages that {REQUESTER} needs were not installed: {', '.join(requirements)}",
        next_step="Check the network connection, then try again and allow the installation.",
    )

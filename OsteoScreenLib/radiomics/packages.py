"""Packages that only some extractions need, named where they are absent."""

from __future__ import annotations

import contextlib
import importlib
from contextlib import AbstractContextManager
from typing import Any

from OsteoScreenLib.errors import MissingPackageError


def needed(module: str, package: str, purpose: str) -> Any:
    """A module, imported.

    Raises:
        MissingPackageError: it is not installed; says what for and how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the Python package {package}, which is not installed",
            next_step=f"pip install {package}",
        ) from error


def pywavelets() -> Any:
    """PyWavelets."""
    return needed("pywt", "PyWavelets", "The image type Wavelet")


def yaml() -> Any:
    """PyYAML."""
    return needed("yaml", "PyYAML", "A parameter file in YAML")


def linear_algebra_in_one_thread() -> AbstractContextManager[Any]:
    """Within this, linear algebra starts no threads of its own.

    On matrices as small as ours they gain nothing, and they spin while they wait: a third of the machine in our
    measurements. Without threadpoolctl the features are the same and take longer.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits

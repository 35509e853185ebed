"""Network: an opened network of a bundle, ready to run on windows of a volume."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from OsteoScreenLib.errors import ModelError, printable
from OsteoScreenLib.models.engines import AUTO, Engine, engine_for, open_engine, usable_processors
from OsteoScreenLib.models.file_rules import read_checked
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.models.onnx_content import check_onnx

MAX_OPEN = 4
"""Networks that are kept open: two models of two networks each."""

_opened: OrderedDict[tuple[NetworkSpec, str, int], Network] = OrderedDict()
_lock = threading.Lock()


class Network:
    """A network that can be run; made by :func:`open_network`.

    Attributes:
        spec: what it wants and gives.
        engine: which program computes it, ``onnxruntime`` or ``openvino``.
        threads: processors it uses.
    """

    def __init__(self, spec: NetworkSpec, engine: str, threads: int, compute: Engine) -> None:
        self.spec = spec
        self.engine = engine
        self.threads = threads
        self._compute = compute
        self._busy = threading.Lock()

    def run(self, array: np.ndarray) -> np.ndarray:
        """Compute the logits of a window, in single precision.

        Args:
            array: float32 (1, C, z, y, x), normalised as the spec says; z, y and x multiples of ``multiple_of``.

        Returns:
            float32 (1, channels, z, y, x), an array of the caller's own.

        Raises:
            ValueError: the array has another type or shape.
            ModelError: ``network_failed``, also for want of memory, or ``wrong_network`` (another output than the
                spec says).
        """
        self._check(array)
        try:
            with self._busy:
                answer = self._compute(np.ascontiguousarray(array))
        except Exception as error:  # the engines' own errors have no common base
            raise ModelError(
                f"{self.engine} failed to run the network on {array.shape[2:]} voxels: {printable(str(error))[:300]}",
                path=self.spec.file,
                next_step="Close other programs if memory is short, or try the other engine.",
                code="network_failed",
            ) from error
        wanted = (1, len(self.spec.channels), *array.shape[2:])
        if answer.shape != wanted or answer.dtype != np.float32:
            raise ModelError(
                f"The network answers with {answer.dtype} of shape {answer.shape}, not float32 of {wanted}",
                path=self.spec.file,
                next_step="Get the model again from where it came.",
                code="wrong_network",
            )
        return answer

    def _check(self, array: np.ndarray) -> None:
        if array.dtype != np.float32 or array.ndim != 5 or array.shape[0] != 1:
            raise ValueError(f"float32 (1, C, z, y, x) is wanted, not {array.dtype} {array.shape}")
        if 0 in array.shape or any(size % self.spec.multiple_of for size in array.shape[2:]):
            raise ValueError(f"z, y and x must be multiples of {self.spec.multiple_of}, not {array.shape[2:]}")


def open_network(
    spec: NetworkSpec, folder: str | os.PathLike[str], engine: str = AUTO, threads: int | None = None
) -> Network:
    """Open a network of a bundle, or give back the one that is open already.

    The file is read once; its bytes are compared with the digest of the spec, looked through, and given to the
    engine, so that what was checked is what runs.

    Args:
        spec: from a loaded bundle.
        folder: the bundle's.
        engine: ``auto``, ``onnxruntime`` or ``openvino``; see :mod:`OsteoScreenLib.models.engines`.
        threads: processors to use; None takes all that this process may use.

    Raises:
        ModelError: ``checksum_mismatch``, ``missing_file``, ``unsafe_path``, ``too_large``, ``unsafe_network``,
            ``damaged``, ``wrong_network``, ``network_failed`` or ``unreadable``.
        MissingPackageError: the engine is not installed.
        UsageError: there is no such engine.
        ValueError: ``threads`` is not positive.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be positive, not {threads}")
    name, count = engine_for(engine), threads or usable_processors()
    key = (spec, name, count)
    with _lock:
        if key not in _opened:
            data = _bytes_of(spec, Path(folder))
            _opened[key] = Network(spec, name, count, open_engine(name, data, spec, count))
        _opened.move_to_end(key)
        while len(_opened) > MAX_OPEN:
            _opened.popitem(last=False)
        return _opened[key]


def close_networks() -> None:
    """Forget the networks that are open, so that their memory is freed once nobody uses them."""
    with _lock:
        _opened.clear()


def _bytes_of(spec: NetworkSpec, folder: Path) -> bytes:
    try:
        data = read_checked(folder / spec.file, spec.sha256)
    except OSError as error:
        raise ModelError(
            f"The network cannot be read: {printable(error.strerror or str(error))}",
            path=folder / spec.file,
            next_step="Check that the disk is there and that you may read it.",
            code="unreadable",
        ) from error
    check_onnx(data, spec.file)
    return data

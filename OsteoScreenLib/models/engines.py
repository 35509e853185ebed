"""The two programs that can compute a network on the processor: ONNX Runtime and OpenVINO. Neither uses the network."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from typing import Any, Protocol

import numpy as np

from OsteoScreenLib.errors import MissingPackageError, ModelError, UsageError, printable
from OsteoScreenLib.models.network_spec import NetworkSpec

log = logging.getLogger(__name__)

ENGINES = ("onnxruntime", "openvino")
DEFAULT_ENGINE = "onnxruntime"
"""What ``auto`` takes where it is installed."""
AUTO = "auto"
_INSTALL = {
    "onnxruntime": "Run: pip install onnxruntime",
    "openvino": 'Run: pip install openvino (or "osteoscreen[openvino]")',
}


class Engine(Protocol):
    """An opened network."""

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """Compute; float32 (1, C, z, y, x) in, float32 (1, channels, z, y, x) out."""
        ...


def engines_installed() -> tuple[str, ...]:
    """Names of the engines whose package is there, looked up without importing it; the default one first."""
    order = sorted(ENGINES, key=lambda name: name != DEFAULT_ENGINE)
    return tuple(name for name in order if importlib.util.find_spec(name) is not None)


def engine_for(wanted: str = AUTO) -> str:
    """Which engine will be used.

    Args:
        wanted: ``auto`` or one of :data:`ENGINES`.

    Raises:
        UsageError: there is no engine of this name.
        MissingPackageError: it is not installed; with ``auto``, none is.
    """
    if wanted not in (AUTO, *ENGINES):
        raise UsageError(
            f"There is no engine {printable(wanted)!r}", next_step=f"Use one of {', '.join((AUTO, *ENGINES))}."
        )
    there = engines_installed()
    if wanted == AUTO and there:
        if there[0] != DEFAULT_ENGINE:
            log.info("%s is not installed; %s is used", DEFAULT_ENGINE, there[0])
        return there[0]
    if wanted not in there:
        name = DEFAULT_ENGINE if wanted == AUTO else wanted
        raise MissingPackageError(f"The Python package {name} is not installed", next_step=f"{_INSTALL[name]}.")
    return wanted


def usable_processors() -> int:
    """Processors this process may use; a container often has fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_engine(name: str, data: bytes, spec: NetworkSpec, threads: int) -> Engine:
    """Open a network from its bytes.

    Args:
        name: one of :data:`ENGINES`.
        data: content of the ONNX file, already checked.
        spec: names of its input and output.
        threads: processors to use.

    Raises:
        MissingPackageError: the engine's package cannot be imported.
        ModelError: ``network_failed`` (the engine cannot open it) or ``wrong_network`` (it has another input or
            output than the spec says).
    """
    package = _imported(name)
    opener = _OnnxRuntime if name == "onnxruntime" else _OpenVino
    try:
        return opener(package, data, spec, threads)
    except ModelError:
        raise
    except Exception as error:  # the engines' own errors have no common base
        raise ModelError(
            f"{name} cannot open the network: {printable(str(error))[:300]}",
            path=spec.file,
            next_step="Try the other engine, or get the model again.",
            code="network_failed",
        ) from error


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:  # absent, or made for another system
        raise MissingPackageError(
            f"The Python package {name} cannot be used: {printable(str(error))[:200]}",
            next_step=f"{_INSTALL[name]}.",
        ) from error


class _OnnxRuntime:
    def __init__(self, package: Any, data: bytes, spec: NetworkSpec, threads: int) -> None:
        package.disable_telemetry_events()  # the builds for Windows have them
        options = package.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = package.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input, self._output = spec.input, spec.output
        _check_names(
            spec,
            {port.name for port in self._session.get_inputs()},
            {port.name for port in self._session.get_outputs()},
        )

    def __call__(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(self._session.run([self._output], {self._input: array})[0])


class _OpenVino:
    def __init__(self, package: Any, data: bytes, spec: NetworkSpec, threads: int) -> None:
        core = package.Core()
        model = core.read_model(data, b"")
        _check_names(
            spec,
            {name for port in model.inputs for name in port.get_names()},
            {name for port in model.outputs for name in port.get_names()},
        )
        if len(model.inputs) != 1:
            raise _wrong(spec, "it has several inputs")
        # Processors with bfloat16 or half precision would be driven with it; that moves the surface of a mask.
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
        }
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        self._output = spec.output

    def __call__(self, array: np.ndarray) -> np.ndarray:
        self._request.infer([array], share_inputs=True)
        return np.array(self._request.get_tensor(self._output).data)  # a copy: the next call writes over the tensor


def _check_names(spec: NetworkSpec, inputs: set[str], outputs: set[str]) -> None:
    if spec.input not in inputs:
        raise _wrong(spec, f"it has no input {spec.input!r}")
    if spec.output not in outputs:
        raise _wrong(spec, f"it has no output {spec.output!r}")


def _wrong(spec: NetworkSpec, what: str) -> ModelError:
    return ModelError(
        f"The network does not fit its model.json: {printable(what)[:200]}",
        path=spec.file,
        next_step="Get the model again from where it came.",
        code="wrong_network",
    )

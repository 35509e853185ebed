"""The parts of Testing/bench/segmentation.py, each run in a process of its own: what it measures must not share memory.

    python Testing/tools/segmentation_bench_parts.py PART '{"json": "of what the part wants"}'

The last line of the output is what was measured, as JSON.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SHAPE, SPACING_ZYX = (300, 512, 512), (1.5, 0.8, 0.8)
SEED = 700_500
ALWAYS_THERE = ("numpy", "SimpleITK", "pydicom", "scipy", "typer", "rich", "jinja2", "pillow")
"""What OsteoScreen needs with any engine."""


def peak_bytes() -> int:
    """The most memory this process has held. ``ru_maxrss`` begins at that of the parent; Linux knows better."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024  # type: ignore[index]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def make_volume(path: str, shape: list[int] | None = None) -> dict[str, Any]:
    """A digital patient's abdomen and hips of 512 x 512 x 300 voxels, saved with its geometry."""
    from dataclasses import replace

    import numpy as np

    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient
    from OsteoScreenLib.phantom.protocol import PROTOCOLS

    z, y, x = shape or SHAPE
    spacing = (SPACING_ZYX[2], SPACING_ZYX[1], SPACING_ZYX[0])
    if shape:  # for a trial: the same extent in fewer voxels
        spacing = tuple(s * n / m for s, n, m in zip(spacing, SHAPE[::-1], (x, y, z), strict=True))  # type: ignore[assignment]
    traits = draw_patient(SEED, implant=None, implant_side=None, bmi=27.0)
    protocol = replace(PROTOCOLS["abdomen"], slice_thickness_mm=spacing[2])
    ct = make_digital_patient(traits, protocol, spacing_xyz_mm=spacing, shape_zyx=(z, y, x), with_truth=False).ct
    fresh = Path(path).with_suffix(".new.npy")
    np.save(fresh, ct.hu)
    Path(path).with_suffix(".json").write_text(json.dumps(ct.geometry.to_dict()), encoding="utf-8")
    fresh.replace(path)
    return {"shape": list(ct.hu.shape)}


def segment(
    volume: str, engine: str, mask: str, bundle: str | None, threads: int, repeats: int, inputs: str, answers: str
) -> dict[str, Any]:
    """Time and memory of an engine, from the volume to the masks; then its answers to the recorded windows.

    Args:
        mask, answers: files to write. inputs: windows to answer; written first where the file is absent.
    """
    import numpy as np

    from OsteoScreenLib.ct.geometry import Geometry
    from OsteoScreenLib.ct.volume import CTVolume

    geometry = Geometry.from_dict(json.loads(Path(volume).with_suffix(".json").read_text(encoding="utf-8")))
    ct = CTVolume(np.load(volume), geometry)
    loaded = peak_bytes()
    started = time.perf_counter()
    segmenter, networks = open_segmenter(engine, bundle, threads, not Path(inputs).exists())
    opened, seconds = time.perf_counter() - started, []
    for _ in range(repeats):
        for network in networks.values():
            network.seconds = 0.0
        started = time.perf_counter()
        masks = segmenter.segment(ct)
        seconds.append(time.perf_counter() - started)
    peak = peak_bytes()
    np.save(mask, masks.labels)
    if not Path(inputs).exists():
        recorded = {f"{name}_{k}": a for name, network in networks.items() for k, a in enumerate(network.seen)}
        np.savez(inputs, **recorded)
    with np.load(inputs) as windows:
        np.savez(answers, **{name: activated(networks[name.split("_")[0]].run(windows[name])) for name in windows})
    where = np.argwhere(masks.labels)
    return {
        "seconds": statistics.median(seconds),
        "first_seconds": seconds[0],
        "open_seconds": opened,
        "network_seconds": {name: network.seconds for name, network in networks.items()},
        "calls": {name: network.calls // repeats for name, network in networks.items()},
        "peak_bytes": peak,
        "volume_bytes": loaded,
        "timings_s": dict(masks.timings_s),
        "found": {side: finding.presence for side, finding in masks.femurs.items()},
        "box": None if not len(where) else [[int(a), int(b)] for a, b in zip(where.min(0), where.max(0), strict=True)],
        "shape": list(geometry.shape_zyx),
        "spacing_zyx_mm": list(geometry.spacing_xyz_mm[::-1]),
        "models": [dict(entry) for entry in segmenter.models],
    }


class Watched:
    """A network whose time is taken, and whose first windows are kept where they shall be."""

    def __init__(self, run: Callable[[Any], Any], keep: bool) -> None:
        self._run, self._keep = run, keep
        self.seconds, self.calls = 0.0, 0
        self.seen: list[Any] = []

    def run(self, array: Any) -> Any:
        """Logits."""
        if self._keep and len(self.seen) < 2:
            self.seen.append(array.copy())
        started = time.perf_counter()
        answer = self._run(array)
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return answer


def open_segmenter(engine: str, bundle: str | None, threads: int, keep: bool) -> tuple[Any, dict[str, Watched]]:
    """The segmenter with an engine, and its watched networks by name."""
    from OsteoScreenLib.models.bundle import load_bundle
    from OsteoScreenLib.models.network import open_network
    from OsteoScreenLib.models.store import find_model
    from OsteoScreenLib.segmentation.vbnet_segmenter import MODEL_ID, VBNetSegmenter

    model = load_bundle(bundle) if bundle else find_model(MODEL_ID)
    runs: dict[str, Callable[[Any], Any]] = {}
    for name in ("coarse", "fine"):
        if engine == "torch":
            runs[name] = torch_network(model, name, threads)
        else:
            runs[name] = open_network(model.networks[name], model.folder, engine, threads).run
    networks = {name: Watched(run, keep) for name, run in runs.items()}
    specs = (model.networks["coarse"], model.networks["fine"])
    return VBNetSegmenter(networks["coarse"], networks["fine"], *specs, (model.reference(),)), networks


def torch_network(model: Any, name: str, threads: int) -> Callable[[Any], Any]:
    """A network of a bundle in torch, its weights read back from the ONNX file."""
    import torch

    from OsteoScreenLib.training.onnx_weights import base_of, bundle_weights
    from OsteoScreenLib.training.vbnet import VBNet

    torch.set_num_threads(threads)
    weights = bundle_weights(model, name)
    network: Any = VBNet(len(model.networks[name].channels), base_of(weights, model.folder))
    network.load_state_dict(weights)
    # Normalisation is by instance in either mode; in this one it takes the faster way for a single window.
    network = network.train().to(memory_format=torch.channels_last_3d)

    def run(array: Any) -> Any:
        with torch.inference_mode():
            window = torch.from_numpy(array).to(memory_format=torch.channels_last_3d)
            return network(window).contiguous().numpy()

    return run


def activated(logits: Any) -> Any:
    """Probabilities of logits (1, channels, z, y, x): softmax of several channels, sigmoid of one."""
    import numpy as np

    if logits.shape[1] == 1:
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def compare(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, Any]:
    """Largest difference of two engines' probabilities by network, and agreement of their masks; None of no femur."""
    import numpy as np
    from scan_variants import dice

    largest: dict[str, float] = {}
    with np.load(first["answers"]) as a, np.load(second["answers"]) as b:
        for name in a:
            network = name.split("_")[0]
            largest[network] = max(largest.get(network, 0.0), float(np.abs(a[name] - b[name]).max()))
    masks = np.load(first["mask"]), np.load(second["mask"])
    agreements = [dice(masks[0] == label, masks[1] == label) for label in (1, 2)]
    known = [value for value in agreements if value is not None]
    return {"probability": largest, "dsc": min(known) if known else None}


def nnunet(net: Mapping[str, Any], threads: int, repeats: int) -> dict[str, Any]:
    """Seconds per window of an nnU-Net in torch with random weights, single precision, and its memory."""
    import torch
    from nnunet_cost import NnUNet, build

    torch.set_num_threads(threads)
    wanted = NnUNet(net["spacing_mm"], tuple(net["patch_zyx"]), net["stages"], net["outputs"])
    network, seconds = build(wanted), []
    window = torch.randn(1, 1, *wanted.patch_zyx)
    with torch.inference_mode():
        for _ in range(repeats + 1):  # the first one warms up
            started = time.perf_counter()
            network(window)
            seconds.append(time.perf_counter() - started)
    weights = sum(parameter.numel() for parameter in network.parameters())
    return {"seconds": min(seconds[1:] or seconds), "peak_bytes": peak_bytes(), "weights": weights}


def sizes(engines: list[str]) -> dict[str, Any]:
    """Version and bytes on disk of each engine, with what it alone needs; None of one that is not installed."""
    base: set[str] = set()
    for name in ALWAYS_THERE:
        base |= needed_by(name)
    found: dict[str, Any] = {}
    for engine in engines:
        own = needed_by(engine) - (base - {canonical(engine)})
        total = sum(bytes_of(name) for name in own)
        found[engine] = [importlib.metadata.version(engine), total] if own else None
    return found


def canonical(name: str) -> str:
    """A distribution's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_by(name: str) -> set[str]:
    """A distribution that is installed and those that it requires, at any depth; extras left out. Empty if absent."""
    found: set[str] = set()
    waiting = [canonical(name)]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        try:
            required = importlib.metadata.requires(one) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(one)
        plain = (entry for entry in required if "extra ==" not in entry)
        waiting += [canonical(re.match(r"[A-Za-z0-9._-]+", entry)[0]) for entry in plain]  # type: ignore[index]
    return found


def bytes_of(name: str) -> int:
    """Bytes of an installed distribution's files."""
    files = importlib.metadata.files(name) or []
    paths = (Path(str(file.locate())) for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file())


PARTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "volume": make_volume,
    "segment": segment,
    "compare": compare,
    "nnunet": nnunet,
    "sizes": sizes,
}


def main() -> int:
    """Run a part; exit 1 with a sentence where OsteoScreen says what is wrong."""
    from OsteoScreenLib.errors import OsteoScreenError

    try:
        print(json.dumps(PARTS[sys.argv[1]](**json.loads(sys.argv[2]))))
    except OsteoScreenError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

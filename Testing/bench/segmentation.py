"""Femur segmentation against an nnU-Net of TotalSegmentator's size, and the engines against each other, in one run.

    python Testing/bench/segmentation.py [--bundle DIR] [--engines NAME ...] [--threads N] [--skip-nnunet]

A digital patient of 512 x 512 x 300 voxels of 0.8 x 0.8 x 1.5 mm (kept in bench-output/) is segmented with every engine
that is installed, each in a fresh process: seconds from the volume in memory to the masks (median of several runs) and
the process's peak memory, the volume included. The nnU-Nets have random weights and TotalSegmentator's layers; theirs
is the time of one window times the number of windows of its own sliding window (see Testing/tools/nnunet_cost.py),
without resampling and blending, which favours them. Bars: 10 s, 2.5 GB; probabilities within 0.01 of torch's and masks
that agree to 0.999. Exit 1 where a bar is missed. Run with ``make bench``; wants a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "Testing" / "tools"
sys.path.insert(0, str(TOOLS))
from nnunet_cost import (  # noqa: E402
    AT_1_5_MM,
    AT_3_MM,
    AT_6_MM,
    MODELS_AT_1_5_MM,
    NnUNet,
    cropped_shape,
    windows_of,
)

OUTPUT = Path("bench-output")
MAX_SECONDS, MAX_BYTES, MAX_DIFFERENCE, MIN_DSC = 10.0, 2.5e9, 1e-2, 0.999
REFERENCE = "torch"
Line = tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where a bar is missed."""
    options = parse(arguments)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    volume = OUTPUT / ("digital-patient.npy" if not options.shape else f"digital-patient-{options.shape[0]}.npy")
    if not volume.exists():
        print("Making a digital patient ...", flush=True)
        part("volume", path=str(volume), shape=options.shape)
    runs = run_engines(options, volume)
    if not runs:
        print("Nothing was measured. Where no model is installed, give its folder with --bundle.")
        return 0
    default = runs.get(options.default) or next(iter(runs.values()))
    print(f"\n{machine(options.threads)}\n")
    print(engine_table(runs, compare_all(runs), part("sizes", engines=list(runs))))
    if not options.skip_nnunet:
        print("\n" + nnunet_table(default, options))
    return verdict(default, runs)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="folder of the model; the newest installed one if not given")
    parser.add_argument("--engines", nargs="+", default=["torch", "onnxruntime", "openvino"])
    parser.add_argument("--default", default="onnxruntime", help="engine that the bars and ratios are for")
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip-nnunet", action="store_true")
    parser.add_argument("--shape", type=int, nargs=3, help="voxels (z y x) in place of 300 x 512 x 512, for a trial")
    parser.add_argument("--patch", type=int, help="edge of the nnU-Nets' windows in place of theirs, for a trial")
    return parser.parse_args(arguments)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def part(name: str, **wanted: Any) -> dict[str, Any]:
    """Run a part in a fresh process; this one stays small, so that it hands on no peak of its own."""
    command = [sys.executable, str(TOOLS / "segmentation_bench_parts.py"), name, json.dumps(wanted)]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths})
    if done.returncode != 0:
        raise RuntimeError(f"the part {name} failed, as said above")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def run_engines(options: argparse.Namespace, volume: Path) -> dict[str, dict[str, Any]]:
    """What was measured of every engine that is installed; the first one records the windows that all answer."""
    inputs = OUTPUT / "windows.npz"
    inputs.unlink(missing_ok=True)
    found: dict[str, dict[str, Any]] = {}
    for engine in sorted(options.engines, key=lambda name: name != REFERENCE):
        if importlib.util.find_spec(engine) is None:
            print(f"{engine} is not installed: left out", flush=True)
            continue
        files = {kind: str(OUTPUT / f"{kind}-{engine}{end}") for kind, end in (("mask", ".npy"), ("answers", ".npz"))}
        print(f"Segmenting with {engine} ...", flush=True)
        try:
            measured = part(
                "segment",
                volume=str(volume),
                engine=engine,
                bundle=None if options.bundle is None else str(options.bundle),
                threads=options.threads,
                repeats=options.repeats,
                inputs=str(inputs),
                **files,
            )
        except RuntimeError as error:
            print(f"{engine}: {error}", flush=True)
            continue
        found[engine] = {**measured, "files": files}
    return found


def compare_all(runs: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every engine against the first one, which is torch where it is installed."""
    first = next(iter(runs))
    for measured in runs.values():
        measured["agreement"] = part("compare", first=runs[first]["files"], second=measured["files"])
    return {engine: measured["agreement"] for engine, measured in runs.items()}


def engine_table(
    runs: Mapping[str, dict[str, Any]], agreements: Mapping[str, dict[str, Any]], sizes: Mapping[str, Any]
) -> str:
    """The engines on our two networks."""
    first = next(iter(runs))
    head = ["engine", "end to end s", "first s", "coarse net s", "fine net s", "opening s", "peak GB", "installed MB"]
    head += [f"largest probability difference to {first}", f"mask DSC to {first}", "found (left, right)"]
    lines = []
    for engine, run in runs.items():
        version, size = sizes.get(engine) or ("", 0)
        differences = agreements[engine]["probability"]
        lines.append(
            (
                f"{engine} {version}",
                f"{run['seconds']:.2f}",
                f"{run['first_seconds']:.2f}",
                *(f"{run['network_seconds'][name]:.2f} ({run['calls'][name]} windows)" for name in ("coarse", "fine")),
                f"{run['open_seconds']:.2f}",
                f"{run['peak_bytes'] / 1e9:.2f}",
                f"{size / 1e6:.0f}",
                ", ".join(f"{name} {value:.1e}" for name, value in differences.items()),
                "no femur" if agreements[engine]["dsc"] is None else f"{agreements[engine]['dsc']:.5f}",
                f"{run['found']['left']}, {run['found']['right']}",
            )
        )
    return markdown(head, lines)


def nnunet_table(ours: Mapping[str, Any], options: argparse.Namespace) -> str:
    """What TotalSegmentator's networks would take for the same volume, and the ratios to ours."""
    if importlib.util.find_spec("dynamic_network_architectures") is None or importlib.util.find_spec("torch") is None:
        return "No nnU-Net: it wants torch and dynamic-network-architectures (pip install)."
    shape, spacing, costs = ours["shape"], ours["spacing_zyx_mm"], {}
    nets = {"1.5 mm": AT_1_5_MM, "3 mm": AT_3_MM}
    for name, net in nets.items():
        print(f"One window of the nnU-Net at {name} ...", flush=True)
        shown = {**asdict(net), **({"patch_zyx": [options.patch] * 3} if options.patch else {})}
        costs[name] = part("nnunet", net=shown, threads=options.threads, repeats=2)
    rows = list(ways(ours, shape, spacing))
    head = ("what", "windows", "s per window", "s", "times ours", "peak GB", "counted")
    lines: list[Line] = [
        ("ours", "-", "-", f"{ours['seconds']:.1f}", "1", f"{ours['peak_bytes'] / 1e9:.2f}", "measured")
    ]
    for what, counts, how in rows:
        seconds = sum(count * costs[name]["seconds"] for name, count in counts.items())
        each = ", ".join(f"{costs[name]['seconds']:.2f}" for name in counts)
        peak = max(costs[name]["peak_bytes"] for name in counts) / 1e9
        windows = " + ".join(str(count) for count in counts.values())
        lines.append((what, windows, each, f"{seconds:.0f}", f"{seconds / ours['seconds']:.1f}", f"{peak:.2f}", how))
    weights = ", ".join(f"{name}: {cost['weights'] / 1e6:.1f} M weights" for name, cost in costs.items())
    trial = f" TRIAL with windows of {options.patch} voxels: no figure to quote." if options.patch else ""
    return f"{markdown(head, lines)}\n\nRandom weights, torch, single precision, no mirroring; {weights}.{trial}"


def ways(
    ours: Mapping[str, Any], shape: Sequence[int], spacing: Sequence[float]
) -> list[tuple[str, dict[str, int], str]]:
    """(what, windows by network, how they are counted) of each way to run TotalSegmentator."""

    def count(net: NnUNet) -> int:
        return windows_of(net, shape, spacing)

    one = count(AT_1_5_MM)
    found = [
        ("nnU-Net, total at 1.5 mm", {"1.5 mm": one * MODELS_AT_1_5_MM}, "five networks, whole volume"),
        ("nnU-Net, its network with the femora at 1.5 mm", {"1.5 mm": one}, "one network, whole volume"),
        ("nnU-Net, fast at 3 mm", {"3 mm": count(AT_3_MM)}, "one network, whole volume"),
    ]
    if ours["box"]:
        cropped = windows_of(AT_1_5_MM, *cropped_shape(ours["box"], shape, spacing))
        how = "at 6 mm (as long per window as at 3 mm), then one network around our femora + 20 mm"
        counts = {"3 mm": count(AT_6_MM), "1.5 mm": cropped}
        found.append(("nnU-Net, only the femora (roi_subset)", counts, how))
    return found


def markdown(head: Sequence[str], lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def machine(threads: int) -> str:
    """The machine in a sentence."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{model}, {threads} processors used, {memory:.0f} GB of memory, {system}{load}."


def verdict(default: Mapping[str, Any], runs: Mapping[str, dict[str, Any]]) -> int:
    """Print which bars hold; 1 where one does not."""
    missed = []
    if default["seconds"] > MAX_SECONDS:
        missed.append(f"{default['seconds']:.1f} s, more than {MAX_SECONDS:g} s")
    if default["peak_bytes"] > MAX_BYTES:
        missed.append(f"{default['peak_bytes'] / 1e9:.2f} GB, more than {MAX_BYTES / 1e9:g} GB")
    for engine, run in runs.items():
        largest, dsc = max(run["agreement"]["probability"].values(), default=0.0), run["agreement"]["dsc"]
        if largest > MAX_DIFFERENCE:
            missed.append(f"{engine}: probabilities differ by {largest:.2g}, more than {MAX_DIFFERENCE:g}")
        if dsc is not None and dsc < MIN_DSC:
            missed.append(f"{engine}: masks agree to {dsc:.5f}, less than {MIN_DSC}")
    print("\n" + ("Missed: " + "; ".join(missed) if missed else "Every bar holds."))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

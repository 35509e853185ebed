"""The feature engine against PyRadiomics, side by side in one run: seconds and peak memory of the whole process.

    python Testing/bench/radiomics.py [--image FILE --mask FILE] [--spacings 1.0 0.7] [--processors 2] [--repeats 1]

A femur made by a formula (about 200 mL with the density of cortex, trabeculae and marrow, and noise), or a real one, is
measured by ``osteoscreen radiomics`` and by PyRadiomics' own command (with ``--through-us`` as the engine of ours), in
turn, each time in a fresh process on the same two processors: 107 features, and 1130 with LoG and wavelets. Both find
their modules compiled, as installed programs do.

Bars: at least 5 times faster than PyRadiomics, no more memory, and a growth with the number of voxels of no more than
its power of 1.1. Exit 1 where a bar is missed. Without PyRadiomics (the extra ``reference``) ours is measured alone.
Run with ``make bench``; wants a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MIN_RATIO, MAX_SLOPE = 5.0, 1.1
GROWTH_MM = (2.0, 1.4, 1.0, 0.7)
SETS = {
    "107": "imageType:\n  Original: {}\n",
    "1130": "imageType:\n  Original: {}\n  LoG:\n    sigma: [1.0, 3.0, 5.0]\n  Wavelet: {}\n",
}


@dataclass(frozen=True)
class Cost:
    """Seconds, seconds of all its processors together, and peak megabytes of one process."""

    seconds: float
    busy: float
    megabytes: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where a bar is missed."""
    options = parse(arguments)
    if options.write_femur is not None:
        write_femur(options.write_femur)
        return 0
    if options.time_growth:
        time_growth(options.image, options.mask)
        return 0
    both = importlib.util.find_spec("radiomics") is not None
    if not both:
        print("PyRadiomics is not installed: ours is measured alone.")
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image, mask = options.image, options.mask
        if image is None or mask is None:
            # In a process of its own: what this one has held, its children would count as theirs.
            image, mask = folder / "femur.nii.gz", folder / "mask.nii.gz"
            subprocess.run([sys.executable, __file__, "--write-femur", str(folder)], check=True)
        print("| voxel mm | features | ours s (busy) | MB | PyRadiomics s (busy) | MB | ratio | of busy |")
        print("| --- " * 8 + "|")
        for spacing in options.spacings:
            for count in SETS:
                params = write_params(folder, spacing, count)
                calls = [our_command(folder, image, mask, params, "builtin")]
                if both and options.through_us:
                    calls.append(our_command(folder, image, mask, params, "pyradiomics"))
                elif both:
                    calls.append(their_command(folder, image, mask, params))
                for call in calls:  # so that modules are compiled and files lie in the system's cache
                    run(call, folder, options.processors)
                turns = [[run(call, folder, options.processors) for call in calls] for _ in range(options.repeats)]
                missed += compare(spacing, count, *(median(costs) for costs in zip(*turns, strict=True)))
        if not options.skip_growth:
            missed += growth(image, mask)
    print(f"\nLoad {os.getloadavg()[0]:.1f} at the end, {options.processors} processors.")
    print("Missed: " + "; ".join(missed) if missed else "Every bar holds.")
    return 1 if missed else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--mask", type=Path, help="a mask of one label")
    parser.add_argument("--spacings", type=float, nargs="+", default=[1.0, 0.7])
    parser.add_argument("--processors", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="the median counts")
    parser.add_argument("--through-us", action="store_true", help="PyRadiomics as the engine of our command")
    parser.add_argument("--skip-growth", action="store_true")
    parser.add_argument("--time-growth", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write-femur", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def compare(spacing: float, count: str, ours: Cost, theirs: Cost | None = None) -> list[str]:
    """Print a line of the table; what misses its bar."""
    line = f"| {spacing:g} | {count} | {ours.seconds:.2f} ({ours.busy:.2f}) | {ours.megabytes:.0f} |"
    if theirs is None:
        print(f"{line} - | - | - | - |", flush=True)
        return []
    ratio, of_busy = theirs.seconds / ours.seconds, theirs.busy / ours.busy
    shown = f"{theirs.seconds:.2f} ({theirs.busy:.2f}) | {theirs.megabytes:.0f} | {ratio:.1f} | {of_busy:.1f} |"
    print(f"{line} {shown}", flush=True)
    missed = [f"{count} features at {spacing:g} mm: only {ratio:.1f} times faster"] if ratio < MIN_RATIO else []
    if ours.megabytes > theirs.megabytes:
        missed.append(
            f"{count} features at {spacing:g} mm: {ours.megabytes:.0f} MB, PyRadiomics {theirs.megabytes:.0f}"
        )
    return missed


def growth(image: Path, mask: Path) -> list[str]:
    """How the busy seconds of an extraction, packages loaded and files read, grow with the voxels."""
    call = [sys.executable, __file__, "--time-growth", "--image", str(image), "--mask", str(mask)]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
    measured: list[tuple[float, int, float]] = [tuple(entry) for entry in json.loads(done.stdout.splitlines()[-1])]
    slope = float(np.polyfit(np.log([n for _, n, _ in measured]), np.log([s for _, _, s in measured]), 1)[0])
    shown = ", ".join(f"{mm:g} mm {n} voxels {s:.2f} s" for mm, n, s in measured)
    print(f"\nGrowth of the extraction alone: {shown}: power {slope:.2f}")
    return [f"seconds grow with the power {slope:.2f} of the voxels"] if slope > MAX_SLOPE else []


def time_growth(image: Path, mask: Path) -> None:
    """Extract at several voxel sizes in this process and print [mm, voxels of the region, seconds] as JSON."""
    sys.path.insert(0, str(ROOT))
    from OsteoScreenLib.radiomics.extraction import extract
    from OsteoScreenLib.radiomics.grid_image import read_image, read_mask
    from OsteoScreenLib.radiomics.settings import Settings

    grey, labels = read_image(image), read_mask(mask)
    found = []
    for mm in (8.0, *GROWTH_MM):  # the first loads what is loaded on first use
        settings = Settings.from_dict({"setting": {"resampledPixelSpacing": [mm] * 3}})
        start = time.process_time()
        row = extract(grey, labels, settings, threads=1).rows[0]
        found.append((mm, row.facts["diagnostics_Mask-interpolated_VoxelNum"], time.process_time() - start))
    print(json.dumps(found[1:]))


def write_params(folder: Path, spacing: float, count: str) -> Path:
    """A parameter file, which both read."""
    params = folder / f"params-{count}-{spacing}.yaml"
    params.write_text(f"setting:\n  resampledPixelSpacing: [{spacing}, {spacing}, {spacing}]\n{SETS[count]}")
    return params


def our_command(folder: Path, image: Path, mask: Path, params: Path, engine: str) -> list[str]:
    """Our command."""
    call = [sys.executable, "-m", "OsteoScreenLib.cli", "radiomics", str(image), str(mask), "--overwrite"]
    return [*call, "--out", str(folder / "features.csv"), "--params", str(params), "--engine", engine]


def their_command(folder: Path, image: Path, mask: Path, params: Path) -> list[str]:
    """PyRadiomics' command."""
    start = "import sys; from radiomics.scripts import parse_args; sys.exit(parse_args())"
    call = [sys.executable, "-c", start, str(image), str(mask), "--param", str(params), "--verbosity", "1"]
    return [*call, "--out", str(folder / "theirs.csv"), "--format", "csv"]


def median(costs: Sequence[Cost]) -> Cost:
    """Of each measure by itself."""
    return Cost(*(statistics.median(values) for values in zip(*map(astuple, costs), strict=True)))


def run(command: list[str], folder: Path, processors: int) -> Cost:
    """One process on as many processors."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:processors]))  # the child inherits it
    try:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        os.sched_setaffinity(0, before)
    if child.returncode != 0:
        raise RuntimeError("the process failed, as said above")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def write_femur(folder: Path) -> None:
    """A femur by a formula in a scan of 0.8 x 0.8 x 1 mm."""
    sys.path.insert(0, str(ROOT))
    from OsteoScreenLib.ct.geometry import Geometry
    from OsteoScreenLib.ct.volume import CTVolume
    from OsteoScreenLib.ct.write import write_image, write_labels

    shape, spacing = (200, 200, 200), (1.0, 0.8, 0.8)
    z, y, x = np.ogrid[tuple(slice(0, n * mm, mm) for n, mm in zip(shape, spacing, strict=True))]
    z, y, x = z[: shape[0]], y[:, : shape[1]], x[:, :, : shape[2]]
    head = 24.0 - np.sqrt((x - 55) ** 2 + (y - 80) ** 2 + (z - 160) ** 2)
    along = np.clip(((x - 55) * 35 + (z - 160) * -35) / (35**2 + 35**2), 0, 1)
    neck = 17.0 - np.sqrt((x - 55 - 35 * along) ** 2 + (y - 80) ** 2 + (z - 160 + 35 * along) ** 2)
    trochanter = 22.0 - np.sqrt((x - 95) ** 2 + (y - 80) ** 2 + ((z - 125) / 1.4) ** 2)
    shaft = np.where((z > 12) & (z < 125), 17.0, -99.0) - np.hypot(x - 95, y - 80)
    depth = np.maximum(np.maximum(head, neck), np.maximum(trochanter, shaft))
    noise = np.random.default_rng(0).standard_normal(shape)
    grey = np.where(depth > 3, 200 + 3 * z, np.where(depth > 0, 1100.0, 40.0)) + 40 * noise
    grey = np.where((shaft > 5) & (z < 90), -60 + 40 * noise, grey)
    geometry = Geometry(shape, (0.8, 0.8, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    write_image(CTVolume(np.rint(grey).astype(np.int16), geometry), folder / "femur.nii.gz")
    write_labels((depth > 0).astype(np.uint8), geometry, folder / "mask.nii.gz")
    litres = np.count_nonzero(depth > 0) * math.prod(spacing) / 1e6
    print(f"A femur by a formula: {1000 * litres:.0f} mL\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())

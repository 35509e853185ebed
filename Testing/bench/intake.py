"""Reading and checking a large DICOM folder, side by side with SimpleITK's own series read.

Makes a 512 x 512 x 400 series (uncompressed, 16 bit), then runs both ways in turn, each in a process of its own, and
prints time and peak memory of every run, the ratio pair by pair, and the medians. Bars: ratio <= 1.6, memory <= 2.2
times the volume's int16 size. Run with ``make bench``; wants a machine that does nothing else.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SHAPE = (400, 512, 512)
PAIRS = 5
MAX_RATIO, MAX_MEMORY = 1.6, 2.2

SIMPLEITK = """
import SimpleITK as sitk
reader = sitk.ImageSeriesReader()
names = reader.GetGDCMSeriesFileNames(FOLDER, reader.GetGDCMSeriesIDs(FOLDER)[0])
reader.SetFileNames(names)
image = reader.Execute()
"""
OURS = """
from OsteoScreenLib.ct.reader import read_ct
volume = read_ct(FOLDER)
"""
CHECKS = """
from OsteoScreenLib.quality.checks import check_volume
check_volume(volume)
"""
TIMED = """
import json, resource, sys, time
FOLDER = sys.argv[1]
import numpy, SimpleITK, pydicom  # both ways pay for imports alike, outside of the clock
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([seconds, peak]))
"""


def main() -> int:
    """Measure and print; exit 1 where a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="osteoscreen-bench-") as folder:
        print(f"Making a DICOM series of {' x '.join(map(str, SHAPE[::-1]))} voxels ...", flush=True)
        # In a process of its own: the peak memory that a process reports begins at that of its parent.
        maker = multiprocessing.get_context("spawn").Process(target=make_series, args=(Path(folder),))
        maker.start()
        maker.join()
        if maker.exitcode != 0:
            return 1
        return measure(folder)


def make_series(folder: Path) -> None:
    """A digital patient enlarged to that many voxels, with noise added so that nothing is flat."""
    import dataclasses

    import numpy as np

    from OsteoScreenLib.ct.acquisition import Acquisition
    from OsteoScreenLib.ct.geometry import Geometry
    from OsteoScreenLib.ct.volume import CTVolume
    from OsteoScreenLib.phantom.dicom_series import write_dicom_series
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient

    body = make_digital_patient(draw_patient(1), with_truth=False).ct
    index = [np.arange(n) * m // n for n, m in zip(SHAPE, body.hu.shape, strict=True)]
    hu = body.hu[np.ix_(*index)] + np.random.default_rng(0).integers(-12, 13, (SHAPE[1], SHAPE[2]), dtype=np.int16)
    geometry = Geometry(SHAPE, (0.75, 0.75, 0.6), (-192.0, -192.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    acquisition = dataclasses.replace(Acquisition(), modality="CT", kvp=120.0, kernel="B30f", slice_thickness_mm=0.6)
    write_dicom_series(CTVolume(hu, geometry, acquisition), folder)


def run(body: str, folder: str) -> tuple[float, float]:
    """Seconds and peak bytes of one process."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(body=body), folder], capture_output=True, text=True, check=True
    )
    seconds, peak = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, peak


def measure(folder: str) -> int:
    """Print the table."""
    int16_bytes = 2 * SHAPE[0] * SHAPE[1] * SHAPE[2]
    run(SIMPLEITK, folder)  # once for the disk's cache
    rows = []
    print(f"{'pair':>4} {'SimpleITK s':>12} {'read s':>8} {'read+checks s':>14} {'ratio':>6} {'memory':>7}")
    for pair in range(1, PAIRS + 1):
        theirs, _ = run(SIMPLEITK, folder)
        read, _ = run(OURS, folder)
        both, peak = run(OURS + CHECKS, folder)
        rows.append((both / theirs, peak / int16_bytes))
        print(
            f"{pair:>4} {theirs:>12.2f} {read:>8.2f} {both:>14.2f} {rows[-1][0]:>6.2f} {rows[-1][1]:>7.2f}", flush=True
        )
    ratio, memory = (statistics.median(column) for column in zip(*rows, strict=True))
    print(
        f"median ratio {ratio:.2f} (bar {MAX_RATIO}), "
        f"peak memory {memory:.2f} times the int16 volume (bar {MAX_MEMORY})"
    )
    return 0 if ratio <= MAX_RATIO and memory <= MAX_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())

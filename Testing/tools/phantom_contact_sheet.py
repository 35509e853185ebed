"""A sheet of digital patients, one row each, in the views in which a reader would look at a hip and a spine.

    python Testing/tools/phantom_contact_sheet.py --out Docs/Pictures/digital-patients.png
    python Testing/tools/phantom_contact_sheet.py --real ../shared/data --out sheet.png     # real CTs for comparison

Views: axial at the femoral head, the neck and the trochanters, coronal through the heads, sagittal through the spine,
and a projection of all bone from the front. Pictures of real CTs are for looking only and stay out of the repository.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume

CELL = 200
SOFT, BONE = (-160.0, 240.0), (-250.0, 1000.0)
SEEDS = tuple(range(101, 113))
REAL = (
    "abdomen_ct/totalsegmentator_example/example_ct.nii.gz",
    "hip_ct/STS_040_CT.nii.gz",
    "hip_ct/STS_036_CT.nii.gz",
    "hip_ct/STS_007_CT.nii.gz",
    "abdomen_ct/crlm_1006/CRLM-CT-1006.nii.gz",
    "chest_ct/lidc_chest/lidc_chest_fullfov_1x1x2mm.nii.gz",
)


def grey(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """8-bit picture of HU."""
    low, high = window
    return (np.clip((values.astype(np.float32) - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def fitted(picture: np.ndarray, height_mm: float, width_mm: float, scale: float) -> np.ndarray:
    """A picture true to scale in the middle of a square cell."""
    from PIL import Image

    size = (max(1, round(width_mm * scale)), max(1, round(height_mm * scale)))
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    cell = np.zeros((CELL, CELL), np.uint8)
    h, w = min(CELL, small.shape[0]), min(CELL, small.shape[1])
    top, left = (small.shape[0] - h) // 2, (small.shape[1] - w) // 2
    cell[(CELL - h) // 2 :][:h, (CELL - w) // 2 :][:, :w] = small[top : top + h, left : left + w]
    return cell


def row_of(ct: CTVolume, levels_mm: tuple[float, float, float], centre_lps: tuple[float, float, float]) -> np.ndarray:
    """The six views; ``levels_mm`` are the axial levels, ``centre_lps`` where coronal and sagittal views cut."""
    view = ct.anatomical()
    array, (sz, sy, sx) = view.array, view.spacing_spl_mm
    corners = [
        ct.geometry.to_physical([(n - 1) * b for n, b in zip(ct.geometry.shape_zyx[::-1], bits, strict=True)])
        for bits in np.ndindex(2, 2, 2)
    ]
    origin = np.min(corners, axis=0)

    def index(mm: float, axis: int) -> int:
        lps_axis, spacing = ((2, sz), (1, sy), (0, sx))[axis]
        return int(np.clip(round((mm - origin[lps_axis]) / spacing), 0, array.shape[axis] - 1))

    nz, ny, nx = array.shape
    scale = CELL / max(nx * sx, 300.0)
    tall = CELL / max(nz * sz, 300.0)
    cells = [fitted(grey(array[index(z, 0)], SOFT), ny * sy, nx * sx, scale) for z in levels_mm]
    coronal = array[::-1, index(centre_lps[1], 1)]
    sagittal = array[::-1, :, index(centre_lps[0], 2)]
    bone = np.clip(array[::-1].astype(np.float32), 150, 1500).mean(axis=1)
    cells.append(fitted(grey(coronal, BONE), nz * sz, nx * sx, min(scale, tall)))
    cells.append(fitted(grey(sagittal, BONE), nz * sz, ny * sy, tall))
    cells.append(fitted(grey(bone, (150.0, float(np.percentile(bone, 99.7)))), nz * sz, nx * sx, min(scale, tall)))
    return np.concatenate([np.pad(cell, 1, constant_values=40) for cell in cells], axis=1)


def digital_row(seed: int) -> np.ndarray:
    """A patient drawn from a seed, on a low-dose abdominal scan."""
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient

    patient = make_digital_patient(draw_patient(seed), with_truth=False)
    femur = patient.landmarks["L"]
    levels = (femur.head_centre[2], femur.neck_centre[2], femur.lesser_trochanter[2] + 20.0)
    print(f"patient {seed}: {patient.traits}", flush=True)
    return row_of(patient.ct, levels, (0.0, femur.head_centre[1], 0.0))


def real_row(path: Path) -> np.ndarray:
    """A real CT, cut at levels that are spread over it."""
    ct = read_ct(path)
    nz, ny, nx = ct.geometry.shape_zyx
    low, high = sorted(ct.geometry.to_physical((0, 0, k))[2] for k in (0, nz - 1))
    middle = ct.geometry.to_physical((nx / 2, ny / 2, nz / 2))
    return row_of(ct, (low + 0.5 * (high - low), low + 0.35 * (high - low), low + 0.2 * (high - low)), middle)


def main() -> int:
    """Make the sheet."""
    from PIL import Image

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--real", type=Path, help="folder of the shared CTs: a sheet of those instead")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    arguments = parser.parse_args()
    if arguments.real:
        rows = [real_row(arguments.real / name) for name in REAL]
    else:
        rows = [digital_row(seed) for seed in arguments.seeds]
    half = (len(rows) + 1) // 2
    columns = [np.concatenate(rows[:half], axis=0), np.concatenate(rows[half:], axis=0)]
    columns = [np.pad(c, ((0, columns[0].shape[0] - c.shape[0]), (0, 6))) for c in columns]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(columns, axis=1)).save(arguments.out, optimize=True)
    print(f"Wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

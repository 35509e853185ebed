"""Training samples from real CT: a folder of volumes with femur masks beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import AnatomicalView
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.segmentation.intensity import CLIP_HU
from OsteoScreenLib.segmentation.resample import smoothing_mm
from OsteoScreenLib.training.sample import TrainingSample

CT_ENDING, MASK_ENDING = "_CT.nii.gz", "_femur.nii.gz"
MIN_VOXELS = 500


def find_real_cases(folder: Path, leave_out: Collection[str] = ()) -> dict[str, tuple[Path, Path]]:
    """CT and mask by case name: ``<name>_CT.nii.gz`` with ``<name>_femur.nii.gz`` beside it.

    Args:
        folder: to look in. leave_out: names of cases that are for testing.

    Raises:
        InputError: the folder holds no such pair.
    """
    cases = {}
    for mask in sorted(folder.glob(f"*{MASK_ENDING}")):
        name = mask.name[: -len(MASK_ENDING)]
        ct = mask.with_name(name + CT_ENDING)
        if name not in leave_out and ct.exists():
            cases[name] = (ct, mask)
    if not cases:
        raise InputError(
            f"No CT with a femur mask: there is no pair of *{CT_ENDING} and *{MASK_ENDING}",
            path=folder,
            code="no_masks",
        )
    return cases


def read_real_cases(cases: Mapping[str, tuple[Path, Path]], target_mm: float) -> list[TrainingSample]:
    """The samples of :func:`find_real_cases`. Raises InputError as :func:`read_real_case`."""
    return [read_real_case(ct, mask, name, target_mm) for name, (ct, mask) in cases.items()]


def read_real_case(ct_path: Path, mask_path: Path, name: str, target_mm: float) -> TrainingSample:
    """A CT and its mask (1 left, 2 right), blurred for resampling to ``target_mm`` but kept on its own grid.

    Raises:
        InputError: a file cannot be read, the grids differ, or the mask holds no femur.
    """
    ct = read_ct(ct_path)
    labels, geometry = read_labels(mask_path)
    same, why = same_grid(geometry, ct.geometry)
    if not same:
        raise InputError(f"A mask does not lie on the grid of its CT: {why}", path=mask_path, code="geometry_mismatch")
    if max(int((labels == 1).sum()), int((labels == 2).sum())) < MIN_VOXELS:
        raise InputError("A mask holds no femur (1 left, 2 right)", path=mask_path, code="empty_mask")
    hu = AnatomicalView.of(np.asarray(ct.hu), ct.geometry)
    smooth = smoothed(np.clip(hu.array, *CLIP_HU), hu.spacing_spl_mm, target_mm)
    view = AnatomicalView.of(labels, ct.geometry)
    return TrainingSample(smooth, np.ascontiguousarray(view.array), hu.spacing_spl_mm, "real", name)


def smoothed(hu: np.ndarray, spacing_zyx_mm: tuple[float, float, float], target_mm: float) -> np.ndarray:
    """Blur by what sampling at a larger spacing needs against aliasing; axes that are coarse already are left."""
    from scipy.ndimage import gaussian_filter1d

    value = hu.astype(np.float32)
    for axis, spacing in enumerate(spacing_zyx_mm):
        if target_mm > spacing:
            sigma = smoothing_mm(target_mm, spacing) / spacing
            value = gaussian_filter1d(value, sigma, axis=axis, mode="nearest", truncate=3.0)
    return np.rint(value).astype(np.int16)

"""A femur mask that the user gives: made elsewhere, or ours after editing."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of, stop_if
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.segmentation.label_resampling import resample_labels
from OsteoScreenLib.segmentation.other_sources import masks_of_labels

LOST_SHARE = 0.01
"""Own choice: share of a mask outside the scan from which it is a warning; under it, it is the rim of a grid."""


class GivenMaskSegmenter:
    """A mask as the source of femora.

    Args:
        mask: file (NIfTI, NRRD, MetaImage), or (z, y, x) array of whole numbers.
        geometry: of the array; None: it lies on the grid of the volume it is given with. Not with a file.
        labels: number of each side in the mask. With other numbers than 1 and 2, whatever else the mask holds is left
            out; with 1 and 2 it must hold nothing else, since it may then mean something different.
        name: what the mask is called in messages; the file's name where it is a file.
        source: what the result names as the source. models: what made the mask, where that is known.

    Raises:
        UsageError: geometry and file together, or labels that are no two different numbers over 0.
    """

    def __init__(
        self,
        mask: str | os.PathLike[str] | np.ndarray,
        geometry: Geometry | None = None,
        labels: Mapping[str, int] = SIDE_LABELS,
        name: str = "The mask",
        source: str = "given",
        models: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        if not isinstance(mask, np.ndarray) and geometry is not None:
            raise UsageError("A mask file brings its own geometry", next_step="Leave the geometry out.")
        numbers = [labels.get(side) for side in SIDE_LABELS]
        if set(labels) - set(SIDE_LABELS) or not any(numbers) or len(set(numbers)) != 2:
            raise UsageError(
                "The labels of a mask are one number over 0 for left, for right or for each",
                next_step="Give for example left=1, right=2.",
            )
        if any(number is not None and number < 1 for number in numbers):
            raise UsageError("A label is a number over 0; 0 is the background", next_step="Give left=1, right=2.")
        self._mask = mask
        self._geometry = geometry
        self._labels = dict(labels)
        self._source = source
        self.models = models
        self._name = Path(mask).name if not isinstance(mask, np.ndarray) else name

    def segment(
        self,
        ct: CTVolume,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FemurMasks:
        """The mask on the grid of the volume, with what can be said about it.

        Raises:
            CancelledError: the user asked to stop.
            InputError: the file cannot be read, the array does not fit (``geometry_mismatch``), the mask holds other
                labels (``unexpected_labels``), or no voxel of it lies in the volume (``no_overlap``).
        """
        started = time.perf_counter()
        progress(0.0, "Reading the mask")
        values, geometry = self._read(ct)
        labels = self._as_femora(values)
        stop_if(cancelled)
        labels, flags = _on_grid_of(ct, labels, geometry, self._name)
        timings = {"mask": time.perf_counter() - started}
        stop_if(cancelled)
        return masks_of_labels(
            ct,
            labels,
            self._source,
            models=self.models,
            flags=flags,
            timings_s=timings,
            progress=part_of(progress, 0.3, 1.0),
        )

    def _read(self, ct: CTVolume) -> tuple[np.ndarray, Geometry]:
        if not isinstance(self._mask, np.ndarray):
            return read_labels(self._mask)
        geometry = self._geometry or ct.geometry
        if self._mask.shape != geometry.shape_zyx:
            raise InputError(
                f"{self._name} has {self._mask.shape} voxels (z, y, x), and the grid it should lie on "
                f"{geometry.shape_zyx}",
                next_step="Give the mask with its own geometry.",
                code="geometry_mismatch",
            )
        if self._mask.dtype.kind not in "biu":
            raise InputError(
                f"{self._name} does not hold whole numbers", next_step="Give labels.", code="unexpected_labels"
            )
        return self._mask, geometry

    def _as_femora(self, values: np.ndarray) -> np.ndarray:
        wanted = {number: side for side, number in self._labels.items()}
        if self._labels == dict(SIDE_LABELS):
            others = sorted(set(np.unique(values).tolist()) - {0, *wanted})
            if others:
                shown = ", ".join(map(str, others[:5])) + (" ..." if len(others) > 5 else "")
                raise InputError(
                    f"{self._name} holds labels that are not a femur's ({shown}); 1 is the left femur, 2 the right",
                    next_step="Give a mask of the femora alone, or say which labels are the femora.",
                    code="unexpected_labels",
                )
        result = np.zeros(values.shape, np.uint8)
        for number, side in wanted.items():
            result[values == number] = SIDE_LABELS[side]
        return result


def _on_grid_of(
    ct: CTVolume, labels: np.ndarray, geometry: Geometry, name: str
) -> tuple[np.ndarray, tuple[QualityFlag, ...]]:
    same, why = same_grid(geometry, ct.geometry)
    if same:
        return labels, ()
    moved, outside = resample_labels(labels, geometry, ct.geometry)
    if labels.any() and not moved.any():
        raise InputError(
            f"{name} does not overlap with the scan: no voxel of it lies inside",
            next_step="Give the mask that was made on this scan.",
            code="no_overlap",
        )
    message = f"The mask is not on the grid of the scan ({why}). It was moved there, each voxel from its nearest one."
    evidence = {"why": why, "share_outside": round(outside, 4)}
    if outside <= LOST_SHARE:
        return moved, (QualityFlag("femur_mask_resampled", Severity.INFO, message, evidence),)
    message += f" {outside:.0%} of it lie outside the scan and are lost: does it belong to this scan?"
    return moved, (QualityFlag("femur_mask_resampled", Severity.WARNING, message, evidence),)

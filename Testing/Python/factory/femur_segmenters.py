"""Sources of femur masks that answer at once, where a test is about what happens around them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.screening.femur_source import FemurSource
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

DOUBT = QualityFlag("femur_mask_doubtful", Severity.WARNING, "The left femur's mask is doubtful.", {"side": "left"})
MODEL: Mapping[str, str] = {"id": "femur-test", "version": "1.0", "sha256": "0" * 64}


class BoxSegmenter:
    """Finds a box on the patient's left, and nothing on the right."""

    def __init__(self, *flags: QualityFlag, model: Mapping[str, str] = MODEL) -> None:
        self.flags = flags
        self.models = (model,)
        self.calls = 0

    def segment(
        self, ct: CTVolume, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
    ) -> FemurMasks:
        """Voxels of a box in the middle of the volume's left half."""
        self.calls += 1
        progress(1.0, "Box")
        labels = np.zeros(ct.geometry.shape_zyx, np.uint8)
        z, y, x = labels.shape
        labels[z // 4 : z - z // 4, y // 3 : y - y // 3, x // 2 : x - x // 5] = 1
        volume_ml = float((labels == 1).sum()) * ct.geometry.voxel_volume_mm3 / 1000.0
        femurs = {
            "left": FemurFinding("cut", "The image ends too early.", volume_ml, ("superior",), estimated_dsc=0.95),
            "right": FemurFinding("absent", "There is no bone on the right."),
        }
        return FemurMasks(labels, femurs, "vbnet", self.models, self.flags, {"coarse": 0.5, "fine": 1.25})


class FailingSegmenter:
    """Raises what it is given."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def segment(
        self, ct: CTVolume, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
    ) -> FemurMasks:
        """Raise."""
        raise self.error


def box_source(segmenter: BoxSegmenter | None = None) -> FemurSource:
    """A box segmenter as the source of a run."""
    made = segmenter or BoxSegmenter()
    return FemurSource(lambda: made, "vbnet")


def read_voxels(path: Path) -> np.ndarray:
    """The voxels of an image file, (z, y, x)."""
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))

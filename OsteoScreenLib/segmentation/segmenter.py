"""What every source of femur masks can do."""

from __future__ import annotations

from typing import Protocol

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.segmentation.femur_masks import FemurMasks


class FemurSegmenter(Protocol):
    """A source of femur masks."""

    def segment(
        self,
        ct: CTVolume,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FemurMasks:
        """Find the proximal femora of a volume.

        Raises:
            CancelledError: the user asked to stop.
            MissingPackageError: a package that this source needs is not installed.
            InputError: what the source was given does not fit the volume.
        """
        ...

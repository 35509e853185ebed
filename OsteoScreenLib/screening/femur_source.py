"""FemurSource: where the femur masks of a run come from, built when the first case needs it, and only once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OsteoScreenError, UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter

_LOG = logging.getLogger(__name__)

VBNET, TOTALSEGMENTATOR, GIVEN = "vbnet", "totalsegmentator", "given"


class FemurSource:
    """A :class:`FemurSegmenter` that is made when it is first needed and then kept.

    Loading a network takes a while, and a cohort needs it once. Where making it fails, because no model or engine is
    installed, every case is told the same reason.

    Args:
        make: makes the segmenter.
        kind: ``vbnet``, ``totalsegmentator`` or ``given``.
        mask_sha256: of the mask file that the user gave.
    """

    def __init__(self, make: Callable[[], FemurSegmenter], kind: str, mask_sha256: str | None = None) -> None:
        self._make = make
        self._made: FemurSegmenter | None = None
        self._error: OsteoScreenError | None = None
        self.kind = kind
        self.mask_sha256 = mask_sha256

    def segment(
        self, ct: CTVolume, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
    ) -> FemurMasks:
        """Find the femora of a volume; see :meth:`FemurSegmenter.segment`.

        Raises:
            OsteoScreenError: the segmenter cannot be made, or what it raises itself.
        """
        return self._segmenter().segment(ct, progress, cancelled)

    def models(self) -> tuple[Mapping[str, str], ...] | None:
        """The models that the next mask would be made by; None where that cannot be told beforehand."""
        try:
            models = getattr(self._segmenter(), "models", None)
        except Exception as error:
            # Segmenting will meet it again, and tell it where it can be told: in the case's result.
            _LOG.info("the models that would be used are not known (%s)", type(error).__name__)
            return None
        return None if models is None else tuple(models)

    def to_dict(self) -> dict[str, Any]:
        """What a result records of the choice."""
        return {"source": self.kind, "mask_sha256": self.mask_sha256}

    def _segmenter(self) -> FemurSegmenter:
        if self._error is not None:
            raise self._error
        if self._made is None:
            try:
                self._made = self._make()
            except OsteoScreenError as error:
                self._error = error
                raise
        return self._made


def femur_source(choice: str = VBNET, engine: str = "auto", threads: int | None = None) -> FemurSource:
    """The source that a user names.

    Args:
        choice: ``vbnet``, ``totalsegmentator``, or the path of a mask file.
        engine: what runs the networks of ``vbnet``.
        threads: of the engine; None: its own choice.

    Raises:
        UsageError: the choice is neither a known source nor a file.
    """
    if choice == VBNET:
        return FemurSource(lambda: _vbnet(engine, threads), VBNET)
    if choice == TOTALSEGMENTATOR:
        return FemurSource(_totalsegmentator, TOTALSEGMENTATOR)
    path = Path(choice)
    if not path.is_file():
        raise UsageError(
            "This is neither a source of masks nor a file",
            path=path,
            next_step=f"Give {VBNET}, {TOTALSEGMENTATOR} or the path of a mask (1 left femur, 2 right femur).",
        )
    return FemurSource(lambda: _given(path), GIVEN, file_sha256(path))


def _vbnet(engine: str, threads: int | None) -> FemurSegmenter:
    from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter

    return femur_segmenter(engine=engine, threads=threads)


def _given(path: Path) -> FemurSegmenter:
    from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

    return GivenMaskSegmenter(path)


def _totalsegmentator() -> FemurSegmenter:
    from OsteoScreenLib.segmentation.totalsegmentator import TotalSegmentatorSegmenter

    return TotalSegmentatorSegmenter()

"""Vertebrae of a label map that the user gives, read where the published rules read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.ct.label_file import MAX_LABEL, read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.region_labels import VERTEBRA_NUMBERS
from OsteoScreenLib.densitometry.vertebra_region import VERTEBRAE, vertebra_hu
from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.segmentation.label_resampling import resample_labels


@dataclass(frozen=True)
class VertebraLabels:
    """A label map with vertebrae.

    Attributes:
        path: of the file. numbers: label by name of vertebra, such as ``{"L1": 12}``. sha256: of the file.
    """

    path: Path
    numbers: Mapping[str, int]
    sha256: str

    def to_dict(self) -> dict[str, object]:
        """What a result records of it: no path of this computer."""
        return {"sha256": self.sha256, "numbers": dict(self.numbers)}


def vertebra_labels(path: Path, text: str) -> VertebraLabels:
    """What a user types: a file, and ``L1=12,L2=13``.

    Raises:
        UsageError: the file is not there, or the text names no vertebra, or one twice.
    """
    if not path.is_file():
        raise UsageError("There is no such file of vertebrae", path=path, next_step="Check the path.")
    numbers: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        name = name.upper()
        if name not in VERTEBRAE or not number.isdecimal() or not 0 < int(number) <= MAX_LABEL or name in numbers:
            raise UsageError(
                f"{part.strip()[:40]!r} is not a vertebra and its label",
                next_step="Write for example L1=12,L2=13: each vertebra once, C1 to C7, T1 to T12 or L1 to L6.",
            )
        numbers[name] = int(number)
    return VertebraLabels(path, numbers, file_sha256(path))


def read_vertebrae(ct: CTVolume, given: VertebraLabels, drawn: np.ndarray | None = None) -> dict[str, Measure]:
    """Mean trabecular HU of each vertebra, from above; withheld with a reason where it cannot be read.

    Args:
        ct: the scan. given: the label map, on any grid. drawn: (z, y, x) uint8 into which the regions are drawn.

    Raises:
        InputError: the file cannot be read, or no label of it lies in the scan (``no_overlap``).
    """
    labels, grid = read_labels(given.path)
    chosen = np.zeros(labels.shape, np.uint8)
    for name, number in given.numbers.items():
        chosen[labels == number] = VERTEBRA_NUMBERS[name]
    if not same_grid(grid, ct.geometry)[0]:
        chosen, _ = resample_labels(chosen, grid, ct.geometry)
    if not chosen.any():
        raise InputError(
            "None of the vertebrae lies in the scan",
            path=given.path,
            next_step="Give the label map that was made on this scan, and its own label of each vertebra.",
            code="no_overlap",
        )
    found: dict[str, Measure] = {}
    for name in sorted(given.numbers, key=VERTEBRAE.index):
        mask = chosen == VERTEBRA_NUMBERS[name]
        if not mask.any():
            found[name] = Measure.without("HU", "no voxel of the label map has its label")
            continue
        found[name], region = vertebra_hu(ct.hu, mask, ct.geometry)
        if drawn is not None and region is not None:
            drawn[region.mask] = VERTEBRA_NUMBERS[name]
    return found

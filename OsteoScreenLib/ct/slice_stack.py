"""How the slices of a series lie over each other: order, spacing, gaps, duplicates, tilt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.dicom_image import DicomImage

SPACING_TOLERANCE = 0.02
"""Steps may differ from their median by this share: scanners round positions to 0.01 mm or less. Own choice."""
SPACING_TOLERANCE_MM = 0.02
SHIFT_TOLERANCE = 0.1
"""In-plane shifts below this share of a pixel are rounding. Own choice."""
SAME_PLACE_MM = 0.005
FARTHEST_MM = 1e5
"""No scanner's coordinates reach 100 m."""


@dataclass(frozen=True, eq=False)
class StackLayout:
    """Sorted slices and the regular grid that they stand for.

    Attributes:
        images: in the order of their distance along the slice normal, one per place.
        distances_mm: (n,) distance of each slice along the normal, from the first.
        shifts_mm: (n, 2) in-plane offset of each slice from the first, along the row and the column direction.
        step_mm: regular distance between slices (0 for one slice).
        n_grid: slices of the regular grid from the first to the last slice.
        duplicates: images dropped because another one lies at the same place.
    """

    images: tuple[DicomImage, ...]
    distances_mm: np.ndarray
    shifts_mm: np.ndarray
    step_mm: float
    n_grid: int
    duplicates: int

    @property
    def n_missing(self) -> int:
        """Places of the regular grid without a slice, where the steps are whole multiples of the spacing."""
        return self.n_grid - len(self.images) if self._steps_are_multiples() else 0

    @property
    def largest_gap_mm(self) -> float:
        """Largest distance between neighbouring slices."""
        return float(np.diff(self.distances_mm).max()) if len(self.images) > 1 else 0.0

    @property
    def deviation_mm(self) -> float:
        """Largest deviation of a step from the nearest multiple of the regular one."""
        if len(self.images) < 2:
            return 0.0
        steps = np.diff(self.distances_mm)
        multiples = np.maximum(1, np.rint(steps / self.step_mm))
        return float(np.abs(steps - multiples * self.step_mm).max())

    @property
    def is_evenly_spaced(self) -> bool:
        """Whether the slices are the regular grid."""
        return len(self.images) < 2 or (self.n_grid == len(self.images) and self._steps_are_multiples())

    @property
    def is_shifted(self) -> bool:
        """Whether the slices are offset in their own plane, as with a tilted gantry."""
        pixel = min(self.images[0].pixel_spacing_mm or (1.0,))
        return bool(np.abs(self.shifts_mm).max() > SHIFT_TOLERANCE * pixel)

    @property
    def tilt_deg(self) -> float:
        """Angle between the stacking direction and the slice normal."""
        if not self.is_shifted or self.distances_mm[-1] == 0:
            return 0.0
        drift = np.linalg.norm(self.shifts_mm[-1] - self.shifts_mm[0]) / self.distances_mm[-1]
        return math.degrees(math.atan(float(drift)))

    def _steps_are_multiples(self) -> bool:
        tolerance = max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE * self.step_mm)
        return self.deviation_mm <= tolerance


def lay_out(images: Sequence[DicomImage]) -> StackLayout:
    """Sort slices of one orientation along their normal.

    Args:
        images: at least one, all with the same orientation and with geometry.

    Raises:
        ValueError: a slice has no orientation, or lies farther away than any scanner reaches.
    """
    normal = images[0].normal
    if normal is None or images[0].orientation is None:
        raise ValueError("slices without an orientation cannot be stacked")
    if any(abs(v) > FARTHEST_MM for image in images for v in image.position_lps_mm or ()):
        raise ValueError("slices lie out of all proportion")
    ordered = sorted(
        images, key=lambda i: (float(np.dot(normal, i.position_lps_mm or ())), i.instance_number or 0, i.sop_uid)
    )
    kept = _one_per_place(ordered, normal)
    positions = np.array([image.position_lps_mm for image in kept], dtype=float)
    offsets = positions - positions[0]
    distances = offsets @ normal
    axes = np.array([images[0].orientation[:3], images[0].orientation[3:]], dtype=float)
    step, n_grid = _regular_grid(distances)
    return StackLayout(
        images=tuple(kept),
        distances_mm=distances,
        shifts_mm=offsets @ axes.T,
        step_mm=step,
        n_grid=n_grid,
        duplicates=len(images) - len(kept),
    )


def _one_per_place(ordered: list[DicomImage], normal: np.ndarray) -> list[DicomImage]:
    kept = [ordered[0]]
    for image in ordered[1:]:
        apart = np.dot(normal, image.position_lps_mm or ()) - np.dot(normal, kept[-1].position_lps_mm or ())
        if apart > SAME_PLACE_MM:
            kept.append(image)
    return kept


def _regular_grid(distances: np.ndarray) -> tuple[float, int]:
    """Step and number of slices of the regular grid between the first and the last slice."""
    if len(distances) < 2:
        return 0.0, len(distances)
    median = float(np.median(np.diff(distances)))
    intervals = max(1, round(float(distances[-1]) / median))
    return float(distances[-1]) / intervals, intervals + 1

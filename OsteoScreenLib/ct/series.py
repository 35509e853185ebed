"""What was found in a DICOM input: its series, which one was taken, and what the slice positions say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SeriesSummary:
    """One image series of an input, taken or not.

    Attributes:
        label: short name for people, such as ``series 3`` or ``series 3, part 2``; holds no identifier.
        uid: Series Instance UID. An identifier: shown only where the user asks for it, never in a result.
        modality, image_type, kernel, slice_thickness_mm: as in Acquisition.
        slice_spacing_mm: median distance between neighbouring slices.
        n_images: slices or frames.
        extent_mm: from the first to the last slice.
        plane: ``axial``, ``coronal``, ``sagittal``, ``oblique`` or ``unknown``.
        taken: whether this is the one that was read.
        reason: why it was taken, or why not.
    """

    label: str
    uid: str
    modality: str
    image_type: tuple[str, ...]
    kernel: str | None
    slice_thickness_mm: float | None
    slice_spacing_mm: float | None
    n_images: int
    extent_mm: float
    plane: str
    taken: bool = False
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form, without the UID."""
        data = asdict(self)
        del data["uid"]
        data["image_type"] = list(self.image_type)
        return data


@dataclass(frozen=True)
class SliceStack:
    """What the positions of the slices say about the stack that was read.

    Attributes:
        n_files: images that were found for the series, duplicates included.
        n_slices: slices of the volume as read.
        n_duplicates: images dropped because another one lies at the same place.
        n_missing: slices that the regular spacing asks for and the input lacks (filled by interpolation).
        spacing_mm: regular distance between slices.
        largest_gap_mm: largest distance between neighbouring slices.
        spacing_deviation_mm: largest deviation of a slice from the regular grid.
        resampled: the slices did not lie on a regular orthogonal grid and were interpolated onto one.
        tilt_deg: angle between the stacking direction and the slice normal (gantry tilt), 0 where none.
        mixed_orientation: images that lie at another orientation and were left out.
    """

    n_files: int
    n_slices: int
    n_duplicates: int = 0
    n_missing: int = 0
    spacing_mm: float | None = None
    largest_gap_mm: float | None = None
    spacing_deviation_mm: float = 0.0
    resampled: bool = False
    tilt_deg: float = 0.0
    mixed_orientation: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form."""
        return asdict(self)

"""CTVolume: the one thing that enters the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.series import SeriesSummary, SliceStack


@dataclass(frozen=True)
class Source:
    """Where a volume came from.

    Attributes:
        name: last part of the path the user gave.
        kind: ``nifti``, ``nrrd``, ``metaimage``, ``dicom``, ``dicom-zip``, ``scene`` or ``simulation``.
        sha256: of the file; for DICOM, of the sorted SHA-256 digests of the files that were read. None for a scene.
        n_files: files the volume was read from.
        series: every series that was found (DICOM), the taken one first.
        notes: sentences about how it was read that a user should see.
        oriented: whether the input says how it lies in the patient; where not, left and right cannot be told apart.
    """

    name: str
    kind: str
    sha256: str | None = None
    n_files: int = 1
    series: tuple[SeriesSummary, ...] = ()
    notes: tuple[str, ...] = ()
    oriented: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form, without identifiers."""
        return {
            "name": self.name,
            "kind": self.kind,
            "sha256": self.sha256,
            "n_files": self.n_files,
            "series": [entry.to_dict() for entry in self.series],
            "notes": list(self.notes),
            "oriented": self.oriented,
        }


@dataclass(frozen=True, eq=False)
class CTVolume:
    """A CT as it lies on disk, in Hounsfield units as stored: nothing clipped, nothing corrected in silence.

    Attributes:
        hu: (z, y, x) array; int16 where it holds every value exactly, else float32 or float64. Read-only.
        geometry: of ``hu``, LPS millimetres; oblique and left-handed directions are kept.
        acquisition: what is known of the scan.
        source: where it came from.
        stack: what the DICOM slice positions said; None for other formats.
    """

    hu: np.ndarray
    geometry: Geometry
    acquisition: Acquisition = field(default_factory=Acquisition)
    source: Source = field(default_factory=lambda: Source(name="array", kind="scene"))
    stack: SliceStack | None = None

    def __post_init__(self) -> None:
        if self.hu.shape != self.geometry.shape_zyx:
            raise ValueError(f"array {self.hu.shape} and geometry {self.geometry.shape_zyx} differ in size")

    def anatomical(self) -> AnatomicalView:
        """The same voxels, axes reordered and flipped (no copy) so that they run to S, P, L."""
        return AnatomicalView.of(self.hu, self.geometry)


@dataclass(frozen=True, eq=False)
class AnatomicalView:
    """A view of a volume whose axes run (inferior to superior, anterior to posterior, right to left).

    Attributes:
        array: (S, P, L) view into the original array: index grows towards superior, posterior, the patient's left.
        spacing_spl_mm: voxel size along those axes.
    """

    array: np.ndarray
    spacing_spl_mm: tuple[float, float, float]

    @classmethod
    def of(cls, array: np.ndarray, geometry: Geometry) -> AnatomicalView:
        """View of a (z, y, x) array by the nearest patient axes of its geometry."""
        codes = geometry.axis_codes
        spacing = dict(zip((0, 1, 2), geometry.spacing_xyz_mm, strict=True))
        view, order = array, []
        for positive, negative in (("S", "I"), ("P", "A"), ("L", "R")):
            index_axis = next(i for i, code in enumerate(codes) if code in (positive, negative))
            order.append(index_axis)
            if codes[index_axis] == negative:
                view = np.flip(view, axis=2 - index_axis)
        view = view.transpose([2 - i for i in order])
        s, p, left = (spacing[i] for i in order)
        return cls(array=view, spacing_spl_mm=(s, p, left))

"""One CT volume from DICOM files."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.ct.dicom_index import DicomIndex
from OsteoScreenLib.ct.dicom_pixels import read_pixels
from OsteoScreenLib.ct.dicom_tags import acquisition_of, tolerant_reading
from OsteoScreenLib.ct.digest import combined_sha256
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.image_file import geometry_of_itk
from OsteoScreenLib.ct.regrid import regrid
from OsteoScreenLib.ct.series import SliceStack
from OsteoScreenLib.ct.series_choice import Candidate, candidates_of, choose
from OsteoScreenLib.ct.slice_stack import StackLayout
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, part_of

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom.dataset import Dataset

AIR_HU = -1000.0


def read_dicom(
    index: DicomIndex,
    path: str | os.PathLike[str],
    *,
    kind: str,
    series: str | None,
    wanted_thickness_mm: float,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> CTVolume:
    """Choose a series of an index and read it.

    Args:
        index: what was found. path: what the user gave. kind: ``dicom`` or ``dicom-zip``.
        series, wanted_thickness_mm: see :func:`OsteoScreenLib.ct.series_choice.choose`.

    Raises:
        InputError: see ``choose``, ``read_pixels`` and ``regrid``; ``truncated`` where files of the series are damaged.
    """
    taken, summaries = choose(candidates_of(index), path, series, wanted_thickness_mm)
    layout = taken.layout
    if layout is None:
        raise ValueError("a chosen series has a layout")
    _refuse_damaged(index, path)
    slices, first, digests = read_pixels(layout.images, part_of(progress, 0.0, 0.9), cancelled)
    with tolerant_reading():
        acquisition = acquisition_of(_header(layout.images[0].path))
    outside = AIR_HU if acquisition.pixel_padding_hu is None else acquisition.pixel_padding_hu
    regular = layout.is_evenly_spaced and not layout.is_shifted
    offset = (0.0, 0.0)
    if not regular:
        slices, offset = regrid(slices, layout, outside, path)
    slices.setflags(write=False)
    progress(1.0, "Read")
    return CTVolume(
        hu=slices,
        geometry=_geometry(first, slices.shape, layout, offset, path),
        acquisition=acquisition if taken.first.frame is None else replace(acquisition, modality="CT"),
        source=Source(
            name=Path(path).name,
            kind=kind,
            sha256=combined_sha256(digests),
            n_files=len(digests),
            series=summaries,
            notes=_notes(index),
        ),
        stack=_stack(taken, layout, resampled=not regular),
    )


def _refuse_damaged(index: DicomIndex, path: str | os.PathLike[str]) -> None:
    """A damaged file may be a slice of the chosen series, and its header cannot be trusted to say so."""
    if index.damaged:
        names = ", ".join(Path(name).name for name in index.damaged[:3])
        more = f" and {len(index.damaged) - 3} more" if len(index.damaged) > 3 else ""
        raise InputError(
            f"{len(index.damaged)} DICOM file(s) end too early or are damaged: {names}{more}",
            path=path,
            next_step="Copy the scan again, or remove the damaged files if they do not belong to it.",
            code="truncated",
        )


def _header(path: str) -> Dataset:
    from pydicom import dcmread

    return dcmread(path, stop_before_pixels=True, force=True)


def _geometry(
    first: sitk.Image,
    shape: tuple[int, ...],
    layout: StackLayout,
    offset_mm: tuple[float, float],
    path: str | os.PathLike[str],
) -> Geometry:
    """The first slice's own geometry as SimpleITK reads it, with the stack's step along the normal.

    The step is the distance between the first and the last slice over the number of intervals, as in ITK's
    ImageSeriesReader.
    """
    if layout.images[0].frame is not None:
        return _enhanced_geometry(shape, layout, offset_mm)
    own = geometry_of_itk(first, path)
    matrix = own.matrix
    origin = np.asarray(own.origin_lps_mm) + matrix[:, 0] * offset_mm[0] + matrix[:, 1] * offset_mm[1]
    step = _step(layout) or own.spacing_xyz_mm[2]
    return replace(
        own,
        shape_zyx=(shape[0], shape[1], shape[2]),
        spacing_xyz_mm=(own.spacing_xyz_mm[0], own.spacing_xyz_mm[1], step),
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
    )


def _step(layout: StackLayout) -> float:
    if len(layout.images) < 2:
        return 0.0
    if layout.is_shifted:
        return layout.step_mm
    first, last = (layout.images[i].position_lps_mm or () for i in (0, -1))
    return math.sqrt(sum((b - a) ** 2 for a, b in zip(first, last, strict=True))) / (layout.n_grid - 1)


def _enhanced_geometry(shape: tuple[int, ...], layout: StackLayout, offset_mm: tuple[float, float]) -> Geometry:
    """From the functional groups: GDCM assumes that frames are stored in order and evenly spaced."""
    image = layout.images[0]
    if (
        image.orientation is None
        or image.position_lps_mm is None
        or image.pixel_spacing_mm is None
        or image.normal is None
    ):
        raise ValueError("a laid-out frame has geometry")
    row, column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
    origin = np.array(image.position_lps_mm) + row * offset_mm[0] + column * offset_mm[1]
    matrix = np.stack([row, column, image.normal], axis=1)
    step = _step(layout) or image.slice_thickness_mm or 1.0
    return Geometry(
        shape_zyx=(shape[0], shape[1], shape[2]),
        spacing_xyz_mm=(image.pixel_spacing_mm[1], image.pixel_spacing_mm[0], step),
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(v) for v in matrix.ravel()),  # type: ignore[arg-type]
    )


def _stack(taken: Candidate, layout: StackLayout, *, resampled: bool) -> SliceStack:
    several = len(layout.images) > 1
    return SliceStack(
        n_files=len(taken.images),
        n_slices=layout.n_grid if resampled else len(layout.images),
        n_duplicates=layout.duplicates,
        n_missing=layout.n_missing,
        spacing_mm=round(layout.step_mm, 6) if several else None,
        largest_gap_mm=round(layout.largest_gap_mm, 6) if several else None,
        spacing_deviation_mm=round(layout.deviation_mm, 6),
        resampled=resampled,
        tilt_deg=round(layout.tilt_deg, 3),
        mixed_orientation=taken.mixed_orientation,
    )


def _notes(index: DicomIndex) -> tuple[str, ...]:
    notes = []
    if index.without_pixels:
        kinds = ", ".join(f"{count} {modality}" for modality, count in sorted(index.without_pixels.items()))
        notes.append(f"DICOM files without images were passed over: {kinds}.")
    if index.other_files:
        notes.append(f"{index.other_files} file(s) that are not DICOM were passed over.")
    return tuple(notes)

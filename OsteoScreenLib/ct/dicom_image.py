"""DicomImage: what the header of one image says of it; an image is a file, or a frame of an Enhanced file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from OsteoScreenLib.ct.dicom_tags import (
    functional_groups,
    integer,
    number,
    numbers,
    positive,
    raw_value,
    text,
    texts,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


ORTHONORMAL_TOLERANCE = 2e-3
"""Scanners round direction cosines to three decimals or more."""

_IMPLICIT_LITTLE_ENDIAN, _EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class PlainPixels:
    """Uncompressed little-endian 16-bit voxels of one classic image.

    Attributes:
        offset: of the first voxel in the file, in bytes. bits: of the 16 that hold the value. signed: two's complement.
    """

    offset: int
    bits: int
    signed: bool


@dataclass(frozen=True)
class DicomImage:
    """One slice.

    Attributes:
        path: file. frame: index within an Enhanced (multi-frame) file, None for a classic one.
        patient: what tells patients apart; kept in memory only.
        series_uid, sop_uid, series_number, instance_number, acquisition_number, modality, image_type, kernel,
        slice_thickness_mm: of the header, None or empty where absent.
        rows, columns, samples: of the pixel matrix.
        orientation: six direction cosines, position_lps_mm: centre of the first voxel; None where absent.
        pixel_spacing_mm: (between rows, between columns).
        time_key: what tells the phases of a dynamic series apart.
        rescale: (slope, intercept) as stated by this image; None where it states none.
        plain: where the voxels lie in the file, if they are plain 16-bit numbers; None where a decoder is needed.
    """

    path: str
    frame: int | None
    patient: tuple[str | None, ...]
    series_uid: str
    sop_uid: str
    modality: str
    image_type: tuple[str, ...]
    series_number: int | None
    instance_number: int | None
    acquisition_number: int | None
    kernel: str | None
    slice_thickness_mm: float | None
    rows: int
    columns: int
    samples: int
    orientation: tuple[float, ...] | None
    position_lps_mm: tuple[float, ...] | None
    pixel_spacing_mm: tuple[float, ...] | None
    time_key: tuple[str | None, ...]
    rescale: tuple[float, float] | None
    plain: PlainPixels | None = None

    @property
    def normal(self) -> np.ndarray | None:
        """Unit normal of the slice (rows x columns), LPS; None where the orientation is absent or degenerate."""
        if self.orientation is None:
            return None
        normal = np.cross(self.orientation[:3], self.orientation[3:])
        length = float(np.linalg.norm(normal))
        return normal / length if length > 0.5 else None

    @property
    def is_localizer(self) -> bool:
        """A scout view."""
        return bool({"LOCALIZER", "SCOUT"} & set(self.image_type))

    @property
    def has_geometry(self) -> bool:
        """Whether the header places the image in the patient."""
        return self.normal is not None and self.position_lps_mm is not None and self.pixel_spacing_mm is not None


def images_of(dataset: Dataset, path: str, pixel_element: int) -> list[DicomImage]:
    """The images in one DICOM file: one, or one per frame of a multi-frame file with functional groups.

    Args:
        dataset: the header. path: of the file. pixel_element: offset of the pixel element in the file, in bytes.
    """
    frames = raw_value(dataset, "PerFrameFunctionalGroupsSequence")
    first = _image(dataset, path, None, functional_groups(dataset))
    if not frames:
        return [replace(first, plain=_plain_pixels(dataset, pixel_element))]
    return [_enhanced_frame(dataset, first, index) for index in range(len(frames))]


def _enhanced_frame(dataset: Dataset, first: DicomImage, index: int) -> DicomImage:
    groups = functional_groups(dataset, index)
    own = _image(dataset, first.path, index, groups)
    return replace(own, sop_uid=f"{first.sop_uid}#{index}", instance_number=index + 1)


def _image(dataset: Dataset, path: str, frame: int | None, groups: list[Dataset]) -> DicomImage:
    def find(read: Any, keyword: str, *args: int) -> Any:
        values = (read(group, keyword, *args) for group in groups)
        return next((value for value in values if value is not None and value != ()), None)

    slope, intercept = find(number, "RescaleSlope"), find(number, "RescaleIntercept")
    return DicomImage(
        path=path,
        frame=frame,
        patient=_patient(dataset),
        series_uid=text(dataset, "SeriesInstanceUID") or "",
        sop_uid=text(dataset, "SOPInstanceUID") or "",
        modality=(text(dataset, "Modality") or "unknown").upper(),
        image_type=find(texts, "ImageType") or find(texts, "FrameType") or (),
        series_number=integer(dataset, "SeriesNumber"),
        instance_number=integer(dataset, "InstanceNumber"),
        acquisition_number=find(integer, "AcquisitionNumber"),
        kernel=find(text, "ConvolutionKernel"),
        slice_thickness_mm=find(positive, "SliceThickness"),
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples=integer(dataset, "SamplesPerPixel") or 1,
        orientation=_orientation(find(numbers, "ImageOrientationPatient", 6)),
        position_lps_mm=find(numbers, "ImagePositionPatient", 3),
        pixel_spacing_mm=_pixel_spacing(find(numbers, "PixelSpacing", 2)),
        time_key=tuple(
            find(text, key)
            for key in (
                "TemporalPositionIndex",
                "TemporalPositionIdentifier",
                "NominalPercentageOfCardiacPhase",
                "TriggerTime",
            )
        ),
        rescale=None if slope is None and intercept is None else (1.0 if slope is None else slope, intercept or 0.0),
    )


def _plain_pixels(dataset: Dataset, pixel_element: int) -> PlainPixels | None:
    """Most CTs are stored so that their voxels can be taken as they are; everything else goes to a decoder."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    bits = integer(dataset, "BitsStored") or 0
    is_plain = (
        syntax in (_IMPLICIT_LITTLE_ENDIAN, _EXPLICIT_LITTLE_ENDIAN)
        and integer(dataset, "BitsAllocated") == 16
        and integer(dataset, "HighBit") == bits - 1
        and 8 < bits <= 16
        and (integer(dataset, "SamplesPerPixel") or 1) == 1
        and (integer(dataset, "NumberOfFrames") or 1) == 1
        and text(dataset, "PhotometricInterpretation") == "MONOCHROME2"
        and raw_value(dataset, "ModalityLUTSequence") is None
    )
    if not is_plain:
        return None
    header = 12 if syntax == _EXPLICIT_LITTLE_ENDIAN else 8
    return PlainPixels(pixel_element + header, bits, integer(dataset, "PixelRepresentation") == 1)


def _patient(dataset: Dataset) -> tuple[str | None, ...]:
    """The patient's ID; where it is absent, name and date of birth."""
    own = text(dataset, "PatientID")
    return (own,) if own else (text(dataset, "PatientName"), text(dataset, "PatientBirthDate"))


def _orientation(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """Direction cosines of rows and columns; None where they are not two unit vectors at right angles."""
    if values is None:
        return None
    axes = np.array(values).reshape(2, 3)
    return values if np.abs(axes @ axes.T - np.eye(2)).max() <= ORTHONORMAL_TOLERANCE else None


def _pixel_spacing(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    return values if values is not None and all(v > 0 for v in values) else None

"""DicomSeriesBuilder: a small DICOM series, and everything that can be wrong with one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.phantom.dicom_series import write_dicom_series

ENHANCED_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2.1"
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
SECONDARY_CAPTURE_STORAGE = "1.2.840.10008.5.1.4.1.1.7"


class DicomSeriesBuilder:
    """A series in memory, one dataset per slice, to be spoilt and then written.

    Attributes:
        images: the slices in the order of the volume's z axis. Change them at will.
    """

    def __init__(self, ct: CTVolume, **tags: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = write_dicom_series(ct, Path(folder) / "series", **tags)
            self.images: list[Dataset] = [pydicom.dcmread(file) for file in files]

    def each(self, change: Callable[[Dataset], None]) -> DicomSeriesBuilder:
        """Change every image."""
        for image in self.images:
            change(image)
        return self

    def set(self, **tags: Any) -> DicomSeriesBuilder:
        """Set elements on every image; None removes one."""
        return self.each(lambda image: set_tags(image, **tags))

    def keep(self, numbers: Sequence[int]) -> DicomSeriesBuilder:
        """Keep only these slices, in this order."""
        self.images = [self.images[number] for number in numbers]
        return self

    def without(self, *numbers: int) -> DicomSeriesBuilder:
        """Leave slices out."""
        return self.keep([k for k in range(len(self.images)) if k not in numbers])

    def add_duplicate(self, number: int, *, new_uid: bool) -> DicomSeriesBuilder:
        """Add a copy of a slice, the same instance or one of its own."""
        copy = deepcopy(self.images[number])
        if new_uid:
            copy.SOPInstanceUID = generate_uid()
            copy.file_meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
        self.images.append(copy)
        return self

    def move(self, number: int, offset_lps_mm: Sequence[float]) -> DicomSeriesBuilder:
        """Shift the position that one slice states."""
        image = self.images[number]
        image.ImagePositionPatient = [
            f"{a + b:.6f}" for a, b in zip(image.ImagePositionPatient, offset_lps_mm, strict=True)
        ]
        return self

    def rescale(self, number: int, slope: float, intercept: float) -> DicomSeriesBuilder:
        """State another rescale in one slice and store other numbers, so that its HU stay the same."""
        image = self.images[number]
        hu = stored_values(image) * float(image.RescaleSlope) + float(image.RescaleIntercept)
        stored = (hu - intercept) / slope
        if not np.array_equal(stored, np.rint(stored)):
            raise ValueError("this rescale cannot hold the slice's HU exactly")
        image.RescaleSlope, image.RescaleIntercept = f"{slope:g}", f"{intercept:g}"
        image.PixelData = stored.astype("<u2").tobytes()
        return self

    def write(self, folder: Path, *, name: Callable[[int], str] = "IM{:04d}".format, **options: Any) -> Path:
        """Write all images into a folder; ``options`` as in :func:`write_dataset`."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(self.images):
            write_dataset(image, folder / name(number), **options)
        return folder


def set_tags(dataset: Dataset, **tags: Any) -> None:
    """Set elements by keyword; None removes one."""
    for keyword, value in tags.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def stored_values(image: Dataset) -> np.ndarray:
    """(rows, columns) stored numbers of an uncompressed 16-bit image."""
    signed = image.PixelRepresentation == 1
    return np.frombuffer(image.PixelData, "<i2" if signed else "<u2").reshape(image.Rows, image.Columns).astype(float)


def write_dataset(image: Dataset, path: Path, *, syntax: str = ExplicitVRLittleEndian, preamble: bool = True) -> Path:
    """Write one dataset uncompressed in any byte order and VR style, with or without preamble and meta header."""
    uid = UID(syntax)
    written = Dataset()
    for element in image:  # decoded one by one, so that it can be encoded in another byte order
        written.add(deepcopy(element))
    if not uid.is_little_endian:
        written.PixelData = np.frombuffer(image.PixelData, "<u2").astype(">u2").tobytes()
    style = {"implicit_vr": uid.is_implicit_VR, "little_endian": uid.is_little_endian}
    if preamble:
        written.file_meta = deepcopy(image.file_meta)
        written.file_meta.TransferSyntaxUID = uid
        written.preamble = bytes(128)
        written.save_as(path, enforce_file_format=True, **style)
    else:
        written.save_as(path, **style)
    return path


def enhanced(ct: CTVolume, *, order: Sequence[int] | None = None, slopes: Sequence[float] | None = None) -> Dataset:
    """An Enhanced CT: all slices as frames of one file.

    Args:
        ct: the volume.
        order: which slice each frame holds; default the array's order.
        slopes: rescale slope stated by each frame (the stored numbers do not change); default 1 for all, shared.
    """
    order = range(ct.hu.shape[0]) if order is None else order
    source = DicomSeriesBuilder(ct).images
    image = deepcopy(source[0])
    for keyword in (
        *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SliceLocation"),
        *("RescaleIntercept", "RescaleSlope", "RescaleType", "ConvolutionKernel", "KVP", "SpacingBetweenSlices"),
    ):
        set_tags(image, **{keyword: None})
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = ENHANCED_CT_IMAGE_STORAGE
    image.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    image.NumberOfFrames = len(order)
    image.PixelData = b"".join(source[k].PixelData for k in order)
    image.SharedFunctionalGroupsSequence = DicomSequence([_shared_groups(source[0], rescale=slopes is None)])
    image.PerFrameFunctionalGroupsSequence = DicomSequence(
        [_frame_groups(source[k], k, None if slopes is None else slopes[n]) for n, k in enumerate(order)]
    )
    return image


def _shared_groups(source: Dataset, *, rescale: bool) -> Dataset:
    groups = Dataset()
    groups.PixelMeasuresSequence = _one(
        PixelSpacing=source.PixelSpacing,
        SliceThickness=source.SliceThickness,
        SpacingBetweenSlices=source.SpacingBetweenSlices,
    )
    groups.PlaneOrientationSequence = _one(ImageOrientationPatient=source.ImageOrientationPatient)
    groups.CTReconstructionSequence = _one(ConvolutionKernel=source.ConvolutionKernel)
    groups.CTXRayDetailsSequence = _one(KVP=source.KVP)
    groups.CTImageFrameTypeSequence = _one(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    if rescale:
        groups.PixelValueTransformationSequence = _one(
            RescaleIntercept=source.RescaleIntercept, RescaleSlope=source.RescaleSlope, RescaleType="HU"
        )
    return groups


def _frame_groups(source: Dataset, number: int, slope: float | None) -> Dataset:
    groups = Dataset()
    groups.FrameContentSequence = _one(StackID="1", InStackPositionNumber=number + 1)
    groups.PlanePositionSequence = _one(ImagePositionPatient=source.ImagePositionPatient)
    if slope is not None:
        groups.PixelValueTransformationSequence = _one(
            RescaleIntercept=source.RescaleIntercept, RescaleSlope=f"{slope:g}", RescaleType="HU"
        )
    return groups


def _one(**tags: Any) -> DicomSequence:
    item = Dataset()
    set_tags(item, **tags)
    return DicomSequence([item])

"""A CT volume as a DICOM series of CT Image Storage, one file per slice."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
USUAL_INTERCEPT = -1024

PATIENT_NAME = "OsteoScreen^Simulation"
PATIENT_ID = "OSTEOSCREEN-SIMULATION"
COMMENT = "Made by OsteoScreen; not a patient"


def write_dicom_series(
    ct: CTVolume,
    folder: str | os.PathLike[str],
    *,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
    **tags: Any,
) -> list[Path]:
    """Write a volume as an uncompressed DICOM series (Explicit VR Little Endian, unsigned 16 bit).

    The files carry the volume's geometry (oblique directions included) and what is known of its acquisition; they
    carry no date and no person. UIDs follow from the content and the tags: the same call writes the same bytes.

    Args:
        ct: whole-numbered HU. Acquisition facts that are unknown are left out, or empty where DICOM asks for them.
        folder: made where it does not exist; must hold no ``slice-*.dcm``.
        progress, cancelled: as everywhere.
        tags: values by DICOM keyword, such as ``PatientSex="F"`` or ``SeriesNumber=7``, set on every image and
            replacing what the volume says; None removes the element.

    Returns:
        The files in the order of the array's z axis.

    Raises:
        OutputError: the folder cannot be written or already holds a series, the HU are not whole numbers or do not
            fit 16 bits, a tag is not a DICOM keyword.
        MissingPackageError: pydicom is not installed.
        CancelledError: the user asked to stop.
    """
    target = Path(folder)
    intercept = _intercept(ct, target)
    common = _common_dataset(ct, intercept, tags)
    _make_empty_folder(target)
    files = []
    n_slices = ct.hu.shape[0]
    for k in range(n_slices):
        stop_if(cancelled)
        image = _slice_dataset(ct, common, k, intercept, tags)
        path = target / f"slice-{k + 1:04d}.dcm"
        try:
            image.save_as(path, enforce_file_format=True)
        except OSError as error:
            raise OutputError(
                f"A DICOM file cannot be written: {error.strerror or error}",
                path=path,
                next_step="Choose a folder with enough free space that you may write to.",
            ) from error
        files.append(path)
        progress((k + 1) / n_slices, "Writing DICOM")
    return files


def _intercept(ct: CTVolume, target: Path) -> int:
    """Rescale intercept that makes every stored value fit unsigned 16 bits."""
    low, high = float(ct.hu.min()), float(ct.hu.max())
    whole = np.issubdtype(ct.hu.dtype, np.integer) or bool(np.all(np.rint(ct.hu) == ct.hu))
    if not whole or not np.isfinite((low, high)).all():
        raise OutputError(
            "The volume holds values that are not whole Hounsfield units", path=target, next_step="Round them first."
        )
    intercept = int(min(USUAL_INTERCEPT, low))
    if high - intercept > 65535:
        raise OutputError(
            f"The volume's values, {low:.0f} to {high:.0f} HU, do not fit the 16 bits of a DICOM CT",
            path=target,
            next_step="Clip them first.",
        )
    return intercept


def _make_empty_folder(target: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
        occupied = any(target.glob("slice-*.dcm"))
    except OSError as error:
        raise OutputError(
            f"The folder cannot be made: {error.strerror or error}", path=target, next_step="Choose another folder."
        ) from error
    if occupied:
        raise OutputError(
            "The folder already holds a DICOM series", path=target, next_step="Choose an empty folder, or empty it."
        )


def _common_dataset(ct: CTVolume, intercept: int, tags: dict[str, Any]) -> Dataset:
    """Every element that is the same for all slices."""
    try:
        from pydicom.dataset import Dataset
        from pydicom.uid import generate_uid
    except ImportError as error:
        from OsteoScreenLib.errors import MissingPackageError

        raise MissingPackageError("pydicom is not installed", next_step="Run: pip install pydicom") from error

    identity = _identity(ct, tags)
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID = CT_IMAGE_STORAGE
    image.StudyInstanceUID = generate_uid(entropy_srcs=[identity, "study"])
    image.SeriesInstanceUID = generate_uid(entropy_srcs=[identity, "series"])
    image.FrameOfReferenceUID = generate_uid(entropy_srcs=[identity, "frame of reference"])
    image.PositionReferenceIndicator = ""
    for keyword in ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate"):
        setattr(image, keyword, "")
    image.PatientName, image.PatientID = PATIENT_NAME, PATIENT_ID
    image.StudyID, image.SeriesNumber, image.AcquisitionNumber = "1", 1, 1
    image.StudyDescription, image.SeriesDescription = "OsteoScreen", "Geometric body"
    image.ImageComments = COMMENT
    _describe_acquisition(image, ct, intercept)
    _describe_pixels(image, ct, intercept)
    _set_tags(image, tags)
    return image


def _describe_acquisition(image: Dataset, ct: CTVolume, intercept: int) -> None:
    """What is known of the scan; type 2 elements are empty where it is not known, type 3 ones are left out."""
    facts = ct.acquisition
    image.Modality = facts.modality or "CT"
    image.ImageType = list(facts.image_type or ("DERIVED", "SECONDARY", "AXIAL"))
    image.Manufacturer = facts.manufacturer or ""
    image.KVP = _decimal(facts.kvp)
    image.PatientSex = facts.sex or ""
    image.SliceThickness = _decimal(facts.slice_thickness_mm)
    image.PatientPosition = facts.patient_position or ""
    known = {
        "ManufacturerModelName": facts.model,
        "ConvolutionKernel": facts.kernel,
        "XRayTubeCurrent": None if facts.tube_current_ma is None else round(facts.tube_current_ma),
        "Exposure": None if facts.exposure_mas is None else round(facts.exposure_mas),
        "ContrastBolusAgent": facts.contrast_agent,
        "GantryDetectorTilt": _decimal(facts.gantry_tilt_deg) or None,
        "BodyPartExamined": facts.body_part,
        # Type 2C: asked for where the body part may be one of a pair, and unknown here.
        "Laterality": "" if facts.body_part is None else None,
        "PatientAge": None if facts.age_years is None else f"{round(facts.age_years):03d}Y",
        "PatientSize": _decimal(facts.height_m) or None,
        "PatientWeight": _decimal(facts.weight_kg) or None,
        "PixelPaddingValue": _padding(facts.pixel_padding_hu, intercept),
    }
    for keyword, value in known.items():
        if value is not None:
            setattr(image, keyword, value)


def _padding(padding_hu: float | None, intercept: int) -> int | None:
    """Padding as a stored value; None where it is unknown or cannot be one."""
    if padding_hu is None or not 0 <= padding_hu - intercept <= 65535:
        return None
    return round(padding_hu - intercept)


def _describe_pixels(image: Dataset, ct: CTVolume, intercept: int) -> None:
    x_mm, y_mm, z_mm = ct.geometry.spacing_xyz_mm
    directions = ct.geometry.matrix
    image.PixelSpacing = [_decimal(y_mm), _decimal(x_mm)]
    image.SpacingBetweenSlices = _decimal(z_mm)
    image.ImageOrientationPatient = [_decimal(v) for v in (*directions[:, 0], *directions[:, 1])]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    _, image.Rows, image.Columns = ct.hu.shape
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = str(intercept), "1", "HU"
    image.WindowCenter, image.WindowWidth = "50", "400"


def _slice_dataset(ct: CTVolume, common: Dataset, k: int, intercept: int, tags: dict[str, Any]) -> FileDataset:
    """The image of one slice, ready to be saved."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = common.SOPClassUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image.update(common)
    image.SOPInstanceUID = generate_uid(entropy_srcs=[common.SeriesInstanceUID, str(k)])
    image.InstanceNumber = k + 1
    position = ct.geometry.to_physical((0, 0, k))
    image.ImagePositionPatient = [_decimal(v) for v in position]
    image.SliceLocation = _decimal(float(np.dot(position, np.cross(*ct.geometry.matrix[:, :2].T))))
    stored = (ct.hu[k].astype(np.int64) - intercept).astype("<u2")
    image.add_new("PixelData", "OW", stored.tobytes() + b"\0" * (stored.nbytes % 2))
    _set_tags(image, tags)
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    return image


def _set_tags(image: Dataset, tags: dict[str, Any]) -> None:
    from pydicom.datadict import tag_for_keyword

    for keyword, value in tags.items():
        if tag_for_keyword(keyword) is None:
            raise OutputError(f"{keyword} is not a DICOM keyword", next_step="Name elements as in DICOM PS3.6.")
        if value is not None:
            setattr(image, keyword, value)
        elif keyword in image:
            delattr(image, keyword)


def _identity(ct: CTVolume, tags: dict[str, Any]) -> str:
    """Digest of all that makes one series differ from another."""
    digest = hashlib.sha256(np.ascontiguousarray(ct.hu).tobytes())
    digest.update(repr((ct.hu.dtype.str, ct.geometry, ct.acquisition, sorted(tags.items()))).encode())
    return digest.hexdigest()


def _decimal(value: float | None) -> str:
    """A DICOM decimal string: at most 16 characters, as exact as they allow; empty for None."""
    if value is None:
        return ""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value))

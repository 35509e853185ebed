"""Writes one digital patient to a folder: image, DICOM series, labels, regions of the femora, truth."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.phantom import labels
from OsteoScreenLib.phantom.dicom_series import write_dicom_series
from OsteoScreenLib.phantom.protocol import Protocol as ScanProtocol
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.truth import PatientTruth
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of

IMAGE, LABELS, REGIONS, DICOM = "ct.nii.gz", "labels.nii.gz", "femur_regions.nii.gz", "dicom"
LABEL_TABLE, TRUTH = "labels.json", "truth.json"

PATIENT_NAME = "OsteoScreen^DigitalPatient"
COMMENT = "Simulated by OsteoScreen; not a patient"

# DICOM defined terms of Body Part Examined by the first word of a protocol's name.
_BODY_PART = {"chest": "CHEST", "hip": "PELVIS", "pelvis": "PELVIS"}  # Both hips: no part of a pair.
_PHASE_AGENT = {"arterial": "Iodine, simulated, late arterial", "portal_venous": "Iodine, simulated, portal venous"}


class Patient(Protocol):
    """What is written: a digital patient as the simulator makes it."""

    @property
    def ct(self) -> CTVolume:
        """The image."""
        ...

    @property
    def labels(self) -> np.ndarray:
        """(z, y, x) uint8."""
        ...

    @property
    def traits(self) -> PatientTraits:
        """Who it is."""
        ...

    @property
    def protocol(self) -> ScanProtocol:
        """How it was scanned."""
        ...

    @property
    def truth(self) -> PatientTruth | None:
        """What is true of it, if that was asked for."""
        ...

    @property
    def landmarks_in_image(self) -> Mapping[str, Mapping[str, Sequence[float]]] | None:
        """LPS mm of each femur's landmarks as the patient lies in this image, by side; None where there are none."""
        ...


def acquisition_of(traits: PatientTraits, protocol: ScanProtocol) -> Acquisition:
    """What a header says of a digital patient's scan."""
    return Acquisition(
        modality="CT",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        kvp=protocol.kvp,
        tube_current_ma=nominal_tube_current(protocol),
        exposure_mas=round(0.5 * nominal_tube_current(protocol)),
        kernel=protocol.kernel,
        slice_thickness_mm=protocol.slice_thickness_mm,
        manufacturer=protocol.manufacturer,
        model=protocol.model,
        contrast_agent=_PHASE_AGENT.get(protocol.phase),
        gantry_tilt_deg=0.0,
        pixel_padding_hu=protocol.padding_hu,
        sex=traits.sex,
        age_years=float(int(traits.age_years)),
        height_m=traits.height_m,
        weight_kg=traits.weight_kg,
        body_part=_BODY_PART.get(protocol.name.split("-")[0], "ABDOMEN"),
        patient_position="HFS",
        facts_from="simulation",
    )


def nominal_tube_current(protocol: ScanProtocol) -> float:
    """Tube current in mA that would give about this noise: 200 mA for 11 HU in 1.5 mm at 120 kVp, soft kernel."""
    dose = (11.0 / max(protocol.noise_hu, 1.0)) ** 2 * 1.5 / protocol.slice_thickness_mm
    return float(round(min(max(200.0 * dose * (120.0 / protocol.kvp) ** 2.5, 10.0), 800.0)))


def dicom_tags(traits: PatientTraits, protocol: ScanProtocol, geometry: Geometry) -> dict[str, Any]:
    """Elements of a digital patient's series beyond geometry and acquisition, by DICOM keyword."""
    nx, ny = geometry.shape_zyx[2], geometry.shape_zyx[1]
    width = min(nx * geometry.spacing_xyz_mm[0], ny * geometry.spacing_xyz_mm[1])
    tags: dict[str, Any] = {
        "PatientName": PATIENT_NAME,
        "PatientID": f"OSTEOSCREEN-DP-{traits.seed:06d}",
        "PatientComments": COMMENT,
        "QualityControlSubject": "YES",
        "ImageComments": COMMENT,
        "StudyDescription": "OsteoScreen digital patient",
        "SeriesDescription": f"{protocol.name} {protocol.kernel} {protocol.slice_thickness_mm:g} mm",
        "ProtocolName": protocol.name,
        "SoftwareVersions": "OsteoScreen simulator",
        "DataCollectionDiameter": "500",
        "ReconstructionDiameter": f"{protocol.fov_mm or width:g}",
        "RotationDirection": "CW",
        "ExposureTime": 500,
        "FilterType": "BODY",
        "TableHeight": "0",
    }
    if protocol.phase != "none":
        tags["ContrastBolusRoute"] = "IV"
    return tags


def write_patient(
    patient: Patient,
    folder: str | os.PathLike[str],
    *,
    image: bool = True,
    dicom: bool = False,
    regions: np.ndarray | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> list[Path]:
    """Write a digital patient.

    Args:
        patient: image, labels, traits, protocol and truth.
        folder: made where it does not exist.
        image: whether to write ``ct.nii.gz``. dicom: whether to write the series ``dicom/``.
        regions: (z, y, x) uint8 regions of the femora, or None.
        progress, cancelled: as everywhere.

    Returns:
        What was written.

    Raises:
        OutputError: something cannot be written.
        CancelledError: the user asked to stop.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("The folder cannot be made", path=target, next_step="Choose another folder.") from error
    written = []
    if image:
        progress(0.0, "Writing the image")
        written.append(write_image(patient.ct, target / IMAGE))
    if dicom:
        part = part_of(progress, 0.3, 0.8)
        tags = dicom_tags(patient.traits, patient.protocol, patient.ct.geometry)
        write_dicom_series(patient.ct, target / DICOM, progress=part, cancelled=cancelled, **tags)
        written.append(target / DICOM)
    progress(0.8, "Writing the labels")
    written.append(write_image(_as_volume(patient.labels, patient.ct.geometry), target / LABELS))
    written.append(_write_json(labels.table(), target / LABEL_TABLE))
    if regions is not None:
        written.append(write_image(_as_volume(regions, patient.ct.geometry), target / REGIONS))
    written.append(_write_json(patient_record(patient), target / TRUTH))
    progress(1.0, "Written")
    return written


def patient_record(patient: Patient) -> dict[str, Any]:
    """Truth, or the traits alone, and the protocol, as JSON."""
    known = {"traits": asdict(patient.traits)} if patient.truth is None else patient.truth.to_dict()
    record = {**known, "protocol": asdict(patient.protocol), "note": COMMENT}
    if patient.landmarks_in_image is not None:
        # The truth's own landmarks are in the frame of a patient who lies straight.
        record["landmarks_in_image_lps_mm"] = {s: dict(points) for s, points in patient.landmarks_in_image.items()}
    return record


def _as_volume(array: np.ndarray, geometry: Geometry) -> CTVolume:
    return CTVolume(hu=np.ascontiguousarray(array, dtype=np.uint8), geometry=geometry, source=Source("labels", "scene"))


def _write_json(data: dict[str, Any], path: Path) -> Path:
    """Write whole or not at all, the same bytes for the same data."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"The file cannot be written: {error.strerror or error}", path=path) from error
    return path

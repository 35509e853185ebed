"""Acquisition facts in a JSON sidecar beside an image file: that of dcm2niix / BIDS, or our own, which loses nothing.

Key names: the BIDS specification and dcm2niix's documentation. Anything that is not understood is left out.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
OWN_KEY = "OsteoScreenAcquisition"
"""In our own sidecar: every fact by the name of its field."""
_MAX_BYTES = 1 << 20
_MAX_NUMBER = 1e9
_MAY_BE_ZERO_OR_LESS = ("gantry_tilt_deg", "pixel_padding_hu", "age_years")
MAX_TEXT = 256
"""Longest text that is taken from a header or a sidecar; a kernel or a model has a few dozen characters."""


def sidecar_path(image: str | os.PathLike[str]) -> Path:
    """Where the sidecar of an image lies: the same name with ``.json``."""
    path = Path(image)
    for suffix in IMAGE_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.with_name(path.name[: -len(suffix)] + ".json")
    return path.with_name(path.name + ".json")


def read_sidecar(image: str | os.PathLike[str]) -> Acquisition:
    """Facts from the sidecar; an empty Acquisition where there is none or where it is not one."""
    path = sidecar_path(image)
    try:
        if path.stat().st_size > _MAX_BYTES:
            return Acquisition()
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Acquisition()
    if isinstance(data, dict) and isinstance(data.get(OWN_KEY), dict):
        return facts_of_document(data[OWN_KEY])
    if not isinstance(data, dict) or "Modality" not in data:
        return Acquisition()
    image_type = data.get("ImageType")
    return Acquisition(
        modality=_text(data.get("Modality")),
        image_type=tuple(str(v) for v in image_type) if isinstance(image_type, list) else None,
        kvp=_positive(data.get("KVP")),
        tube_current_ma=_positive(data.get("XRayTubeCurrent")),
        exposure_mas=_positive(data.get("XRayExposure")),
        kernel=_text(data.get("ConvolutionKernel")),
        slice_thickness_mm=_positive(data.get("SliceThickness")),
        manufacturer=_text(data.get("Manufacturer")),
        model=_text(data.get("ManufacturersModelName")),
        contrast_agent=_text(data.get("ContrastBolusAgent")),
        sex=sex if (sex := _text(data.get("PatientSex"))) in ("M", "F", "O") else None,
        age_years=age_in_years(_text(data.get("PatientAge"))),
        height_m=_positive(data.get("PatientSize")),
        weight_kg=_positive(data.get("PatientWeight")),
        body_part=_text(data.get("BodyPartExamined")),
        patient_position=_text(data.get("PatientPosition")),
        facts_from="sidecar",
    )


def write_sidecar(acquisition: Acquisition, image: str | os.PathLike[str]) -> Path:
    """Write all facts beside an image, so that :func:`read_sidecar` gives the same ones; returns the file's path.

    Raises:
        OSError: it cannot be written.
    """
    path = sidecar_path(image)
    path.write_text(json.dumps({OWN_KEY: acquisition.to_dict()}, indent=2) + "\n", encoding="utf-8")
    return path


def facts_of_document(data: dict[str, Any]) -> Acquisition:
    """Facts by the names of their fields, as ``Acquisition.to_dict`` gives them; a value that is not of its field's
    kind is left out.
    """
    known: dict[str, Any] = {}
    for field in fields(Acquisition):
        value: Any = data.get(field.name)
        if field.name == "image_type":
            if isinstance(value, list) and all(_is_short_text(entry) for entry in value):
                known[field.name] = tuple(value)
        elif "str" in str(field.type):
            if _is_short_text(value):
                known[field.name] = value
        elif _is_number(value) and (value > 0 or field.name in _MAY_BE_ZERO_OR_LESS):
            known[field.name] = float(value)
    return Acquisition(**known)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and abs(value) <= _MAX_NUMBER


def age_in_years(text: str | None) -> float | None:
    """Years of a DICOM age string (``049Y``, ``018M``, ``010W``, ``005D``); None where it is none (PS3.5, VR AS)."""
    if text is None or len(text) != 4 or not (text.isascii() and text[:3].isdigit()) or text[3] not in "YMWD":
        return None
    return int(text[:3]) / {"Y": 1.0, "M": 12.0, "W": 52.1775, "D": 365.2425}[text[3]]


def _text(value: Any) -> str | None:
    text = "\\".join(map(str, value)) if isinstance(value, list) else value
    return text.strip()[:MAX_TEXT] or None if isinstance(text, str) else None


def _positive(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) and number > 0 else None

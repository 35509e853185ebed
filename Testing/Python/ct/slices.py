"""Headers of slices made in memory, for tests of what is decided from headers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from OsteoScreenLib.ct.dicom_image import DicomImage

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def slice_at(position_lps_mm: Sequence[float], **changes: Any) -> DicomImage:
    """A CT slice at a place; every field can be changed."""
    fields: dict[str, Any] = {
        "path": "slice.dcm",
        "frame": None,
        "patient": ("p",),
        "series_uid": "1.2.3",
        "sop_uid": f"1.2.3.{hash(tuple(position_lps_mm))}",
        "modality": "CT",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "series_number": 1,
        "instance_number": None,
        "acquisition_number": 1,
        "kernel": "B30f",
        "slice_thickness_mm": 2.0,
        "rows": 32,
        "columns": 40,
        "samples": 1,
        "orientation": AXIAL,
        "position_lps_mm": tuple(float(v) for v in position_lps_mm),
        "pixel_spacing_mm": (1.0, 1.0),
        "time_key": (None, None, None, None),
        "rescale": (1.0, -1024.0),
    }
    return DicomImage(**(fields | changes))


def series(count: int = 20, step_mm: float = 2.0, **changes: Any) -> list[DicomImage]:
    """A regular axial series."""
    return [
        slice_at((0, 0, step_mm * k), **(changes | {"sop_uid": f"{changes.get('series_uid')}.{k}"}))
        for k in range(count)
    ]


def tilted(count: int, step_mm: float, tilt_deg: float, **changes: Any) -> list[DicomImage]:
    """A series of a tilted gantry: the table moves along z, the slices are inclined about the left-right axis."""
    tilt = math.radians(tilt_deg)
    orientation = (1.0, 0.0, 0.0, 0.0, math.cos(tilt), -math.sin(tilt))
    return [slice_at((0, 0, step_mm * k), orientation=orientation, **changes) for k in range(count)]


def sampled(images: Sequence[DicomImage], value_at) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Slices that show a function of LPS millimetres; (n, rows, columns) int16."""
    planes = []
    for image in images:
        row, column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
        y, x = np.mgrid[: image.rows, : image.columns]
        points = np.array(image.position_lps_mm) + x[..., None] * row + y[..., None] * column
        planes.append(np.rint(value_at(points)).astype(np.int16))
    return np.stack(planes)

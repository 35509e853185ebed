"""Checks of the voxel grid: can it be a real grid, and how far from cubes are its voxels."""

from __future__ import annotations

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity


def check_geometry(ct: CTVolume) -> list[QualityFlag]:
    """``impossible_geometry`` with the reason; the evidence holds no NaN."""
    reason = why_impossible(ct.geometry)
    if not reason:
        return []
    message = f"The geometry of this volume is impossible: {reason}. Export it again from the original series."
    return [QualityFlag("impossible_geometry", Severity.WITHHOLD, message, {"reason": reason})]


def why_impossible(geometry: Geometry) -> str:
    """Why no CT of a patient can have this geometry; empty where one can."""
    valid, reason = geometry.is_valid()
    if not valid:
        return reason
    low, high = t.VOXEL_SIZE_MM
    if min(geometry.spacing_xyz_mm) < low or max(geometry.spacing_xyz_mm) > high:
        sizes = " x ".join(f"{s:g}" for s in geometry.spacing_xyz_mm)
        return f"voxels of {sizes} mm lie outside {low:g} to {high:g} mm"
    return ""


def check_orientation(ct: CTVolume) -> list[QualityFlag]:
    """``orientation_unknown`` where the input does not say how it lies in the patient."""
    if ct.source.oriented:
        return []
    message = "The file does not say how it lies in the patient, so left and right cannot be told apart. "
    message += "They are named as if it were stored in the usual order; give the DICOM series to be sure."
    return [QualityFlag("orientation_unknown", Severity.WARNING, message, {"assumed_axes": ct.geometry.axis_codes})]


def check_anisotropy(ct: CTVolume) -> list[QualityFlag]:
    """``anisotropic_voxels``: info over 2 : 1, warning over 5 : 1. Needs a valid geometry."""
    spacing = ct.geometry.spacing_xyz_mm
    ratio = max(spacing) / min(spacing)
    if ratio <= t.ANISOTROPY_INFO:
        return []
    severity = Severity.WARNING if ratio > t.ANISOTROPY_WARN else Severity.INFO
    message = f"Voxels are {ratio:.1f} times as long as wide ({' x '.join(f'{s:.2f}' for s in spacing)} mm). "
    message += "Texture and shape are less certain along the long side."
    evidence = {"ratio": round(ratio, 2), "spacing_xyz_mm": [round(s, 4) for s in spacing]}
    return [QualityFlag("anisotropic_voxels", severity, message, evidence)]

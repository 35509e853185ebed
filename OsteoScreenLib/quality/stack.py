"""Checks of the stack of slices: too few, missing, duplicate, uneven, tilted."""

from __future__ import annotations

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity


def check_number_of_slices(ct: CTVolume) -> list[QualityFlag]:
    """``too_few_slices``: under 10 slices, or under 30 mm from head to foot. Needs a valid geometry."""
    n_slices = ct.stack.n_slices if ct.stack else ct.geometry.shape_zyx[0]
    extent = superior_inferior_extent_mm(ct)
    if n_slices >= t.MIN_SLICES and extent >= t.MIN_EXTENT_MM:
        return []
    message = f"The volume has {n_slices} slices and reaches over {extent:.0f} mm from head to foot; "
    message += f"at least {t.MIN_SLICES} slices and {t.MIN_EXTENT_MM:g} mm are needed. Give the complete series."
    evidence = {"n_slices": n_slices, "extent_mm": round(extent, 1)}
    return [QualityFlag("too_few_slices", Severity.WITHHOLD, message, evidence)]


def superior_inferior_extent_mm(ct: CTVolume) -> float:
    """Size of the volume along the axis nearest to superior-inferior, in mm."""
    codes = ct.geometry.axis_codes
    axis = next(i for i, code in enumerate(codes) if code in "SI")
    return ct.geometry.extent_xyz_mm[axis]


def check_missing_slices(ct: CTVolume) -> list[QualityFlag]:
    """``missing_slices``: warning; withhold where the largest gap exceeds 5 mm."""
    stack = ct.stack
    if stack is None or stack.n_missing == 0:
        return []
    gap = stack.largest_gap_mm
    evidence = {"n_missing": stack.n_missing, "largest_gap_mm": gap, "spacing_mm": stack.spacing_mm}
    size = "" if gap is None else f", the largest gap is {gap:.1f} mm"
    message = f"{stack.n_missing} slices are missing in the stack{size}; they were filled by interpolation."
    if gap is not None and gap > t.GAP_WITHHOLD_MM:
        message += f" Over a gap of more than {t.GAP_WITHHOLD_MM:g} mm nothing can be measured. Send the series again."
        return [QualityFlag("missing_slices", Severity.WITHHOLD, message, evidence)]
    return [QualityFlag("missing_slices", Severity.WARNING, message, evidence)]


def check_duplicate_slices(ct: CTVolume) -> list[QualityFlag]:
    """``duplicate_slices`` where images were dropped because another one lies at the same place."""
    if ct.stack is None or ct.stack.n_duplicates == 0:
        return []
    message = f"{ct.stack.n_duplicates} images lie where another image of the series lies and were left out. "
    message += "Check that the folder does not mix two reconstructions."
    evidence = {"n_duplicates": ct.stack.n_duplicates, "n_files": ct.stack.n_files}
    return [QualityFlag("duplicate_slices", Severity.WARNING, message, evidence)]


def check_mixed_orientation(ct: CTVolume) -> list[QualityFlag]:
    """``mixed_orientation`` where images of the series at another orientation were left out."""
    if ct.stack is None or ct.stack.mixed_orientation == 0:
        return []
    count = ct.stack.mixed_orientation
    message = f"{count} images of the series lie at another orientation and were left out."
    return [QualityFlag("mixed_orientation", Severity.WARNING, message, {"n_left_out": count})]


def check_uneven_slices(ct: CTVolume) -> list[QualityFlag]:
    """``uneven_slices`` where a slice lies off the regular grid by over 0.1 mm and 5 % of the spacing."""
    stack = ct.stack
    if stack is None:
        return []
    allowed = max(t.UNEVEN_TOLERANCE_MM, t.UNEVEN_TOLERANCE_FRACTION * (stack.spacing_mm or 0.0))
    if stack.spacing_deviation_mm <= allowed:
        return []
    done = "They were interpolated onto a regular grid." if stack.resampled else "They were read as if evenly spaced."
    message = f"Slices are unevenly spaced: up to {stack.spacing_deviation_mm:.2f} mm off a regular grid. {done}"
    evidence = {
        "spacing_deviation_mm": stack.spacing_deviation_mm,
        "spacing_mm": stack.spacing_mm,
        "resampled": stack.resampled,
    }
    return [QualityFlag("uneven_slices", Severity.WARNING, message, evidence)]


def check_gantry_tilt(ct: CTVolume) -> list[QualityFlag]:
    """``gantry_tilt`` by the slice positions (resampled, and said) or, without a stack, by the header alone."""
    if ct.stack is not None:
        tilt, resampled = ct.stack.tilt_deg, ct.stack.resampled
        if abs(tilt) <= t.TILT_TOLERANCE_DEG:
            return []
        done = "They were resampled onto an orthogonal grid, which smooths them slightly."
        message = f"The gantry was tilted: slices are sheared by {tilt:.1f} degrees. "
        message += done if resampled else "They were not resampled."
        return [QualityFlag("gantry_tilt", Severity.WARNING, message, {"tilt_deg": tilt, "resampled": resampled})]
    header = ct.acquisition.gantry_tilt_deg
    if header is None or abs(header) <= t.TILT_TOLERANCE_DEG:
        return []
    message = f"The header states a gantry tilt of {header:.1f} degrees. The file does not say whether its slices were "
    message += "straightened; look whether the body appears sheared, or give the DICOM series."
    return [QualityFlag("gantry_tilt", Severity.WARNING, message, {"tilt_deg": header, "resampled": None})]

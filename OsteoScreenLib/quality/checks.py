"""All checks of one CT, in the one order that keeps numbers in HU out of results where the values are not HU."""

from __future__ import annotations

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.quality import grid, hounsfield, stack, tags
from OsteoScreenLib.quality.body import body_mask, midline_mm
from OsteoScreenLib.quality.clipping import padding_values
from OsteoScreenLib.quality.coarse import coarse_grid
from OsteoScreenLib.quality.contrast import check_contrast, enhanced_regions
from OsteoScreenLib.quality.field_of_view import check_field_of_view, measure_contact
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.quality.histogram import Histogram, histogram_of
from OsteoScreenLib.quality.metal import check_metal
from OsteoScreenLib.quality.noise import check_noise, measure_noise
from OsteoScreenLib.quality.registry import gravity
from OsteoScreenLib.quality.sharpness import check_kernel


def check_volume(
    ct: CTVolume, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
) -> tuple[QualityFlag, ...]:
    """Run every check on a CT.

    The voxels are read once in full for the histogram; everything else works on a coarse grid or on few slices.
    Temporary memory stays under 60 MB.

    Args:
        ct: the volume as read; nothing is changed.
        progress: told after each step.
        cancelled: asked between slices.

    Returns:
        The flags, the gravest first; codes as in ``registry.CODES``. Where the input is not a CT, or its values are not
        HU, no flag holds a number measured in HU.

    Raises:
        CancelledError: the user asked to stop.
    """
    flags = _header_flags(ct)
    refused = {flag.code for flag in flags} & {"not_ct", "localizer"}
    if refused or ct.hu.size == 0:
        progress(1.0, "Checks of the header done")
        return _sorted(flags)
    stop_if(cancelled)
    progress(0.1, "Checking the units")
    histogram = histogram_of(ct.hu)
    stop_if(cancelled)
    units = hounsfield.check_finite(histogram) or hounsfield.check_hounsfield(histogram)
    flags += units
    if units:
        flags += check_kernel(ct, None) + check_contrast(ct, None)
    else:
        flags += hounsfield.check_clipping(histogram) + hounsfield.check_padding(histogram)
        flags += _image_flags(ct, histogram, progress, cancelled)
    progress(1.0, "Checks done")
    return _sorted(flags)


def _header_flags(ct: CTVolume) -> list[QualityFlag]:
    """What header, stack and geometry say, without looking at a voxel."""
    flags: list[QualityFlag] = []
    for check in (
        tags.check_modality,
        tags.check_localizer,
        tags.check_kvp,
        tags.check_simulated,
        tags.check_patient_facts,
    ):
        flags += check(ct)
    for check in (stack.check_missing_slices, stack.check_duplicate_slices, stack.check_mixed_orientation):
        flags += check(ct)
    flags += stack.check_uneven_slices(ct) + stack.check_gantry_tilt(ct)
    impossible = grid.check_geometry(ct)
    flags += impossible
    if not impossible:
        flags += grid.check_orientation(ct) + grid.check_anisotropy(ct)
        flags += stack.check_number_of_slices(ct) + tags.check_slice_thickness(ct)
    return flags


def _image_flags(
    ct: CTVolume, histogram: Histogram, progress: ProgressCallback, cancelled: CancelToken
) -> list[QualityFlag]:
    """What the voxels say, given that they are HU; nothing of it without a possible geometry."""
    if grid.why_impossible(ct.geometry):
        return check_kernel(ct, None) + check_contrast(ct, None)
    progress(0.4, "Measuring noise")
    noise = measure_noise(ct, cancelled)
    flags = check_noise(noise) + check_kernel(ct, noise)
    stop_if(cancelled)
    progress(0.6, "Looking at the field of view")
    coarse = coarse_grid(ct)
    body = body_mask(coarse)
    contact = measure_contact(ct, coarse, body, padding_values(histogram.counts), cancelled)
    flags += check_field_of_view(contact)
    progress(0.8, "Looking for metal and contrast agent")
    flags += check_metal(ct, histogram, midline_mm(coarse, body))
    stop_if(cancelled)
    return flags + check_contrast(ct, enhanced_regions(coarse))


def _sorted(flags: list[QualityFlag]) -> tuple[QualityFlag, ...]:
    """The gravest first; of equal severity in the order of the registry."""
    return tuple(sorted(flags, key=lambda flag: gravity(flag.code, flag.severity)))

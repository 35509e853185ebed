"""The codes a check can give, in the order in which flags of equal severity are shown."""

from __future__ import annotations

from OsteoScreenLib.quality.flag import Severity

_I, _W, _H = Severity.INFO, Severity.WARNING, Severity.WITHHOLD

CODES: dict[str, tuple[Severity, ...]] = {
    "not_ct": (_H,),
    "localizer": (_H,),
    "impossible_geometry": (_H,),
    "non_finite_voxels": (_H,),
    "not_hounsfield": (_H,),
    "hu_clipped": (_H, _W),
    "too_few_slices": (_H,),
    "missing_slices": (_H, _W),
    "thick_slices": (_H, _W),
    "no_femur_mask": (_H,),
    "femur_mask_bad": (_H, _W),
    "contrast_agent": (_W,),
    "metal": (_W,),
    "kvp_not_120": (_W,),
    "sharp_kernel": (_W,),
    "noise_high": (_W,),
    "field_of_view_cuts_body": (_W,),
    "uneven_slices": (_W,),
    "duplicate_slices": (_W,),
    "mixed_orientation": (_W,),
    "gantry_tilt": (_W,),
    "orientation_unknown": (_W,),
    "femur_mask_doubtful": (_W,),
    "femur_sides_swapped": (_W,),
    "femur_implant": (_W,),
    "femur_cut": (_W,),
    "femora_asymmetric": (_W,),
    "femur_mask_resampled": (_W, _I),
    "anisotropic_voxels": (_W, _I),
    "simulated": (_I,),
    "kvp_unknown": (_I,),
    "kernel_unknown": (_I,),
    "bowel_contrast": (_I,),
    "padding_values": (_I,),
    "noise": (_I,),
    "patient_facts_absent": (_I,),
    "femur_absent": (_I,),
}
"""Each code with the severities it can have, the gravest first. Docs/quality-flags.md explains each."""

_GRAVITY = {_H: 0, _W: 1, _I: 2}
_PLACE = {code: place for place, code in enumerate(CODES)}


def gravity(code: str, severity: Severity) -> tuple[int, int]:
    """Sort key: the gravest severity first, then the order of the registry; codes that it lacks come last."""
    return _GRAVITY[severity], _PLACE.get(code, len(_PLACE))

"""Bone densitometry of a scan: one call from the CT and its femur masks to everything that can be said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.acquisition_rules import density_by, judge_acquisition
from OsteoScreenLib.densitometry.bone_frame import SIDES, checked_side
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice, choose_calibration
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.hu_rules import ask_rules
from OsteoScreenLib.densitometry.measure_femur import measure_femur
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.region_measures import density_of
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import Settings, default_settings
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.quality.flag import QualityFlag


def measure(
    ct: CTVolume,
    labels: np.ndarray,
    choice: CalibrationChoice | None = None,
    facts: PatientFacts | None = None,
    *,
    flags: Sequence[QualityFlag] = (),
    implants: Collection[str] = (),
    unusable: Mapping[str, str] | None = None,
    vertebral_hu: Mapping[str, float | Measure] | None = None,
    settings: Settings | None = None,
    drawn: np.ndarray | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Densitometry:
    """Measure the femora of a scan.

    Args:
        ct: HU, not changed. labels: (z, y, x) 0 background, 1 left femur, 2 right, on the scan's grid.
        choice: of the calibration; None: the best that can be had without a phantom or a site's file.
        facts: of the patient; None: what the header says.
        flags: of the quality checks; a flag that withholds, withholds everything.
        implants: sides that hold one, besides those where metal is seen.
        unusable: reason by side whose mask must not be measured.
        vertebral_hu: mean trabecular HU by vertebra, such as ``{"L1": 120.0}``, for the rules that read it.
        settings: the table; None: as shipped. progress, cancelled: as everywhere.
        drawn: (z, y, x) uint8 on the scan's grid, into which the regions are drawn (:mod:`region_labels`).

    Raises:
        ValueError: sizes differ, or a side, sex, age or method cannot be.
        CancelledError: the user asked to stop.
    """
    table = settings or default_settings()
    if np.shape(labels) != ct.geometry.shape_zyx:
        raise ValueError(f"labels {np.shape(labels)} and scan {ct.geometry.shape_zyx} differ in size")
    known = facts or facts_of(ct)
    with_metal = {checked_side(side) for side in implants}
    left_out = {checked_side(side): reason for side, reason in (unusable or {}).items()}
    rules = judge_acquisition(ct, known, flags, table)
    if rules.withheld:
        return Densitometry(withheld=rules.withheld, notes=rules.notes, settings=table.to_dict())
    stop_if(cancelled)
    progress(0.0, "Densitometry: calibration")
    outcome = choose_calibration(ct, labels, choice or CalibrationChoice(), table, rules.contrast)
    density = density_by(outcome.calibration, outcome.reason, rules, table)
    femora = {}
    for number, side in enumerate(SIDES):
        stop_if(cancelled)
        progress(0.4 + 0.3 * number, f"Densitometry: {side} femur")
        if side in left_out:
            femora[side] = FemurDensitometry(side, left_out[side])
            continue
        femora[side] = measure_femur(ct, labels, side, density, rules, known, table, side in with_metal, drawn)
    spine = {name: _in_hu(value) for name, value in (vertebral_hu or {}).items()}
    progress(1.0, "Densitometry done")
    return Densitometry(
        femora=femora,
        calibration=density.calibration,
        no_calibration="" if outcome.calibration is not None else outcome.reason,
        vertebrae={
            name: {"trabecular_hu": hu, "trabecular_vbmd": density_of(hu, density)} for name, hu in spine.items()
        },
        hu_rules=ask_rules(spine, table, ct.acquisition.kvp, rules.contrast),
        facts=known,
        notes=rules.notes,
        settings=table.to_dict(),
    )


def facts_of(ct: CTVolume) -> PatientFacts:
    """What the header says of the patient; a sex other than F and M, or an age that cannot be, counts as unknown."""
    acquisition = ct.acquisition
    age = acquisition.age_years
    return PatientFacts(
        sex=acquisition.sex if acquisition.sex in ("F", "M") else None,
        age_years=age if age is not None and 0.0 <= age <= 130.0 else None,
    )


def _in_hu(value: float | Measure) -> Measure:
    return value if isinstance(value, Measure) else Measure(float(value), "HU")

"""Bone density in the words of a report: status, measures with their uncertainty, calibration, and what is withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.hu_rules import RuleAnswer
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.settings import Settings, settings_of_record
from OsteoScreenLib.report import wording
from OsteoScreenLib.report.density_tables import AREAL, VOLUMETRIC, MeasureTable, measure_table, withheld_measures
from OsteoScreenLib.report.femur_projection import Projection, femur_projection
from OsteoScreenLib.report.status_words import STYLES, WITHHELD
from OsteoScreenLib.report.t_ruler import Ruler, t_ruler
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.status.bone_status import BoneStatus

_METHODS = {
    "phantom": "Phantom in the scan",
    "asynchronous": "The site's own line for this scanner (asynchronous)",
    "internal": "The patient's own tissues (internal)",
    "fixed": "Fixed line of the tube voltage (weak)",
}


@dataclass(frozen=True)
class DensityPart:
    """One femur.

    Attributes:
        title: ``Left femur`` or ``Right femur``. style, symbol, word: the status as a mark.
        sentences: on the status. probabilities: of each class; empty where there are none. chances: the same in words.
        picture, ruler: None where there is none.
        tables: of the measures. withheld: (reason, names of measures) pairs. rules: answers of HU rules.
        notes: what to know.
    """

    title: str
    style: str
    symbol: str
    word: str
    sentences: list[str]
    probabilities: Mapping[str, float]
    chances: str
    picture: Projection | None
    ruler: Ruler | None
    tables: list[MeasureTable]
    withheld: list[tuple[str, str]]
    rules: list[tuple[str, str, str]]
    notes: list[str]


@dataclass(frozen=True)
class DensitySection:
    """The section on bone density.

    Attributes:
        withheld: why nothing was measured; empty where something was.
        parts: left, then right. calibration: (name, value) pairs; samples: rows of what it was fitted to.
        explanation: why this calibration. not_used: (tissue, reason) pairs.
        patient: sex and age that the scores go by. reference: of the T-score equivalents.
        vertebrae: (name, HU, density) rows. rules: answers of the rules that read vertebrae. notes: of the whole scan.
    """

    withheld: str
    parts: list[DensityPart]
    calibration: list[tuple[str, str]]
    explanation: str
    samples: list[tuple[str, str, str, str]]
    not_used: list[tuple[str, str]]
    patient: str
    reference: str
    vertebrae: list[tuple[str, str, str]]
    rules: list[tuple[str, str, str]]
    notes: list[str]


def density_section(
    result: CaseResult, ct: CTVolume | None = None, labels: np.ndarray | None = None
) -> DensitySection | None:
    """The section; None where nobody asked for bone density.

    Args:
        result: of the case. ct, labels: the volume and the masks of its femora, for the pictures; None: no pictures.

    Raises:
        MissingPackageError: scipy or Pillow is not installed.
    """
    measured = result.densitometry
    if measured is None:
        return None
    status = {entry.side: entry for entry in result.status}
    table = settings_of_record(measured.settings)
    parts = [_part(femur, status.get(side), ct, labels, table) for side, femur in measured.femora.items()]
    reference = next((str(entry.operating_point.get("reference", "")) for entry in result.status), "")
    line = measured.calibration
    return DensitySection(
        withheld=measured.withheld,
        parts=[] if measured.withheld else parts,
        calibration=[] if line is None else _calibration(line),
        explanation=measured.no_calibration if line is None else line.explanation,
        samples=[] if line is None else _samples(line),
        not_used=[] if line is None else [(_name(name), why) for name, why in line.not_used.items()],
        patient=_patient(measured),
        reference=reference,
        vertebrae=_vertebrae(measured),
        rules=_rules(measured.hu_rules),
        notes=[*measured.notes, *_site_notes(measured)],
    )


def _part(
    femur: FemurDensitometry, status: BoneStatus | None, ct: CTVolume | None, labels: np.ndarray | None, table: Settings
) -> DensityPart:
    probabilities = {} if status is None else status.probabilities
    style, symbol = WITHHELD if status is None or status.bone_class is None else STYLES[status.bone_class]
    picture = None
    if ct is not None and labels is not None and femur.landmarks is not None:
        picture = femur_projection(ct, labels, femur.side, femur.landmarks, table)
    return DensityPart(
        title=f"{femur.side.capitalize()} femur",
        style=style,
        symbol=symbol,
        word="withheld" if status is None or status.bone_class is None else status.bone_class,
        sentences=_sentences(femur, status),
        probabilities=probabilities,
        chances=_chances(probabilities),
        picture=picture,
        ruler=None if status is None else _ruler(femur, status),
        tables=[] if femur.withheld else [measure_table(AREAL, femur.areal), measure_table(VOLUMETRIC, femur.regions)],
        withheld=[] if femur.withheld else withheld_measures(femur),
        rules=_rules(femur.hu_rules),
        notes=list(femur.notes),
    )


def _sentences(femur: FemurDensitometry, status: BoneStatus | None) -> list[str]:
    """On the status: the rule, and how near a limit is; or why there is none."""
    if status is None:
        return []
    said = []
    if status.bone_class is None:
        said.append(f"Status withheld: {'; '.join(reason.rstrip('.') for reason in status.reasons)}.")
    elif femur.status is not None:
        said.append(f"{femur.status.rule}.")
    if status.bone_class is not None and femur.status is not None and femur.status.borderline:
        said.append("Borderline: a limit lies within the usual distance of CT from DXA.")
    return said


def _chances(probabilities: Mapping[str, float]) -> str:
    """The probabilities as a sentence; empty where there are none."""
    shares = ", ".join(f"{name} {100 * value:.0f} %" for name, value in probabilities.items())
    return f"Probability of each class, given the uncertainty of the measurement: {shares}." if shares else ""


def _ruler(femur: FemurDensitometry, status: BoneStatus) -> Ruler | None:
    low, high = (float(status.operating_point[name]) for name in ("osteoporosis_at_most_t", "normal_at_least_t"))
    scores = [(site.replace("_", " "), measures["t_score"]) for site, measures in femur.areal.items()]
    return t_ruler(scores, low, high)


def _calibration(line: Calibration) -> list[tuple[str, str]]:
    sign = "+" if line.intercept >= 0 else "−"
    facts = [
        ("Method", _METHODS.get(line.method, line.method)),
        ("Line", f"{line.slope:.3f} × HU {sign} {abs(line.intercept):.1f} mg/cm³"),
        ("Uncertainty (SD) at 100 mg/cm³", f"{line.uncertainty_mg_cm3:.1f} mg/cm³"),
        ("Effective energy", f"{line.effective_energy_kev:.1f} ± {line.energy_sd_kev:.1f} keV"),
    ]
    if line.residual_hu is not None:
        facts.append(("Residual (root mean square)", f"{line.residual_hu:.1f} HU"))
    return facts


def _samples(line: Calibration) -> list[tuple[str, str, str, str]]:
    return [
        (_name(s.name), _true(f"{s.measured_hu:.0f}"), _true(f"{s.expected_hu:.0f}"), _true(f"{s.residual_hu:+.1f}"))
        for s in line.samples
    ]


def _true(number: str) -> str:
    """With a true minus."""
    return number.replace("-", "−")


def _name(name: str) -> str:
    return name.replace("_", " ")


def _patient(measured: Densitometry) -> str:
    """Sex and age in use, absent facts said to be absent."""
    facts = measured.facts
    if facts is None:
        return ""
    sex = {"F": "female", "M": "male"}.get(facts.sex or "", wording.NOT_KNOWN)
    age = wording.NOT_KNOWN if facts.age_years is None else f"{facts.age_years:g} years"
    return f"sex {sex}, age {age}"


def _vertebrae(measured: Densitometry) -> list[tuple[str, str, str]]:
    def said(measure: Measure) -> str:
        return measure.withheld if measure.value is None else f"{measure.value:.0f} {wording.pretty_unit(measure.unit)}"

    return [
        (name, said(measures["trabecular_hu"]), said(measures["trabecular_vbmd"]))
        for name, measures in measured.vertebrae.items()
    ]


def _rules(answers: tuple[RuleAnswer, ...]) -> list[tuple[str, str, str]]:
    return [
        (
            answer.name,
            "" if answer.hu is None else f"{answer.hu:.0f} HU",
            f"withheld: {answer.withheld}" if answer.answer is None else answer.answer.replace("_", " "),
        )
        for answer in answers
    ]


def _site_notes(measured: Densitometry) -> list[str]:
    """Values that the site set itself."""
    changed: Mapping[str, Mapping[str, object]] = measured.settings.get("overridden", {})
    site = measured.settings.get("site")
    return [
        f"{site} set {key} to {wording.plain(entry['value'])} ({wording.plain(entry['source'])})."
        for key, entry in changed.items()
    ]

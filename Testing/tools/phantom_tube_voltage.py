"""L1 of different digital patients at the tube voltage that their size asks for, against one published cohort.

python Testing/tools/phantom_tube_voltage.py --count 12000

An AAPM 2026 abstract (16,747 unenhanced abdominal scans of patients over 60 years) gives L1 at 100, 120 and 140 kVp as
148.1, 140.9 and 131.3 HU. Those were different patients: small ones are scanned at 100 kVp and large ones at 140 kVp.
This does the same with drawn traits. No image is made: HU follow from the patient's density and marrow at the middle
of L1 and from the beam. The simulator has one beam for all body sizes, so body size acts by bone and marrow alone;
``--hardening`` adds what a beam hardened by the patient's own width would do.

The rules of ``RULES`` were written down before anything was computed with them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.bone_density import bone_tissue
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.skeleton import vertebral_fade
from OsteoScreenLib.phantom.traits import PatientTraits

OVER_YEARS = 60.0
VOLTAGES = (100, 120, 140)
PUBLISHED_HU = {100: 148.1, 120: 140.9, 140: 131.3}
CORRECTED_HU = {100: 137.3, 120: 140.9, 140: 138.3}
"""The same means after the abstract's correction to 120 kVp: what is left is the patients' own difference."""

Rule = Callable[[PatientTraits], int]


def _steps(value: float, first: float, second: float) -> int:
    return VOLTAGES[int(value >= first) + int(value >= second)]


RULES: Mapping[str, Rule] = {
    # Cardiac CT: 100 kVp up to 90 kg or a BMI of 30, 120 kVp above, more for the severely obese (Halliburton 2011,
    # J Cardiovasc Comput Tomogr 5:198); severely is taken as a BMI of 40.
    "weight 90 kg or BMI 30, BMI 40": lambda t: (
        140 if t.bmi >= 40.0 else 100 if t.weight_kg <= 90.0 or t.bmi <= 30.0 else 120
    ),
    # Classes of BMI of the WHO, as protocols by BMI commonly use them: normal, overweight, obese.
    "BMI 25, 30": lambda t: _steps(t.bmi, 25.0, 30.0),
    # Charts by weight: common practice, without a single source.
    "weight 60, 90 kg": lambda t: _steps(t.weight_kg, 60.0, 90.0),
}


def l1_hu(traits: PatientTraits, beam: Beam) -> float:
    """Mean HU of spongy bone in the middle of L1."""
    tissue = bone_tissue(traits)
    fat = tissue.marrow_fat("vertebra")
    marrow = (1.0 - fat) * beam.hu["red_marrow"] + fat * beam.hu["yellow_marrow"]
    return float(beam.bone_hu(marrow, tissue.trabecular("vertebra") * vertebral_fade(traits)))


def water_cm(traits: PatientTraits) -> float:
    """Diameter of a circle with the area of the waist, within the table of attenuation."""
    plan = plan_body(traits)
    return float(np.clip(0.2 * np.sqrt(plan.waist_half_width_mm * plan.waist_half_depth_mm), 20.0, 32.0))


def change_percent(group: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """How the mean of a group differs from that of another, and half the width of the 95 % interval, in percent."""
    ratio = float(group.mean() / reference.mean())
    relative = [values.std(ddof=1) / np.sqrt(len(values)) / values.mean() for values in (group, reference)]
    return 100.0 * (ratio - 1.0), 196.0 * ratio * float(np.hypot(*relative))


def print_rule(name: str, people: Sequence[PatientTraits], hardening: bool) -> None:
    """Means of L1 by voltage as one rule chooses it, and of the same people at 120 kVp."""
    rule = RULES[name]
    groups = {kvp: [person for person in people if rule(person) == kvp] for kvp in VOLTAGES}

    def measured(group: Sequence[PatientTraits], kvp: int) -> np.ndarray:
        # One decimal of the width is enough, and beams are kept.
        beams = (Beam.of(kvp, water_cm=round(water_cm(t), 1)) if hardening else Beam.of(kvp) for t in group)
        return np.array([l1_hu(person, beam) for person, beam in zip(group, beams, strict=True)])

    scanned = {kvp: measured(group, kvp) for kvp, group in groups.items()}
    at_120 = {kvp: measured(group, 120) for kvp, group in groups.items()}
    for kvp in VOLTAGES:
        sizes = (
            f"BMI {np.mean([t.bmi for t in groups[kvp]]):.1f}, age {np.mean([t.age_years for t in groups[kvp]]):.0f}"
        )
        change, half = change_percent(scanned[kvp], scanned[120])
        own, own_half = change_percent(at_120[kvp], at_120[120])
        print(
            f"| {name} | {kvp} | {len(groups[kvp])} ({sizes}) | {scanned[kvp].mean():.1f} "
            f"| {change:+.1f} +- {half:.1f} | {own:+.1f} +- {own_half:.1f} |"
        )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=12000, help="patients drawn, before the young are left out")
    parser.add_argument("--hardening", action="store_true", help="each patient's own width hardens the beam")
    arguments = parser.parse_args()
    people = [person for person in map(draw_patient, range(arguments.count)) if person.age_years > OVER_YEARS]
    print(
        "| rule | kVp | patients | L1, HU | against 120 kVp, % | the same patients at 120 kVp, % |\n"
        + "| --- " * 6
        + "|"
    )
    for kvp in VOLTAGES:
        raw, own = (100 * (values[kvp] / values[120] - 1) for values in (PUBLISHED_HU, CORRECTED_HU))
        print(f"| published | {kvp} | | {PUBLISHED_HU[kvp]} | {raw:+.1f} | {own:+.1f} (by its correction) |")
    for name in RULES:
        print_rule(name, people, arguments.hardening)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Tables of digital patients for Docs/phantom.md: true densities of some, and how density runs through many.

python Testing/tools/phantom_population.py --seeds 201 202 203 --count 400
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.phantom.bone_density import expected_neck_abmd
from OsteoScreenLib.phantom.digital_patient import true_values
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur import femur_truth
from OsteoScreenLib.phantom.femur_shape import SIDES, draw_femur_shape
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.reference_population import t_score
from OsteoScreenLib.phantom.traits import PatientTraits


def print_truth(seeds: Sequence[int]) -> None:
    """True values of single patients, left side, and what the neck's density differs by from the one asked for."""
    print("| sex, age | BMI | deviation | neck (T) | total hip (T) | spine T | L1 | muscle |\n" + "| --- " * 8 + "|")
    started, errors = time.perf_counter(), []
    for seed in seeds:
        traits = draw_patient(seed)
        plan = plan_body(traits)
        truth = true_values(plan, {side: femur_truth(draw_femur_shape(plan, side)) for side in SIDES})
        femur = truth.femurs["L"]
        neck, hip = (femur.areal[site].abmd_g_cm2 for site in ("femoral_neck", "total_hip"))
        scores = femur.t_scores
        l1 = truth.spine.trabecular_mg_cm3["L1"] * truth.k2hpo4_per_hydroxyapatite
        errors.append(100 * (neck / expected_neck_abmd(traits) - 1))
        print(
            f"| {traits.sex} {traits.age_years:.0f} | {traits.bmi:.0f} | {traits.bone_z:+.1f} "
            f"| {neck:.2f} ({scores['femoral_neck']:+.1f}) | {hip:.2f} ({scores['total_hip']:+.1f}) "
            f"| {truth.spine.t_score:+.1f} | {l1:.0f} | {truth.muscle_area_cm2['L3']['skeletal_muscle']:.0f} |",
            flush=True,
        )
    print(f"neck painted against asked for: {np.mean(errors):+.1f} +- {np.std(errors):.1f} %")
    print(f"{(time.perf_counter() - started) / max(1, len(seeds)):.1f} s each")


def print_population(count: int) -> None:
    """Correlations of the density asked for, and means and osteoporosis by sex and decade."""
    people = [draw_patient(seed) for seed in range(count)]
    for name, group in (("all", people), *((sex, [p for p in people if p.sex == sex]) for sex in "MF")):
        density = [expected_neck_abmd(person) for person in group]
        columns = {
            "age": [person.age_years for person in group],
            "BMI": [person.bmi for person in group],
            "muscle": [plan_body(person).muscle_scale for person in group],
        }
        found = ", ".join(f"{key} {np.corrcoef(density, values)[0, 1]:.2f}" for key, values in columns.items())
        print(f"{name} ({len(group)}): r of the neck's density with {found}")
    for sex in "MF":
        for decade in (40, 50, 60, 70, 80):
            print(
                f"{sex} {decade}s: {_summary([p for p in people if p.sex == sex and 0 <= p.age_years - decade < 10])}"
            )


def _summary(people: Sequence[PatientTraits]) -> str:
    density = np.array([expected_neck_abmd(person) for person in people])
    below = np.mean([t_score("femoral_neck", value) <= -2.5 for value in density])
    return f"n {len(people)}, {density.mean():.3f} +- {density.std():.3f} g/cm2, osteoporosis {100 * below:.0f} %"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(201, 214)), help="patients with true values")
    parser.add_argument("--count", type=int, default=400, help="patients for the means")
    arguments = parser.parse_args()
    print_population(arguments.count)
    print_truth(arguments.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())

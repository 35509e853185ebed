"""Everything about a patient's soft tissue that is worked out once, before any voxel is painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.phantom.body_surface import BodySurface, make_body_surface, sacral_back
from OsteoScreenLib.phantom.bowel import Gut, make_gut
from OsteoScreenLib.phantom.lattice_noise import Field, lattice_noise
from OsteoScreenLib.phantom.lungs import Domes, make_domes
from OsteoScreenLib.phantom.muscle_bellies import Belly, Frame
from OsteoScreenLib.phantom.muscles_hip import hip_muscles
from OsteoScreenLib.phantom.muscles_thigh import thigh_muscles
from OsteoScreenLib.phantom.muscles_trunk import trunk_muscles
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.thigh_axis import thigh_axis


@dataclass(frozen=True)
class SoftAnatomy:
    """Outline, bellies and noise fields of one patient.

    Attributes:
        surface: outlines. bellies: all muscles but the walls of the trunk.
        growth_mm: how far muscles of hip and thigh widen into free space.
        septum_mm: mean width of the fat between bellies. fibre_fat: mean share of fat between fibres.
        warp_x, warp_y: unevenness of muscles, standard normal. septa: of the fat between them.
        fibres: streaks along the body. strands: connective tissue in fat.
        domes: of the diaphragm. gut, gut_seed: its pieces, and the noise in them.
    """

    surface: BodySurface
    bellies: tuple[Belly, ...]
    growth_mm: float
    septum_mm: float
    fibre_fat: float
    warp_x: Field
    warp_y: Field
    septa: Field
    fibres: Field
    strands: Field
    domes: Domes
    gut: list[Gut]
    gut_seed: int


def make_soft_anatomy(plan: BodyPlan) -> SoftAnatomy:
    """Work out a patient's soft tissue."""
    rng = rng_of(plan.traits, "soft-tissue")
    traits = plan.traits
    # Muscle area goes with the square of the scale across.
    thickness = float(np.clip(0.45 + 0.55 * plan.muscle_scale, 0.7, 1.25))
    thighs = {side: thigh_axis(plan, side) for side in "LR"}
    frame = Frame(plan, thickness, thighs, 0.7 * (sacral_back(plan) - 96.0 * plan.scale))
    bellies = _bellies(frame, traits.age_years, rng_of(traits, "sides"))
    seeds = rng.integers(0, 2**31, size=6).tolist()
    surface, domes = make_body_surface(plan), make_domes(plan)
    older = max(traits.age_years - 40.0, 0.0)
    septum = (0.7 + 0.010 * older + 0.035 * max(traits.bmi - 22.0, 0.0)) * (1.5 - 0.5 * plan.muscle_scale)
    fat = 0.035 + 0.0016 * older + 0.0035 * max(traits.bmi - 22.0, 0.0) - 0.05 * (plan.muscle_scale - 1.0)
    return SoftAnatomy(
        surface=surface,
        bellies=bellies,
        growth_mm=_growth(plan),
        septum_mm=float(np.clip(septum * np.exp(rng.normal(0, 0.15)), 0.5, 3.5)),
        fibre_fat=float(np.clip(fat * np.exp(rng.normal(0, 0.2)), 0.015, 0.22)),
        warp_x=lattice_noise(seeds[0], (24.0, 24.0, 45.0)),
        warp_y=lattice_noise(seeds[1], (24.0, 24.0, 45.0)),
        septa=lattice_noise(seeds[2], (9.0, 9.0, 25.0)),
        fibres=lattice_noise(seeds[3], (3.2, 4.2, 22.0)),
        strands=lattice_noise(seeds[4], (13.0, 9.0, 20.0)),
        domes=domes,
        gut=make_gut(plan, surface, domes),
        gut_seed=seeds[5],
    )


def _bellies(frame: Frame, age_years: float, rng: np.random.Generator) -> tuple[Belly, ...]:
    """All muscles; the two sides differ by some percent as a whole, and each muscle by a little more."""
    uneven = float(np.clip(rng.normal(0.0, 0.012), -0.025, 0.025))
    sides = []
    for mirror in (1.0, -1.0):
        own = replace(frame, thickness=frame.thickness * (1.0 + mirror * uneven), mirror=mirror)
        sides.append((*hip_muscles(own), *thigh_muscles(own), *trunk_muscles(own, age_years)))
    # Bellies come in pairs of a left one and its mirror image.
    pairs = zip(sides[0][0::2], sides[1][1::2], strict=True)
    return tuple(
        replace(belly, slack_mm=belly.slack_mm + float(np.clip(rng.normal(0.0, 0.4), -0.8, 0.8)))
        for pair in pairs
        for belly in pair
    )


def _growth(plan: BodyPlan) -> float:
    """Room that muscles take between hip bone, femur and fascia: less in the old, the fat and the weak."""
    older, heavier = max(plan.traits.age_years - 45.0, 0.0), max(plan.traits.bmi - 25.0, 0.0)
    return float(np.clip((12.0 - 0.07 * older - 0.15 * heavier) * plan.muscle_scale**0.5, 4.0, 13.0)) * plan.scale

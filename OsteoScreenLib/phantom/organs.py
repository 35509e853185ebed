"""Solid organs of the abdomen and the pelvis."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.lattice_noise import Field, lattice_noise
from OsteoScreenLib.phantom.lungs import Domes
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import Solid, ellipsoid, inset, minus, rod, union
from OsteoScreenLib.phantom.tissue_canvas import Mixture, TissueCanvas

CAVITY = (LABEL["visceral_fat"],)


def rough(solid: Solid, field: Field, amount_mm: float) -> Solid:
    """A solid with an uneven surface."""
    reach = 2.5 * amount_mm
    (x0, y0, z0), (x1, y1, z1) = solid.low, solid.high
    return Solid(
        lambda x, y, z: solid.distance(x, y, z) + amount_mm * field(x, y, z),
        (x0 - reach, y0 - reach, z0 - reach),
        (x1 + reach, y1 + reach, z1 + reach),
    )


def turned(first_deg: float, about: str) -> np.ndarray:
    """Axes turned about x, y or z."""
    c, s = np.cos(np.radians(first_deg)), np.sin(np.radians(first_deg))
    i, j = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}[about]
    axes = np.eye(3)
    axes[i, i], axes[i, j], axes[j, i], axes[j, j] = c, -s, s, c
    return axes


def paint_organs(canvas: TissueCanvas, plan: BodyPlan, domes: Domes) -> None:
    """Paint kidneys, liver, spleen, pancreas and the pelvic organs into the body cavity."""
    rng = rng_of(plan.traits, "organs")
    seeds = rng.integers(0, 2**31, size=6).tolist()
    kidneys = _kidneys(plan, rng)
    _paint_pelvic_organs(canvas, plan, rng, seeds[0])
    for side, (kidney, sinus) in kidneys.items():
        _paint_kidney(canvas, kidney, sinus, side, seeds[1])
    _paint_liver(canvas, plan, domes, kidneys["R"][0], rng, seeds[2])
    _paint_spleen(canvas, plan, domes, kidneys["L"][0], rng, seeds[3])
    _paint_pancreas(canvas, plan, rng, seeds[4])


def _kidneys(plan: BodyPlan, rng: np.random.Generator) -> dict[str, tuple[Solid, Solid]]:
    """Kidney and renal sinus of each side; 10 to 12 cm long, the right one lower."""
    s, fat = plan.scale, plan.visceral_share
    base = plan.vertebra("L2").centre
    kidneys = {}
    for side, sign, drop in (("L", 1.0, -6.0), ("R", -1.0, 9.0)):
        x = sign * (57.0 + 14.0 * fat + rng.normal(0, 2.5)) * s
        y, z = base[1] + (10.0 + rng.normal(0, 3)) * s, base[2] + (8.0 - drop + rng.normal(0, 7)) * s
        radii = np.array((27.0, 23.0, 54.0)) * s * float(np.exp(rng.normal(0, 0.06)))
        axes = turned(sign * 12.0, "y") @ turned(-12.0, "x") @ turned(sign * 30.0, "z")
        kidney = ellipsoid((x, y, z), radii.tolist(), axes)
        hilum = (x - sign * 14.0 * s, y - 9.0 * s, z)
        sinus = ellipsoid(hilum, (radii * (0.62, 0.42, 0.50)).tolist(), axes)
        kidneys[side] = (kidney, sinus)
    return kidneys


def _paint_kidney(canvas: TissueCanvas, kidney: Solid, sinus: Solid, side: str, seed: int) -> None:
    if not canvas.sees(kidney):
        return
    coarse, fine = lattice_noise(seed, 26.0), lattice_noise(seed + 1, 9.0)
    label = sided("kidney", side)
    kidney = rough(kidney, coarse, 1.4)
    canvas.paint(kidney, "kidney_cortex", label=label, only_labels=CAVITY)

    def medulla(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.clip(0.75 + 0.9 * fine(x, y, z), 0.0, 1.0)

    canvas.paint(inset(kidney, 6.5), Mixture("kidney_cortex", "kidney", medulla), only_labels=(label,))

    def calices(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.clip(0.25 + 0.6 * fine(x, y, z), 0.0, 0.9)

    canvas.paint(rough(sinus, fine, 2.2), Mixture("fat", "kidney", calices), only_labels=(label,))


def _paint_liver(
    canvas: TissueCanvas, plan: BodyPlan, domes: Domes, kidney: Solid, rng: np.random.Generator, seed: int
) -> None:
    s = plan.scale
    top, y0, more = domes.right_top, domes.spine - domes.forward, 0.8 * domes.forward
    length = float(np.clip(rng.normal(82.0, 9.0), 64.0, 105.0)) * s
    right = ellipsoid(
        (-72.0 * s, y0 - 28.0 * s, top - 71.0 * s), (86.0 * s, 88.0 * s + more, length), turned(-10.0, "y")
    )
    reach = float(rng.uniform(55.0, 90.0)) * s
    left = ellipsoid(
        (-8.0 * s, y0 - 82.0 * s - 0.6 * more, top - 44.0 * s), (reach, 34.0 * s, 40.0 * s), turned(12.0, "y")
    )
    shape = union((right, left), 25.0)
    around = inset(kidney, -6.0 - 10.0 * plan.visceral_share)
    porta = ellipsoid((-16.0 * s, y0 - 34.0 * s, top - 95.0 * s), (22.0 * s, 18.0 * s, 30.0 * s))
    coarse = lattice_noise(seed, 45.0)
    bladder_centre = (-52.0 * s, y0 - 78.0 * s, top - 118.0 * s)
    gall = ellipsoid(bladder_centre, (13.0 * s, 17.0 * s, 26.0 * s), turned(25.0, "x"))
    liver = rough(minus(shape, around, porta, inset(gall, -1.5)), coarse, 3.0)
    if not canvas.sees(liver):
        return
    canvas.paint(gall, "bowel_wall", only_labels=CAVITY, label=LABEL["bowel"])
    canvas.paint(inset(gall, 1.8), "bladder_urine", only_labels=(LABEL["bowel"],))
    canvas.paint(liver, "liver", label=LABEL["liver"], only_labels=CAVITY)
    first, second = lattice_noise(seed + 2, 24.0), lattice_noise(seed + 3, 24.0)

    def vessels(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.clip((0.26 - np.hypot(first(x, y, z), second(x, y, z))) * 6.0, 0.0, 1.0)

    canvas.paint(inset(liver, 9.0), Mixture("liver", "blood", vessels), only_labels=(LABEL["liver"],))


def _paint_spleen(
    canvas: TissueCanvas, plan: BodyPlan, domes: Domes, kidney: Solid, rng: np.random.Generator, seed: int
) -> None:
    s = plan.scale
    size = s * float(np.exp(rng.normal(0, 0.10)))
    centre = (100.0 * s, domes.spine - 2.0 * s, domes.left_top - 60.0 * s)
    shape = ellipsoid(centre, (37.0 * size, 54.0 * size, 51.0 * size), turned(18.0, "z"))
    hollow = ellipsoid((60.0 * s, centre[1] - 30.0 * s, centre[2]), (32.0 * s, 40.0 * s, 50.0 * s))
    spleen = rough(minus(shape, inset(kidney, -5.0), hollow), lattice_noise(seed, 30.0), 2.2)
    canvas.paint(spleen, "spleen", label=LABEL["spleen"], only_labels=CAVITY)


def _paint_pancreas(canvas: TissueCanvas, plan: BodyPlan, rng: np.random.Generator, seed: int) -> None:
    s = plan.scale
    thick = s * float(np.clip(1.15 - 0.004 * plan.traits.age_years + rng.normal(0, 0.08), 0.7, 1.2))
    l2, l1, t12 = (plan.vertebra(name).centre for name in ("L2", "L1", "T12"))
    points = [
        (-30.0 * s, l2[1] - 36.0 * s, l2[2] - 6.0 * s), (-26.0 * s, l2[1] - 40.0 * s, l2[2] + 16.0 * s),
        (0.0, l1[1] - 50.0 * s, l1[2] + 2.0 * s), (36.0 * s, l1[1] - 40.0 * s, l1[2] + 12.0 * s),
        (74.0 * s, t12[1] - 18.0 * s, t12[2] - 4.0 * s),
    ]  # fmt: skip
    radii = [14.0, 13.0, 9.0, 9.0, 8.0]
    parts = [
        rod(a, b, ra * thick, rb * thick)
        for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    ]
    lobules = lattice_noise(seed, 7.0)
    fatty = float(np.clip(0.004 * (plan.traits.age_years - 30.0) + 0.25 * (plan.visceral_share - 0.3), 0.03, 0.45))

    def fat(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.clip(fatty * (1.0 + 1.2 * lobules(x, y, z)), 0.0, 1.0)

    pancreas = rough(union(parts, 4.0), lobules, 1.6)
    canvas.paint(pancreas, Mixture("pancreas", "fat", fat), label=LABEL["pancreas"], only_labels=CAVITY)


def _paint_pelvic_organs(canvas: TissueCanvas, plan: BodyPlan, rng: np.random.Generator, seed: int) -> None:
    s = plan.scale
    male = plan.traits.sex == "M"
    fill = float(np.clip(rng.normal(0.85, 0.22), 0.35, 1.35))
    width, depth, height = 39.0 * s * fill**0.5, 27.0 * s * fill**0.8, 27.0 * s * fill
    base = -8.0 * s if male else -16.0 * s
    bladder_centre = (float(rng.normal(0, 4)) * s, -14.0 * s - 2.0 * fill, base + height)
    bladder = rough(ellipsoid(bladder_centre, (width, depth, height)), lattice_noise(seed, 34.0), 2.0)
    wall = (3.0 if male else 2.4) + (1.5 if fill < 0.6 else 0.0)
    organ = LABEL["prostate_or_uterus"]
    if male:
        size = s * float(np.clip(0.9 + 0.006 * (plan.traits.age_years - 40.0) + rng.normal(0, 0.1), 0.75, 1.4))
        prostate = ellipsoid((0.0, -4.0 * s, base - 14.0 * s), (22.0 * size, 16.0 * size, 17.0 * size))
        vesicles = union(
            [rod((sign * 5.0 * s, 13.0 * s, base + 6.0 * s), (sign * 30.0 * s, 20.0 * s, base + 14.0 * s),
            5.5 * s, 4.0 * s)
             for sign in (-1.0, 1.0)], 3.0,
        )  # fmt: skip
        solids = (
            rough(prostate, lattice_noise(seed + 1, 16.0), 1.2),
            rough(vesicles, lattice_noise(seed + 2, 8.0), 1.2),
        )
    else:
        old = float(np.clip((plan.traits.age_years - 48.0) / 20.0, 0.0, 1.0))
        size = s * (1.0 - 0.35 * old) * float(np.exp(rng.normal(0, 0.08)))
        tilt = float(rng.uniform(-12.0, 12.0)) * s
        top = bladder_centre[2] + height + 6.0 * s
        fundus = ellipsoid((tilt, 8.0 * s, top), (27.0 * size, 24.0 * size, 24.0 * size))
        cervix = rod((0.0, 20.0 * s, base + 12.0 * s), (tilt, 12.0 * s, top), 13.0 * size, 16.0 * size)
        vagina = rod((0.0, 16.0 * s, base + 12.0 * s), (0.0, 8.0 * s, -48.0 * s), 10.0 * s, 8.0 * s)
        solids = (rough(union((fundus, cervix), 10.0), lattice_noise(seed + 1, 18.0), 1.6), vagina)
    for solid in solids:
        canvas.paint(solid, "prostate_uterus", label=organ, only_labels=(*CAVITY, LABEL["intermuscular_fat"]))
    canvas.paint(bladder, "bowel_wall", label=LABEL["bladder"], only_labels=(*CAVITY, organ))
    canvas.paint(inset(bladder, wall), "bladder_urine", only_labels=(LABEL["bladder"],))

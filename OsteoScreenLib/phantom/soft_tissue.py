"""Paints skin, fat, muscles, organs, vessels and the table of a digital patient."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.body_surface import SKIN_MM, layer, polar, skin_and_fascia
from OsteoScreenLib.phantom.bowel import paint_bowel
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.lungs import paint_lungs
from OsteoScreenLib.phantom.muscle_bellies import PAD_FAT, Packing
from OsteoScreenLib.phantom.organs import paint_organs
from OsteoScreenLib.phantom.patient_table import paint_table
from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.soft_anatomy import SoftAnatomy, make_soft_anatomy
from OsteoScreenLib.phantom.spinal_canal import paint_sacral_sac
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.vessels import paint_vessels

SLAB_VOXELS = 400_000
"""Voxels worked on at once; a dozen arrays of this size are alive."""
WALL_BELLIES = 3
"""The first numbers of a packing are the layers of the trunk's wall."""
WARP_MM = 1.8

Polar = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def paint_soft_tissue(canvas: TissueCanvas, plan: BodyPlan, anatomy: SoftAnatomy | None = None) -> None:
    """Paint everything soft that bones may overwrite: body, muscles, cavities with organs.

    Args:
        canvas: any part of the body.
        plan: of the patient.
        anatomy: from `make_soft_anatomy`, if the patient is painted in several parts.
    """
    anatomy = make_soft_anatomy(plan) if anatomy is None else anatomy
    paint_table(canvas, anatomy.surface)
    step = max(1, SLAB_VOXELS // (canvas.x.size * canvas.y.size))
    for start in range(0, canvas.z.size, step):
        _paint_slab(canvas, anatomy, slice(start, min(start + step, canvas.z.size)))
    paint_lungs(canvas, plan, anatomy.surface, anatomy.domes)
    paint_vessels(canvas, plan)
    paint_organs(canvas, plan, anatomy.domes)
    paint_bowel(canvas, anatomy.gut, anatomy.gut_seed)


def paint_over_bones(canvas: TissueCanvas, plan: BodyPlan, anatomy: SoftAnatomy | None = None) -> None:
    """Paint what lies inside bones: the end of the dural sac."""
    paint_sacral_sac(canvas, plan)


def _paint_slab(canvas: TissueCanvas, anatomy: SoftAnatomy, z_range: slice) -> None:
    box = _box_of_body(canvas, anatomy, z_range)
    if box is None:
        return
    z, y, x = canvas.z[box[0]], canvas.y[:, box[1]], canvas.x[:, :, box[2]]
    trunk = polar(anatomy.surface.trunk, x, y, z)
    skin, fascia = skin_and_fascia(anatomy.surface, x, y, z, trunk)
    hu, label, voxel = canvas.soft_hu[box], canvas.label[box], canvas.voxel_mm
    _blend_in(hu, _share(skin, voxel), canvas.hu["skin"])
    np.copyto(label, np.uint8(LABEL["skin"]), where=skin < 0)
    noise, septa = anatomy.strands(x, y, z), anatomy.septa(x, y, z)
    fat_hu = canvas.hu["fat"] + (canvas.hu["muscle"] - canvas.hu["fat"]) * _strands(noise, skin, fascia)
    _blend_in(hu, _share(skin + SKIN_MM, voxel), fat_hu)
    np.copyto(label, np.uint8(LABEL["subcutaneous_fat"]), where=skin < -SKIN_MM)
    np.copyto(label, np.uint8(LABEL["intermuscular_fat"]), where=fascia < 0)
    cavity = np.maximum(layer(*trunk, "cavity"), fascia + 2.0)
    np.copyto(label, np.uint8(LABEL["visceral_fat"]), where=cavity < 0)
    # Vessels of mesentery and omentum: thin tubes where two fields are both near zero.
    branches = np.clip((0.38 - np.hypot(noise, septa)) * 4.0, 0.0, 0.9) * np.clip(-cavity / 8.0 - 0.5, 0.0, 1.0)
    _blend_in(hu, branches, canvas.hu["blood"])
    del noise, branches
    _paint_muscles(canvas, anatomy, box, trunk, fascia, cavity, septa)


def _box_of_body(canvas: TissueCanvas, anatomy: SoftAnatomy, z_range: slice) -> tuple[slice, slice, slice] | None:
    x_low, x_high, y_low, y_high = anatomy.surface.reach(canvas.z[z_range])
    margin = 2 * canvas.voxel_mm
    first_x, last_x = np.searchsorted(canvas.x.ravel(), (x_low - margin, x_high + margin))
    first_y, last_y = np.searchsorted(canvas.y.ravel(), (y_low - margin, y_high + margin))
    if first_x == last_x or first_y == last_y:
        return None
    return z_range, slice(int(first_y), int(last_y)), slice(int(first_x), int(last_x))


def _share(distance: np.ndarray, voxel: float) -> np.ndarray:
    return np.clip(0.5 - distance / voxel, 0.0, 1.0)


def _blend_in(block: np.ndarray, share: np.ndarray, value: float | np.ndarray) -> None:
    block += share * (value - block)


def _strands(noise: np.ndarray, skin: np.ndarray, fascia: np.ndarray) -> np.ndarray:
    """Share of connective tissue in the subcutaneous fat: its superficial fascia and thin septa."""
    thickness = np.maximum(fascia - skin, 1.0)
    depth = np.minimum(-skin, thickness)
    sheet = np.abs(depth - thickness * (0.42 + 0.06 * noise))
    share = np.clip(1.0 - sheet / 1.2, 0.0, 1.0) * np.clip(0.16 + 0.12 * noise, 0.0, 0.4)
    share *= np.clip((thickness - 8.0) / 8.0, 0.0, 1.0)
    share += 0.10 * np.clip(1.0 - np.abs(noise) * 7.0, 0.0, 1.0)
    return share


def _paint_muscles(
    canvas: TissueCanvas,
    anatomy: SoftAnatomy,
    box: tuple[slice, slice, slice],
    trunk: Polar,
    fascia: np.ndarray,
    cavity: np.ndarray,
    septa: np.ndarray,
) -> None:
    z, y, x = canvas.z[box[0]], canvas.y[:, box[1]], canvas.x[:, :, box[2]]
    packing = Packing(x, y, z)
    _pack_wall(packing, trunk, float(z.max()))
    warp_x = x + WARP_MM * anatomy.warp_x(x, y, z)
    warp_y = y + WARP_MM * anatomy.warp_y(x, y, z)
    # Muscles grow until they meet, but not into the body cavity.
    growth = anatomy.growth_mm * np.clip(cavity / 3.0, 0.0, 1.0)
    for number, belly in enumerate(anatomy.bellies, start=WALL_BELLIES + 1):
        part = packing.box(belly.solid, 9.0 + belly.grows * anatomy.growth_mm)
        if part is not None:
            distance = belly.solid.distance(warp_x[part], warp_y[part], z[part[0]])
            distance -= belly.slack_mm
            if belly.grows:
                distance -= belly.grows * growth[part]
            packing.add(number, distance, part)
    del warp_x, warp_y, growth
    voxel = canvas.voxel_mm
    share = _share(np.maximum(packing.best, fascia + 0.4), voxel)
    # The fat between two bellies: a sheet of this width where both are equally near, seen through a voxel.
    width = anatomy.septum_mm * np.clip(0.75 + 0.5 * septa, 0.05, 2.5)
    apart = 0.5 * (packing.second - packing.best)
    gap = np.clip(0.5 * (width + voxel) - apart, 0.0, np.minimum(width, voxel)) / voxel
    share *= 1.0 - gap
    labels, fats = _belly_tables(anatomy)
    streaks = np.clip(0.6 + 0.6 * anatomy.fibres(x, y, z), 0.0, 2.5)
    fat_here = fats[packing.which]
    infiltration = np.where(fat_here < PAD_FAT, np.clip(anatomy.fibre_fat * fat_here * streaks, 0.0, 0.85), 1.0)
    muscle, fat = canvas.hu["muscle"], canvas.hu["fat"]
    _blend_in(canvas.soft_hu[box], share, muscle + (fat - muscle) * infiltration)
    np.copyto(canvas.label[box], labels[packing.which], where=share > 0.5)


def _belly_tables(anatomy: SoftAnatomy) -> tuple[np.ndarray, np.ndarray]:
    """Label and fat by number in the packing."""
    wall = LABEL["abdominal_wall"]
    labels = [0, wall, wall, wall] + [belly.label for belly in anatomy.bellies]
    fats = [0.0, 0.8, 0.8, 0.8] + [belly.fat for belly in anatomy.bellies]
    return np.asarray(labels, dtype=np.uint8), np.asarray(fats, dtype=np.float32)


def _pack_wall(packing: Packing, trunk: Polar, top: float) -> None:
    """Enter the three layers of the trunk's wall."""
    if top < -20.0:
        return
    rho, index, radii = trunk
    outside = radii["fascia"] - 0.6
    for number, name in enumerate(("outer", "middle", "inner"), start=1):
        half = (outside - radii[name]) / 2 - 0.35
        middle = (outside + radii[name]) / 2
        # A layer that is not there must not leave a film.
        half = np.where(half < 0.4, half * 3.0 - 6.0, half)
        distance = np.abs(rho - middle.ravel().take(index)) - half.ravel().take(index)
        packing.add(number, distance)
        outside = radii[name]

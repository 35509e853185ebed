"""Paints pelvis, spine and ribs on a canvas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from OsteoScreenLib.phantom.body_surface import BodySurface, make_body_surface
from OsteoScreenLib.phantom.bone_density import BoneTissue, bone_level, bone_tissue
from OsteoScreenLib.phantom.bone_painting import BoneRecipe, paint_bone
from OsteoScreenLib.phantom.hip_bone import hip_bone
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.plan import VERTEBRAE, BodyPlan
from OsteoScreenLib.phantom.ribs import ribs, sternum
from OsteoScreenLib.phantom.sacrum import Sacrum, beside, sacrum
from OsteoScreenLib.phantom.shapes import Solid, ellipsoid
from OsteoScreenLib.phantom.swept_shapes import remembered, spline_points, tube
from OsteoScreenLib.phantom.tissue_canvas import Field, TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.vertebra import Vertebra, vertebra

_SACROILIAC_GAP_MM = 3.0
_VERTEBRAL_FADE = 0.3
"""Exponent by which vertebrae lose more with age than the skeleton: fitted to L1 at 120 kVp, 226 HU before 30 years
and 89 HU after 90 (Jang 2019, Radiology 291:360), and to QCT norms."""


def paint_pelvis(canvas: TissueCanvas, plan: BodyPlan) -> dict[str, Any]:
    """Paint hip bones, sacrum, coccyx and their joints.

    Returns:
        ``hips``: side -> HipBone; ``sacrum``: its solids; ``landmarks_lps_mm``: name -> point.
    """
    tissue = bone_tissue(plan.traits)
    hips = {side: hip_bone(plan, side) for side in "LR"}
    base = sacrum(plan)
    _paint_sacrum(canvas, plan, tissue, base, tuple(hip.bone for hip in hips.values()))
    _paint_symphysis(canvas, plan)
    for side, hip in hips.items():
        if canvas.sees(hip.socket):
            canvas.paint(hip.fossa, "fat", label=LABEL["intermuscular_fat"])
            canvas.paint(hip.socket, "cartilage", label=LABEL["cartilage"])
        paint_bone(canvas, hip.bone, tissue, _hip_recipe(plan, tissue, side), sided("hip", side))
    marks = {f"{name}_{side}": point for side, hip in hips.items() for name, point in hip.landmarks.items()}
    return {"hips": hips, "sacrum": base, "landmarks_lps_mm": marks}


def _paint_sacrum(
    canvas: TissueCanvas, plan: BodyPlan, tissue: BoneTissue, base: Sacrum, hip_bones: tuple[Solid, ...]
) -> None:
    if canvas.sees(base.bone):
        canvas.paint(base.canal, "fat", label=LABEL["spinal_canal"])
        for hole in base.holes:
            canvas.paint(hole, "fat", label=LABEL["intermuscular_fat"])
        canvas.paint(_between(base.bone, hip_bones), "cartilage", label=LABEL["cartilage"])
        cut = beside(base.bone, hip_bones, _SACROILIAC_GAP_MM)
        wings = 24.0 * plan.scale
        _, top_y, top_z = plan.sacral_endplate
        sine, cosine = (
            float(np.sin(np.radians(plan.sacral_slope_deg))),
            float(np.cos(np.radians(plan.sacral_slope_deg))),
        )

        def density(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            # The wings hold little spongy bone, the bodies more (Peretz 1998, Clin Orthop 347:208).
            down = (sine * (y - top_y) - cosine * (z - top_z)) / plan.scale
            fused = 0.7 * np.exp(-(((down - 32.0) / 2.0) ** 2)) + 0.5 * np.exp(-(((down - 56.0) / 1.8) ** 2))
            return (
                0.92
                - 0.52 * np.clip((np.abs(x) - wings) / 10.0, 0.0, 1.0)
                + fused * np.clip((wings - np.abs(x)) / 4.0, 0.0, 1.0)
            )

        paint_bone(canvas, cut, tissue, BoneRecipe("sacrum", 0.75, density), LABEL["sacrum"])
    for piece in base.coccyx:
        paint_bone(canvas, piece, tissue, BoneRecipe("sacrum", 0.6), LABEL["coccyx"])


def _between(base: Solid, hip_bones: tuple[Solid, ...]) -> Solid:
    """The sacroiliac joints: what of the uncut sacrum lies close to a hip bone."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        near = np.minimum(*(bone.distance(x, y, z) for bone in hip_bones))
        return np.maximum(base.distance(x, y, z), near - _SACROILIAC_GAP_MM - 0.6)

    return Solid(distance, base.low, base.high)


def _paint_symphysis(canvas: TissueCanvas, plan: BodyPlan) -> None:
    s = plan.scale
    axes = np.array([(1.0, 0.0, 0.0), (0.0, 0.78, 0.62), (0.0, -0.62, 0.78)])
    disc = ellipsoid((0.0, -23.0 * s, -31.0 * s), (5.5 * s, 9.5 * s, 20.0 * s), axes)
    canvas.paint(disc, "cartilage", label=LABEL["cartilage"])


def _hip_recipe(plan: BodyPlan, tissue: BoneTissue, side: str) -> BoneRecipe:
    """Shell and density over a hip bone: dense roof under load, thick arcuate line, thin fossa and pubis."""
    head, radius = plan.head_centre(side), plan.head_radius_mm + plan.joint_space_mm
    s = plan.scale

    def from_head(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.sqrt((x - head[0]) ** 2 + y * y + z * z)

    def shell(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        socket = np.clip(1.0 - (from_head(x, y, z) - radius) / 5.0, 0.0, 1.0)
        roof = np.clip((z - 4.0) / 12.0, 0.0, 1.0)
        column = np.clip((y - 8.0) / 15.0, 0.0, 1.0) * np.clip(1.0 - np.abs(z - 30.0) / 45.0, 0.0, 1.0)
        sclerosis = 1.0 + 1.5 * plan.traits.sclerosis
        return (
            1.35
            + socket * (0.25 + 0.9 * roof * sclerosis)
            + 0.9 * column
            - 0.25 * np.clip((-20.0 - z) / 20.0, 0.0, 1.0)
        )

    def density(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        away = from_head(x, y, z) - radius
        roof = np.exp(-((np.maximum(away, 0.0) / (22.0 * s)) ** 2)) * np.clip((z + 8.0) / 20.0, 0.0, 1.0)
        low = np.clip((-10.0 - z) / 30.0, 0.0, 1.0)
        # Stress runs from the roof to the sacroiliac joint; the rest of the wing and the ischium hold fat (patches).
        beam = np.exp(-(((y - 0.75 * (z - 12.0)) / (16.0 * s)) ** 2)) * np.clip((z - 5.0) / 20.0, 0.0, 1.0)
        uneven = 0.22 * tissue.patches(x, y, z)
        return np.maximum(0.58 + 0.3 * beam + (0.95 + 0.9 * plan.traits.sclerosis) * roof - 0.06 * low + uneven, 0.1)

    return BoneRecipe("ilium", shell, density)


def paint_axial_skeleton(canvas: TissueCanvas, plan: BodyPlan, surface: BodySurface | None = None) -> dict[str, Any]:
    """Paint spinal canal, discs, vertebrae T8 to L5, ribs and their cartilage.

    Returns:
        ``vertebrae``: name -> Vertebra (with the solid of the body); ``ribs``: all Ribs.
    """
    tissue = bone_tissue(plan.traits)
    bones = {name: vertebra(plan, name) for name in VERTEBRAE}
    _paint_canal(canvas, plan, bones)
    for bone in bones.values():
        canvas.paint(bone.disc, "disc", label=LABEL["disc"])
    for name, bone in bones.items():
        if canvas.sees(bone.whole):
            paint_bone(canvas, bone.whole, tissue, _vertebra_recipe(plan, bone), LABEL[f"vertebra_{name}"])
    surface = surface or make_body_surface(plan)
    cage = ribs(plan, surface)
    # Costal cartilage calcifies with age (McCormick 1980, J Forensic Sci 25:736).
    chalk = 30.0 + 1.2 * max(plan.traits.age_years - 30.0, 0.0)
    mineral = _calcified(tissue, chalk)
    body, process = sternum(plan, surface)
    paint_bone(canvas, body, tissue, BoneRecipe("rib", 0.8), LABEL["sternum"])
    canvas.paint(process, "cartilage", mineral=mineral, label=LABEL["cartilage"])
    for rib in cage:
        if rib.number < 12:
            canvas.paint(rib.cartilage, "cartilage", mineral=mineral, label=LABEL["cartilage"])
        paint_bone(canvas, rib.bone, tissue, BoneRecipe("rib", 1.15), sided("rib", rib.side))
    return {"vertebrae": bones, "ribs": cage}


def _calcified(tissue: BoneTissue, mean: float) -> Field:
    """Mineral of calcifying cartilage in mg/cm3: little in most places, much in some."""
    return lambda x, y, z: 0.5 * mean + mean * np.maximum(tissue.patches(x, y, z), 0.0) ** 2


def vertebral_fade(traits: PatientTraits) -> float:
    """Spongy density in the middle of a vertebral body over ``BoneTissue.trabecular("vertebra")``."""
    average = replace(traits, bone_z=0.0, weight_kg=26.0 * traits.height_m**2)  # Of the same age and sex.
    return 0.90 * bone_level(average) ** _VERTEBRAL_FADE


def _vertebra_recipe(plan: BodyPlan, bone: Vertebra) -> BoneRecipe:
    """Thin shell around the body, thicker around the arch; denser towards the endplates and in pedicles."""
    v = plan.vertebra(bone.name)
    _, up_y, up_z = bone.up
    _, back_y, back_z = bone.back
    _, cy, cz = bone.centre
    rear, half = 0.45 * v.depth_mm, 0.5 * v.height_mm
    fade = vertebral_fade(plan.traits)

    def shell(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        behind = back_y * (y - cy) + back_z * (z - cz)
        return 0.5 + 1.0 * np.clip((behind - rear - 3.0) / 5.0, 0.0, 1.0) + 0.0 * x

    def density(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        behind = back_y * (y - cy) + back_z * (z - cz)
        height = (up_y * (y - cy) + up_z * (z - cz)) / half
        arch = np.clip((behind - rear) / 4.0, 0.0, 1.0)
        ends = 0.30 * np.clip(np.abs(height) - 0.62, 0.0, 0.4) / 0.4
        crush = (
            0.5 * np.exp(-(((height - (1.0 - 2.2 * bone.anterior_loss)) / 0.22) ** 2)) if bone.anterior_loss else 0.0
        )
        basivertebral = (
            0.45 * np.exp(-((height / 0.28) ** 2) - ((behind - rear + 3.0) / 5.0) ** 2) * np.exp(-((x / 7.0) ** 2))
        )
        return fade * (1.0 + ends * (1.0 - arch) + crush + 0.25 * arch - basivertebral)

    return BoneRecipe("vertebra", shell, density)


def _paint_canal(canvas: TissueCanvas, plan: BodyPlan, bones: dict[str, Vertebra]) -> None:
    """Fat around the dural sac, the sac, and the cord, which ends at L1."""
    places = []
    for name in VERTEBRAE:
        bone, v = bones[name], plan.vertebra(name)
        places.append(np.asarray(bone.centre) + (0.45 * v.depth_mm + 8.5 * plan.scale) * np.asarray(bone.back))
    first = np.asarray(plan.sacral_endplate) + plan.scale * np.array([0.0, 19.0, 9.0])
    above = places[-1] + 3.0 * (places[-1] - places[-2])
    middle = np.array([first, *places, above])
    s = plan.scale
    for material, label, wide, deep, start in (
        ("fat", "intermuscular_fat", 17.0, 8.5, 0),
        ("csf", "spinal_canal", 9.0, 7.2, 0),
        ("spinal_cord", "spinal_canal", 4.8, 3.9, 5),
    ):
        nodes = np.column_stack((middle[start:], np.full((len(middle) - start, 2), (wide * s, deep * s))))
        solid = tube(spline_points(nodes, 3 * len(nodes)), (1.0, 0.0, 0.0))
        canvas.paint(remembered(solid), material, label=LABEL[label])

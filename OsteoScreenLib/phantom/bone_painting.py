"""How a bone of the axial skeleton is put on a canvas: a cortical shell of given thickness over spongy bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.bone_density import BoneTissue, bone_mineral
from OsteoScreenLib.phantom.shapes import Solid
from OsteoScreenLib.phantom.swept_shapes import remembered
from OsteoScreenLib.phantom.tissue_canvas import Field, TissueCanvas

_PROBE_MM = 5.0
_PIECE_MM = 24.0
_UNEVENNESS = 0.2
"""Relative deviation of the cortical thickness over about 9 mm."""


@dataclass(frozen=True)
class BoneRecipe:
    """What one bone consists of.

    Attributes:
        region: of ``bone_density.TRABECULAR_DENSITY`` and ``MARROW_FAT``.
        shell_mm: cortical thickness in a young adult; may depend on the place.
        density: factor on the region's trabecular density by place; None is 1 everywhere.
    """

    region: str
    shell_mm: float | Field
    density: Field | None = None


def paint_bone(canvas: TissueCanvas, solid: Solid, tissue: BoneTissue, recipe: BoneRecipe, label: int) -> None:
    """Paint one bone, in pieces with boxes of their own: a rib or a hip bone fills little of its whole box."""
    if not canvas.sees(solid):
        return
    kept = remembered(solid)
    base, cortical = tissue.trabecular(recipe.region), tissue.cortical_density
    voxel = canvas.voxel_mm

    def mineral(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        depth = -kept.distance(x, y, z)
        shell = recipe.shell_mm(x, y, z) if callable(recipe.shell_mm) else recipe.shell_mm
        density = base if recipe.density is None else base * recipe.density(x, y, z)
        spongy = tissue.spongy(density, x, y, z)
        uneven = 1.0 + _UNEVENNESS * np.clip(tissue.patches(x, y, z), -2.0, 2.0)  # No shell is drawn with a ruler.
        return bone_mineral(depth, tissue.thickness(shell) * uneven, cortical, spongy, voxel)

    marrow = tissue.marrow(recipe.region)
    for low, high in pieces(solid, voxel):
        canvas.paint(Solid(kept.distance, low, high), marrow, mineral=mineral, label=label)


def pieces(solid: Solid, voxel_mm: float) -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """Boxes over the heights of a solid that together hold all of it, each fitted to what lies there.

    A canvas looks one voxel beyond a box; the boxes are smaller by that along z, so that no voxel is painted twice.
    They do not depend on the canvas's extent.
    """
    x, y, z = (
        np.arange(low, high + _PROBE_MM, _PROBE_MM, dtype=np.float32)
        for low, high in zip(solid.low, solid.high, strict=True)
    )
    near = solid.distance(x.reshape(1, 1, -1), y.reshape(1, -1, 1), z.reshape(-1, 1, 1)) < 1.2 * _PROBE_MM
    boxes = []
    step = max(round(_PIECE_MM / _PROBE_MM), 1)
    for start in range(0, len(z), step):
        block = near[max(start - 1, 0) : start + step + 1]
        columns, rows = np.flatnonzero(block.any((0, 1))), np.flatnonzero(block.any((0, 2)))
        if columns.size == 0:
            continue
        bottom, top = float(z[start]) + voxel_mm, float(z[start]) + step * _PROBE_MM - voxel_mm
        low = (float(x[columns[0]]) - _PROBE_MM, float(y[rows[0]]) - _PROBE_MM, bottom)
        high = (float(x[columns[-1]]) + _PROBE_MM, float(y[rows[-1]]) + _PROBE_MM, top)
        boxes.append((low, high))
    return boxes

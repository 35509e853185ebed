"""The table under the patient: a foam mat on a curved hard shell with a foam core."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.body_surface import BodySurface
from OsteoScreenLib.phantom.shapes import Solid, inset
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

HALF_WIDTH_MM = 215.0
MAT_MM, CORE_MM, SHELL_MM = 9.0, 34.0, 1.6
ENDLESS = 1e4


def paint_table(canvas: TissueCanvas, surface: BodySurface) -> None:
    """Paint the table that the outline rests on; it has no end along z."""
    mat = _layer(surface, 0.5, MAT_MM, 0.95)
    board = _layer(surface, MAT_MM, MAT_MM + CORE_MM, 1.0)
    canvas.paint(mat, "table_foam")
    canvas.paint(board, "table_shell")
    canvas.paint(inset(board, SHELL_MM), "table_foam")


def _layer(surface: BodySurface, top: float, bottom: float, width: float) -> Solid:
    half = HALF_WIDTH_MM * width

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        depth = y - surface.table_top(x)
        # The lower side is flatter than the upper one, and the edges are rounded.
        lower = (depth - bottom) + 0.35 * np.maximum(np.abs(x) - 0.55 * half, 0.0)
        across = np.maximum(np.maximum(top - depth, lower), np.abs(x) - half)
        return across + np.zeros_like(z)

    rise = 0.00055 * half**2
    return Solid(distance, (-half, surface.table_mm + top - rise, -ENDLESS), (half, surface.table_mm + bottom, ENDLESS))

"""Shape of a region that lies in one slice: area, perimeter, diameter, principal axes."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.diameter import _ends_of_rows, _farthest_pair
from OsteoScreenLib.radiomics.shape import principal_variances

FEATURES = (
    *("Elongation", "MajorAxisLength", "MaximumDiameter", "MeshSurface", "MinorAxisLength", "Perimeter"),
    *("PerimeterSurfaceRatio", "PixelSurface", "Sphericity"),
)
BY_NAME_ONLY = ("SphericalDisproportion",)


def shape_2d_features(mask: np.ndarray, spacing_yx_mm: tuple[float, float]) -> dict[str, float]:
    """PyRadiomics' two-dimensional shape features of a mask (y, x), in mm and mm2.

    The outline runs through the middle of the edges between pixels inside and outside and cuts the corner of every
    pixel; where two diagonal pixels touch, they stay apart.
    """
    area, perimeter, vertices = _outline(np.pad(mask, 1), spacing_yx_mm)
    minor, major = np.sqrt(principal_variances(mask, spacing_yx_mm))
    sphericity = 2 * np.sqrt(np.pi * area) / perimeter
    found = {
        "Elongation": minor / major,
        "MajorAxisLength": 4 * major,
        "MinorAxisLength": 4 * minor,
        "MaximumDiameter": _farthest_pair(_ends_of_rows(vertices) / 2 * np.asarray(spacing_yx_mm)),
        "MeshSurface": area,
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / area,
        "PixelSurface": np.count_nonzero(mask) * spacing_yx_mm[0] * spacing_yx_mm[1],
        "Sphericity": sphericity,
        "SphericalDisproportion": 1 / sphericity,
    }
    return {name: float(value) for name, value in found.items()}


def _outline(padded: np.ndarray, spacing: tuple[float, float]) -> tuple[float, float, np.ndarray]:
    """Area, length and corners (half pixels) of the outline, square of 2 x 2 pixels by square."""
    parts = [padded[:-1, :-1], padded[:-1, 1:], padded[1:, 1:], padded[1:, :-1]]
    inside = np.stack([part.astype(np.uint8) for part in parts])
    number = inside.sum(axis=0)
    opposite = (inside[0] == inside[2]) & (number == 2)
    height, width = spacing
    cut = np.hypot(height, width) / 2  # the line across one corner of the square
    upright = (inside[0] == inside[3]) & (number == 2)
    level = (inside[0] == inside[1]) & (number == 2)
    lines = np.count_nonzero((number == 1) | (number == 3)) + 2 * np.count_nonzero(opposite)
    perimeter = lines * cut + np.count_nonzero(upright) * height + np.count_nonzero(level) * width
    # Eighths of a pixel's area that a square has inside: 1, 4 (beside each other), 2 (diagonal), 7, 8.
    eighths = np.array([0, 1, 4, 7, 8])[number] - 2 * opposite
    area = float(eighths.sum()) / 8 * height * width
    ends = []
    for axis in range(2):
        corners = np.stack(np.nonzero(np.diff(padded, axis=axis)), axis=1).astype(np.int32) * 2
        corners[:, axis] += 1
        ends.append(corners)
    return area, perimeter, np.concatenate(ends)

"""Simple solids given by their signed distance, and how they combine.

A solid answers, for every point, how far it is from the surface: negative inside, positive outside, millimetres.
Distances let a painter fill voxels at the border in part (no staircase) and let a shell of a given thickness be cut
from any solid by shifting the distance. Distances of ellipsoids are first-order approximations, exact at the surface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Point = Sequence[float]
DistanceFunction = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

TINY = 1e-9


@dataclass(frozen=True)
class Solid:
    """A solid in LPS millimetres.

    Attributes:
        distance: ``distance(x, y, z) -> mm`` on broadcastable arrays; negative inside.
        low, high: corners of a box (x, y, z) that holds the whole solid.
    """

    distance: DistanceFunction
    low: tuple[float, float, float]
    high: tuple[float, float, float]


def ellipsoid(centre: Point, radii: Point, axes: np.ndarray | None = None) -> Solid:
    """Ellipsoid with semi-axes ``radii``; the columns of ``axes`` (3, 3) are their directions, default x, y, z."""
    directions = np.eye(3) if axes is None else np.asarray(axes, dtype=float)
    reach = np.sqrt(((directions * np.asarray(radii)) ** 2).sum(axis=1))
    columns = directions.T.tolist()  # Python floats keep 32-bit coordinates 32-bit.

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = x - centre[0], y - centre[1], z - centre[2]
        # Never quite zero, so that the centre is as deep as the smallest radius.
        scaled: np.ndarray | float = TINY
        squared: np.ndarray | float = TINY / min(radii) ** 2
        for (ax, ay, az), radius in zip(columns, radii, strict=True):
            along = (ax * x + ay * y + az * z) / radius
            scaled = scaled + along**2
            squared = squared + (along / radius) ** 2
        length = np.sqrt(scaled)
        return (length - 1.0) * length / np.sqrt(squared)

    return Solid(distance, _corner(centre, -reach), _corner(centre, reach))


def sphere(centre: Point, radius: float) -> Solid:
    """Ball."""
    return ellipsoid(centre, (radius, radius, radius))


def rod(start: Point, end: Point, radius: float, end_radius: float | None = None) -> Solid:
    """Round rod with rounded ends; the radius changes linearly from ``start`` to ``end``."""
    last = radius if end_radius is None else end_radius
    axis = (np.asarray(end, dtype=float) - start).tolist()
    squared_length = sum(component**2 for component in axis)

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = x - start[0], y - start[1], z - start[2]
        along = np.clip((x * axis[0] + y * axis[1] + z * axis[2]) / squared_length, 0.0, 1.0)
        off_axis = (x - along * axis[0]) ** 2 + (y - along * axis[1]) ** 2 + (z - along * axis[2]) ** 2
        return np.sqrt(off_axis) - (radius + along * (last - radius))

    reach = max(radius, last)
    return Solid(
        distance,
        _corner(np.minimum(start, end), (-reach,) * 3),
        _corner(np.maximum(start, end), (reach,) * 3),
    )


def column(centre_xy: Point, radii_xy: Point, bottom: float, top: float) -> Solid:
    """Upright elliptic cylinder between two heights."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        across = ellipse_distance(x - centre_xy[0], y - centre_xy[1], radii_xy[0], radii_xy[1])
        return np.maximum(across, np.maximum(bottom - z, z - top))

    return Solid(
        distance,
        (centre_xy[0] - radii_xy[0], centre_xy[1] - radii_xy[1], bottom),
        (centre_xy[0] + radii_xy[0], centre_xy[1] + radii_xy[1], top),
    )


def ellipse_distance(
    x: np.ndarray, y: np.ndarray, radius_x: float | np.ndarray, radius_y: float | np.ndarray
) -> np.ndarray:
    """First-order distance of points to an axis-aligned ellipse around the origin; radii may vary with the point."""
    length = np.sqrt((x / radius_x) ** 2 + (y / radius_y) ** 2 + TINY)
    gradient = np.sqrt((x / radius_x**2) ** 2 + (y / radius_y**2) ** 2 + TINY / (radius_x * radius_y))
    return (length - 1.0) * length / gradient


def blend(first: np.ndarray, second: np.ndarray, width: float) -> np.ndarray:
    """Distance of the union of two solids, rounded where they meet over ``width`` mm (polynomial smooth minimum)."""
    weight = np.clip(0.5 + 0.5 * (second - first) / width, 0.0, 1.0)
    return second + (first - second) * weight - width * weight * (1.0 - weight)


def union(solids: Sequence[Solid], width: float) -> Solid:
    """Union of solids, rounded where they meet."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        result = solids[0].distance(x, y, z)
        for other in solids[1:]:
            result = blend(result, other.distance(x, y, z), width)
        return result

    low = np.min([solid.low for solid in solids], axis=0)
    high = np.max([solid.high for solid in solids], axis=0)
    return Solid(distance, _corner(low, (-width,) * 3), _corner(high, (width,) * 3))


def minus(solid: Solid, *removed: Solid) -> Solid:
    """What is left of a solid after others are taken away."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        result = solid.distance(x, y, z)
        for other in removed:
            result = np.maximum(result, -other.distance(x, y, z))
        return result

    return Solid(distance, solid.low, solid.high)


def half_of(solid: Solid, point: Point, normal: Point) -> Solid:
    """The part of a solid behind the plane through ``point`` with the outward ``normal`` (unit length)."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        ahead = (x - point[0]) * normal[0] + (y - point[1]) * normal[1] + (z - point[2]) * normal[2]
        return np.maximum(solid.distance(x, y, z), ahead)

    return Solid(distance, solid.low, solid.high)


def inset(solid: Solid, thickness: float | DistanceFunction) -> Solid:
    """The solid without its outer layer; the layer's thickness may depend on the point (x, y, z)."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        layer = thickness(x, y, z) if callable(thickness) else thickness
        return solid.distance(x, y, z) + layer

    return Solid(distance, solid.low, solid.high)


def mirrored(solid: Solid) -> Solid:
    """The same solid on the other side of the plane x = 0."""
    return Solid(
        lambda x, y, z: solid.distance(-x, y, z),
        (-solid.high[0], solid.low[1], solid.low[2]),
        (-solid.low[0], solid.high[1], solid.high[2]),
    )


def _corner(centre: Point | np.ndarray, offset: Point | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (np.asarray(centre, dtype=float) + np.asarray(offset, dtype=float)).tolist()
    return (x, y, z)

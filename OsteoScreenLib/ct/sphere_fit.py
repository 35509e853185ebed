"""A sphere fitted to a surface that follows it in part: the refinement, and whether the surface bends like a sphere.

What counts as part of the surface is the caller's: femoral heads are looked for in scans, where the patient lies as
patients do, and in bones that lie any way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Weigh = Callable[[np.ndarray, float, float], np.ndarray]
"""(centre, radius, reach in mm) to the area in mm2, (n,), that each point adds to the sphere; 0 for those off it."""

_REFINEMENTS = 25


@dataclass(frozen=True)
class HeadSphere:
    """A sphere fitted to a femoral head.

    Attributes:
        centre_lps_mm: centre in LPS millimetres.
        radius_mm: of the periosteal surface (the mask's outer surface).
        residual_mm: root mean square distance from the sphere of the surface that belongs to it.
        share_of_surface: how much of the sphere's area the mask's surface follows, 0 to 1; a whole head has about 0.6
            to 0.8, since the neck covers the rest.
    """

    centre_lps_mm: tuple[float, float, float]
    radius_mm: float
    residual_mm: float
    share_of_surface: float


def refine_sphere(
    points: np.ndarray, centre: np.ndarray, radius: float, tolerance: float, weigh: Weigh
) -> tuple[np.ndarray, float]:
    """Gauss-Newton on the distances of points (n, 3) from the sphere, weighted by area and Tukey's biweight.

    Args:
        points: of the surface, mm. centre, radius: where to begin, mm.
        tolerance: of a point that belongs to the sphere, mm; those 2.5 times as far off count for nothing.
        weigh: area of each point.

    Returns:
        Centre and radius.
    """
    reach = 2.5 * tolerance
    for _ in range(_REFINEMENTS):
        away = points - centre
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
        residual = distance - radius
        weight = weigh(centre, radius, reach) * (1 - np.clip(residual / reach, -1, 1) ** 2) ** 2
        chosen = weight > 0
        if np.count_nonzero(chosen) < 10:
            break
        slope = np.column_stack([-away[chosen] / distance[chosen, None], -np.ones(np.count_nonzero(chosen))])
        weighted = slope * weight[chosen, None]
        step = np.linalg.lstsq(weighted.T @ slope, -weighted.T @ residual[chosen], rcond=None)[0]
        centre, radius = centre + step[:3], float(radius + step[3])
        if np.abs(step).max() < 1e-3:
            break
    return centre, radius


def residual_of(points: np.ndarray, centre: np.ndarray, radius: float, areas: np.ndarray) -> float:
    """Root mean square distance from the sphere, mm, of points (n, 3) weighted by their areas (n,), not all 0."""
    off = np.linalg.norm(points - centre, axis=1) - radius
    return float(np.sqrt((areas * off**2).sum() / areas.sum()))


def stretch_of(points: np.ndarray, centre: np.ndarray, radius: float, areas: np.ndarray) -> float:
    """By how much the surface is longer along one axis than along another, relative to the radius.

    The distances from the sphere are fitted by a quadratic form of the direction; its largest eigenvalue less its
    smallest one is the answer.
    """
    weight = np.sqrt(areas)
    away = points - centre
    distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    x, y, z = (away / distance[:, None]).T
    terms = np.column_stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z])
    a, b, c, d, e, f = np.linalg.lstsq(terms * weight[:, None], (distance - radius) * weight, rcond=None)[0]
    values = np.linalg.eigvalsh([[a, d, e], [d, b, f], [e, f, c]])
    return float(values[-1] - values[0]) / radius

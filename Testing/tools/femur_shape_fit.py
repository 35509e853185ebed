"""Lays the bone model's femur into a real femur's mask, so that zones of both can be named alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from hip_histograms import Hip

from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur_shape import FemurShape, draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import FemurPoints, FemurSolid
from OsteoScreenLib.phantom.plan import plan_body

BANDS_MM = (20.0, 5.0)
"""Surfaces further apart than this pull no harder: a mask that was cut must not bend the model."""
FITTED = (
    "head_radius_mm",
    "size",
    "neck_shaft_angle_deg",
    "offset_mm",
    "neck_half_height_mm",
    "neck_half_depth_mm",
    "shaft_half_width_mm",
    "shaft_half_depth_mm",
    "trochanter_height",
    "rotation_deg",
    "abduction_deg",
    "flexion_deg",
)
STEPS = (1.0, 0.04, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.1, 10.0, 8.0, 10.0)
"""One unit of each in the search."""
PULLS = (30.0,) * 9 + (1.0,) * 3
"""Towards the published mean, weak: it keeps what a cut mask does not show. The pose is hardly pulled."""


@dataclass(frozen=True, eq=False)
class FittedFemur:
    """A real femur in the model's terms.

    Attributes:
        hip: with its image. shape: of the model that lies in it, mm from the first voxel.
        distance: (z, y, x) mm to the mask's surface, negative inside.
        error_mm: median distance of both surfaces.
    """

    hip: Hip
    shape: FemurShape
    distance: np.ndarray
    error_mm: float

    def points(self, indices: np.ndarray) -> FemurPoints:
        """Model coordinates of voxels, (n, 3) (z, y, x), fractions allowed along z; distance to the mask's surface."""
        model = FemurSolid(self.shape)
        places = self.places(indices)
        low = np.clip(np.floor(indices[:, 0]).astype(int), 0, len(self.distance) - 2)
        share = np.clip(indices[:, 0] - low, 0.0, 1.0)
        rows, columns = indices[:, 1].astype(int), indices[:, 2].astype(int)
        known = self.distance[low, rows, columns] * (1 - share) + self.distance[low + 1, rows, columns] * share
        return model.local(*model.frame.to_local(*places), known_distance=known.astype(np.float32))

    def places(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y, z in mm of voxels."""
        spacing = np.asarray(self.hip.spacing_xyz_mm)
        x, y, z = (indices[:, ::-1] * spacing).T.astype(np.float32)
        return x, y, z


def signed_distance(mask: np.ndarray, spacing_xyz_mm: tuple[float, float, float]) -> np.ndarray:
    """mm to the surface of a mask, negative inside; the surface lies half a pixel outside of its last voxels."""
    from scipy.ndimage import distance_transform_edt

    sampling, half = spacing_xyz_mm[::-1], 0.5 * spacing_xyz_mm[0]
    outer, inner = distance_transform_edt(~mask, sampling=sampling), distance_transform_edt(mask, sampling=sampling)
    return np.where(mask, half - inner, outer - half).astype(np.float32)


def differences(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float) -> np.ndarray:
    """Central differences, one column per variable; single precision needs steps that are not tiny."""
    moves = step * np.eye(len(at))
    return np.stack([(function(at + move) - function(at - move)) / (2 * step) for move in moves], axis=1)


def first_guess(hip: Hip, shape: FemurShape) -> FemurShape:
    """Head near the medial end of the mask's upper part, shaft along the middles of its lowest sections."""
    inside = np.argwhere(hip.femur)[:, ::-1] * np.asarray(hip.spacing_xyz_mm)
    outwards = 1.0 if hip.side == "L" else -1.0
    upper = inside[inside[:, 2] > inside[:, 2].max() - 60.0]
    medial = upper[outwards * upper[:, 0] < (outwards * upper[:, 0]).min() + 30.0]
    levels = np.unique(inside[:, 2])
    middles = np.array([inside[inside[:, 2] == z].mean(axis=0) for z in levels[: max(4, len(levels) // 3)]])
    across, behind, up = np.linalg.svd(middles - middles.mean(axis=0))[2][0]
    across, behind, up = (value * np.sign(up) for value in (across, behind, up))
    x, y, z = medial.mean(axis=0).tolist()
    return replace(
        shape,
        head_centre=(x, y, z),
        abduction_deg=float(-outwards * np.degrees(np.arcsin(across))),
        flexion_deg=float(-np.degrees(np.arctan2(behind, up))),
    )


def fit_femur_shape(hip: Hip, seed: int = 500) -> FittedFemur:
    """Fit size, angles and place of the model to a hip's mask, by the distances to both surfaces, far ones first."""
    from scipy.optimize import least_squares

    plan = plan_body(replace(draw_patient(seed, sex=hip.sex), implant=None, implant_side=None))
    start = first_guess(hip, draw_femur_shape(plan, hip.side))
    distance = signed_distance(hip.femur, hip.spacing_xyz_mm)
    fitted = FittedFemur(hip, start, distance, 0.0)
    values = np.zeros(3 + len(FITTED))

    def shape_of(values: np.ndarray) -> FemurShape:
        changes = {n: getattr(start, n) + v * s for n, v, s in zip(FITTED, values[3:], STEPS, strict=True)}
        cx, cy, cz = (np.asarray(start.head_centre) + 3.0 * values[:3]).tolist()
        return replace(start, head_centre=(cx, cy, cz), **changes)

    for band in BANDS_MM:
        near = np.argwhere(np.abs(distance) < 2.0 * band)
        near = near[np.random.default_rng(1).permutation(len(near))[:25_000]]
        wanted = np.clip(distance[tuple(near.T)], -band, band)
        x, y, z = fitted.places(near)

        def apart(values: np.ndarray, band: float = band, wanted: np.ndarray = wanted) -> np.ndarray:
            model = FemurSolid(shape_of(values))
            found = np.clip(model.local(*model.frame.to_local(x, y, z)).distance, -band, band)  # noqa: B023
            return np.concatenate([found - wanted, np.array(PULLS) * values[3:]])

        def slopes(values: np.ndarray) -> np.ndarray:
            return differences(apart, values, 0.05)

        values = least_squares(apart, values, slopes, bounds=(-8.0, 8.0), loss="soft_l1", max_nfev=20).x
    shape = shape_of(values)
    rest = apart(values)[: len(wanted)]
    error = float(np.median(np.abs(rest[np.abs(wanted) < 1.0])))
    return replace(fitted, shape=shape, error_mm=error)

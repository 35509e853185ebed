"""Fits the zones of the femur (``femur_density.FemurPattern``) to real training hips and prints what it finds.

    python Testing/tools/fit_femur_density.py ../shared/data [--rounds 8]

The bone model is laid into each femur's mask (``femur_shape_fit.py``). HU of the femur, made from the pattern without
texture and blurred as kernel, slices and the mask's own error do, are compared with the real ones voxel by voxel, in
the head and beneath the shells, without tumours and without what lies near a cut face. Least squares by Gauss and
Newton with Huber's weight, every hip counting the same. Each hip has one level of density, from its metaphysis; the
pattern's value there (``body``) and the compact shells of neck and shaft stay as they are. Ages are not known: marrow
is that of 60 years.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from femur_shape_fit import FittedFemur, fit_femur_shape
from phantom_realism import load_hip

from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.bone_density import BoneTissue
from OsteoScreenLib.phantom.femur_density import PATTERN, FemurDensity, FemurPattern
from OsteoScreenLib.phantom.femur_shape import FemurShape
from OsteoScreenLib.phantom.femur_solid import FemurPoints, FemurSolid
from OsteoScreenLib.phantom.kernels import KERNELS

CASES = ("011", "012", "015", "021", "029", "031")
"""Training hips with head, neck and shaft in view. None of the scans kept for testing."""
AGE_YEARS, OUTSIDE_HU, MASK_ERROR_PIXELS, HUBER_HU = 60.0, 60.0, 0.7, 120.0
LEVELS = (0.7, 0.85, 1.0, 1.15, 1.3)
# Value: step of the differences, lowest, highest.
FREE: dict[str, tuple[float, float, float]] = {
    "head": (10, 5, 200),
    "neck": (10, 20, 200),
    "fan": (15, 50, 400),
    "tensile": (10, 0, 200),
    "ward": (8, -20, 80),
    "plate": (30, 0, 600),
    "plate_behind": (0.05, -0.2, 0.8),
    "plate_width": (0.03, 0.06, 0.25),
    "plate_height_mm": (2, -20, -5),
    "plate_reach_mm": (2, 8, 16),
    "rise": (20, 0, 400),
    "rise_mm": (0.3, 1.2, 6),
    "rise_head": (0.08, 0, 1.5),
    "canal_low_mm": (4, -90, -35),
    "canal_high_mm": (3, -32, 5),
    "canal": (0.03, 0, 0.3),
    "head_shell_mm": (0.08, 0.1, 1.5),
}


def nothing(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """In place of texture."""
    return np.zeros(np.broadcast(x, y, z).shape, dtype=np.float32)


class KnownPoints:
    """Answers as :class:`FemurSolid` does, for points that are known already."""

    def __init__(self, points: FemurPoints, shape: FemurShape) -> None:
        self.points, self.shape = points, shape

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> FemurPoints:
        """The points, whatever is asked."""
        return self.points


class RealFemur:
    """One hip, with what the pattern says of its voxels."""

    def __init__(self, fitted: FittedFemur) -> None:
        self.shape, self.spacing = fitted.shape, fitted.hip.spacing_xyz_mm
        hip, voxels = fitted.hip, np.argwhere(fitted.distance < 1.5)
        self.name, self.sex = hip.name, hip.sex
        self.places = fitted.places(voxels)
        self.layers = [fitted.points(voxels + np.array([part, 0, 0])) for part in (-1 / 3, 0, 1 / 3)]
        low = np.maximum(voxels.min(axis=0) - 6, 0)
        self.local, self.box = tuple((voxels - low).T), tuple(voxels.max(axis=0) + 7 - low)
        self.beam = Beam.of(hip.kvp)
        kernel = np.sqrt(2 * np.log(2)) / (2 * np.pi * KERNELS[hip.kernel].half_per_mm) / self.spacing[0]
        self.blur = float(np.hypot(kernel, MASK_ERROR_PIXELS))
        self.hu = hip.hu[tuple(voxels.T)].astype(float)
        self.used, self.gauge = self._zones(fitted, voxels)

    def _zones(self, fitted: FittedFemur, voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Voxels that the fit compares, and those that tell the hip's level."""
        points, shape, size = self.layers[1], self.shape, self.shape.size
        depth, height = -points.distance, points.height / size
        model = FemurSolid(shape)
        depth_in_model = -model.local(*model.frame.to_local(*self.places)).distance
        sure = (cut_face_mm(fitted.hip.femur, voxels, self.spacing) > depth + 1.0) & (depth > 0)
        sure &= (np.abs(depth_in_model - depth) < 4.0) & ~fitted.hip.excluded[tuple(voxels.T)]
        density = self._density(points, 1.0, PATTERN)
        shell = density.cortex_mm(points, *density._parts(points))
        head = points.along < 0.6 * shape.head_radius_mm
        spongy = np.where(head, depth > 0.5, depth > 1.1 * shell + 1.5) & (height > -35.0)
        canal = (height <= -35.0) & (height > -75.0) & (depth > 8.0)
        metaphysis = ~head & (points.along > shape.neck_length_mm - 12.0) & (height > -28.0) & (height < 6.0)
        return sure & (spongy | canal), sure & metaphysis & (depth > shell + 3.0)

    def _density(self, points: FemurPoints, level: float, pattern: FemurPattern) -> FemurDensity:
        tissue = BoneTissue(level, AGE_YEARS, self.sex, 1)
        tissue.__dict__.update(texture=nothing, patches=nothing)
        known: FemurSolid = KnownPoints(points, self.shape)  # type: ignore[assignment]
        density = FemurDensity(known, tissue, 1.0, pattern=pattern)
        density._fan_strands = density._arc_strands = density._scallops = nothing
        return density

    def model(self, pattern: FemurPattern, level: float) -> np.ndarray:
        """HU of all voxels."""
        from scipy.ndimage import gaussian_filter

        total = np.zeros(len(self.hu))
        for points in self.layers:
            density = self._density(points, level, pattern)
            share: np.ndarray = density.marrow().share_of_second(*self.places)  # type: ignore[operator]
            marrow = self.beam.hu["red_marrow"] * (1 - share) + self.beam.hu["yellow_marrow"] * share
            inside = np.clip(0.5 - points.distance, 0.0, 1.0)
            bone = self.beam.bone_hu(marrow, density.mineral(*self.places))
            total += (bone * inside + OUTSIDE_HU * (1 - inside)) / len(self.layers)
        image = np.full(self.box, OUTSIDE_HU, dtype=np.float32)
        image[self.local] = total
        result: np.ndarray = gaussian_filter(image, (0, self.blur, self.blur))[self.local].astype(float)
        return result

    def level(self, pattern: FemurPattern) -> float:
        """At which the metaphysis is as dense as it really is."""

        def mean(hu: np.ndarray) -> float:
            return float(np.clip(hu[self.gauge], -150.0, 700.0).mean())

        return float(np.interp(mean(self.hu), [mean(self.model(pattern, level)) for level in LEVELS], LEVELS))

    def normal_equations(self, pattern: FemurPattern) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Matrix and right side in units of the steps, mean squared error, level."""
        level = self.level(pattern)
        base = self.model(pattern, level)[self.used]
        moved = [replace(pattern, **{name: getattr(pattern, name) + step}) for name, (step, _, _) in FREE.items()]
        slopes = np.stack([self.model(one, level)[self.used] - base for one in moved], axis=1)
        rest = self.hu[self.used] - base
        weight = 1.0 / np.maximum(1.0, np.abs(rest) / HUBER_HU) / len(rest)
        weighted = slopes * weight[:, None]
        return weighted.T @ slopes, weighted.T @ rest, float((rest**2 * weight).sum()), level


def cut_face_mm(femur: np.ndarray, voxels: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Distance of voxels to the nearest face of the image that cuts the femur."""
    nearest = np.full(len(voxels), 1e3)
    for axis, step in enumerate(spacing[::-1]):
        for face in (0, femur.shape[axis] - 1):
            if np.take(femur, face, axis=axis).sum() > 3:
                nearest = np.minimum(nearest, np.abs(voxels[:, axis] - face) * step + 0.5)
    return nearest


def one_round(femora: list[RealFemur], pattern: FemurPattern) -> FemurPattern:
    """Move the pattern once, print it with the range over leaving out one hip each."""
    parts = [femur.normal_equations(pattern) for femur in femora]
    print("error", round(float(np.mean([p[2] for p in parts])), 1), "levels", [round(p[3], 3) for p in parts])
    matrix, right = np.sum([p[0] for p in parts], axis=0), np.sum([p[1] for p in parts], axis=0)

    def solved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.solve(a + np.diag(1e-3 * np.diag(a) + 1e-2), b)

    change = np.clip(solved(matrix, right), -4.0, 4.0)
    without = np.array([solved(matrix - p[0], right - p[1]) for p in parts])
    values = {}
    for number, (name, (step, low, high)) in enumerate(FREE.items()):
        now = getattr(pattern, name)
        values[name] = float(np.clip(now + step * change[number], low, high))
        reach = now + step * without[:, number]
        print(f"{name:>16}{now:9.2f} ->{values[name]:9.2f}   one left out: {reach.min():.2f} to {reach.max():.2f}")
    return replace(pattern, **values)


def main() -> int:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder of the shared data")
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    folder = arguments.shared / "hip_ct"
    index = {record["case"]: record for record in json.loads((folder / "index.json").read_text())}
    femora = []
    for case in CASES:
        fitted = fit_femur_shape(load_hip(folder, case, index[case]))
        print(f"{case}: median distance of the surfaces {fitted.error_mm:.2f} mm", flush=True)
        femora.append(RealFemur(fitted))
    pattern = PATTERN
    for _ in range(arguments.rounds):
        pattern = one_round(femora, pattern)
    return 0


if __name__ == "__main__":
    sys.exit(main())

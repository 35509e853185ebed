"""A random smooth deformation of a patient's anatomy, and structures seen through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.label_map_reading import Distances
from OsteoScreenLib.phantom.lattice_noise import Field, lattice_noise
from OsteoScreenLib.phantom.shapes import Solid

LATTICE_MM = 6.0
"""The deformation is computed on a lattice fixed in the patient and is linear between: its waves are longer by far."""

BEYOND_MM = 160.0
"""A structure that the map cuts goes on so far above and below it: nothing may end where a field of view ended."""

Coordinates = tuple[np.ndarray, np.ndarray, np.ndarray]
Axis = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Warp:
    """From a point of the deformed patient to the point of the label map that is seen there.

    Attributes:
        matrix: (3, 3), rotation and scale about the origin. shift: mm.
        waves: displacement along x, y, z in mm.
        reach_mm: largest displacement by the waves.
        turn: (3, 3) rotation about ``pivot`` before everything else, for a femur in its socket. pivot: mm, deformed.
    """

    matrix: np.ndarray
    shift: tuple[float, float, float]
    waves: tuple[Field, Field, Field]
    reach_mm: float = 0.0
    turn: np.ndarray | None = None
    pivot: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def stretch(self) -> float:
        """Length in the deformed patient of 1 mm of the map, on average."""
        return float(np.abs(np.linalg.det(self.matrix)) ** (-1.0 / 3.0))

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        """Coordinates in the map of a grid's points: x, y, z broadcast to (z, y, x)."""
        axes = [_lattice(values.ravel()) for values in (x, y, z)]
        places = self.on_lattice(*axes)
        return tuple(_refined(values, axes) for values in places)  # type: ignore[return-value]

    def on_lattice(self, x: Axis, y: Axis, z: Axis) -> Coordinates:
        """Coordinates in the map at the points of the lattice around a grid."""
        return self._at(x[0].reshape(1, 1, -1), y[0].reshape(1, -1, 1), z[0].reshape(-1, 1, 1))

    def _at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
        waves = [np.broadcast_to(wave(x, y, z), shape) for wave in self.waves]
        if self.turn is not None:
            px, py, pz = self.pivot
            x, y, z = ((a * (x - px) + b * (y - py)) + c * (z - pz) for a, b, c in self.turn.tolist())
            x, y, z = x + px, y + py, z + pz
        moved = []
        for (a, b, c), shift, wave in zip(self.matrix.tolist(), self.shift, waves, strict=True):
            moved.append(((a * x + b * y) + c * z + shift + wave).astype(np.float32))
        return moved[0], moved[1], moved[2]

    def inverse_of(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        """Where a point of the map lies in the deformed patient, without the femur's turn (fixed-point iteration)."""
        backwards = np.linalg.inv(self.matrix)
        place = backwards @ (np.asarray(point) - self.shift)
        for _ in range(12):
            x, y, z = (np.full((1, 1, 1), value, dtype=np.float32) for value in place)
            wave = np.array([float(field(x, y, z).ravel()[0]) for field in self.waves])
            place = backwards @ (np.asarray(point) - self.shift - wave)
        x_mm, y_mm, z_mm = place.tolist()
        return (x_mm, y_mm, z_mm)


def draw_warp(rng: np.random.Generator, seed: int, strength: float = 1.0) -> Warp:
    """A random warp: scale 7 % overall and 3 % by axis, rotation 4 deg, waves of 3 mm over 45 mm and 0.8 mm over 22 mm.

    Args:
        rng: source of scale and rotation. seed: of the waves.
        strength: factor on everything; 0 leaves the map as it is.
    """
    scale = np.exp(strength * (rng.normal(0.0, 0.07) + rng.normal(0.0, 0.03, 3)))
    matrix = rotation(strength * np.clip(rng.normal(0.0, 4.0, 3), -10.0, 10.0)) @ np.diag(1.0 / scale)
    long, short = strength * min(abs(rng.normal(0.0, 3.0)), 6.0), strength * min(abs(rng.normal(0.0, 0.8)), 1.6)
    fields = [(lattice_noise(seed * 11 + k, 45.0), lattice_noise(seed * 11 + 5 + k, 22.0)) for k in range(3)]

    def wave(pair: tuple[Field, Field]) -> Field:
        return lambda x, y, z: long * pair[0](x, y, z) + short * pair[1](x, y, z)

    reach = 4.0 * (long + short)
    return Warp(matrix, (0.0, 0.0, 0.0), (wave(fields[0]), wave(fields[1]), wave(fields[2])), reach)


def rotation(degrees: np.ndarray) -> np.ndarray:
    """Rotation about x, then y, then z."""
    result = np.eye(3)
    for axis, angle in enumerate(np.radians(np.asarray(degrees, dtype=float)).tolist()):
        first, second = [k for k in range(3) if k != axis]
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        result = turn @ result
    return result


def warped(distances: Distances, warp: Warp, *, coarse: bool = False) -> Solid:
    """A structure of the map as a solid of the deformed patient; where the map cuts it, it goes on as it is there.

    Args:
        distances: of the structure. warp: through which it is seen.
        coarse: sample the distance on the lattice only; for smooth large outlines.
    """
    low, high = distances.box
    corners = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    moved = (corners - warp.shift) @ np.linalg.inv(warp.matrix).T
    if warp.turn is not None:
        moved = (moved - warp.pivot) @ warp.turn + warp.pivot  # The transpose turns back.
    margin = np.full(3, warp.reach_mm)
    below, above = (bool((face <= 0).any()) for face in (distances.steps[0], distances.steps[-1]))
    first = moved.min(axis=0) - margin - np.array([0.0, 0.0, BEYOND_MM if below else 0.0])
    last = moved.max(axis=0) + margin + np.array([0.0, 0.0, BEYOND_MM if above else 0.0])
    if below or above:  # What goes on along the map's z axis drifts sideways in a turned patient.
        first[:2], last[:2] = first[:2] - 0.3 * BEYOND_MM, last[:2] + 0.3 * BEYOND_MM
    stretch = warp.stretch

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        if not coarse:
            return sampled(distances, warp(x, y, z)) * stretch
        axes = [_lattice(values.ravel()) for values in (x, y, z)]
        return _refined(sampled(distances, warp.on_lattice(*axes)), axes) * stretch

    return Solid(distance, tuple(first.tolist()), tuple(last.tolist()))


def sampled(distances: Distances, places: Coordinates) -> np.ndarray:
    """Signed distance in mm at points of the map; beyond the grid its border goes on."""
    from scipy.ndimage import map_coordinates

    index = [(p - o) * (1.0 / distances.spacing_mm) for p, o in zip(places, distances.origin, strict=True)]
    steps = map_coordinates(distances.steps, index[::-1], output=np.float32, order=1, mode="nearest")
    return steps * np.float32(distances.step_mm)


def _lattice(values: np.ndarray) -> Axis:
    """The lattice's points around an axis, and for each value the lower neighbour and the share of the upper one."""
    first = math.floor(float(values[0]) / LATTICE_MM)
    last = math.floor(float(values[-1]) / LATTICE_MM) + 1
    points = (LATTICE_MM * np.arange(first, last + 1)).astype(np.float32)
    place = values.astype(np.float64) / LATTICE_MM - first
    lower = np.clip(place.astype(int), 0, len(points) - 2)
    return points, lower, (place - lower).astype(np.float32)


def _refined(values: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    """Linear interpolation from the lattice to a grid; axes in the order x, y, z."""
    for axis, (_, lower, part) in enumerate(reversed(axes)):
        share = part.reshape([-1 if k == axis else 1 for k in range(3)])
        first = np.take(values, lower, axis=axis)
        values = first + share * (np.take(values, lower + 1, axis=axis) - first)
    return values

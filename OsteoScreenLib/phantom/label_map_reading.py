"""Reads a label map of a real pelvis and prepares it for painting: smooth signed distances, sides, femoral landmarks.

The label numbers are those of the Pelvic-Ref annotations (yuta-hi/pelvic-annonation, MIT licence): 1 pelvis, 2 femora,
3 sacrum, 4 spine, 5 to 28 muscles. Left and right are told apart by the side of the midline.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.phantom.femur_shape import FemurShape
from OsteoScreenLib.phantom.femur_solid import BoneFrame
from OsteoScreenLib.phantom.label_map_landmarks import fit_femur
from OsteoScreenLib.phantom.labels import LABEL, sided

GRID_MM = 1.5
DISTANCE_STEP_MM = 0.1
"""Distances are kept as 8-bit numbers of this step: up to 12.7 mm, which is all that a shell or a border needs."""

BODY_GRID_MM = 6.0
CROTCH_BELOW_PELVIS_MM = 25.0
"""Under the lowest point of the ischia by so much, the thighs part."""

PELVIS, FEMUR, SACRUM, SPINE = 1, 2, 3, 4
_MUSCLES = {
    5: "gluteus_maximus",
    6: "gluteus_medius",
    7: "gluteus_minimus",
    8: "iliopsoas",
    9: "obturator",
    10: "obturator",
    11: "thigh_medial",
    12: "other_muscle",
    13: "iliopsoas",
    14: "thigh_medial",
    15: "thigh_posterior",
    16: "thigh_medial",
    17: "thigh_anterior",
    18: "sartorius",
    19: "thigh_posterior",
    20: "thigh_posterior",
    21: "tensor_fasciae_latae",
    22: "thigh_anterior",
    23: "thigh_anterior",
    24: "paraspinal",
    25: "quadratus_lumborum",
    26: "abdominal_wall",
    27: "other_muscle",
    28: "abdominal_wall",
}


@dataclass(frozen=True, eq=False)
class Distances:
    """A structure's signed distance on a grid of its own.

    Attributes:
        steps: (z, y, x) int8, distance in units of ``step_mm``, negative inside.
        origin: LPS mm of the first voxel, relative to the map's midpoint of the femoral heads.
        spacing_mm, step_mm: of the grid, and of the numbers.
    """

    steps: np.ndarray
    origin: tuple[float, float, float]
    spacing_mm: float
    step_mm: float

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Its corners, mm."""
        size = (np.array(self.steps.shape[::-1]) - 1) * self.spacing_mm
        return np.asarray(self.origin), np.asarray(self.origin) + size


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A prepared label map; its origin is midway between the femoral head centres.

    Attributes:
        name: of the file. bones: distances by name of label, vertebrae as one bone.
        muscle: of all muscles together. body: of the trunk around them, coarse.
        muscle_labels: (z, y, x) uint8 on the grid of ``muscle``, numbers of ``labels.LABEL``, 0 away from muscles.
        femurs: by side, the femur's shape (as far as it can be told) and its frame.
    """

    name: str
    bones: Mapping[str, Distances]
    muscle: Distances
    body: Distances
    muscle_labels: np.ndarray
    femurs: Mapping[str, tuple[FemurShape, BoneFrame]]


@lru_cache(maxsize=6)
def read_label_map(path: str | os.PathLike[str]) -> LabelMap:
    """Read and prepare a label map. Takes five to ten seconds; the last few are remembered.

    Raises:
        InputError: the file cannot be read, or has no two femora.
        MissingPackageError: SimpleITK is not installed.
    """
    from OsteoScreenLib.ct.reader import read_ct

    ct = read_ct(path)
    view = ct.anatomical()
    array, spacing = np.ascontiguousarray(view.array.astype(np.uint8)), view.spacing_spl_mm
    femora = _two_femora(array == FEMUR, path)
    fitted = {side: fit_femur(femora[side], array == PELVIS, spacing, side) for side in "LR"}
    middle = (np.asarray(fitted["L"][1].origin) + np.asarray(fitted["R"][1].origin)) / 2
    midline = round(float(middle[0]) / spacing[2])
    left = np.arange(array.shape[2]) >= midline
    masks = {
        "femur_left": femora["L"],
        "femur_right": femora["R"],
        "hip_left": (array == PELVIS) & left,
        "hip_right": (array == PELVIS) & ~left,
        "sacrum": array == SACRUM,
        "vertebra_unnamed": array == SPINE,  # the maps do not tell the levels apart
    }
    offset = tuple((-middle).tolist())
    whole = np.argwhere(array > 0)
    corner, end = whole.min(axis=0), whole.max(axis=0) + 1
    muscle = _distances(array > SPINE, spacing, offset, 8.0, (corner, end))
    return LabelMap(
        name=Path(path).name,
        bones={name: _distances(mask, spacing, offset, 14.0) for name, mask in masks.items()},
        muscle=muscle,
        body=_body(array, midline, spacing, offset),
        muscle_labels=_muscle_labels(array, left, spacing, offset, muscle),
        femurs={side: _moved(*fitted[side], offset) for side in "LR"},
    )


def _two_femora(femur: np.ndarray, path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The two largest pieces, by side: x grows to the patient's left."""
    from scipy.ndimage import center_of_mass, label

    pieces, count = label(femur)
    if count < 2:
        raise InputError("The label map does not hold two femora (label 2)", path=path, code="not_a_label_map")
    largest = np.argsort(np.bincount(pieces.ravel())[1:])[-2:] + 1
    by_x = sorted(largest.tolist(), key=lambda k: center_of_mass(pieces == k)[2])
    return {"R": pieces == by_x[0], "L": pieces == by_x[1]}


def _moved(shape: FemurShape, frame: BoneFrame, offset: tuple[float, ...]) -> tuple[FemurShape, BoneFrame]:
    x, y, z = (np.asarray(frame.origin) + offset).tolist()
    return replace(shape, head_centre=(x, y, z)), BoneFrame((x, y, z), frame.axes)


def _distances(
    mask: np.ndarray,
    spacing: tuple[float, float, float],
    offset: tuple[float, ...],
    margin_mm: float,
    box: tuple[np.ndarray, np.ndarray] | None = None,
) -> Distances:
    """Signed distances on a cubic grid; slices are interpolated between distances, not between labels."""
    from scipy.ndimage import affine_transform, distance_transform_edt, gaussian_filter

    if box is None:
        found = np.argwhere(mask)
        box = found.min(axis=0), found.max(axis=0) + 1
    reach = np.ceil(margin_mm / np.asarray(spacing)).astype(int)
    low = np.maximum(box[0] - reach, 0)
    high = np.minimum(box[1] + reach, mask.shape)
    part = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    outside = distance_transform_edt(~part, sampling=spacing)
    inside = distance_transform_edt(part, sampling=spacing)
    half = 0.5 * float(min(spacing))
    distance = np.where(part, half - inside, outside - half).astype(np.float32)
    shape = tuple(int((n - 1) * s / GRID_MM) + 1 for n, s in zip(part.shape, spacing, strict=True))
    resampled = affine_transform(distance, [GRID_MM / s for s in spacing], output_shape=shape, order=1, mode="nearest")
    smooth = gaussian_filter(resampled, (1.1, 0.5, 0.5), mode="nearest")
    steps = np.clip(np.rint(smooth / DISTANCE_STEP_MM), -127, 127).astype(np.int8)
    origin = (low * np.asarray(spacing))[::-1] + offset
    x, y, z = origin.tolist()
    return Distances(steps, (x, y, z), GRID_MM, DISTANCE_STEP_MM)


def _body(array: np.ndarray, midline: int, spacing: tuple[float, float, float], offset: tuple[float, ...]) -> Distances:
    """The outline of the trunk around all labels, without the fat under the skin, which is added when it is painted.

    Every slice's labels are wrapped by their convex hull; under the crotch, each thigh by its own.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    crotch = int(np.argwhere(array == PELVIS)[:, 0].min() - CROTCH_BELOW_PELVIS_MM / spacing[0])
    pad = int(60.0 / BODY_GRID_MM) + 1
    counts = [int((n - 1) * s / BODY_GRID_MM) + 1 for n, s in zip(array.shape, spacing, strict=True)]
    y = ((np.arange(counts[1] + 2 * pad) - pad) * BODY_GRID_MM).reshape(-1, 1)
    x = ((np.arange(counts[2] + 2 * pad) - pad) * BODY_GRID_MM).reshape(1, -1)
    inside = np.zeros((counts[0], y.size, x.size), dtype=bool)
    for level in range(counts[0]):
        source = round(level * BODY_GRID_MM / spacing[0])
        found = np.argwhere(array[source] > 0)
        groups = [found] if source >= crotch else [found[found[:, 1] < midline], found[found[:, 1] >= midline]]
        for group in groups:
            inside[level] |= _hull(group * np.asarray(spacing[1:]), y, x)
    distance = distance_transform_edt(~inside, sampling=BODY_GRID_MM) - distance_transform_edt(
        inside, sampling=BODY_GRID_MM
    )
    smooth = gaussian_filter(distance, (1.5, 1.0, 1.0), mode="nearest")
    steps = np.clip(np.rint(smooth / 0.5), -127, 127).astype(np.int8)
    dx, dy, dz = offset
    return Distances(steps, (dx - pad * BODY_GRID_MM, dy - pad * BODY_GRID_MM, dz), BODY_GRID_MM, 0.5)


def _hull(points: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(y, x) bool: which points of a grid lie in the convex hull of (n, 2) points (y, x)."""
    from scipy.spatial import ConvexHull

    if len(points) < 3 or np.ptp(points, axis=0).min() == 0:
        return np.zeros((y.size, x.size), dtype=bool)
    result = np.ones((y.size, x.size), dtype=bool)
    for normal_y, normal_x, constant in ConvexHull(points).equations.tolist():
        result &= normal_y * y + normal_x * x + constant <= 0
    return result


def _muscle_labels(
    array: np.ndarray,
    left: np.ndarray,
    spacing: tuple[float, float, float],
    offset: tuple[float, ...],
    muscle: Distances,
) -> np.ndarray:
    """Our numbers of the nearest source voxel, on the grid of the muscles' distances."""
    table = np.zeros((2, 256), dtype=np.uint8)
    for number, name in _MUSCLES.items():
        for side, row in (("R", 0), ("L", 1)):
            table[row, number] = LABEL[name] if name in LABEL else sided(name, side)
    index = []
    for axis in range(3):
        n, along = muscle.steps.shape[axis], 2 - axis
        place = muscle.origin[along] - offset[along] + np.arange(n) * muscle.spacing_mm
        index.append(np.clip(np.rint(place / spacing[axis]).astype(int), 0, array.shape[axis] - 1))
    picked = array[np.ix_(*index)]
    return np.where(left[index[2]], table[1][picked], table[0][picked])

"""Two femora of known shape in an oval body, on any grid, and networks that read them off the intensities.

The left femur has 600 HU, the right one 700 HU, the body 0. Networks of plain numpy rules then know the answer
exactly, so that whatever is wrong in a mask is the pipeline's fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from factory.base import points_of
from factory.geometric_bones import proximal_femur
from scipy import ndimage

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.phantom.shapes import Solid, mirrored
from OsteoScreenLib.segmentation.fine_stage import FineSettings
from OsteoScreenLib.segmentation.vbnet_segmenter import VBNetSegmenter, VBNetSettings

BONE_HU = {"left": 600.0, "right": 700.0}
UPRIGHT = np.eye(3)
WINDOW = (-500.0, 1500.0)

COARSE = NetworkSpec(
    file="coarse.onnx",
    spacing_mm=4.0,
    hu_window=WINDOW,
    input="image",
    output="logits",
    channels=("background", "femur_left", "femur_right"),
    multiple_of=16,
    patch_zyx=(64, 64, 96),
)
FINE = NetworkSpec(
    file="fine.onnx",
    spacing_mm=1.5,
    hu_window=WINDOW,
    input="image",
    output="logits",
    channels=("femur",),
    multiple_of=16,
    patch_zyx=(80, 64, 80),
    mirrored_side="right",
)


def grid(
    low: tuple[float, float, float],
    size: tuple[float, float, float],
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0),
    matrix: np.ndarray = UPRIGHT,
) -> Geometry:
    """A grid over a box: low corner and size (x, y, z) in LPS mm; other directions turn it about the box's middle."""
    middle = np.add(low, np.divide(size, 2))
    # Along each index axis, as far as the box reaches.
    extent = np.abs(matrix.T) @ size
    shape = tuple(max(1, round(float(length) / s)) for length, s in zip(extent, spacing, strict=True))
    half = (np.array(shape) - 1) / 2 * spacing
    origin = tuple((middle - matrix @ half).tolist())
    flat = tuple(float(v) for v in matrix.ravel())
    return Geometry(shape[::-1], spacing, origin, flat)  # type: ignore[arg-type]


def femur(side: str) -> Solid:
    return proximal_femur() if side == "left" else mirrored(proximal_femur())


def truth_of(geometry: Geometry, sides: tuple[str, ...] = ("left", "right")) -> np.ndarray:
    """(z, y, x) uint8: 1 left, 2 right."""
    distances = _distances(geometry)
    labels = np.zeros(geometry.shape_zyx, np.uint8)
    for number, side in enumerate(("left", "right"), start=1):
        if side in sides:
            labels[distances[side] < 0] = number
    return labels


def scan_of(geometry: Geometry, sides: tuple[str, ...] = ("left", "right")) -> CTVolume:
    """A CT of the body; voxels at a surface hold both materials in part."""
    points = points_of(geometry).astype(np.float32)
    body = (points[..., 0] / 175.0) ** 2 + (points[..., 1] / 105.0) ** 2 < 1.0
    hu = np.where(body, 0.0, -1000.0).astype(np.float32)
    width = float(np.prod(geometry.spacing_xyz_mm)) ** (1 / 3)
    for side, distance in _distances(geometry).items():
        if side in sides:
            share = np.clip(0.5 - distance / width, 0.0, 1.0)
            hu = hu * (1 - share) + BONE_HU[side] * share
    return CTVolume(np.rint(hu).astype(np.int16), geometry)


@lru_cache(maxsize=3)
def _distances(geometry: Geometry) -> dict[str, np.ndarray]:
    points = points_of(geometry).astype(np.float32)
    result = {}
    for side in ("left", "right"):
        solid = femur(side)
        near = ((points > np.array(solid.low) - 8) & (points < np.array(solid.high) + 8)).all(axis=-1)
        distance = np.full(geometry.shape_zyx, 50.0, np.float32)
        distance[near] = solid.distance(*points[near].T)
        result[side] = distance
    return result


def _hu(array: np.ndarray) -> np.ndarray:
    return array[0, 0] * (WINDOW[1] - WINDOW[0]) / 2 + (WINDOW[1] + WINDOW[0]) / 2


@dataclass
class CoarseByIntensity:
    """Bone is what is over 325 HU; the right one has more than 650 HU somewhere."""

    seen: list[tuple[int, ...]] = field(default_factory=list)

    def run(self, array: np.ndarray) -> np.ndarray:
        self.seen.append(array.shape)
        hu = _hu(array)
        bone, count = ndimage.label(hu > 325.0)
        highest = ndimage.maximum(hu, bone, np.arange(count + 1)) if count else np.zeros(1)
        is_right = np.asarray(highest)[bone] > 650.0
        logits = np.zeros((1, 3, *hu.shape), np.float32)
        logits[0, 0] = np.where(bone > 0, -8.0, 8.0)
        logits[0, 1] = np.where((bone > 0) & ~is_right, 8.0, -8.0)
        logits[0, 2] = np.where((bone > 0) & is_right, 8.0, -8.0)
        return logits


@dataclass
class FineByIntensity:
    """The bone that is largest in view, by a threshold; remembers what it was shown."""

    seen: list[np.ndarray] = field(default_factory=list)

    def run(self, array: np.ndarray) -> np.ndarray:
        assert array.dtype == np.float32
        hu = _hu(array)
        self.seen.append(hu)
        bone, count = ndimage.label(hu > 150.0)
        sizes = np.bincount(bone.ravel(), minlength=2)[1:]
        main = bone == sizes.argmax() + 1 if count else np.zeros(hu.shape, bool)
        return np.where(main, (hu - 325.0) / 60.0, -10.0).astype(np.float32)[None, None]


def segmenter(fine: FineSettings | None = None) -> tuple[VBNetSegmenter, CoarseByIntensity, FineByIntensity]:
    networks = CoarseByIntensity(), FineByIntensity()
    settings = VBNetSettings(fine=fine or FineSettings())
    models = ({"id": "made-for-tests", "version": "0.0.0", "sha256": "0" * 64},)
    return VBNetSegmenter(*networks, COARSE, FINE, models, settings), *networks


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return 2.0 * float((found & truth).sum()) / float(found.sum() + truth.sum())

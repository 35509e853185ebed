"""Cutting a training patch out of a sample: turned, scaled, bent, on the network's grid, labels as soft occupancy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from OsteoScreenLib.segmentation.intensity import AIR_HU

_CLEARANCE_MM, _LEAST_ABOVE_MM = 8.0, 60.0


@dataclass(frozen=True)
class PatchGeometry:
    """How patches are drawn.

    Attributes:
        spacing_mm: voxel size of the patch. size_zyx: its voxels.
        turn_deg: standard deviation of the rotation about each axis. scale_sd: of the logarithm of the size;
            stretch_sd: the same along each axis on its own. bend_mm: standard deviation of the elastic shift.
        near_mm: how far patches lie from the bone. shift_mm: standard deviation of what is added to every centre.
        head_share: share of patches centred in the topmost 85 mm of the bone; bone_share: anywhere in the bone;
            the rest lie in the box around it.
        without_share: share of patches of the sample's part above the bone, cut off there, so that nothing is to be
            found. strange: share of these that is turned and scaled beyond what a patient can be, so that bones in an
            arrangement that was never seen count as no femur.
    """

    spacing_mm: float
    size_zyx: tuple[int, int, int]
    turn_deg: float = 9.0
    scale_sd: float = 0.10
    stretch_sd: float = 0.05
    bend_mm: float = 3.0
    near_mm: float = 25.0
    shift_mm: float = 14.0
    head_share: float = 0.55
    bone_share: float = 0.25
    without_share: float = 0.0
    strange: float = 0.0


@dataclass(frozen=True, eq=False)
class PatchSource:
    """A sample made ready for drawing patches.

    Attributes:
        hu: (z, y, x) int16. targets: (C, z, y, x) uint8, one channel per foreground class, 0 or 1.
        spacing: (3,) mm, z y x. head: (n, 3) voxels of the topmost bone; bone: (m, 3) voxels of all of it (thinned);
        either may be empty. mirror: whether patches may be mirrored left to right, which swaps the channels.
    """

    hu: np.ndarray
    targets: np.ndarray
    spacing: np.ndarray
    head: np.ndarray
    bone: np.ndarray
    mirror: bool
    source: str

    @classmethod
    def of(
        cls, hu: np.ndarray, targets: np.ndarray, spacing: tuple[float, float, float], mirror: bool, source: str
    ) -> PatchSource:
        """Find the bone's voxels."""
        bone = np.argwhere(targets.any(axis=0)).astype(np.int32)
        head = bone
        if len(bone):
            head = bone[(bone[:, 0].max() - bone[:, 0]) * spacing[0] < 85.0][::7]
        return cls(hu, targets, np.array(spacing), head, bone[::11], mirror, source)

    def above_the_bone(self) -> PatchSource:
        """The part of the sample that lies above its bone; the sample itself where there is too little of it."""
        if len(self.bone) == 0:
            return self
        first = int(self.head[:, 0].max() + np.ceil(_CLEARANCE_MM / self.spacing[0]))
        if (self.hu.shape[0] - first) * self.spacing[0] < _LEAST_ABOVE_MM:
            return self
        nothing = self.bone[:0]
        return replace(self, hu=self.hu[first:], targets=self.targets[:, first:], head=nothing, bone=nothing)


def draw_patch(
    source: PatchSource, geometry: PatchGeometry, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """HU (z, y, x) and soft occupancy (C, z, y, x) of one random patch; outside of the sample lies air."""
    if rng.random() < geometry.without_share:
        source = source.above_the_bone()
    centre = _centre(source, geometry, rng)
    matrix = _deformation(geometry, rng)
    if len(source.bone) == 0 and rng.random() < geometry.strange:
        matrix = _strange(rng)
    mirrored = source.mirror and rng.random() < 0.5
    if mirrored:
        matrix = matrix @ np.diag([1.0, 1.0, -1.0])
    size = np.array(geometry.size_zyx)
    bend = geometry.bend_mm * abs(rng.normal()) if rng.random() < 0.6 else 0.0
    reach = (np.abs(matrix) @ (size * geometry.spacing_mm / 2) + 3.0 * bend) / source.spacing + 2.0
    shape = np.array(source.hu.shape)
    low = np.clip(np.floor(centre - reach), 0, shape - 2).astype(int)
    high = np.minimum(np.maximum(np.ceil(centre + reach).astype(int) + 1, low + 2), shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grid = _grid(matrix * geometry.spacing_mm, centre - low, high - low, source.spacing, size)
    if bend > 0.0:
        grid = grid + _bending(size, bend, high - low, source.spacing, rng)
    hu = torch.from_numpy(source.hu[box].astype(np.float32))
    occupancy = torch.from_numpy(source.targets[:, box[0], box[1], box[2]].astype(np.float32))
    image = functional.grid_sample(hu[None, None] - AIR_HU, grid, align_corners=True)[0, 0] + AIR_HU
    target = functional.grid_sample(occupancy[None], grid, align_corners=True)[0]
    return image, target.flip(0) if mirrored else target


def _centre(source: PatchSource, geometry: PatchGeometry, rng: np.random.Generator) -> np.ndarray:
    """Voxel coordinates (z, y, x) of a patch's middle."""
    kind = rng.random()
    if len(source.bone) == 0:
        return rng.uniform((0, 0, 0), source.hu.shape)
    if kind < geometry.head_share:
        centre = source.head[rng.integers(len(source.head))].astype(float)
    elif kind < geometry.head_share + geometry.bone_share:
        centre = source.bone[rng.integers(len(source.bone))].astype(float)
    else:
        margin = geometry.near_mm / source.spacing
        centre = rng.uniform(source.bone.min(0) - margin, source.bone.max(0) + margin)
    return centre + rng.normal(0.0, geometry.shift_mm, 3) / source.spacing


def _strange(rng: np.random.Generator) -> np.ndarray:
    """(3, 3) matrix of any rotation and a wide range of sizes."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return turn * float(rng.uniform(0.6, 1.4))


def _deformation(geometry: PatchGeometry, rng: np.random.Generator) -> np.ndarray:
    """(3, 3) matrix, z y x, from patch to sample, both in mm: rotation and scale; none in one patch of seven."""
    if rng.random() < 0.15:
        return np.eye(3)
    angles = np.deg2rad(rng.normal(0.0, geometry.turn_deg, 3))
    matrix = np.diag(np.exp(rng.normal(0.0, geometry.scale_sd) + rng.normal(0.0, geometry.stretch_sd, 3)))
    for angle, (i, j) in zip(angles, ((0, 2), (0, 1), (1, 2)), strict=True):
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def _grid(
    matrix_mm: np.ndarray, centre: np.ndarray, shape: np.ndarray, spacing: np.ndarray, size: np.ndarray
) -> torch.Tensor:
    """Sampling grid (1, z, y, x, 3) in grid_sample's own coordinates (-1 to 1, order x y z)."""
    to_unit = 2.0 / (shape - 1)
    linear = np.diag(to_unit / spacing) @ matrix_mm @ np.diag((size - 1) / 2.0)
    offset = to_unit * centre - 1.0
    theta = np.c_[linear[::-1, ::-1], offset[::-1]].astype(np.float32)
    return functional.affine_grid(torch.from_numpy(theta)[None], [1, 1, *size.tolist()], align_corners=True)


def _bending(
    size: np.ndarray, bend_mm: float, shape: np.ndarray, spacing: np.ndarray, rng: np.random.Generator
) -> torch.Tensor:
    """A smooth random shift of the sampling grid."""
    knots = int(rng.integers(4, 7))
    field = torch.from_numpy(rng.normal(0.0, bend_mm, (1, 3, knots, knots, knots)).astype(np.float32))
    field = functional.interpolate(field, size=size.tolist(), mode="trilinear", align_corners=True)
    to_unit = (2.0 / (shape - 1) / spacing)[::-1].astype(np.float32)
    return field.permute(0, 2, 3, 4, 1) * torch.from_numpy(to_unit.copy())

"""What an nnU-Net of TotalSegmentator's size costs: its networks, untrained, and how many windows a scan takes.

What is known of TotalSegmentator 2 (Wasserthal et al. 2023, Radiol Artif Intell 5:e230024; its public source and the
plans of its published weights):

- ``total`` at 1.5 mm is five networks (24, 26, 18, 23 and 26 classes and the background; the femora are in the fourth,
  with the muscles), ``--fast`` one network of 117 classes at 3 mm. No mirroring, windows that overlap by half.
- 1.5 mm: windows of 128 x 128 x 128 voxels, six stages of 32 to 320 features, two convolutions each: 31 M weights, as
  the size of the published files says (two single-precision numbers per weight, 234 MB packed).
- 3 mm: windows of 112 x 112 x 128 voxels, five stages: 17 M weights (135 MB packed).
- ``--roi_subset femur_left femur_right`` first runs a network at 6 mm over the whole scan (as large as that at 3 mm),
  then the fourth network in a box around what that found, 20 mm wider.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

FEATURES = (32, 64, 128, 256, 320, 320)
OVERLAP_STEP = 0.5
CROP_MARGIN_MM = 20.0


@dataclass(frozen=True)
class NnUNet:
    """A network of nnU-Net's plain kind.

    Attributes:
        spacing_mm: of its grid. patch_zyx: voxels of a window. stages: resolutions. outputs: channels it gives.
    """

    spacing_mm: float
    patch_zyx: tuple[int, int, int]
    stages: int
    outputs: int


AT_1_5_MM = NnUNet(1.5, (128, 128, 128), 6, 24)
AT_3_MM = NnUNet(3.0, (112, 112, 128), 5, 118)
AT_6_MM = NnUNet(6.0, (112, 112, 128), 5, 118)
MODELS_AT_1_5_MM = 5


def grid_shape(shape: Sequence[int], spacing_mm: Sequence[float], new_mm: float) -> tuple[int, ...]:
    """Voxels of a scan after it is resampled to cubes."""
    return tuple(max(1, round(n * s / new_mm)) for n, s in zip(shape, spacing_mm, strict=True))


def window_count(shape: Sequence[int], patch: Sequence[int], step: float = OVERLAP_STEP) -> int:
    """Windows that nnU-Net's sliding window takes: along each axis as few as keep their distance at most ``step`` of a
    window; an axis that is shorter than a window is padded to one."""
    count = 1
    for length, window in zip(shape, patch, strict=True):
        count *= math.ceil(max(0, length - window) / (window * step)) + 1
    return count


def windows_of(net: NnUNet, shape: Sequence[int], spacing_mm: Sequence[float]) -> int:
    """Windows of a network for a scan (z, y, x)."""
    return window_count(grid_shape(shape, spacing_mm, net.spacing_mm), net.patch_zyx)


def cropped_shape(
    box: Sequence[Sequence[int]], shape: Sequence[int], spacing_mm: Sequence[float]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Shape and spacing of the part of a scan around a box (first and last voxel along z, y, x), 20 mm wider."""
    sizes = []
    for (first, last), n, s in zip(box, shape, spacing_mm, strict=True):
        margin = round(CROP_MARGIN_MM / s)
        sizes.append(min(n, last + 1 + margin) - max(0, first - margin))
    return tuple(sizes), tuple(spacing_mm)


def build(net: NnUNet) -> Any:
    """The network in torch, random weights. Raises ImportError without torch or dynamic-network-architectures."""
    torch = import_module("torch")
    unet = import_module("dynamic_network_architectures.architectures.unet")
    strides = [1] + [2] * (net.stages - 1)
    return unet.PlainConvUNet(
        1,
        net.stages,
        FEATURES[: net.stages],
        torch.nn.Conv3d,
        3,
        strides,
        2,
        net.outputs,
        2,
        conv_bias=True,
        norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
    ).eval()

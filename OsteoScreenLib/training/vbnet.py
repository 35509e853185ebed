"""VB-Net: a V-Net whose residual blocks are bottlenecks, so that it has a sixth of the parameters.

Layout after Han et al. 2019 (SegTHOR, CEUR Vol-2349, paper 1) and Shan et al. 2020 (arXiv:2003.04655): 16 channels at
the input, doubled by four strided convolutions; residual blocks of 1, 2, 3, 3 convolutions on the way down and 3, 3, 2,
1 on the way up; bottlenecks of 1-3-1 kernels with ratio 4 from 64 channels on. With 16 channels it has about 2.0 M
parameters. Normalisation is by instance, as the training batch is one or two patches.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

BLOCKS = (1, 2, 3, 3)
"""Convolutions (or bottlenecks) per residual block, from the finest level to the coarsest."""

BOTTLENECK_FROM = 64
BOTTLENECK_RATIO = 4
MULTIPLE_OF = 16
"""Sizes of an input must be multiples of this: the grid is halved four times."""


class InstanceNorm(nn.Module):
    """Instance normalisation with learnt scale and offset, statistics always from the input itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (N, C, z, y, x)."""
        if self.training and x.shape[0] == 1:
            # The same function for a batch of one, and several times faster on a CPU.
            return functional.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, 1e-5)
        return functional.instance_norm(x, None, None, self.weight, self.bias, True, 0.0, 1e-5)


class Residual(nn.Module):
    """A residual block: convolutions or bottlenecks, the input added before the last activation."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(count):
            last = number == count - 1
            if channels < BOTTLENECK_FROM:
                layers += _convolution(channels, channels, 3, activate=not last)
                continue
            inner = channels // BOTTLENECK_RATIO
            layers += _convolution(channels, inner, 1)
            layers += _convolution(inner, inner, 3)
            layers += _convolution(inner, channels, 1, activate=not last)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keep size and channels."""
        return functional.relu(self.layers(x) + x)


class Up(nn.Module):
    """Doubles the grid, joins the level's skip, and refines."""

    def __init__(self, channels: int, skip: int, count: int) -> None:
        super().__init__()
        self.enlarge = nn.Sequential(
            nn.ConvTranspose3d(channels, skip, 2, stride=2, bias=False), InstanceNorm(skip), nn.ReLU(inplace=True)
        )
        self.refine = Residual(2 * skip, count)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """From (N, channels, z, y, x) and (N, skip, 2z, 2y, 2x) to (N, 2 skip, 2z, 2y, 2x)."""
        return self.refine(torch.cat([self.enlarge(x), skip], 1))


class VBNet(nn.Module):
    """The network; input (N, 1, z, y, x) with sizes that are multiples of 16, output logits of the same grid.

    Args:
        channels: number of output channels.
        base: channels of the finest level; 16 as published, less for a narrower variant.
    """

    def __init__(self, channels: int, base: int = 16) -> None:
        super().__init__()
        widths = [base * 2**level for level in range(5)]
        self.enter = nn.Sequential(*_convolution(1, base, 3))
        self.down = nn.ModuleList(
            nn.Sequential(*_convolution(fine, 2 * fine, 2, stride=2), Residual(2 * fine, count))
            for fine, count in zip(widths[:-1], BLOCKS, strict=True)
        )
        # Each way up starts from what the one below it gave: twice the width of its skip, but for the deepest.
        self.up = nn.ModuleList(
            Up(widths[4] if level == 3 else 2 * widths[level + 1], widths[level], BLOCKS[level])
            for level in (3, 2, 1, 0)
        )
        self.leave = nn.Conv3d(2 * base, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        skips = [self.enter(x)]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        value = skips.pop()
        for stage in self.up:
            value = stage(value, skips.pop())
        return self.leave(value)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, activate: bool = True) -> list[nn.Module]:
    padding = (kernel - 1) // 2 if stride == 1 else 0
    layers: list[nn.Module] = [
        nn.Conv3d(inputs, outputs, kernel, stride=stride, padding=padding, bias=False),
        InstanceNorm(outputs),
    ]
    return [*layers, nn.ReLU(inplace=True)] if activate else layers

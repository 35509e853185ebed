"""What the segmentation networks minimise: soft Dice plus cross-entropy that weighs the boundary more."""

from __future__ import annotations

import torch
from torch.nn import functional

BOUNDARY_WEIGHT = 2.0
"""Added to the weight of voxels whose neighbourhood of 3x3x3 holds bone and background."""


class SegmentationLoss:
    """Squared soft Dice (MONAI; Milletari et al. 2016, V-Net) plus cross-entropy, both on soft occupancy.

    The squared form has its optimum at the occupancy itself, so that the contour lies where a voxel is half full.
    """

    def __init__(self, channels: int) -> None:
        from monai.losses import DiceLoss

        self.channels = channels
        one = channels == 1
        self._dice = DiceLoss(
            include_background=one,
            sigmoid=one,
            softmax=not one,
            squared_pred=True,
            smooth_nr=50.0,
            smooth_dr=50.0,
        )

    def __call__(self, logits: torch.Tensor, occupancy: torch.Tensor) -> torch.Tensor:
        """Loss of logits (N, channels, z, y, x) against the foreground's occupancy (N, classes, z, y, x)."""
        logits = logits.float()
        weight = 1.0 + BOUNDARY_WEIGHT * _at_boundary(occupancy)
        if self.channels == 1:
            entropy = functional.binary_cross_entropy_with_logits(logits, occupancy, reduction="none")
            target = occupancy
        else:
            target = torch.cat([(1.0 - occupancy.sum(1, keepdim=True)).clamp(min=0.0), occupancy], 1)
            entropy = -(target * logits.log_softmax(1)).sum(1, keepdim=True)
        return self._dice(logits, target) + 2.0 * (weight * entropy).mean()


def _at_boundary(occupancy: torch.Tensor) -> torch.Tensor:
    """How much the occupancy varies around each voxel, of the class that varies most: (N, 1, z, y, x)."""
    highest = functional.max_pool3d(occupancy, 3, 1, 1)
    lowest = -functional.max_pool3d(-occupancy, 3, 1, 1)
    return (highest - lowest).amax(1, keepdim=True)

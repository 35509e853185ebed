"""The loss: lowest at the occupancy itself, and a mistake at the boundary costs more than one inside."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.needs_module("torch"), pytest.mark.needs_module("monai")]


def soft_ball(classes=1):
    """Occupancy with half-full voxels, (1, classes, 12, 12, 12)."""
    import torch

    z, y, x = torch.meshgrid(*(torch.arange(12.0),) * 3, indexing="ij")
    balls = [
        ((4.0 + 2.0 * k) - ((z - 5.5) ** 2 + (y - 5.5) ** 2 + (x - 3.0 - 6.0 * k) ** 2).sqrt()) for k in range(classes)
    ]
    full = torch.stack([(ball * 0.5 + 0.5).clamp(0.0, 1.0) for ball in balls])
    return (full / full.sum(0).clamp(min=1.0))[None]


def logits_of(occupancy):
    """Logits whose sigmoid (one class) or softmax (several) is the occupancy."""
    import torch

    inside = occupancy.clamp(1e-4, 1.0 - 1e-4)
    if occupancy.shape[1] == 1:
        return inside.logit()
    return torch.cat([(1.0 - occupancy.sum(1, keepdim=True)).clamp(min=1e-4), inside], 1).log()


@pytest.mark.parametrize("classes", [1, 2])
def test_the_loss_is_lowest_at_the_occupancy(classes):
    import torch

    from OsteoScreenLib.training.segmentation_loss import SegmentationLoss

    loss = SegmentationLoss(1 if classes == 1 else 3)
    occupancy = soft_ball(classes)
    best = logits_of(occupancy).requires_grad_()
    value = loss(best, occupancy)
    value.backward()
    lowest = float(value.detach())
    assert float(best.grad.abs().max()) < 2e-4
    torch.manual_seed(0)
    for scale in (0.3, 1.0, 3.0):
        assert float(loss(best.detach() + scale * torch.randn_like(best), occupancy)) > lowest
    for shift in (-0.7, 0.7):  # a mask that is too large or too small everywhere
        moved = best.detach().clone()
        moved[:, -1] += shift
        assert float(loss(moved, occupancy)) > lowest


def test_a_mistake_at_the_boundary_weighs_more_than_one_far_from_it():
    from OsteoScreenLib.training.segmentation_loss import SegmentationLoss

    loss = SegmentationLoss(1)
    occupancy = (soft_ball() > 0.5).float()
    right = (occupancy * 2.0 - 1.0) * 4.0

    def cost_at(z, y, x):
        wrong = right.clone()
        wrong[0, 0, z, y, x] *= -1.0
        return float(loss(wrong, occupancy) - loss(right, occupancy))

    assert occupancy[0, 0, 5, 5, 7] == occupancy[0, 0, 5, 5, 11] == 0.0
    assert occupancy[0, 0, 5, 5, 6] == 1.0
    near, far = cost_at(5, 5, 7), cost_at(5, 5, 11)
    assert near > 1.5 * far > 0.0


def test_a_patch_without_bone_has_a_finite_loss_that_falls_as_the_network_says_so():
    import torch

    from OsteoScreenLib.training.segmentation_loss import SegmentationLoss

    loss, nothing = SegmentationLoss(3), torch.zeros(1, 2, 8, 8, 8)
    unsure, sure = torch.zeros(1, 3, 8, 8, 8), torch.zeros(1, 3, 8, 8, 8)
    sure[:, 0] = 8.0
    assert 0.0 <= float(loss(sure, nothing)) < float(loss(unsure, nothing)) < 100.0

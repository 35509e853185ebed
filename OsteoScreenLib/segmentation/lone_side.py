"""Which side a femur is that is alone in the scan, as the fine network sees it.

With both femora in view their places name them. A hip alone has only its form: a right femur is the mirror image of a
left one. The fine network knows left femora only (right ones are mirrored for it), so it is surer of the answer when it
is shown the bone the right way round. In the eight training hips that the coarse network finds, this names all eight
rightly, and the coarse network alone six.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from OsteoScreenLib.segmentation.coarse_stage import CoarseResult
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS
from OsteoScreenLib.segmentation.fine_stage import FineFemur

OTHER = {"left": "right", "right": "left"}


def sureness(fine: FineFemur) -> float:
    """Mean probability within the outline; 0 where there is none."""
    inside = fine.probability[fine.probability > 0.5]
    return float(inside.mean()) if inside.size else 0.0


def renamed(coarse: CoarseResult, side: str) -> CoarseResult:
    """The coarse answer with its only femur, ``side``, named as the other side."""
    other = OTHER[side]
    labels = coarse.labels
    if labels is not None:
        labels = np.where(labels == SIDE_LABELS[side], SIDE_LABELS[other], labels).astype(np.uint8)
    reasons = {side: f"No {side} femur is in the scan"}
    return replace(coarse, femurs={other: coarse.femurs[side]}, reasons=reasons, labels=labels)

"""Hounsfield units as a network's input."""

from __future__ import annotations

import numpy as np

AIR_HU = -1000.0
"""What lies outside of the image."""

CLIP_HU = (-1024.0, 4000.0)
"""Values are clipped to this before they are averaged, so that padding of -3024 or a spike in metal does not leak into
its surroundings; the same in training."""


def network_input(hu: np.ndarray, hu_window: tuple[float, float]) -> np.ndarray:
    """Map a window of HU to -1 to 1; what lies outside is clipped.

    Args:
        hu: array of any shape, finite.
        hu_window: HU (low, high).

    Returns:
        float32 of the same shape.
    """
    low, high = hu_window
    return ((np.clip(hu, low, high) - (low + high) / 2) / ((high - low) / 2)).astype(np.float32)

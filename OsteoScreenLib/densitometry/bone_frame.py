"""The femur's own frame: lateral, posterior and up the shaft, from its head's centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDES = ("left", "right")


@dataclass(frozen=True, eq=False)
class BoneFrame:
    """Coordinates u (lateral, in the plane of neck and shaft), v (posterior) and w (up the shaft), mm.

    A left and a right femur are the same bone in it.

    Attributes:
        origin: the head's centre, LPS mm. axes: (3, 3), rows are u, v and w as LPS unit vectors.
    """

    origin: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, head_centre: np.ndarray, neck_axis: np.ndarray, shaft_axis: np.ndarray, side: str) -> BoneFrame:
        """The frame in which the neck axis has no posterior part and the shaft axis runs up."""
        lateral = neck_axis - (neck_axis @ shaft_axis) * shaft_axis
        lateral = lateral / np.linalg.norm(lateral)
        posterior = np.cross(shaft_axis, lateral) * (1.0 if side == "left" else -1.0)
        return cls(np.asarray(head_centre, float), np.stack([lateral, posterior, shaft_axis]))

    def to_local(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) coordinates u, v, w of (..., 3) LPS points."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def to_lps(self, local: np.ndarray) -> np.ndarray:
        """(..., 3) LPS points of (..., 3) coordinates."""
        return np.asarray(self.origin + np.asarray(local, float) @ self.axes)


def checked_side(side: str) -> str:
    """The side itself. Raises ValueError where it is neither ``left`` nor ``right``."""
    if side not in SIDES:
        raise ValueError(f"a side is left or right, not {side!r}")
    return side

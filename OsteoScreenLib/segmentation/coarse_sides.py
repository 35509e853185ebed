"""Which voxels of the coarse answer are the left femur and which the right one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MAJORITY = 0.65
"""Share of a connected bone's probability that settles its side for all of it."""
_APART_MM = 60.0
"""The two femora lie at least this far from each other, from right to left, middle to middle; their heads are some
170 mm apart, crossed thighs come nearer."""
_PART_MIN_SHARE = 0.3
_PIECE_MIN_ML = 2.0
_PIECE_REACH_MM = 40.0
"""A further piece of the same side (behind an implant or a fracture) this near to the largest one belongs to it."""


@dataclass(frozen=True, eq=False)
class SideVoxels:
    """One side's voxels on the coarse grid.

    Attributes:
        mask: (z, y, x) bool. probability: mean over the mask of left and right together; 0 where the mask is empty.
        renamed: whether position overruled the network's name of the side.
    """

    mask: np.ndarray
    probability: float
    renamed: bool = False


@dataclass(frozen=True)
class _Piece:
    number: int
    voxels: int
    left_share: float
    middle_x: float
    low: tuple[int, ...]
    high: tuple[int, ...]


def name_sides(left: np.ndarray, right: np.ndarray, spacing_mm: float) -> dict[str, SideVoxels]:
    """Split the coarse answer into connected bones, and name the side of each.

    A bone belongs to the side that most of its probability names, all of it. Where two bones lie side by side, the one
    further to the left is the left one, whatever the network calls them.

    Args:
        left, right: (z, y, x) probabilities; x grows towards the patient's left.
        spacing_mm: of the grid.

    Returns:
        Voxels by side; one side or both may be empty.
    """
    from scipy import ndimage

    both = left + right
    numbers, _ = ndimage.label(both > 0.5, np.ones((3, 3, 3), bool))
    numbers = _cut_apart(numbers, left, right, spacing_mm)
    pieces = sorted(_pieces(numbers, left, both), key=lambda piece: -piece.voxels)
    named, renamed = _named(pieces, spacing_mm)
    result = {}
    for side in ("left", "right"):
        mask = np.isin(numbers, _belonging(named[side], spacing_mm)) if named[side] else np.zeros(both.shape, bool)
        mean = float(both[mask].mean()) if mask.any() else 0.0
        result[side] = SideVoxels(mask, mean, renamed and bool(mask.any()))
    return result


def _cut_apart(numbers: np.ndarray, left: np.ndarray, right: np.ndarray, spacing_mm: float) -> np.ndarray:
    """Separate bones that hang together although their parts bear both names and lie far apart."""
    for number in range(1, int(numbers.max(initial=0)) + 1):
        z, y, x = np.nonzero(numbers == number)
        is_left = left[z, y, x] >= right[z, y, x]
        share = float(is_left.mean())
        if not 1 - _MAJORITY <= share <= _MAJORITY:
            continue
        if (x[is_left].mean() - x[~is_left].mean()) * spacing_mm >= _APART_MM:
            numbers[z[is_left], y[is_left], x[is_left]] = numbers.max() + 1
    return numbers


def _pieces(numbers: np.ndarray, left: np.ndarray, both: np.ndarray) -> list[_Piece]:
    from scipy import ndimage

    pieces = []
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        if box is None:
            continue
        inside = numbers[box] == number
        total = float(both[box][inside].sum())
        pieces.append(
            _Piece(
                number,
                int(np.count_nonzero(inside)),
                float(left[box][inside].sum()) / total,
                float(np.nonzero(inside)[2].mean()) + box[2].start,
                tuple(entry.start for entry in box),
                tuple(entry.stop for entry in box),
            )
        )
    return pieces


def _named(pieces: list[_Piece], spacing_mm: float) -> tuple[dict[str, list[_Piece]], bool]:
    """Pieces by side, the largest first; and whether position overruled a name."""
    named: dict[str, list[_Piece]] = {"left": [], "right": []}
    for piece in pieces:
        named["left" if piece.left_share >= 0.5 else "right"].append(piece)
    pair = _pair(pieces, spacing_mm)
    if pair is None:
        return named, False
    right_one, left_one = pair
    if left_one in named["left"] and right_one in named["right"]:
        return named, False
    middle = (left_one.middle_x + right_one.middle_x) / 2
    named = {
        "left": [piece for piece in pieces if piece.middle_x > middle],
        "right": [piece for piece in pieces if piece.middle_x <= middle],
    }
    return named, True


def _pair(pieces: list[_Piece], spacing_mm: float) -> tuple[_Piece, _Piece] | None:
    """The two bones that lie side by side, right one first; None where there is only one bone."""
    for piece in pieces[1:]:
        first = pieces[0]
        if piece.voxels < _PART_MIN_SHARE * first.voxels:
            return None
        if abs(piece.middle_x - first.middle_x) * spacing_mm >= _APART_MM:
            right_one, left_one = sorted((first, piece), key=lambda entry: entry.middle_x)
            return right_one, left_one
    return None


def _belonging(pieces: list[_Piece], spacing_mm: float) -> list[int]:
    """Numbers of the largest piece and of those near it that are large enough."""
    largest = pieces[0]
    chosen = [largest.number]
    for piece in pieces[1:]:
        gaps = [
            max(0, a - d, c - b) for a, b, c, d in zip(piece.low, piece.high, largest.low, largest.high, strict=True)
        ]
        near = float(np.linalg.norm(gaps)) * spacing_mm <= _PIECE_REACH_MM
        if near and piece.voxels * spacing_mm**3 / 1000 >= _PIECE_MIN_ML:
            chosen.append(piece.number)
    return chosen

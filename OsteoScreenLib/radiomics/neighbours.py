"""Which neighbours a voxel has: the directions of the texture matrices."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

Offset = tuple[int, int, int]


def directions(
    shape_zyx: Sequence[int],
    distances: Sequence[int] = (1,),
    *,
    flat_axis: int | None = None,
    both_ways: bool = False,
) -> list[Offset]:
    """Offsets (z, y, x) whose largest component is one of the distances (in voxels).

    A region that is one voxel thin along an axis has no neighbour along it, so offsets that leave the bounding box
    whatever they start from are left out, as PyRadiomics does: a slice has 4 directions, a volume 13.

    Args:
        shape_zyx: of the region's bounding box.
        distances: in voxels, by the largest component (Chebyshev distance).
        flat_axis: axis (0 z, 1 y, 2 x) along which nothing moves: two-dimensional extraction.
        both_ways: every offset and its opposite; else the one of each pair whose first component other than 0 is
            positive.

    Returns:
        The offsets, from (d, d, d) downwards.
    """
    reach = max(distances)
    steps = range(reach, -reach - 1, -1)
    wanted = set(distances)
    found = [
        offset
        for offset in itertools.product(steps, steps, steps)
        if max(map(abs, offset)) in wanted
        and all(abs(step) < size for step, size in zip(offset, shape_zyx, strict=True))
        and (flat_axis is None or offset[flat_axis] == 0)
    ]
    return found if both_ways else found[: len(found) // 2]

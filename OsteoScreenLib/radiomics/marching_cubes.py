"""Area and volume of a mask's surface mesh (Lorensen and Cline 1987, marching cubes at the half level).

The surface runs through the middle of every edge between a voxel inside and one outside. How it is closed inside a cube
of 2 x 2 x 2 voxels depends on which of the eight are inside: 256 cases, halved by taking the complement wherever the
last corner is inside. On a face where two diagonal corners are inside, each is cut off by itself. That rule gives the
polygons; the polygons of more than four corners are not flat, so how they are divided into triangles matters for the
area. ``_HUBS`` holds PyRadiomics' choice, found from its results: the corner that all triangles share, or the three
corners of the triangle in the middle.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

_CORNERS = np.array(
    [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)], dtype=np.float64
)
"""(z, y, x) of the cube's corners; corner k is bit k of a case."""

_EDGES = ((1, 0), (2, 1), (3, 2), (3, 0), (5, 4), (6, 5), (7, 6), (7, 4), (4, 0), (5, 1), (6, 2), (7, 3))
_FACES = ((0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4), (3, 2, 6, 7), (0, 3, 7, 4), (1, 2, 6, 5))
_EDGE_OF = {frozenset(ends): number for number, ends in enumerate(_EDGES)}
_MIDDLES = np.array([(_CORNERS[a] + _CORNERS[b]) / 2 for a, b in _EDGES])

_HUBS: dict[int, tuple[int, ...]] = {
    7: (8,),
    11: (11,),
    13: (10,),
    14: (9,),
    19: (1,),
    25: (4,),
    30: (9,),
    31: (11,),
    35: (5,),
    38: (2,),
    45: (10,),
    47: (8,),
    49: (3,),
    50: (7,),
    53: (3,),
    55: (5,),
    58: (1,),
    59: (1,),
    61: (0,),
    62: (0,),
    70: (6,),
    75: (11,),
    76: (3,),
    79: (9,),
    83: (1,),
    86: (6,),
    87: (9,),
    89: (4,),
    92: (3,),
    93: (11,),
    95: (9,),
    98: (0,),
    100: (4,),
    101: (4,),
    103: (2,),
    106: (0,),
    107: (1,),
    109: (1,),
    110: (6,),
    112: (10,),
    115: (7,),
    117: (9,),
    118: (0,),
    120: (10,),
    121: (7,),
    123: (1,),
    124: (6,),
    126: (0,),
    23: (2, 7, 9),
    29: (1, 4, 11),
    43: (2, 5, 8),
    46: (0, 5, 11),
    54: (2, 5, 8),
    57: (2, 7, 9),
    71: (2, 5, 8),
    77: (0, 5, 11),
    99: (1, 6, 8),
    108: (3, 6, 9),
    113: (0, 7, 10),
    116: (1, 6, 8),
}


@dataclass(frozen=True)
class Mesh:
    """Area and volume of a closed surface, and the corners of its triangles.

    Attributes:
        vertices: (n, 3) int32, twice the index (z, y, x) of every corner in the padded mask.
    """

    area_mm2: float
    volume_mm3: float
    vertices: np.ndarray


def mesh(mask: np.ndarray, spacing_zyx_mm: tuple[float, float, float]) -> Mesh:
    """The surface mesh of a mask.

    Args:
        mask: (z, y, x) bool; what lies beyond it counts as outside.
        spacing_zyx_mm: voxel size.
    """
    padded = np.pad(mask, 1)
    case = _cases(padded)
    spacing = np.asarray(spacing_zyx_mm, dtype=np.float64)
    where = np.flatnonzero((case != 0) & (case != 0xFF))
    found = case.ravel()[where]
    kinds, signs = np.where(found & 0x80, found ^ 0xFF, found), np.where(found & 0x80, -1.0, 1.0)
    places = [index * step for index, step in zip(np.unravel_index(where, case.shape), spacing, strict=True)]
    areas, normals, volumes = _pieces(tuple(spacing.tolist()))
    area = float(np.bincount(kinds, minlength=128) @ areas)
    # The tetrahedron of a triangle and the origin, the triangle moved by p: det(a, b, c) + p . (sum of cross products).
    volume = float(np.bincount(kinds, weights=signs, minlength=128) @ volumes)
    for axis in range(3):
        volume += float(np.bincount(kinds, weights=signs * places[axis], minlength=128) @ normals[:, axis])
    return Mesh(area, volume / 6, _vertices(padded))


def triangles(case: int) -> np.ndarray:
    """(n, 3, 3) corners (z, y, x) of the triangles of a case under 128, turned so that they face outwards."""
    inside = [bool(case >> corner & 1) for corner in range(8)]
    found = [
        [_MIDDLES[list(corners)] for corners in _divided(loop, _HUBS.get(case, ()))]
        for loop in _loops(_segments(inside), inside)
    ]
    return np.array([triangle for piece in found for triangle in piece]).reshape(-1, 3, 3)


def _cases(padded: np.ndarray) -> np.ndarray:
    """(z-1, y-1, x-1) uint8: which corners of every cube are inside."""
    case = np.zeros([n - 1 for n in padded.shape], dtype=np.uint8)
    inside = padded.view(np.uint8)
    for bit, (dz, dy, dx) in enumerate(_CORNERS.astype(int).tolist()):
        part = inside[dz : dz + case.shape[0], dy : dy + case.shape[1], dx : dx + case.shape[2]]
        case |= part << np.uint8(bit)
    return case


def _vertices(padded: np.ndarray) -> np.ndarray:
    """The middle of every edge between a voxel inside and one outside, in half voxels."""
    parts = []
    for axis in range(3):
        ends = np.stack(np.nonzero(np.diff(padded, axis=axis)), axis=1).astype(np.int32) * 2
        ends[:, axis] += 1
        parts.append(ends)
    return np.concatenate(parts)


@functools.lru_cache(maxsize=8)
def _pieces(spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each case: area (128,), sum of the triangles' a x b + b x c + c x a (128, 3), sum of det(a, b, c) (128,)."""
    corners = [triangles(case) for case in range(1, 128)]
    case = np.repeat(np.arange(1, 128), [len(found) for found in corners])
    a, b, c = np.moveaxis(np.concatenate(corners) * np.array(spacing), 1, 0)
    areas = 0.5 * np.linalg.norm(_cross(a - c, b - c), axis=1)
    normals = _cross(a, b) + _cross(b, c) + _cross(c, a)
    volumes = (_cross(a, b) * c).sum(axis=1)
    sums = [np.bincount(case, weights=values, minlength=128) for values in (areas, *normals.T, volumes)]
    return sums[0], np.stack(sums[1:4], axis=1), sums[4]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product along the last axis; numpy's own takes ten times as long for a few vectors."""
    after, before = [1, 2, 0], [2, 0, 1]
    return a[..., after] * b[..., before] - a[..., before] * b[..., after]


def _segments(inside: list[bool]) -> list[tuple[int, int]]:
    """Pairs of cube edges that the surface joins across a face."""
    found = []
    for face in _FACES:
        edges = [_EDGE_OF[frozenset((face[i], face[(i + 1) % 4]))] for i in range(4)]
        crossed = [i for i in range(4) if inside[face[i]] != inside[face[(i + 1) % 4]]]
        if len(crossed) == 2:
            found.append((edges[crossed[0]], edges[crossed[1]]))
        elif len(crossed) == 4:
            found += [(edges[i - 1], edges[i]) for i in range(4) if inside[face[i]]]
    return found


def _loops(segments: list[tuple[int, int]], inside: list[bool]) -> list[list[int]]:
    """The closed polygons that the segments form, each turned to face outwards."""
    beside: dict[int, list[int]] = {}
    for first, second in segments:
        beside.setdefault(first, []).append(second)
        beside.setdefault(second, []).append(first)
    loops = []
    while beside:
        loop = [min(beside)]
        while (following := next((e for e in beside[loop[-1]] if e not in loop), None)) is not None:
            loop.append(following)
        for edge in loop:
            del beside[edge]
        loops.append(loop if _faces_outwards(loop, inside) else loop[::-1])
    return loops


def _faces_outwards(loop: list[int], inside: list[bool]) -> bool:
    points = _MIDDLES[loop]
    normal = _cross(points, points[[*range(1, len(points)), 0]]).sum(axis=0)
    outwards = np.zeros(3)
    for edge in loop:
        a, b = _EDGES[edge]
        outwards += (_CORNERS[b] - _CORNERS[a]) * (1 if inside[a] else -1)
    return bool(normal @ outwards > 0)


def _divided(loop: list[int], hubs: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Triangles of a polygon: a fan round one hub, or the triangle of three hubs and what lies beyond its sides."""
    own = [edge for edge in hubs if edge in loop]
    start = loop.index(own[0]) if own else 0
    turned = loop[start:] + loop[:start]
    if len(own) == 3:
        a, b, c, d, e, f = turned
        return [(a, c, e), (a, b, c), (c, d, e), (e, f, a)]
    return [(turned[0], turned[i], turned[i + 1]) for i in range(1, len(turned) - 1)]

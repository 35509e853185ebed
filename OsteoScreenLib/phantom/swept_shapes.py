"""Solids for skeletons: swept tubes, curved sheets, and unions that look only where each member is.

A union of many members is slow when every member is evaluated at every voxel. ``patched_union`` evaluates each
member only near its own box, which needs coordinates along the axes of a grid (as a canvas gives them); other
coordinates are evaluated in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from OsteoScreenLib.phantom.shapes import TINY, Point, Solid, blend

FAR = 40.0
"""Distance in mm that stands for "not near" in a patched union."""

_TABLE_STEP = 0.5
_COARSE_STEP = 2.0


def spline_points(
    points: Sequence[Sequence[float]] | Sequence[np.ndarray] | np.ndarray, count: int, closed: bool = False
) -> np.ndarray:
    """``count`` rows evenly spread in parameter along a smooth curve through rows of control values (n, k)."""
    from scipy.interpolate import CubicSpline

    nodes = np.asarray(points, dtype=float)
    if closed:
        nodes = np.vstack((nodes, nodes[:1]))
    chord = np.sqrt(np.linalg.norm(np.diff(nodes[:, :3], axis=0), axis=1))  # Centripetal: no overshoot at bends.
    parameter = np.concatenate(([0.0], np.cumsum(chord)))
    spline = CubicSpline(parameter, nodes, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0.0, parameter[-1], count, endpoint=not closed))


def tube(path: np.ndarray, wide_axis: Point) -> Solid:
    """Smooth tube of elliptic cross-section with rounded ends.

    Args:
        path: (n, 5) rows of x, y, z, radius along ``wide_axis`` (made perpendicular to the path), radius across it.
        wide_axis: direction (x, y, z) of the first radius.
    """
    return patched_union([_segment(first, last, wide_axis) for first, last in pairwise(path)], 0.0)


def _segment(first: np.ndarray, last: np.ndarray, wide_axis: Point) -> Solid:
    axis = last[:3] - first[:3]
    along = axis / np.linalg.norm(axis)
    wide = np.asarray(wide_axis, dtype=float) - np.dot(wide_axis, along) * along
    wide /= np.linalg.norm(wide)
    narrow = np.cross(along, wide)
    reach = float(max(first[3], first[4], last[3], last[4]))
    ox, oy, oz, wide_start, narrow_start = first.tolist()
    wide_growth, narrow_growth = float(last[3] - first[3]), float(last[4] - first[4])
    (ax, ay, az), (wx, wy, wz), (nx, ny, nz) = along.tolist(), wide.tolist(), narrow.tolist()
    length = float(np.linalg.norm(axis))

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = x - ox, y - oy, z - oz
        run = ax * x + ay * y + az * z
        share = np.clip(run * (1.0 / length), 0.0, 1.0)
        beyond = run - share * length
        wide_radius = wide_start + share * wide_growth
        narrow_radius = narrow_start + share * narrow_growth
        u = (wx * x + wy * y + wz * z) / wide_radius
        v = (nx * x + ny * y + nz * z) / narrow_radius
        beyond = beyond / narrow_radius
        size = np.sqrt(u * u + v * v + beyond * beyond + TINY)
        slope = (u / wide_radius) ** 2 + (v * v + beyond * beyond) / (narrow_radius * narrow_radius)
        return (size - 1.0) * size / np.sqrt(slope + TINY / (reach * reach))

    low = np.minimum(first[:3], last[:3]) - reach
    high = np.maximum(first[:3], last[:3]) + reach
    return Solid(distance, tuple(low.tolist()), tuple(high.tolist()))


def patched_union(solids: Sequence[Solid], width: float, margin: float = 6.0) -> Solid:
    """Union of solids rounded over ``width`` mm; farther than ``margin`` mm from a member's box it is ignored.

    Distances are right up to ``margin`` outside the union, and at most ``FAR`` beyond that.
    """

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
        result = np.full(shape, FAR, dtype=np.result_type(x, y, z))
        for solid in solids:
            patch = patch_of(solid, x, y, z, margin + width)
            if patch is None:
                continue
            here = solid.distance(*_cut(patch, x, y, z))
            block = result[patch]
            if width > 0.0:
                block[...] = blend(block, here, width)
            else:
                np.minimum(block, here, out=block)
        return result

    low = np.min([solid.low for solid in solids], axis=0) - 0.25 * width
    high = np.max([solid.high for solid in solids], axis=0) + 0.25 * width
    return Solid(distance, tuple(low.tolist()), tuple(high.tolist()))


def carved(solid: Solid, removed: Sequence[Solid], width: float = 0.0) -> Solid:
    """A solid without others; each is looked at only near its own box, and edges are rounded over ``width`` mm."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        result = solid.distance(x, y, z)
        for other in removed:
            patch = patch_of(other, x, y, z, 6.0)
            if patch is None:
                continue
            outside = -other.distance(*_cut(patch, x, y, z))
            block = result[patch]
            if width > 0.0:
                block[...] = -blend(-block, -outside, width)
            else:
                np.maximum(block, outside, out=block)
        return result

    return Solid(distance, solid.low, solid.high)


def patch_of(solid: Solid, x: np.ndarray, y: np.ndarray, z: np.ndarray, margin: float) -> tuple[slice, ...] | None:
    """Index ranges (z, y, x) of grid coordinates near a solid's box; None where there are none.

    Coordinates that are not those of a grid give the whole.
    """
    if not (x.ndim == 3 and x.size == x.shape[2] and y.size == y.shape[1] and z.size == z.shape[0]):
        return (slice(None),) * max(x.ndim, y.ndim, z.ndim)
    ranges = []
    for axis, values in ((2, z), (1, y), (0, x)):
        line = values.ravel()
        low, high = solid.low[axis] - margin, solid.high[axis] + margin
        if line.size > 1 and line[0] > line[-1]:  # Mirrored coordinates descend.
            last, first = line.size - np.searchsorted(line[::-1], (low, high))
        else:
            first, last = np.searchsorted(line, (low, high))
        if last <= first:
            return None
        ranges.append(slice(int(first), int(last)))
    return ranges[0], ranges[1], ranges[2]


def _cut(
    patch: tuple[slice, ...], x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if patch[0] == slice(None):
        return x, y, z
    return x[:, :, patch[2]], y[:, patch[1], :], z[patch[0]]


def sheet(
    points: np.ndarray,
    outline: np.ndarray,
    origin: Point,
    axes: np.ndarray,
    edge_radius: float = 5.0,
    symmetric: bool = False,
) -> Solid:
    """Curved sheet of varying thickness, given as heights over a plane.

    Args:
        points: (n, 4) rows of x, y, z on the middle surface and the thickness there, mm.
        outline: (m, 3) points around the edge, in order; a smooth closed curve is laid through them.
        origin, axes: of the plane; rows of ``axes`` (3, 3) are its two directions and its normal.
        edge_radius: greatest rounding of the edge, mm.
        symmetric: the first direction counts from the middle both ways (points are given for one side only).
    """
    frame = np.asarray(axes, dtype=float)
    placed = (points[:, :3] - np.asarray(origin)) @ frame.T
    ring = spline_points((outline - np.asarray(origin)) @ frame.T, 360, closed=True)
    low, high = ring[:, :2].min(axis=0) - 10.0, ring[:, :2].max(axis=0) + 10.0
    thickness = points[:, 3]
    if symmetric:  # The other side's points keep the surface smooth across the middle.
        low[0] = 0.0
        other = placed[:, 0] > 1e-6
        placed = np.vstack((placed, placed[other] * [-1.0, 1.0, 1.0]))
        thickness = np.concatenate((thickness, thickness[other]))
    height, half, edge, slope = _sheet_table(placed, thickness, ring[:, :2], low, high)
    (ax, ay, az), (bx, by, bz), (wx, wy, wz) = frame.tolist()
    first, second = low.tolist()
    last_a, last_b = height.shape[0] - 1, height.shape[1] - 1

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = x - origin[0], y - origin[1], z - origin[2]
        a = _project(x, y, z, ax, ay, az)
        if symmetric:
            a = np.abs(a)
        rows = np.clip((a - first) * (1 / _TABLE_STEP) + 0.5, 0, last_a).astype(np.int32)
        columns = np.clip((_project(x, y, z, bx, by, bz) - second) * (1 / _TABLE_STEP) + 0.5, 0, last_b).astype(
            np.int32
        )
        thick = half[rows, columns]
        off = np.abs(_project(x, y, z, wx, wy, wz) - height[rows, columns]) * slope[rows, columns] - thick
        rounding = np.minimum(thick, edge_radius)
        off += rounding
        out = edge[rows, columns] + rounding
        corner = np.sqrt(np.maximum(off, 0.0) ** 2 + np.maximum(out, 0.0) ** 2)
        return np.minimum(np.maximum(off, out), 0.0) + corner - rounding

    reach = float(half.max()) + 6.0
    corners = np.vstack((points[:, :3], outline))
    if symmetric:
        corners = np.vstack((corners, corners * [-1.0, 1.0, 1.0]))
    box_low, box_high = corners.min(axis=0) - reach, corners.max(axis=0) + reach
    return Solid(distance, tuple(box_low.tolist()), tuple(box_high.tolist()))


def _project(x: np.ndarray, y: np.ndarray, z: np.ndarray, cx: float, cy: float, cz: float) -> np.ndarray:
    """Component along a direction, kept small where the direction lies along axes of the grid."""
    terms = [c * values for c, values in ((cx, x), (cy, y), (cz, z)) if abs(c) > 1e-12]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _sheet_table(
    placed: np.ndarray, thickness: np.ndarray, ring: np.ndarray, low: np.ndarray, high: np.ndarray
) -> list[np.ndarray]:
    """Height, half thickness, distance to the outline and cosine of the slope on a fine grid of the plane."""
    from scipy.interpolate import RBFInterpolator
    from scipy.ndimage import map_coordinates
    from scipy.spatial import cKDTree

    counts = np.ceil((high - low) / _COARSE_STEP).astype(int) + 1
    a, b = (low[axis] + _COARSE_STEP * np.arange(counts[axis]) for axis in (0, 1))
    nodes = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    values = RBFInterpolator(placed[:, :2], np.column_stack((placed[:, 2], thickness)), smoothing=0.5)(nodes)
    edge = cKDTree(ring).query(nodes)[0]
    edge[_inside(nodes, ring)] *= -1.0
    height = values[:, 0].reshape(counts)
    half = np.maximum(0.5 * values[:, 1], 1.2).reshape(counts)
    gradient = np.gradient(height, _COARSE_STEP)
    slope = 1.0 / np.sqrt(1.0 + gradient[0] ** 2 + gradient[1] ** 2)
    fine = [np.arange(0.0, counts[axis] - 1 + 1e-6, _TABLE_STEP / _COARSE_STEP) for axis in (0, 1)]
    where = np.meshgrid(*fine, indexing="ij")
    fields = (height, half, edge.reshape(counts), slope)
    return [map_coordinates(field, where, order=1).astype(np.float32) for field in fields]


def _inside(nodes: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Even-odd test of points (n, 2) in a closed polygon (m, 2)."""
    result = np.zeros(len(nodes), dtype=bool)
    for (xa, ya), (xb, yb) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
        if ya != yb:
            crossing = (nodes[:, 1] < ya) != (nodes[:, 1] < yb)
            result ^= crossing & (nodes[:, 0] < xa + (nodes[:, 1] - ya) * (xb - xa) / (yb - ya))
    return result


def remembered(solid: Solid) -> Solid:
    """The same solid, which keeps its last answer: its distance is asked for once to fill and once for the mineral."""
    last: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None] = [None]

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        memory = last[0]
        if memory is not None and memory[0] is x and memory[1] is y and memory[2] is z:
            return memory[3]
        result = solid.distance(x, y, z)
        last[0] = (x, y, z, result)
        return result

    return Solid(distance, solid.low, solid.high)

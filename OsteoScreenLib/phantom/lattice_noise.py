"""Smooth random fields that are fixed in patient space: the same voxel gets the same value on any canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

_MIX_X, _MIX_Y, _MIX_Z, _MIX_SEED = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F
# Standard deviation of the sum of four bytes that are uniform on 0 to 255.
_FOUR_BYTES_STD = float(np.sqrt(4 * (256**2 - 1) / 12))


def lattice_noise(seed: int, cell_mm: float | tuple[float, float, float]) -> Field:
    """Noise with mean 0 and standard deviation 1 everywhere, near normal, that changes over about ``cell_mm``.

    Independent values, hashed from the lattice point and the seed, sit on a lattice of that spacing and are
    interpolated with smoothstep weights. The weights are normalised to unit sum of squares, so that the variance is
    the same between the lattice points as on them.

    Args:
        seed: of the hash; fields of different seeds are independent.
        cell_mm: spacing of the lattice, one for all axes or one each for x, y and z.

    Returns:
        ``field(x, y, z)`` on broadcastable arrays in mm; float32. Axis-aligned grids (x, y, z each along an axis of
        its own) are interpolated axis by axis and are several times faster than scattered points.
    """
    cells = (cell_mm,) * 3 if isinstance(cell_mm, (int, float)) else cell_mm
    key = (int(seed) * _MIX_SEED) & 0xFFFFFFFF

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = (np.asarray(values, dtype=np.float32) for values in (x, y, z))
        if _is_grid(x, y, z):
            return _on_grid(x.ravel(), y.ravel(), z.ravel(), cells, key)
        return _on_points(x, y, z, cells, key)

    return field


def _is_grid(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> bool:
    return (
        x.ndim == y.ndim == z.ndim == 3
        and x.size == x.shape[2]
        and y.size == y.shape[1]
        and z.size == z.shape[0]
        and min(x.size, y.size, z.size) > 0
    )


def _values(ix: np.ndarray, iy: np.ndarray, iz: np.ndarray, key: int) -> np.ndarray:
    """Hashed near-normal values at lattice points given by integers."""
    h = ix.astype(np.uint32) * np.uint32(_MIX_X)
    h = h ^ (iy.astype(np.uint32) * np.uint32(_MIX_Y))
    h = h ^ (iz.astype(np.uint32) * np.uint32(_MIX_Z)) ^ np.uint32(key)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):  # Two rounds of a multiply-xorshift hash mix all bits.
        h ^= h >> np.uint32(shift)
        h = h * np.uint32(factor)
    h ^= h >> np.uint32(16)
    total = (h & np.uint32(255)) + ((h >> np.uint32(8)) & np.uint32(255))
    total += ((h >> np.uint32(16)) & np.uint32(255)) + (h >> np.uint32(24))
    return (total.astype(np.float32) - np.float32(510.0)) / np.float32(_FOUR_BYTES_STD)


def _weights(values: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower lattice index of every coordinate, and the weights of the lower and the upper neighbour."""
    scaled = values / np.float32(cell)
    lower = np.floor(scaled)
    part = scaled - lower
    part = part * part * (np.float32(3.0) - np.float32(2.0) * part)
    rest = np.float32(1.0) - part
    norm = np.float32(1.0) / np.sqrt(part * part + rest * rest)
    return lower.astype(np.int64), rest * norm, part * norm


def _on_grid(x: np.ndarray, y: np.ndarray, z: np.ndarray, cells: tuple[float, float, float], key: int) -> np.ndarray:
    (ix, ax, bx), (iy, ay, by), (iz, az, bz) = (
        _weights(values, cell) for values, cell in zip((x, y, z), cells, strict=True)
    )
    x0, y0, z0 = int(ix.min()), int(iy.min()), int(iz.min())
    lattice = _values(
        np.arange(x0, int(ix.max()) + 2).reshape(1, 1, -1),
        np.arange(y0, int(iy.max()) + 2).reshape(1, -1, 1),
        np.arange(z0, int(iz.max()) + 2).reshape(-1, 1, 1),
        key,
    )
    ix, iy, iz = ix - x0, iy - y0, iz - z0
    rows = lattice[:, :, ix] * ax + lattice[:, :, ix + 1] * bx
    planes = rows[:, iy] * ay[:, None] + rows[:, iy + 1] * by[:, None]
    out = np.empty((z.size, y.size, x.size), dtype=np.float32)
    above = np.empty(out.shape[1:], dtype=np.float32)
    for k in range(z.size):
        np.multiply(planes[iz[k]], az[k], out=out[k])
        np.multiply(planes[iz[k] + 1], bz[k], out=above)
        out[k] += above
    return out


def _on_points(x: np.ndarray, y: np.ndarray, z: np.ndarray, cells: tuple[float, float, float], key: int) -> np.ndarray:
    axes = [_weights(values, cell) for values, cell in zip((x, y, z), cells, strict=True)]
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=np.float32)
    (ix, *wx), (iy, *wy), (iz, *wz) = axes
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                corner = _values(ix + dx, iy + dy, iz + dz, key)
                corner = corner * wx[dx] * wy[dy] * wz[dz]
                out += corner
    return out

"""Parallel-beam projection and filtered back projection on a small square grid, as one sparse matrix."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


class ParallelBeam:
    """Projector of an n x n grid over half a turn of views.

    A view at angle t has the detector coordinate s = x cos t + y sin t; its rays run across that direction, so the
    view at 90 degrees looks from the side (rays along x). Detector elements are as wide as a pixel and cover the
    grid's diagonal.

    Attributes:
        n: pixels along each side. pixel_mm: their size. n_views: views over 180 degrees. n_rays: rays of a view.
        angles: (n_views,) radians. offsets_mm: (n_rays,) detector coordinate s of each ray.
    """

    def __init__(self, n: int, pixel_mm: float, n_views: int) -> None:
        from scipy.sparse import csr_matrix

        self.n, self.pixel_mm, self.n_views = n, pixel_mm, n_views
        self.n_rays = int(np.ceil(n * 1.42)) + 4
        self.angles = np.arange(n_views) * np.pi / n_views
        self.offsets_mm = (np.arange(self.n_rays) - (self.n_rays - 1) / 2) * pixel_mm
        line = np.arange(n) - (n - 1) / 2
        y, x = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
        place = np.outer(np.cos(self.angles), x) + np.outer(np.sin(self.angles), y) + (self.n_rays - 1) / 2
        ray = np.floor(place).astype(np.int32)
        share = (place - ray).astype(np.float32)
        base = np.arange(n_views, dtype=np.int32)[:, None] * self.n_rays
        # One row per pixel, two rays of every view in it: back projection; its transpose projects.
        columns = np.stack([base + ray, base + ray + 1], axis=-1).transpose(1, 0, 2).reshape(n * n, -1)
        weights = np.stack([1 - share, share], axis=-1).transpose(1, 0, 2).reshape(n * n, -1)
        starts = np.arange(n * n + 1, dtype=np.int32) * columns.shape[1]
        shape = (n * n, n_views * self.n_rays)
        self._back: Any = csr_matrix((weights.ravel(), columns.ravel(), starts), shape=shape)
        self._forward: Any = self._back.T
        frequency = np.fft.rfftfreq(2 * self.n_rays, pixel_mm)
        # The ramp, rolled off at the end so that the coarse grid does not ring.
        self._ramp = frequency * np.cos(np.pi / 2 * frequency / frequency[-1]) ** 2

    def project(self, image: np.ndarray) -> np.ndarray:
        """Line integrals (times mm) of (..., n, n) images: float32 (..., n_views, n_rays)."""
        flat = np.ascontiguousarray(image.reshape(-1, self.n * self.n).T, dtype=np.float32)
        rays = (self._forward @ flat).T * np.float32(self.pixel_mm)
        return rays.reshape(*image.shape[:-2], self.n_views, self.n_rays)

    def reconstruct(self, sinogram: np.ndarray) -> np.ndarray:
        """Filtered back projection of (..., n_views, n_rays) line integrals: float32 (..., n, n)."""
        length = 2 * self.n_rays
        filtered = np.fft.irfft(np.fft.rfft(sinogram, length, axis=-1) * self._ramp, length, axis=-1)
        filtered = filtered[..., : self.n_rays] * (np.pi / self.n_views)
        return self.back_project(filtered)

    def back_project(self, sinogram: np.ndarray) -> np.ndarray:
        """Sum over the views of (..., n_views, n_rays) values at each pixel: float32 (..., n, n)."""
        flat = np.ascontiguousarray(sinogram.reshape(-1, self.n_views * self.n_rays).T, dtype=np.float32)
        return (self._back @ flat).T.reshape(*sinogram.shape[:-2], self.n, self.n)


@lru_cache(maxsize=4)
def parallel_beam(n: int, pixel_mm: float, n_views: int) -> ParallelBeam:
    """A projector that is kept, because making its matrix takes as long as using it for a whole scan."""
    return ParallelBeam(n, pixel_mm, n_views)

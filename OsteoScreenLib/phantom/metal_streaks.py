"""Bright and dark streaks from metal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.beam_paths import axes_of
from OsteoScreenLib.phantom.line_resampling import Averaging, Interpolation
from OsteoScreenLib.phantom.parallel_beam import parallel_beam

FINE = 128
"""Pixels along the side of the grid on which metal is projected."""
VIEWS = 144
SCATTER = 5.0e-5
"""Scattered radiation that reaches every ray, as a share of the open beam: behind metal it is all that is seen."""
HARDENING = 0.02
"""By this much of itself per unit, attenuation by metal is underestimated because the spectrum hardens."""
MOST_ERROR = 1.5
"""Largest error of a ray: scanners interpolate over rays that are darker than anything a body can be."""
PHOTONS = 1.0e6
"""Photons of an open ray: what is left of them behind metal sets the noise in its shadow."""


class MetalStreaks:
    """Makes the streaks of one scan, some slices at a time, which is several times faster than each alone.

    The error of each ray through metal (hardening, scatter, starvation) is reconstructed by filtered back projection.

    Args:
        geometry: of the image, axes along L, P, S.
        beam: of the scan.
    """

    def __init__(self, geometry: Geometry, beam: Beam) -> None:
        _, y, x = axes_of(geometry)
        step_x, step_y, _ = geometry.spacing_xyz_mm
        pixel = round(max(geometry.extent_xyz_mm[:2]) / FINE, 3)
        line = (np.arange(FINE) - (FINE - 1) / 2) * pixel
        fine_y, fine_x = line + (y[0] + y[-1]) / 2, line + (x[0] + x[-1]) / 2
        self._projector = parallel_beam(FINE, pixel, VIEWS)
        self._rows, self._columns = Averaging(y, step_y, fine_y, pixel), Averaging(x, step_x, fine_x, pixel)
        self._to_y, self._to_x = Interpolation(fine_y, y), Interpolation(fine_x, x)
        self._per_mm = beam.water_per_mm

    def errors(self, hu: np.ndarray, metal: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """(n, ny, nx) float32 HU that metal adds to n slices.

        Args:
            hu: (n, ny, nx) the object, metal with its true HU. metal: (n, ny, nx) where metal is, boolean or shares.
            rngs: one for each slice, for the noise of starved rays.
        """
        excess = np.where(metal > 0, hu, np.float32(0))
        total, inside = (self._attenuation(part) for part in (np.maximum(hu + np.float32(1000), 0), excess))
        hardened = total - HARDENING * inside**2 / (1 + HARDENING * inside)
        seen = np.exp(-hardened)
        error = -np.log(seen + SCATTER * (1 - np.exp(-inside))) - total
        np.maximum(error, -MOST_ERROR, out=error)
        sigma = np.sqrt(np.minimum(1 / (PHOTONS * (seen + SCATTER)), 0.05))
        error += sigma * np.stack([rng.standard_normal(error.shape[1:], dtype=np.float32) for rng in rngs])
        error *= np.clip(inside / 0.2, 0.0, 1.0)
        streaks = np.float32(1000.0 / self._per_mm) * self._projector.reconstruct(error)
        full = self._to_y.along(self._to_x.along(streaks, 2), 1)
        # The metal itself stays at the top of the scale.
        full *= 1 - np.clip(metal.astype(np.float32), 0, 1)
        return full

    def _attenuation(self, hu: np.ndarray) -> np.ndarray:
        """(n, views, rays) attenuation of (n, ny, nx) HU above air."""
        coarse = self._columns.along(self._rows.along(hu, 1), 2)
        return self._projector.project(coarse) * np.float32(self._per_mm / 1000)

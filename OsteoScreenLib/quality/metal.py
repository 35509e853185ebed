"""Metal: clusters of voxels over 2500 HU, and on which side of the body they lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.histogram import Histogram
from OsteoScreenLib.quality.regions import components

_MAX_VOXELS = 2_000_000
_MAX_CELLS = 4_000_000


def check_metal(ct: CTVolume, histogram: Histogram, midline_l_mm: float | None) -> list[QualityFlag]:
    """``metal`` where a cluster of voxels over 2500 HU is 0.1 ml or larger.

    Args:
        ct: HU, finite, with a valid geometry.
        histogram: of the same volume; its slice maxima tell which slices to look into.
        midline_l_mm: position of the body's midline in mm along the right-to-left axis from the first voxel's border,
            or None where it is not known; then no side is named.
    """
    index = _bright_voxels(ct.hu, histogram)
    if index.shape[0] * ct.geometry.voxel_volume_mm3 / 1000 < t.METAL_MIN_ML:
        return []
    labels = _clusters(index * np.array(ct.geometry.spacing_xyz_mm[::-1]))
    sizes = np.bincount(labels) * ct.geometry.voxel_volume_mm3 / 1000
    large = [int(label) for label in np.argsort(-sizes) if sizes[label] >= t.METAL_MIN_ML]
    if not large:
        return []
    clusters = [
        {"volume_ml": round(float(sizes[label]), 2), "side": _side(ct, index[labels == label], midline_l_mm)}
        for label in large[:10]
    ]
    total = float(sizes[large].sum())
    evidence: dict[str, Any] = {
        "volume_ml": round(total, 2),
        "side": clusters[0]["side"],
        "max_hu": histogram.maximum,
        "n_clusters": len(large),
        "clusters": clusters,
    }
    where = {
        "left": " in the patient's left half",
        "right": " in the patient's right half",
        "midline": " at the midline",
    }
    message = f"There is metal, or a similarly dense material such as undiluted contrast agent: {total:.1f} ml over "
    message += f"{t.METAL_HU} HU, the largest part{where.get(str(clusters[0]['side']), ' (side unknown)')}. "
    message += "HU near it are unreliable; use the other side."
    return [QualityFlag("metal", Severity.WARNING, message, evidence)]


def _bright_voxels(hu: np.ndarray, histogram: Histogram) -> np.ndarray:
    """(n, 3) indices (z, y, x) of the voxels over 2500 HU; at most about two million."""
    found, count = [], 0
    for z in np.flatnonzero(histogram.slice_maximum > t.METAL_HU):
        rows, columns = np.nonzero(hu[z] > t.METAL_HU)
        found.append(np.stack([np.full(rows.size, z), rows, columns], axis=1))
        count += rows.size
        if count > _MAX_VOXELS:
            break
    return np.concatenate(found) if found else np.empty((0, 3), int)


def _clusters(points_mm: np.ndarray) -> np.ndarray:
    """For (n, 3) points the number of the cluster each belongs to; points in touching cells of 5 mm are together."""
    cell = t.METAL_CELL_MM
    points = points_mm - points_mm.min(axis=0)
    while np.prod(np.floor(points.max(axis=0) / cell) + 1) > _MAX_CELLS:
        cell *= 1.5
    cells = np.floor(points / cell).astype(int)
    occupied = np.zeros(cells.max(axis=0) + 1, bool)
    occupied[tuple(cells.T)] = True
    labels, _ = components(occupied)
    return labels[tuple(cells.T)]


def _side(ct: CTVolume, index: np.ndarray, midline_l_mm: float | None) -> str:
    """``left``, ``right`` or ``midline`` by the patient, or ``unknown``."""
    if midline_l_mm is None:
        return "unknown"
    codes = ct.geometry.axis_codes[::-1]
    axis = next(i for i, code in enumerate(codes) if code in "LR")
    place = (float(index[:, axis].mean()) + 0.5) * ct.geometry.spacing_xyz_mm[2 - axis]
    if codes[axis] == "R":
        place = ct.hu.shape[axis] * ct.geometry.spacing_xyz_mm[2 - axis] - place
    if abs(place - midline_l_mm) < t.METAL_MIDLINE_MM:
        return "midline"
    return "left" if place > midline_l_mm else "right"

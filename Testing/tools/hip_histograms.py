"""Histograms of hips by region, distances between them, and what a hip's image says of its tissue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REGIONS = ("body", "around", "femur")
AROUND_MM = (3.0, 15.0)
"""The ring begins 3 mm outside, because a mask drawn by hand and one that is known differ by up to a voxel."""
HU_EDGES = np.arange(-250.0, 1701.0, 10.0)
GRADIENT_EDGES = np.arange(0.0, 601.0, 4.0)

Histograms = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Hip:
    """One hip: (z, y, x) HU, femur mask and what does not count, on one grid; and what its image says of itself."""

    name: str
    hu: np.ndarray
    femur: np.ndarray
    excluded: np.ndarray
    spacing_xyz_mm: tuple[float, float, float]
    sex: str = "F"
    side: str = "L"
    kvp: float = 140.0
    kernel: str = "STANDARD"


def near(mask: np.ndarray, spacing_xyz_mm: Sequence[float], distance_mm: float) -> np.ndarray:
    """Voxels in a mask or up to a distance from it."""
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.zeros(mask.shape, dtype=bool)
    result: np.ndarray = distance_transform_edt(~mask, sampling=spacing_xyz_mm[::-1]) <= distance_mm
    return result


def body_mask(hu: np.ndarray) -> np.ndarray:
    """The largest piece over -400 HU without its outermost two pixels, slice by slice filled."""
    from scipy.ndimage import binary_erosion, binary_fill_holes, label

    pieces, _ = label(binary_erosion(hu > -400, np.ones((1, 3, 3)), iterations=2))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    body = pieces == int(sizes.argmax())
    return np.stack([binary_fill_holes(plane) for plane in body])


def regions_of(hip: Hip) -> dict[str, np.ndarray]:
    """The three regions, without what does not count."""
    inner, outer = AROUND_MM
    counts = ~hip.excluded & (hip.hu > HU_EDGES[0])
    body = body_mask(hip.hu) & counts
    return {
        "body": body,
        "around": near(hip.femur, hip.spacing_xyz_mm, outer) & ~near(hip.femur, hip.spacing_xyz_mm, inner) & body,
        "femur": hip.femur & counts,
    }


def gradient(hu: np.ndarray, spacing_xyz_mm: Sequence[float]) -> np.ndarray:
    """Magnitude of the gradient in the slice, HU per mm."""
    values = hu.astype(np.float32)
    return np.hypot(np.gradient(values, spacing_xyz_mm[1], axis=1), np.gradient(values, spacing_xyz_mm[0], axis=2))


def histograms(hip: Hip) -> Histograms:
    """Shares by region, of HU and of gradients; what lies beyond the last bin counts in it."""
    steep = gradient(hip.hu, hip.spacing_xyz_mm)
    found: Histograms = {}
    for name, mask in regions_of(hip).items():
        hu = np.clip(hip.hu[mask], HU_EDGES[0], HU_EDGES[-1] - 1)
        slope = np.clip(steep[mask], 0, GRADIENT_EDGES[-1] - 1)
        found[name] = {
            "hu": np.histogram(hu, HU_EDGES)[0] / max(1, hu.size),
            "gradient": np.histogram(slope, GRADIENT_EDGES)[0] / max(1, slope.size),
        }
    return found


def wasserstein(first: np.ndarray, second: np.ndarray, bin_width: float) -> float:
    """Earth mover's distance of two histograms, in the unit of the bins."""
    return float(np.abs(np.cumsum(first - second)).sum() * bin_width)


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> float:
    """Jensen-Shannon distance (root of the divergence, base 2), 0 to 1."""
    middle = (first + second) / 2

    def divergence(p: np.ndarray) -> float:
        held = p > 0
        return float((p[held] * np.log2(p[held] / middle[held])).sum())

    return float(np.sqrt(max(0.0, (divergence(first) + divergence(second)) / 2)))


def pooled(many: Sequence[Histograms]) -> Histograms:
    """Mean histogram, every hip counting the same."""
    return {
        region: {kind: np.mean([one[region][kind] for one in many], axis=0) for kind in ("hu", "gradient")}
        for region in REGIONS
    }


def distances(first: Histograms, second: Histograms) -> dict[str, dict[str, float]]:
    """All distances by region."""
    return {
        region: {
            "hu_wasserstein": wasserstein(first[region]["hu"], second[region]["hu"], 10.0),
            "hu_js": jensen_shannon(first[region]["hu"], second[region]["hu"]),
            "gradient_wasserstein": wasserstein(first[region]["gradient"], second[region]["gradient"], 4.0),
            "gradient_js": jensen_shannon(first[region]["gradient"], second[region]["gradient"]),
        }
        for region in REGIONS
    }


def describe(hip: Hip) -> dict[str, float]:
    """Peaks of fat and muscle, noise and its grain in both, and what the femur holds."""
    from scipy.ndimage import gaussian_filter

    regions = regions_of(hip)
    values = hip.hu.astype(np.float32)
    smooth = gaussian_filter(values, (0, 2, 2))
    calm = gaussian_filter(gradient(smooth, hip.spacing_xyz_mm), (0, 2, 2)) < 4.0
    residual = values - smooth
    shape = {}
    for name, low, high in (("fat", -125.0, -80.0), ("muscle", 25.0, 80.0)):
        mask = regions["body"] & ~hip.femur & (smooth > low) & (smooth < high) & calm
        across = mask[:, :, 1:] & mask[:, :, :-1]
        spread = float(residual[mask].std())
        shape[f"{name}_hu"] = float(np.median(smooth[mask]))
        shape[f"{name}_noise_hu"] = spread
        step = (residual[:, :, 1:] - residual[:, :, :-1])[across]
        shape[f"{name}_grain"] = float(step.std() / spread)
    body, around, femur = values[regions["body"]], values[regions["around"]], values[regions["femur"]]
    shape["body_fat_share"] = float((body < -30).mean())
    shape["around_fat_share"] = float((around < -30).mean())
    shape["around_bone_share"] = float((around > 150).mean())
    shape["femur_below_0_share"] = float((femur < 0).mean())
    for percent in (10, 50, 90, 98):
        shape[f"femur_p{percent}_hu"] = float(np.percentile(femur, percent))
    return shape

"""Regions and landmarks of one femur, drawn on the frontal projection of its scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.bone_frame import SIDES
from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.region_labels import REGION_LABELS
from OsteoScreenLib.densitometry.regions import REGION_NAMES

COLOURS = {"head": "tab:cyan", "neck": "tab:orange", "trochanteric": "tab:green", "intertrochanteric": "tab:pink"}
COLOURS["shaft"] = "tab:blue"
_ARM_MM = 60.0


def draw_femur(ct: CTVolume, drawn: np.ndarray, femur: FemurDensitometry, path: Path) -> None:
    """Write a PNG: regions as the rays from the front meet them, compartments in the middle slice, axes.

    Args:
        ct: the scan, axes along L, P, S. drawn: (z, y, x) label map of regions. femur: what was measured. path: PNG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    number = SIDES.index(femur.side) + 1
    own = np.where((drawn // 100) == number, drawn, 0)
    figure, (front, slices) = pyplot.subplots(1, 2, figsize=(12, 7), facecolor="white")
    sx, _, sz = ct.geometry.spacing_xyz_mm
    ox, _, oz = ct.geometry.origin_lps_mm
    nz, _, nx = ct.geometry.shape_zyx
    extent = (ox, ox + nx * sx, oz, oz + nz * sz)
    front.imshow(np.clip(ct.hu, 0, None).mean(axis=1) ** 0.6, cmap="gray", origin="lower", extent=extent)
    for name in REGION_NAMES.values():
        numbers = [n for n, label in REGION_LABELS.items() if label.region == name]
        shadow = np.isin(own, numbers).any(axis=1)
        if shadow.any():
            front.contour(shadow.astype(float), [0.5], colors=COLOURS[name], extent=extent, linewidths=1.4)
            front.plot([], [], color=COLOURS[name], label=name)
    _axes(front, femur)
    front.set_title(f"{path.stem}: from the front")
    if own.any():
        front.legend(fontsize=8, loc="lower right")
    _middle(slices, ct, own, femur)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    pyplot.close(figure)


def _axes(front: object, femur: FemurDensitometry) -> None:
    marks = femur.landmarks
    if marks is None:
        return
    plot = front.plot  # type: ignore[attr-defined]
    if marks.head_centre_lps_mm is not None and marks.head_radius_mm is not None:
        turn = np.linspace(0, 2 * np.pi, 90)
        x, _, z = marks.head_centre_lps_mm
        plot(x + marks.head_radius_mm * np.cos(turn), z + marks.head_radius_mm * np.sin(turn), "y:", lw=1)
        plot(x, z, "y+")
        if marks.neck_axis is not None:
            plot([x, x + _ARM_MM * marks.neck_axis[0]], [z, z + _ARM_MM * marks.neck_axis[2]], "y-", lw=1)
    if marks.shaft_axis is not None and marks.shaft_point_lps_mm is not None:
        (x, _, z), (u, _, w) = marks.shaft_point_lps_mm, marks.shaft_axis
        plot([x, x - 1.5 * _ARM_MM * u], [z, z - 1.5 * _ARM_MM * w], "y--", lw=1)
    for point in (marks.lesser_trochanter_lps_mm, marks.greater_trochanter_lps_mm, marks.neck_centre_lps_mm):
        if point is not None:
            plot(point[0], point[2], "ro", ms=4)


def _middle(axes: object, ct: CTVolume, own: np.ndarray, femur: FemurDensitometry) -> None:
    """The coronal slice through the neck's middle, cortical bone outlined red and trabecular bone green."""
    marks = femur.landmarks
    point = None if marks is None else marks.neck_centre_lps_mm or marks.head_centre_lps_mm
    sx, sy, sz = ct.geometry.spacing_xyz_mm
    row = own.shape[1] // 2 if point is None else round((point[1] - ct.geometry.origin_lps_mm[1]) / sy)
    row = int(np.clip(row, 0, own.shape[1] - 1))
    axes.imshow(ct.hu[:, row], cmap="gray", vmin=-150, vmax=900, origin="lower", aspect=sz / sx)  # type: ignore[attr-defined]
    for part, colour in (("cortical", "red"), ("trabecular", "lime")):
        numbers = [n for n, label in REGION_LABELS.items() if label.compartment == part]
        inside = np.isin(own[:, row], numbers)
        if inside.any():
            axes.contour(inside.astype(float), [0.5], colors=colour, linewidths=0.8)  # type: ignore[attr-defined]
    axes.set_title("middle of the neck: cortical red, trabecular green")  # type: ignore[attr-defined]

"""Regions and landmarks of one femur, drawn on the frontal projection of its scan."""

from __future__ import annotations

from collections.abc import Sequence
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
        ct: the scan, its slices level. drawn: (z, y, x) label map of regions. femur: what was measured. path: PNG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    number = SIDES.index(femur.side) + 1
    own = np.where((drawn // 100) == number, drawn, 0)
    figure, (front, slices) = pyplot.subplots(1, 2, figsize=(12, 7), facecolor="white")
    sx, _, sz = ct.geometry.spacing_xyz_mm
    bright = np.clip(ct.hu, 0, None).mean(axis=1) ** 0.6
    front.imshow(bright, cmap="gray", origin="lower", aspect=sz / sx)
    if ct.geometry.axis_codes[0] == "R":
        front.invert_xaxis()
    for name in REGION_NAMES.values():
        numbers = [n for n, label in REGION_LABELS.items() if label.region == name]
        shadow = np.isin(own, numbers).any(axis=1)
        if shadow.any():
            front.contour(shadow.astype(float), [0.5], colors=COLOURS[name], linewidths=1.4)
            front.plot([], [], color=COLOURS[name], label=name)
    _axes(front, ct, femur)
    front.set_title(f"{path.stem}: from the front")
    if own.any():
        front.legend(fontsize=8, loc="lower right")
    _middle(slices, ct, own, femur)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    pyplot.close(figure)


def _axes(front: object, ct: CTVolume, femur: FemurDensitometry) -> None:
    """Head, neck axis (line), shaft axis (broken) and trochanters, in voxels."""
    marks = femur.landmarks
    if marks is None:
        return
    to_index = np.linalg.inv(ct.geometry.matrix * ct.geometry.spacing_xyz_mm)

    def draw(points: Sequence[np.ndarray], style: str, **how: float) -> None:
        index = (np.array(points) - ct.geometry.origin_lps_mm) @ to_index.T
        front.plot(index[:, 0], index[:, 2], style, **how)  # type: ignore[attr-defined]

    if marks.head_centre_lps_mm is not None and marks.head_radius_mm is not None:
        centre = np.array(marks.head_centre_lps_mm)
        turn = np.linspace(0, 2 * np.pi, 90)[:, None]
        draw(list(centre + marks.head_radius_mm * np.hstack([np.cos(turn), 0 * turn, np.sin(turn)])), "y:", lw=1)
        if marks.neck_axis is not None:
            draw([centre, centre + _ARM_MM * np.array(marks.neck_axis)], "y-", lw=1)
    if marks.shaft_axis is not None and marks.shaft_point_lps_mm is not None:
        start = np.array(marks.shaft_point_lps_mm)
        draw([start, start - 1.5 * _ARM_MM * np.array(marks.shaft_axis)], "y--", lw=1)
    for point in (marks.lesser_trochanter_lps_mm, marks.greater_trochanter_lps_mm, marks.neck_centre_lps_mm):
        if point is not None:
            draw([np.array(point)], "ro", ms=4)


def _middle(axes: object, ct: CTVolume, own: np.ndarray, femur: FemurDensitometry) -> None:
    """The coronal slice through the neck's middle, cortical bone outlined red and trabecular bone green."""
    marks = femur.landmarks
    point = None if marks is None else marks.neck_centre_lps_mm or marks.head_centre_lps_mm
    sx, _, sz = ct.geometry.spacing_xyz_mm
    row = own.shape[1] / 2
    if point is not None:
        to_index = np.linalg.inv(ct.geometry.matrix * ct.geometry.spacing_xyz_mm)
        row = round(float((to_index @ (np.array(point) - ct.geometry.origin_lps_mm))[1]))
    row = int(np.clip(row, 0, own.shape[1] - 1))
    axes.imshow(ct.hu[:, row], cmap="gray", vmin=-150, vmax=900, origin="lower", aspect=sz / sx)  # type: ignore[attr-defined]
    if ct.geometry.axis_codes[0] == "R":
        axes.invert_xaxis()  # type: ignore[attr-defined]
    for part, colour in (("cortical", "red"), ("trabecular", "lime")):
        numbers = [n for n, label in REGION_LABELS.items() if label.compartment == part]
        inside = np.isin(own[:, row], numbers)
        if inside.any():
            axes.contour(inside.astype(float), [0.5], colors=colour, linewidths=0.8)  # type: ignore[attr-defined]
    axes.set_title("middle of the neck: cortical red, trabecular green")  # type: ignore[attr-defined]

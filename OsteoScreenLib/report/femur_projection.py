"""One femur as a radiograph would show it, positioned by its own axes, with the regions that were measured."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.areal import positioned_axes
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.densitometry.regions import REGION_NAMES, region_numbers
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.report.contour import outline, svg_path
from OsteoScreenLib.report.overlay import NICE_LENGTHS_MM
from OsteoScreenLib.report.pictures import png_of
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

TILE = 1000.0
"""Side of the square picture, in drawing units."""

_PIXEL_MM, _DEPTH_MM = 0.6, 1.2
_AROUND_MM = 10.0
_BELOW_TOTAL_HIP_MM = 28.0
"""Own choice: as much of the shaft is shown below the total hip."""
_BRIGHTEST, _GAMMA = 99.5, 0.6
"""Own choice: the shaft's walls are several times as dense as the head; so both show their structure."""
_NAMES = {"head": "Head", "neck": "Neck", "trochanteric": "Trochanteric", "intertrochanteric": "Intertrochanteric"}


@dataclass(frozen=True)
class Outline:
    """A closed line in the picture: its style, its SVG path, and its name with the place of it; empty: none."""

    style: str
    path: str
    name: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Projection:
    """The picture of one femur.

    Attributes:
        alt: the picture in words. png: the picture, square.
        outlines: of the regions, and of the areas that areal density is read in.
        left, right: what lies at the edges. bar, bar_mm: length of the scale bar, drawn and in mm.
    """

    alt: str
    png: bytes
    outlines: tuple[Outline, ...]
    left: str
    right: str
    bar: float
    bar_mm: float

    @property
    def data_uri(self) -> str:
        """The PNG as a ``data:`` address."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True, eq=False)
class _Frame:
    """A square of ``size_mm`` around ``centre`` (LPS): ``across`` to lateral, ``up`` along the shaft, ``ray``."""

    centre: np.ndarray
    across: np.ndarray
    up: np.ndarray
    ray: np.ndarray
    size_mm: float

    @property
    def n(self) -> int:
        """Pixels along a side."""
        return round(self.size_mm / _PIXEL_MM)

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the pixels: (n,) mm across and (n,) mm up from the centre; the first row is the uppermost."""
        line = (np.arange(self.n) + 0.5) * _PIXEL_MM - self.size_mm / 2
        return line, -line


def femur_projection(
    ct: CTVolume, labels: np.ndarray, side: str, marks: FemurLandmarks, settings: Settings
) -> Projection | None:
    """Draw one femur; None where its axes are not known, so that it cannot be positioned.

    Args:
        ct: the scan. labels: (z, y, x) of its femora, 1 left, 2 right. side: which one.
        marks: of this femur. settings: the table, for the areas of areal density.

    Raises:
        MissingPackageError: Pillow is not installed.
    """
    if marks.neck_axis is None or marks.shaft_axis is None or marks.neck_centre_lps_mm is None:
        return None
    mask = labels == SIDE_LABELS[side]
    index = np.argwhere(mask)
    if not len(index):
        return None
    frame = _frame_of(ct.geometry, index, marks)
    density, shadow = _projected(ct, mask, index, frame)
    brightest = float(np.percentile(density[shadow], _BRIGHTEST)) if shadow.any() else 1.0
    grey = np.clip(density / max(brightest, 1e-6), 0.0, 1.0) ** _GAMMA * 240.0
    mirror = side == "right"  # seen from the front, the right femur's lateral side is on the left
    lines = _outlines(frame, shadow, marks, settings, mirror)
    scale = TILE / frame.size_mm
    fitting = [mm for mm in NICE_LENGTHS_MM if mm * scale <= 0.3 * TILE]
    edges = ("lateral", "medial") if mirror else ("medial", "lateral")
    picture = grey[:, ::-1] if mirror else grey
    alt = f"The {side} femur alone, as a radiograph from the front would show it, with the regions that were measured."
    return Projection(alt, png_of(picture.astype(np.float32)), lines, *edges, fitting[-1] * scale, float(fitting[-1]))


def _frame_of(geometry: Geometry, index: np.ndarray, marks: FemurLandmarks) -> _Frame:
    """The square that holds the femur from its head to some way below the total hip."""
    ray = positioned_axes(marks)[2]
    up = np.asarray(marks.shaft_axis, float)
    across = np.cross(up, ray)
    across = across * np.sign(across @ np.asarray(marks.neck_axis))
    some = index[:: max(1, len(index) // 40000), ::-1]
    points = np.asarray(geometry.origin_lps_mm) + some @ (geometry.matrix * geometry.spacing_xyz_mm).T
    local = points @ np.stack([across, up, ray], axis=1)
    if marks.lesser_trochanter_lps_mm is not None:
        lowest = float(np.asarray(marks.lesser_trochanter_lps_mm) @ up) - 15.0 - _BELOW_TOTAL_HIP_MM
        local = local[local[:, 1] > lowest]
    low, high = local.min(axis=0), local.max(axis=0)
    size = float(max(high[0] - low[0], high[1] - low[1])) + 2 * _AROUND_MM
    middle = np.stack([across, up, ray], axis=1) @ ((low + high) / 2)
    return _Frame(middle, across, up, ray, size)


def _projected(ct: CTVolume, mask: np.ndarray, index: np.ndarray, frame: _Frame) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) sum of HU over water along the rays within the bone, and its shadow."""
    from scipy import ndimage

    low, high = index.min(axis=0), index.max(axis=0) + 1
    part = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    bone = np.where(mask[part], np.maximum(ct.hu[part], 0), 0).astype(np.float32)
    geometry = ct.geometry
    to_index = np.linalg.inv(geometry.matrix * geometry.spacing_xyz_mm)
    across, up = frame.places()
    depth = float(np.abs((_corners(geometry, low, high) - frame.centre) @ frame.ray).max())
    ray = np.arange(-depth, depth, _DEPTH_MM)
    first = frame.centre + across[0] * frame.across + up[0] * frame.up + ray[0] * frame.ray
    offset = (to_index @ (first - np.asarray(geometry.origin_lps_mm)))[::-1] - low
    steps = np.stack([-_PIXEL_MM * frame.up, _DEPTH_MM * frame.ray, _PIXEL_MM * frame.across], axis=1)
    matrix = (to_index @ steps)[::-1]
    shape = (frame.n, len(ray), frame.n)

    def seen(array: np.ndarray) -> np.ndarray:
        return np.asarray(ndimage.affine_transform(array, matrix, offset, shape, order=1, mode="constant"))

    return seen(bone).sum(axis=1), seen(mask[part].astype(np.float32)).max(axis=1) > 0.5


def _corners(geometry: Geometry, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(8, 3) LPS of the corners of a part of the grid."""
    ends = np.array([[low[a] if bit >> a & 1 else high[a] for a in range(3)] for bit in range(8)])
    return np.asarray(
        np.asarray(geometry.origin_lps_mm) + ends[:, ::-1] @ (geometry.matrix * geometry.spacing_xyz_mm).T
    )


def _outlines(
    frame: _Frame, shadow: np.ndarray, marks: FemurLandmarks, settings: Settings, mirror: bool
) -> tuple[Outline, ...]:
    """Regions first, then the areas of areal density. All planes stand square to the picture, so lines show them."""
    across, up = frame.places()
    columns, rows = np.meshgrid(across, up)
    points = frame.centre + columns[..., None] * frame.across + rows[..., None] * frame.up
    numbers = region_numbers(marks, points.reshape(-1, 3)).reshape(shadow.shape)
    found = []
    for number, name in REGION_NAMES.items():
        found.append(_outline("region", (numbers == number) & shadow, frame, mirror, _NAMES.get(name, "")))
    for style, area in reversed(_areas(points, marks, settings).items()):  # the neck's box over the total hip
        found.append(_outline(style, area & shadow, frame, mirror))
    return tuple(line for line in found if line is not None)


def _areas(points: np.ndarray, marks: FemurLandmarks, settings: Settings) -> dict[str, np.ndarray]:
    """(n, n) bool by site: the same limits as ``densitometry.areal.areal_regions``."""
    along, over, _ = np.moveaxis((points - np.asarray(marks.neck_centre_lps_mm)) @ positioned_axes(marks).T, -1, 0)
    half, tall = settings.number("areal.neck_box_mm") / 2, settings.number("areal.neck_box_height_mm") / 2
    areas = {"site-neck": (np.abs(along) < half) & (np.abs(over) < tall)}
    if marks.lesser_trochanter_lps_mm is not None:
        below = (points - np.asarray(marks.lesser_trochanter_lps_mm)) @ np.asarray(marks.shaft_axis)
        areas["site-hip"] = (along > -half) & (below > -settings.number("areal.below_lesser_mm"))
    return areas


def _outline(style: str, area: np.ndarray, frame: _Frame, mirror: bool, name: str = "") -> Outline | None:
    if np.count_nonzero(area) < 20:
        return None
    shown = area[:, ::-1] if mirror else area
    pixel = TILE / frame.n
    row, column = (float(np.median(entry)) for entry in np.nonzero(shown))
    path = svg_path(outline(shown), (pixel, pixel), (0.0, 0.0))
    return Outline(style, path, name, (column + 0.5) * pixel, (row + 0.5) * pixel)

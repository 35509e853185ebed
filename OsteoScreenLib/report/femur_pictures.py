"""The pictures of one femur: CT slices with the outline of the mask, and its surface from three sides."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import AnatomicalView, CTVolume
from OsteoScreenLib.report.bone_surface import letters_of, seen_from, solid_of
from OsteoScreenLib.report.contour import outline, svg_path
from OsteoScreenLib.report.femur_levels import axial_levels
from OsteoScreenLib.report.overlay import NICE_LENGTHS_MM
from OsteoScreenLib.report.pictures import png_of, through_window
from OsteoScreenLib.report.surface_picture import surface_picture
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding

TILE = 1000.0
"""Side of a square tile, in drawing units."""

SHOWN = ("anterior", "posterior", "medial")
"""Views of the surface: head, neck and both trochanters, and the fovea."""

_AROUND_MM = 14.0
_SMALLEST_TILE_MM = 120.0
_SAME_PLANE_MM = 3.0
_SLICE_PIXELS = 420
_SURFACE_PIXELS = 400
_LONGEST_BAR = 0.34


@dataclass(frozen=True)
class Tile:
    """One square picture of a femur; lengths in drawing units, the square being ``TILE`` wide.

    Attributes:
        title, caption: the picture in words.
        alt: the same for who cannot see it.
        png: the picture.
        x, y, width, height: where it lies in the square.
        path: the mask's outline as SVG path data; empty for a surface.
        left, right, top, bottom: patient sides at the edges, or ``?``; empty where there is nothing to say.
        bar, bar_mm: length of the scale bar.
        surface: whether it shows the surface and not a slice.
    """

    title: str
    caption: str
    alt: str
    png: bytes
    x: float
    y: float
    width: float
    height: float
    path: str
    left: str
    right: str
    top: str
    bottom: str
    bar: float
    bar_mm: float
    surface: bool = False

    @property
    def data_uri(self) -> str:
        """The PNG as a ``data:`` address."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True, eq=False)
class _Femur:
    """The CT and its labels in view axes (S, P, L), which femur is meant, and the box around its mask."""

    name: str
    hu: np.ndarray
    labels: np.ndarray
    spacing: tuple[float, float, float]
    box: tuple[tuple[int, int], ...]
    oriented: bool

    @property
    def extent_mm(self) -> tuple[float, ...]:
        """Size of the box."""
        return tuple((high - low) * mm for (low, high), mm in zip(self.box, self.spacing, strict=True))

    @property
    def label(self) -> int:
        """Its number in the labels."""
        return SIDE_LABELS[self.name]

    def mask_in_box(self) -> np.ndarray:
        """(S, P, L) bool, a copy."""
        return self.labels[tuple(slice(*span) for span in self.box)] == self.label


def femur_tiles(ct: CTVolume, labels: np.ndarray, side: str, finding: FemurFinding) -> list[Tile]:
    """Slices first (coronal, then axial from above), then the surface from three sides; nothing without a mask.

    Args:
        ct: the volume. labels: (z, y, x) uint8 on its grid.
        side: ``left`` or ``right``.
        finding: of that side; its head decides where the slices lie.

    Raises:
        MissingPackageError: scipy or Pillow is not installed.
    """
    view, masks = ct.anatomical(), AnatomicalView.of(labels, ct.geometry)
    box = _box(masks.array, SIDE_LABELS[side])
    if box is None:
        return []
    femur = _Femur(side, view.array, masks.array, view.spacing_spl_mm, box, ct.source.oriented)
    mask = femur.mask_in_box()
    centre = finding.head_centre_lps_mm
    head = None if centre is None else _view_index(ct.geometry, centre)
    in_box = None if head is None else tuple(i - low for i, (low, _) in zip(head, box, strict=True))
    levels = axial_levels(mask, femur.spacing, in_box, finding.head_radius_mm, 1 if side == "right" else -1)
    axial_mm = max(_SMALLEST_TILE_MM, max(femur.extent_mm[1:]) + 2 * _AROUND_MM)
    tiles = _coronal(femur, mask, head)
    tiles += [_slice_tile(femur, "Axial", level.words, 0, box[0][0] + level.index, axial_mm) for level in levels]
    return tiles + _surfaces(femur, mask)


def _coronal(femur: _Femur, mask: np.ndarray, head: tuple[float, float, float] | None) -> list[Tile]:
    """Through the centre of the head, which often shows the head alone, and where the mask is largest."""
    low, high = femur.box[1]
    side_mm = max(_SMALLEST_TILE_MM, max(femur.extent_mm) + 2 * _AROUND_MM)
    largest = low + int(np.argmax(np.count_nonzero(mask, axis=(0, 2))))
    chosen = [(largest, "where the mask is largest")]
    if head is not None and low <= round(head[1]) < high:
        centre = round(head[1])
        if abs(centre - largest) * femur.spacing[1] < _SAME_PLANE_MM:
            chosen = []
        chosen.insert(0, (centre, "through the centre of the head"))
    return [_slice_tile(femur, "Coronal", words, 1, index, side_mm) for index, words in chosen]


def _slice_tile(femur: _Femur, plane: str, words: str, axis: int, index: int, side_mm: float) -> Tile:
    """A square around the middle of the mask in one slice; what lies outside of the image stays black."""
    picture_axes = [other for other in range(3) if other != axis]
    values, mask = np.take(femur.hu, index, axis), np.take(femur.labels, index, axis) == femur.label
    middles = [sum(femur.box[other]) / 2 for other in picture_axes]
    if axis == 1:  # superior is up
        values, mask = values[::-1], mask[::-1]
        middles[0] = values.shape[0] - middles[0]
    pixel = [femur.spacing[other] for other in picture_axes]
    cut, origin = [], []
    scale = TILE / side_mm
    for middle, mm, length in zip(middles, pixel, values.shape, strict=True):
        first = max(0, int(np.floor(middle - side_mm / 2 / mm)))
        last = min(length, int(np.ceil(middle + side_mm / 2 / mm)))
        cut.append(slice(first, last))
        origin.append(TILE / 2 + (first - middle) * mm * scale)
    values, mask = values[tuple(cut)], mask[tuple(cut)]
    height, width = (n * mm * scale for n, mm in zip(values.shape, pixel, strict=True))
    size = (max(1, round(_SLICE_PIXELS * width / TILE)), max(1, round(_SLICE_PIXELS * height / TILE)))
    sides = ("R", "L", "S", "I") if axis == 1 else ("R", "L", "A", "P")
    caption = f"{words}, seen from the {'front' if axis == 1 else 'feet'}"
    return Tile(
        plane,
        words,
        f"{plane} CT slice {caption}, with the outline of the mask of the {femur.name} femur.",
        png_of(through_window(values), size),
        origin[1],
        origin[0],
        width,
        height,
        svg_path(outline(mask), (pixel[0] * scale, pixel[1] * scale), (origin[0], origin[1])),
        *(sides if femur.oriented else ("?",) * 4),
        *_bar(scale),
    )


def _surfaces(femur: _Femur, mask: np.ndarray) -> list[Tile]:
    solid = solid_of(mask, femur.spacing)
    side_mm = max(_SMALLEST_TILE_MM, max(femur.extent_mm) + 2 * _AROUND_MM)
    tiles = []
    for view in SHOWN:
        shown = surface_picture(seen_from(solid, view, femur.name), solid.step_mm, _SURFACE_PIXELS, side_mm)
        left, right = letters_of(view, femur.name)
        letters = (left, right, "S", "I") if femur.oriented else ("?",) * 4
        words = f"{view} side"
        alt = f"Surface of the mask of the {femur.name} femur, {words}."
        tiles.append(
            Tile("Surface", words, alt, png_of(shown), 0.0, 0.0, TILE, TILE, "", *letters, *_bar(TILE / side_mm), True)
        )
    return tiles


def _bar(scale: float) -> tuple[float, float]:
    """Length of the scale bar, drawn and in mm, for so many drawing units per mm."""
    length = max(mm for mm in NICE_LENGTHS_MM if mm * scale <= _LONGEST_BAR * TILE or mm == NICE_LENGTHS_MM[0])
    return length * scale, float(length)


def _box(array: np.ndarray, label: int) -> tuple[tuple[int, int], ...] | None:
    """First and past-the-last index of a label along each axis, slice by slice; None where it does not occur."""
    first = array.shape[0]
    last, ranges = -1, [[array.shape[1], -1], [array.shape[2], -1]]
    for index, plane in enumerate(array):
        there = plane == label
        if not there.any():
            continue
        first, last = min(first, index), index
        for axis, span in enumerate(ranges):
            found = np.flatnonzero(there.any(axis=1 - axis))
            span[0], span[1] = min(span[0], int(found[0])), max(span[1], int(found[-1]))
    if last < 0:
        return None
    return (first, last + 1), (ranges[0][0], ranges[0][1] + 1), (ranges[1][0], ranges[1][1] + 1)


def _view_index(geometry: Geometry, point_lps_mm: tuple[float, float, float]) -> tuple[float, float, float]:
    """Fractional index of a point along the axes of :class:`AnatomicalView` (superior, posterior, left)."""
    index, codes = geometry.to_index(point_lps_mm), geometry.axis_codes
    found = []
    for positive, negative in (("S", "I"), ("P", "A"), ("L", "R")):
        axis = next(i for i, code in enumerate(codes) if code in (positive, negative))
        length = geometry.shape_zyx[2 - axis]
        found.append(index[axis] if codes[axis] == positive else length - 1 - index[axis])
    s, p, left = found
    return s, p, left

"""Does the field of view cut the body? At the image border, at a circular reconstruction field, and at padding."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, never_cancelled, stop_if
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.coarse import CoarseGrid
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.regions import dilated

_SIDES = ("anterior", "posterior", "left", "right")
_RIM = 3
"""Width in voxels of the rim that is looked at inside the edge; scanners blend the first one with the padding."""
_DISC_TOLERANCE = 4
"""Voxels by which a reconstruction field may be off the centre of the image."""


@dataclass
class Contact:
    """Contact of the body with the edge of the field of view.

    Attributes:
        widest_mm: by side of the patient, the longest contact within one level.
        length_mm: by side, over which length along the body the contact is at least 10 mm wide.
        edges: which edges the body meets: ``image border``, ``circular field``, ``padding``.
    """

    widest_mm: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_SIDES, 0.0))
    length_mm: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_SIDES, 0.0))
    edges: set[str] = field(default_factory=set)

    @property
    def cut_sides(self) -> set[str]:
        """Sides at which the field of view cuts the body."""
        return {s for s in _SIDES if self.length_mm[s] >= t.CONTACT_MIN_LENGTH_MM and self.widest_mm[s] > 0}

    def add(self, side: str, widths_mm: np.ndarray, level_mm: float, edge: str) -> None:
        """Count the contact at one side: its width at each level, and the distance between levels."""
        wide = widths_mm >= t.CONTACT_MIN_MM
        if not wide.any():
            return
        self.widest_mm[side] = max(self.widest_mm[side], float(widths_mm.max()))
        self.length_mm[side] = max(self.length_mm[side], float(np.count_nonzero(wide)) * level_mm)
        self.edges.add(edge)


def measure_contact(
    ct: CTVolume,
    grid: CoarseGrid,
    body: np.ndarray,
    padding: list[int],
    cancelled: CancelToken = never_cancelled,
) -> Contact:
    """Contact of the body with the four lateral edges of the field of view. The ends along the body do not count.

    Args:
        ct: HU, finite, with a valid geometry.
        grid, body: its coarse grid and the body in it.
        padding: values that fill the image outside the scanned field.
    """
    contact = Contact()
    if not body.any():
        return contact
    for axis, sides in enumerate(grid.axis_sides):
        for end, side in zip((0, -1), sides, strict=True):
            if side in _SIDES:
                widths, level = _border_widths(ct, grid, body, axis, end)
                contact.add(side, widths, level, "image border")
    if "superior" not in grid.axis_sides[0]:
        return contact
    outside = _outside_circle(ct, grid)
    if outside is not None:
        _add_inner_edge(contact, ct, grid, body, outside, [], "circular field", cancelled)
    if padding:
        _add_inner_edge(contact, ct, grid, body, None, padding, "padding", cancelled)
    return contact


def _border_widths(ct: CTVolume, grid: CoarseGrid, body: np.ndarray, axis: int, end: int) -> tuple[np.ndarray, float]:
    """Width of the body in mm at one face of the volume, by level along the body; and the distance of levels."""
    axes = [i for i in range(3) if i != axis]
    native = np.take(ct.hu, end, axis=axis) if axis else ct.hu[end]
    spacing = [ct.geometry.spacing_xyz_mm[2 - i] for i in axes]
    touched = np.take(body, end, axis=axis)
    if axis:
        native = native[list(grid.planes)]
        spacing[0] = grid.spacing_zyx_mm[0]
    for place, i in enumerate(axes):
        if i:
            touched = _spread(touched, place, grid.factors[i], native.shape[place])
    touched = touched & (native > t.BODY_EDGE_HU)
    along = axes.index(grid.axis_of("superior"))
    return np.count_nonzero(touched, axis=1 - along) * spacing[1 - along], spacing[along]


def _spread(mask: np.ndarray, axis: int, factor: int, length: int) -> np.ndarray:
    """A coarse mask on native voxels along one axis; the last block reaches to the border."""
    place = np.minimum(np.arange(length) // factor, mask.shape[axis] - 1)
    return np.take(mask, place, axis=axis)


def _outside_circle(ct: CTVolume, grid: CoarseGrid) -> np.ndarray | None:
    """(y, x) what lies outside a circular reconstruction field; None where there is no such field.

    The field shows as constant corners: the same value in every slice outside a centred disc, and not inside it.
    """
    planes = grid.planes
    rows, columns = ct.hu.shape[1:]
    value = ct.hu[planes[0], 0, 0]
    corners = [ct.hu[z][:: max(1, rows - 1), :: max(1, columns - 1)] for z in planes]
    if min(rows, columns) < 32 or value > t.AIR_KEPT_HU or any((corner != value).any() for corner in corners):
        return None
    constant = np.ones((rows, columns), bool)
    for z in planes:
        constant &= ct.hu[z] == value
    y, x = np.ogrid[:rows, :columns]
    distance = np.hypot(y - (rows - 1) / 2, x - (columns - 1) / 2)
    radius = np.sqrt(np.count_nonzero(~constant) / np.pi)
    if radius < 0.4 * min(rows, columns):
        radius = 0.0
    elif radius > 0.48 * min(rows, columns):
        radius = _radius_from_corners(constant, distance)
    inside, beyond = distance < radius - _DISC_TOLERANCE, distance > radius + _DISC_TOLERANCE
    if radius == 0 or constant[inside].mean() > 0.01 or not beyond.any() or constant[beyond].mean() < 0.99:
        return None
    return constant & (distance > radius - _DISC_TOLERANCE)


def _radius_from_corners(constant: np.ndarray, distance: np.ndarray) -> float:
    """Radius in voxels of a disc that the image border may cut: where pixels turn from changing to constant."""
    ring = distance.astype(int).ravel()
    share = np.bincount(ring, constant.ravel()) / np.maximum(np.bincount(ring), 1)
    open_rings = np.flatnonzero(share < 0.5)
    return float(open_rings[-1] + 1) if open_rings.size else 0.0


def _add_inner_edge(
    contact: Contact,
    ct: CTVolume,
    grid: CoarseGrid,
    body: np.ndarray,
    outside: np.ndarray | None,
    padding: list[int],
    edge: str,
    cancelled: CancelToken,
) -> None:
    """Contact with an edge inside the image: voxels of the body beside voxels outside the scanned field."""
    rows, columns = ct.hu.shape[1:]
    quadrant = _side_by_angle(grid, rows, columns)
    widths = {side: np.zeros(len(grid.planes)) for side in _SIDES}
    body = dilated(body, 1)  # a block that the edge cuts in half is not in the mask itself
    pixel = (ct.geometry.spacing_xyz_mm[0] + ct.geometry.spacing_xyz_mm[1]) / 2
    for k, z in enumerate(grid.planes):
        stop_if(cancelled)
        if not body[k].any():
            continue
        plane = ct.hu[z]
        beyond = np.isin(plane, padding) if outside is None else outside
        near = dilated(beyond[None], _RIM)[0] & ~beyond
        y, x = np.nonzero(near & (plane > t.BODY_EDGE_HU))
        inner_y = np.minimum(y // grid.factors[1], body.shape[1] - 1)
        inner_x = np.minimum(x // grid.factors[2], body.shape[2] - 1)
        kept = body[k][inner_y, inner_x]
        counts = np.bincount(quadrant[y[kept], x[kept]], minlength=4)
        for place, side in enumerate(_SIDES):
            widths[side][k] = counts[place] * pixel / _RIM
    for side, width in widths.items():
        contact.add(side, width, grid.spacing_zyx_mm[0], edge)


def _side_by_angle(grid: CoarseGrid, rows: int, columns: int) -> np.ndarray:
    """(y, x) which side of the patient a pixel lies towards from the image centre, as an index into the four sides."""
    y = (np.arange(rows) - (rows - 1) / 2)[:, None] * grid.spacing_zyx_mm[1] / grid.factors[1]
    x = (np.arange(columns) - (columns - 1) / 2)[None, :] * grid.spacing_zyx_mm[2] / grid.factors[2]
    names = [[_SIDES.index(s) for s in grid.axis_sides[axis]] for axis in (1, 2)]
    by_row = np.where(y < 0, names[0][0], names[0][1])
    by_column = np.where(x < 0, names[1][0], names[1][1])
    return np.where(np.abs(y) > np.abs(x), by_row, by_column)


def check_field_of_view(contact: Contact) -> list[QualityFlag]:
    """``field_of_view_cuts_body`` with the sides and the width of the contact."""
    sides = [side for side in _SIDES if side in contact.cut_sides]
    if not sides:
        return []
    evidence = {
        "sides": sides,
        "contact_mm": {side: round(contact.widest_mm[side]) for side in sides},
        "length_mm": {side: round(contact.length_mm[side]) for side in sides},
        "edges": sorted(contact.edges),
    }
    where = " and ".join([", ".join(sides[:-1]), sides[-1]]) + " sides" if len(sides) > 1 else f"{sides[0]} side"
    message = f"The field of view cuts the body at the patient's {where}. What lies there "
    message += "may be incomplete, and HU near the edge are less reliable."
    return [QualityFlag("field_of_view_cuts_body", Severity.WARNING, message, evidence)]

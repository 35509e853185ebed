"""Three orthogonal pictures of a CT through the middle of the body, drawn to scale."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import MissingPackageError

WINDOW_WIDTH_HU = 1500.0
WINDOW_LEVEL_HU = 300.0
"""-450 to 1050 HU: trabecular and cortical bone keep their grey steps, fat and muscle stay apart, lung is near black.
The window is the same for every case, so that data which are not HU look as wrong as they are."""

MAX_PIXELS = 512
"""Longest side of a picture; larger slices are averaged down."""

_BODY_ABOVE_HU = -300.0
_SAMPLES_PER_AXIS = 128
_MIN_MM = 1e-3


@dataclass(frozen=True)
class Picture:
    """One picture, in the radiological convention: seen from the feet, from the front, from the patient's left.

    Attributes:
        plane: ``axial``, ``coronal`` or ``sagittal``.
        png: 8-bit grey PNG, at most MAX_PIXELS wide and high, square pixels where that size allows.
        width_mm, height_mm: physical size of the picture.
        left, right, top, bottom: patient sides (R, L, A, P, S, I) at its edges, or ``?``.
        cut_x_mm, cut_y_mm: where the two other planes cut it, from its left and top edge.
    """

    plane: str
    png: bytes
    width_mm: float
    height_mm: float
    left: str
    right: str
    top: str
    bottom: str
    cut_x_mm: float
    cut_y_mm: float

    @property
    def data_uri(self) -> str:
        """The PNG as a ``data:`` address, so that a page needs no other file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def three_pictures(ct: CTVolume) -> tuple[Picture, Picture, Picture]:
    """Axial, coronal and sagittal pictures through the middle of the body.

    Where the input does not say how it lies in the patient, every side is marked ``?``.

    Slices are taken along the grid's own axes, each named by the patient axis it is nearest to: an oblique scan is
    shown as it was made. Voxels without a finite value are black. Works for any numeric type and for single slices.
    """
    view = ct.anatomical()
    spacing_s, spacing_p, spacing_l = (max(float(mm), _MIN_MM) for mm in view.spacing_spl_mm)
    s, p, x = body_centre(view.array)
    above = (view.array.shape[0] - s - 0.5) * spacing_s
    behind = (p + 0.5) * spacing_p
    leftwards = (x + 0.5) * spacing_l
    array = view.array
    axial, coronal, sagittal = ("RLAP", "RLSI", "APSI") if ct.source.oriented else ("????",) * 3
    return (
        _picture("axial", array[s], (spacing_l, spacing_p), axial, (leftwards, behind)),
        _picture("coronal", array[::-1, p], (spacing_l, spacing_s), coronal, (leftwards, above)),
        _picture("sagittal", array[::-1, :, x], (spacing_p, spacing_s), sagittal, (behind, above)),
    )


def body_centre(array: np.ndarray) -> tuple[int, int, int]:
    """Index of the middle of what is denser than -300 HU, along each axis; the grid's middle where nothing is.

    The middle is halfway between the first and last twentieth of the dense voxels: a couch under the patient or an arm
    beside it hardly moves it. Only about 128 samples are looked at along each axis.
    """
    steps = [max(1, n // _SAMPLES_PER_AXIS) for n in array.shape]
    sampled = array[tuple(slice(step // 2, None, step) for step in steps)]
    with np.errstate(invalid="ignore"):
        dense = sampled > _BODY_ABOVE_HU
    centre = []
    for axis, (step, length) in enumerate(zip(steps, array.shape, strict=True)):
        counts = dense.sum(axis=tuple(other for other in range(3) if other != axis), dtype=np.int64)
        share = np.cumsum(counts) / max(1, int(counts.sum()))
        if counts.sum() == 0:
            centre.append(length // 2)
            continue
        first, last = int(np.searchsorted(share, 0.05)), int(np.searchsorted(share, 0.95))
        centre.append(min(length - 1, round((first + last) / 2) * step + step // 2))
    return centre[0], centre[1], centre[2]


def _picture(
    plane: str,
    values: np.ndarray,
    pixel_mm: tuple[float, float],
    sides: str,
    cut_mm: tuple[float, float],
) -> Picture:
    """Draw a slice (rows, columns) whose pixels are ``pixel_mm`` (across, down) in size; sides: left to bottom."""
    rows, columns = values.shape
    width_mm, height_mm = columns * pixel_mm[0], rows * pixel_mm[1]
    return Picture(
        plane=plane,
        png=png_of(through_window(values), _size_in_pixels(width_mm, height_mm, min(pixel_mm))),
        width_mm=width_mm,
        height_mm=height_mm,
        left=sides[0],
        right=sides[1],
        top=sides[2],
        bottom=sides[3],
        cut_x_mm=cut_mm[0],
        cut_y_mm=cut_mm[1],
    )


def through_window(values: np.ndarray) -> np.ndarray:
    """HU through the window, as float32 from 0 to 255; NaN and minus infinity are black, plus infinity is white."""
    low = WINDOW_LEVEL_HU - WINDOW_WIDTH_HU / 2
    high = low + WINDOW_WIDTH_HU
    finite = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    return ((np.clip(finite, low, high) - low) * (255.0 / WINDOW_WIDTH_HU)).astype(np.float32)


def _size_in_pixels(width_mm: float, height_mm: float, finest_mm: float) -> tuple[int, int]:
    """Width and height of a picture with square pixels, no finer than the slice's and at most MAX_PIXELS long."""
    pixel_mm = max(finest_mm, max(width_mm, height_mm) / MAX_PIXELS)
    width, height = (min(MAX_PIXELS, max(1, round(mm / pixel_mm))) for mm in (width_mm, height_mm))
    return width, height


def png_of(pixels: np.ndarray, size: tuple[int, int] | None = None) -> bytes:
    """A picture as PNG, in the given (width, height): interpolated linearly, averaged where it shrinks.

    Args:
        pixels: (rows, columns) float32 from 0 to 255, or (rows, columns, 3) uint8, which is not resized.
        size: in pixels; None: as it is.

    Raises:
        MissingPackageError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError("Pictures need the package Pillow", next_step="Run: pip install pillow") from error

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.ndim == 2:
        if size is not None and picture.size != size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
        picture = Image.fromarray(np.clip(np.rint(np.asarray(picture)), 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    picture.save(stream, format="PNG", compress_level=6)
    return stream.getvalue()

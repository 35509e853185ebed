"""What is drawn on a picture: where it lies in its square panel, its letters, its scale bar."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.report.pictures import Picture

PANEL = 1000.0
"""Side of the square panel, in drawing units."""

_MARGIN = 70.0
NICE_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Lengths of a scale bar."""

_LONGEST_BAR = 0.30


@dataclass(frozen=True)
class Panel:
    """A picture placed in a square panel; every length in drawing units unless its name says otherwise."""

    picture: Picture
    x: float
    y: float
    width: float
    height: float
    bar_mm: float
    bar: float

    @property
    def title(self) -> str:
        """Name of the plane, as a heading."""
        return self.picture.plane.capitalize()

    @property
    def seen_from(self) -> str:
        """From where the patient is seen."""
        return {"axial": "seen from the feet", "coronal": "seen from the front"}.get(
            self.picture.plane, "seen from the patient's left"
        )

    @property
    def alt(self) -> str:
        """The picture in words, for who cannot see it."""
        picture = self.picture
        return (
            f"{self.title} CT slice through the middle of the body, {picture.width_mm:.0f} mm wide and "
            f"{picture.height_mm:.0f} mm high; left edge {picture.left}, right edge {picture.right}, "
            f"top edge {picture.top}, bottom edge {picture.bottom}."
        )

    @property
    def bar_text(self) -> str:
        """Length of the scale bar."""
        return f"{self.bar_mm:.3g} mm"

    @property
    def cut_x(self) -> float:
        """Where the plane shown as a vertical line cuts this one."""
        return self.x + self.picture.cut_x_mm / self.picture.width_mm * self.width

    @property
    def cut_y(self) -> float:
        """Where the plane shown as a horizontal line cuts this one."""
        return self.y + self.picture.cut_y_mm / self.picture.height_mm * self.height


def panel_of(picture: Picture) -> Panel:
    """Place a picture in the middle of its panel, true to its physical proportions."""
    room = PANEL - 2 * _MARGIN
    scale = room / max(picture.width_mm, picture.height_mm)
    width, height = picture.width_mm * scale, picture.height_mm * scale
    fitting = [length for length in NICE_LENGTHS_MM if length * scale <= _LONGEST_BAR * PANEL]
    bar_mm = float(fitting[-1]) if fitting else _LONGEST_BAR * PANEL / scale
    return Panel(
        picture=picture,
        x=(PANEL - width) / 2,
        y=(PANEL - height) / 2,
        width=width,
        height=height,
        bar_mm=bar_mm,
        bar=bar_mm * scale,
    )

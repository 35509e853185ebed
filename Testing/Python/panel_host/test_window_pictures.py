"""The pictures of panel and views, and that nothing in the panel is cut."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.screening.pipeline import screen

pytestmark = [pytest.mark.needs_module("slicer"), pytest.mark.needs_module("PySide6")]
if sys.platform.startswith("linux"):
    pytestmark.append(pytest.mark.needs_library("EGL", "libegl1"))


@pytest.fixture
def host():
    from slicer_host.host import SlicerHost

    with SlicerHost() as host:
        yield host


@pytest.fixture(scope="module")
def case() -> Any:
    body = make_geometric_body()
    return body, screen(body, "Body", BoxSegmenter(DOUBT))


@pytest.fixture
def panel(host: Any, case: Any, repository: Path) -> Any:
    """The panel with a screened volume, shown in the views."""
    host.views.open_3d()
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(case[0], node)
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    panel.setNodes(panel.logic.showCase(case[1], node, panel.state().nodes))
    panel.views.show()
    panel.ui.exportDirectoryButton.directory = "Documents"
    return panel


def pixels(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_a_picture_of_the_window_shows_panel_slices_and_3d(host, panel, tmp_path):
    from slicer_host.window import WIDTH, draw_window

    draw_window(host, panel, tmp_path / "window.png", height=500)
    whole = pixels(tmp_path / "window.png")
    assert whole.shape[0] == 500
    views = whole[:, WIDTH + 4 :]
    half = views.shape[1] // 2
    for part in (whole[:, :WIDTH], views[30:240, :half], views[30:240, half:], views[280:, :half], views[280:, half:]):
        assert part.std() > 5.0
    assert (views[30:240, half:, 2] > views[30:240, half:, 0]).mean() > 0.3  # the sky of the 3D view


def test_twice_the_scale_has_twice_the_pixels(host, panel, tmp_path):
    from slicer_host.window import draw_panel

    for scale in (1, 2):
        draw_panel(host, panel, tmp_path / f"{scale}.png", scale)
    once, twice = (pixels(tmp_path / f"{scale}.png").shape for scale in (1, 2))
    assert (2 * once[0], 2 * once[1]) == twice[:2]


def test_a_dark_window_is_dark(host, panel, tmp_path):
    from slicer_host.window import dark_palette, draw_panel

    light_palette = host.application.palette()
    try:
        brightness = []
        for palette in (light_palette, dark_palette()):
            host.application.setPalette(palette)
            draw_panel(host, panel, tmp_path / "panel.png")
            brightness.append(float(np.median(pixels(tmp_path / "panel.png"))))
    finally:
        host.application.setPalette(light_palette)
    assert brightness[0] > 180.0
    assert brightness[1] < 90.0


def cut_labels(panel: Any) -> list[str]:
    """Names of the visible labels that are lower than their words need."""
    from PySide6 import QtWidgets

    labels = panel.parent.qt_widget().findChildren(QtWidgets.QLabel)
    wrapped = [label for label in labels if label.isVisible() and label.wordWrap() and label.text()]
    assert len(wrapped) >= 4
    return [label.objectName() for label in wrapped if label.height() < label.heightForWidth(label.width())]


def test_no_words_of_the_panel_are_cut_at_any_width(host, panel, monkeypatch, tmp_path):
    from slicer_host import window

    for width in (360, 460, 640):
        monkeypatch.setattr(window, "WIDTH", width)
        window.draw_panel(host, panel, tmp_path / "panel.png")
        assert cut_labels(panel) == []


def test_words_that_are_cut_are_found(host, panel, tmp_path):
    from slicer_host import pythonqt
    from slicer_host.window import draw_panel

    pythonqt.unwrap(panel.ui.flagsLabel).setFixedHeight(10)
    draw_panel(host, panel, tmp_path / "panel.png")
    assert cut_labels(panel) == ["flagsLabel"]


def test_a_picture_of_a_section_holds_that_section_alone(host, panel, tmp_path):
    from slicer_host.window import draw_panel, draw_section

    draw_panel(host, panel, tmp_path / "panel.png")
    draw_section(host, panel, "exportCollapsibleButton", tmp_path / "export.png")
    part, whole = pixels(tmp_path / "export.png"), pixels(tmp_path / "panel.png")
    assert part.shape[0] < whole.shape[0] / 2
    rows = [row for row in range(whole.shape[0] - 3) if np.array_equal(whole[row, 60:200], part[0, 60 - 11 : 200 - 11])]
    assert rows

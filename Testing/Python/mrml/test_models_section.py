"""The section Models, played by a user's clicks in the test host (which is not Slicer)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from factory.bundles import make_bundle
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.models import places, store

pytestmark = IN_THE_HOST


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "users"
    folder.mkdir()
    monkeypatch.setenv(places.VARIABLE, str(folder))
    return folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    make_bundle(folder / "a", demonstration=False, title="<b>Shipped</b>")
    monkeypatch.setattr(store, "shipped_folder", lambda: folder)
    return folder


@pytest.fixture
def host(users: Path, shipped: Path) -> Any:
    from slicer_host.host import SlicerHost

    with SlicerHost() as host:
        yield host


def open_section(host: Any, panel: Any) -> None:
    panel.ui.modelsCollapsibleButton.collapsed = False
    host.pump()


def table(panel: Any) -> list[list[str]]:
    shown = panel.ui.modelsTable
    return [[shown.item(row, column).text() for column in range(6)] for row in range(shown.rowCount)]


def choose(host: Any, panel: Any, row: int) -> None:
    panel.ui.modelsTable.selectRow(row)
    host.pump()


def press(host: Any, panel: Any, button: str) -> None:
    """Click, and wait until what it started has ended."""
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.installModelFileButton.enabled)


def test_the_list_is_read_when_the_section_is_opened_and_not_before(host, panel, users):
    assert table(panel) == []
    make_bundle(users / "b", version="0.2.0")
    open_section(host, panel)
    assert table(panel) == [
        ["small-net", "0.2.0", "not yet verified", "yes", "you", "femur segmentation"],
        ["small-net", "0.1.0", "not yet verified", "no", "OsteoScreen", "femur segmentation"],
    ]
    for button in (panel.ui.verifyModelButton, panel.ui.modelCardButton, panel.ui.removeModelButton):
        assert not button.enabled


def test_verify_says_whether_the_files_are_those_of_the_maker(host, panel, users):
    bundle = make_bundle(users / "b", version="0.2.0")
    open_section(host, panel)
    choose(host, panel, 0)
    press(host, panel, "verifyModelButton")
    assert table(panel)[0][2] == "verified"
    assert bundle.sha256 in panel.ui.modelsStatusLabel.text.replace("\n", "")
    (users / "b" / "fine.onnx").write_bytes(b"x")
    press(host, panel, "verifyModelButton")
    assert table(panel)[0][2] == "damaged"
    assert table(panel)[1][2] == "not yet verified"
    assert "fine.onnx" in panel.ui.modelsStatusLabel.text


def test_the_card_shows_words_and_no_markup_of_the_model(host, panel):
    open_section(host, panel)
    choose(host, panel, 0)
    assert not panel.ui.modelCardBrowser.visible
    press(host, panel, "modelCardButton")
    assert panel.ui.modelCardBrowser.visible
    text = panel.ui.modelCardBrowser.plainText
    assert "<b>Shipped</b>" in text
    assert "Finds nothing." in text


def test_a_card_does_not_stand_when_another_model_is_chosen(host, panel, users):
    make_bundle(users / "b", version="0.2.0")
    open_section(host, panel)
    choose(host, panel, 0)
    press(host, panel, "modelCardButton")
    choose(host, panel, 1)
    assert not panel.ui.modelCardBrowser.visible


def test_a_shipped_model_cannot_be_removed_and_ones_own_only_after_a_question(host, panel, users):
    import slicer.util

    make_bundle(users / "b", version="0.2.0")
    open_section(host, panel)
    choose(host, panel, 1)
    assert not panel.ui.removeModelButton.enabled
    choose(host, panel, 0)
    with mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=False):
        press(host, panel, "removeModelButton")
    assert len(table(panel)) == 2
    press(host, panel, "removeModelButton")
    assert "small-net 0.2.0" in host.dialogs[0][1]
    assert [row[4] for row in table(panel)] == ["OsteoScreen"]
    assert list(users.iterdir()) == []


def test_a_model_is_installed_from_a_folder_and_an_older_one_replaced_only_after_a_question(
    host, panel, users, tmp_path
):
    import slicer.util

    make_bundle(tmp_path / "first", version="0.2.0", title="First")
    make_bundle(tmp_path / "second", version="0.2.0", title="Second")
    open_section(host, panel)
    host.desktop.paths = [str(tmp_path / "first"), str(tmp_path / "second"), str(tmp_path / "second")]
    press(host, panel, "installModelFolderButton")
    assert table(panel)[0][2] == "verified"
    assert "its answers mean nothing" in panel.ui.modelsStatusLabel.text
    with mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=False):
        press(host, panel, "installModelFolderButton")
        host.wait_until(lambda: "Nothing was changed" in panel.ui.modelsStatusLabel.text)
    assert store.find_model("small-net").title == "First"
    press(host, panel, "installModelFolderButton")
    host.wait_until(lambda: store.find_model("small-net").title == "Second")
    assert host.dialogs[0][0] == "confirmOkCancelDisplay"
    assert "Replace it?" in host.dialogs[0][1]


def test_what_is_no_model_is_refused_in_words_and_a_cancelled_dialog_does_nothing(host, panel, users, tmp_path):
    (tmp_path / "model.zip").write_text("no zip")
    open_section(host, panel)
    host.desktop.paths = ["", str(tmp_path / "model.zip")]
    press(host, panel, "installModelFileButton")
    assert host.dialogs == []
    press(host, panel, "installModelFileButton")
    assert host.dialogs[0][0] == "errorDisplay"
    assert "neither a folder nor a zip file" in host.dialogs[0][1]
    assert list(users.iterdir()) == []

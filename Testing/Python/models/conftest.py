"""A model store of the test's own: nothing of this machine is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from OsteoScreenLib.models import network, places, store


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, not yet made."""
    folder = tmp_path / "users" / "models"
    monkeypatch.setenv(places.VARIABLE, str(folder))
    return folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of shipped models, empty."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(store, "shipped_folder", lambda: folder)
    return folder


@pytest.fixture
def no_open_networks():
    """No network is open, before the test and after it."""
    network.close_networks()
    yield
    network.close_networks()

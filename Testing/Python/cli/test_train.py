"""``osteoscreen train``: what it wants, what it says where something is absent, and that Ctrl-C ends it tidily."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from factory.vbnet_bundles import make_vbnet_bundle

from OsteoScreenLib.models.bundle import load_bundle

needs_training = [pytest.mark.needs_module(name) for name in ("torch", "monai", "onnx")]


def needs_torch(test):
    """Marks a test as one that wants torch, MONAI and onnx."""
    for mark in needs_training:
        test = mark(test)
    return test


def test_help_names_what_can_be_trained(osteoscreen) -> None:
    assert "train" in osteoscreen("--help").out
    ended = osteoscreen("train", "--help")
    assert ended.code == 0
    for command in ("segmentation", "export-monai", "import-monai"):
        assert command in ended.out


@pytest.mark.parametrize("arguments", [("segmentation",), ("export-monai", "somewhere"), ("import-monai", "somewhere")])
@pytest.mark.parametrize("package", ["torch", "monai", "onnx"])
def test_a_missing_package_is_named_with_the_way_to_get_it(osteoscreen, monkeypatch, tmp_path, arguments, package):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else sys.__spec__)
    ended = osteoscreen("train", *arguments, "--out", tmp_path / "out")
    assert ended.code == 2
    assert f"needs the package {package}" in ended.err
    assert "pip install 'osteoscreen[train]'" in ended.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_part_is_refused_with_those_that_there_are(osteoscreen, tmp_path) -> None:
    ended = osteoscreen("train", "segmentation", "--out", tmp_path, "--only", "everything")
    assert ended.code == 2
    assert "pool, coarse, fine, export" in ended.err


@needs_torch
def test_a_configuration_with_a_slip_is_refused_before_anything_is_made(osteoscreen, tmp_path) -> None:
    (tmp_path / "config.json").write_text('{"stages": {"coarse": {"spacing": 4}}}', encoding="utf-8")
    ended = osteoscreen("train", "segmentation", "--out", tmp_path / "run", "--config", tmp_path / "config.json")
    assert ended.code == 2
    assert "spacing" in ended.err
    assert not (tmp_path / "run").exists()


@needs_torch
def test_the_options_reach_the_training_and_the_bundle_is_named(osteoscreen, monkeypatch, tmp_path) -> None:
    from OsteoScreenLib.training import femur_training

    asked = {}

    def run(self, parts, progress, cancelled=None):
        asked.update(vars(self), parts=parts)
        return tmp_path / "femur-vbnet-0.1.0"

    monkeypatch.setattr(femur_training.FemurTraining, "run", run)
    ended = osteoscreen(
        *("train", "segmentation", "--out", tmp_path, "--only", "fine", "--only", "export", "--real", tmp_path / "r"),
        *("--leave-out", "A", "--leave-out", "B", "--minutes", "3", "--threads", "2", "--start-from", tmp_path / "s"),
    )
    assert ended.code == 0
    assert "osteoscreen models install" in ended.out
    wanted = {"parts": ("fine", "export"), "leave_out": ("A", "B"), "minutes": 3.0, "threads": 2, "dry_run": False}
    assert {name: asked[name] for name in wanted} == wanted
    assert (asked["real"], asked["start_from"], asked["pool"]) == (tmp_path / "r", tmp_path / "s", None)


@needs_torch
def test_an_interrupt_ends_the_training_with_130(osteoscreen, monkeypatch, tmp_path) -> None:
    from OsteoScreenLib.training import femur_training

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(femur_training.FemurTraining, "run", interrupted)
    ended = osteoscreen("train", "segmentation", "--out", tmp_path)
    assert ended.code == 130
    assert "Stopped." in ended.err
    assert "Traceback" not in ended.err


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_a_bundle_goes_to_monai_and_back(osteoscreen, tmp_path: Path) -> None:
    bundle = make_vbnet_bundle(tmp_path / "ours", ("fine",))
    ended = osteoscreen("train", "export-monai", bundle.folder, "--out", tmp_path / "monai")
    assert (ended.code, (tmp_path / "monai" / "models" / "model.pt").exists()) == (0, True)
    ended = osteoscreen("train", "import-monai", tmp_path / "monai", "--out", tmp_path / "back")
    assert ended.code == 0
    assert load_bundle(tmp_path / "back").sha256 == bundle.sha256
    ended = osteoscreen("train", "import-monai", tmp_path / "ours", "--out", tmp_path / "other")
    assert ended.code == 2
    assert "configs/metadata.json" in ended.err

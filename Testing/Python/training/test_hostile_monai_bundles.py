"""MONAI bundles that want to do harm, or are another's: each is refused, and nothing in them is run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from factory.vbnet_bundles import make_vbnet_bundle

from OsteoScreenLib.errors import ModelError

pytestmark = [pytest.mark.needs_module(name) for name in ("torch", "monai", "onnx")]
pytestmark += [pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    from OsteoScreenLib.training.monai_bundle import export_monai_bundle

    folder = tmp_path_factory.mktemp("good")
    return export_monai_bundle(make_vbnet_bundle(folder / "ours").folder, folder / "monai")


@pytest.fixture
def folder(good, tmp_path) -> Path:
    return shutil.copytree(good, tmp_path / "monai")


def refusal(folder, tmp_path):
    from OsteoScreenLib.training.monai_import import import_monai_bundle

    with pytest.raises(ModelError) as refused:
        import_monai_bundle(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    return refused.value.code


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data.pop("osteoscreen"), "wrong_network"),
        (lambda data: data.pop("network_data_format"), "invalid_field"),
        (lambda data: data.pop("pytorch_version"), "invalid_field"),
        (lambda data: data["fine_data_format"]["outputs"]["pred"].update(num_channels="1"), "invalid_field"),
        (lambda data: data["osteoscreen"]["weights"].update(fine="../../secret.pt"), "unsafe_path"),
        (lambda data: data["osteoscreen"]["weights"].update(fine="/etc/passwd"), "unsafe_path"),
        (lambda data: data["osteoscreen"]["weights"].pop("fine"), "unsafe_path"),
        (lambda data: data["osteoscreen"]["weights"].update(fine="models/absent.pt"), "missing_file"),
        (lambda data: data["osteoscreen"]["weights"].update(fine="models/model.pt"), "wrong_network"),
        (lambda data: data["osteoscreen"]["document"]["networks"]["fine"].update(file="../fine.onnx"), "unsafe_path"),
        (lambda data: data["osteoscreen"]["document"]["networks"]["fine"].update(channels=["a", "b"]), "wrong_network"),
        (lambda data: data["osteoscreen"]["document"]["networks"].update(third={}), "wrong_network"),
        (lambda data: data["osteoscreen"]["document"].update(id="../x"), "invalid_field"),
        (lambda data: data.update(version="newest"), "invalid_field"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(folder, tmp_path, change, code):
    path = folder / "configs" / "metadata.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    assert refusal(folder, tmp_path) == code


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": NaN', "[" * 100_000])
def test_metadata_that_are_no_object_are_refused(folder, tmp_path, text):
    (folder / "configs" / "metadata.json").write_text(text, encoding="utf-8")
    assert refusal(folder, tmp_path) in ("damaged", "invalid_field")


def test_weights_with_a_pickled_object_are_refused_and_run_nothing(folder, tmp_path):
    import torch

    path = folder / "models" / "model.pt"
    torch.save({"enter.0.weight": Bomb(tmp_path / "exploded")}, path)
    assert refusal(folder, tmp_path) == "forbidden_file"
    path.write_bytes(b"PK nothing")
    assert refusal(folder, tmp_path) == "forbidden_file"
    torch.save([1, 2], path)
    assert refusal(folder, tmp_path) == "wrong_network"
    assert not (tmp_path / "exploded").exists()


def test_expressions_in_its_configuration_are_not_run(folder, tmp_path):
    from OsteoScreenLib.training.monai_import import import_monai_bundle

    run = f"$open({str(tmp_path / 'exploded')!r}, 'w')"
    (folder / "configs" / "inference.json").write_text(json.dumps({"initialize": [run]}), encoding="utf-8")
    assert (import_monai_bundle(folder, tmp_path / "out") / "model.json").exists()
    assert not (tmp_path / "exploded").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_weights_behind_a_link_are_refused(folder, tmp_path):
    path = folder / "models" / "model.pt"
    path.rename(tmp_path / "elsewhere.pt")
    path.symlink_to(tmp_path / "elsewhere.pt")
    assert refusal(folder, tmp_path) == "unsafe_path"


def test_too_much_is_not_read(folder, tmp_path, monkeypatch):
    from OsteoScreenLib.training import monai_import

    monkeypatch.setattr(monai_import, "MAX_WEIGHTS_BYTES", 1000)
    assert refusal(folder, tmp_path) == "too_large"


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    assert refusal(tmp_path / "a.txt", tmp_path) == "damaged"
    assert refusal(tmp_path, tmp_path) == "missing_file"

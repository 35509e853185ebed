"""MONAI bundles: MONAI's own checks and its own runner take ours, and they come back as they went."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from factory.vbnet_bundles import make_vbnet_bundle

from OsteoScreenLib.errors import OutputError, UsageError

pytestmark = [pytest.mark.needs_module(name) for name in ("torch", "monai", "onnx", "jsonschema")]
pytestmark += [pytest.mark.filterwarnings("ignore")]

TEXT, OBJECT = {"type": "string"}, {"type": "object"}
TENSOR = {
    "type": "object",
    "properties": {
        "num_channels": {"type": "integer"},
        "spatial_shape": {"type": "array", "items": {"type": ["integer", "string"]}},
        "value_range": {"type": "array", "items": {"type": "number"}},
        "is_patch_data": {"type": "boolean"},
        "channel_def": OBJECT,
        **dict.fromkeys(("type", "format", "dtype"), TEXT),
    },
    "required": ["type", "format", "num_channels", "spatial_shape", "dtype", "value_range"],
}
TENSORS = {"type": "object", "additionalProperties": TENSOR, "minProperties": 1}
NETWORK = {"type": "object", "properties": {"inputs": TENSORS, "outputs": TENSORS}, "required": ["inputs", "outputs"]}
TEXTS = ("schema", "version", "monai_version", "pytorch_version", "numpy_version")
MORE_TEXTS = ("task", "description", "authors", "copyright")
SPECIFICATION = {
    "type": "object",
    "properties": {
        **dict.fromkeys((*TEXTS, *MORE_TEXTS, "data_source", "data_type", "intended_use"), TEXT),
        **dict.fromkeys(("required_packages_version", "changelog", "eval_metrics"), OBJECT),
        "references": {"type": "array", "items": TEXT},
    },
    "patternProperties": {"_data_format$": NETWORK},
    "required": [*TEXTS, *MORE_TEXTS, "required_packages_version", "network_data_format"],
}
"""What MONAI's bundle specification asks of metadata.json; its own schema lies on a server and is not fetched here."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Path:
    return make_vbnet_bundle(tmp_path_factory.mktemp("ours") / "bundle").folder


@pytest.fixture
def exported(ours, tmp_path) -> Path:
    from OsteoScreenLib.training.monai_bundle import export_monai_bundle

    return export_monai_bundle(ours, tmp_path / "monai")


def imported(source, out):
    from OsteoScreenLib.training.monai_import import import_monai_bundle

    return import_monai_bundle(source, out)


def metadata_of(folder: Path) -> dict:
    return json.loads((folder / "configs" / "metadata.json").read_text(encoding="utf-8"))


def rewrite(folder: Path, change) -> None:
    metadata = metadata_of(folder)
    change(metadata)
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")


def test_the_metadata_pass_monais_own_check(exported, tmp_path):
    from monai.bundle import verify_metadata

    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SPECIFICATION), encoding="utf-8")  # MONAI takes a schema that is there already
    path = exported / "configs" / "metadata.json"
    verify_metadata(meta_file=str(path), filepath=str(schema))
    rewrite(exported, lambda data: data["fine_data_format"].pop("inputs"))
    with pytest.raises(ValueError, match="inputs"):
        verify_metadata(meta_file=str(path), filepath=str(schema))


def test_monai_builds_the_networks_and_their_answers_have_the_stated_shape(exported):
    from monai.bundle import verify_net_in_out

    def verify(config, **override):
        verify_net_in_out(
            "network",
            meta_file=str(exported / "configs" / "metadata.json"),
            config_file=str(exported / "configs" / config),
            device="cpu",
            **override,
        )

    verify("inference.json")
    fine = metadata_of(exported)["fine_data_format"]
    verify("inference_fine.json", **{"_meta_#network_data_format": fine})
    with pytest.raises(ValueError, match="channel number"):
        verify("inference_fine.json")


def test_monai_runs_it_on_a_scan_and_writes_a_mask_on_the_scans_own_grid(exported):
    import nibabel
    from monai.bundle import run

    (exported / "images").mkdir()
    hu = np.random.default_rng(0).normal(0, 300, (30, 40, 20)).astype(np.int16)
    affine = np.diag([-3.0, 3.5, 5.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(hu, affine), exported / "images" / "scan.nii.gz")
    run(
        config_file=str(exported / "configs" / "inference.json"),
        bundle_root=str(exported),
        device="$torch.device('cpu')",
    )
    mask = nibabel.load(exported / "eval" / "scan_femur_coarse.nii.gz")
    assert mask.shape == hu.shape
    assert np.allclose(mask.affine, affine)
    assert set(np.unique(np.asarray(mask.dataobj))) <= {0, 1, 2}
    assert len(np.unique(np.asarray(mask.dataobj))) > 1


def test_monai_hands_the_network_the_axes_that_it_was_trained_on(exported, tmp_path):
    import SimpleITK as sitk
    from monai.bundle import ConfigParser

    from OsteoScreenLib.ct.reader import read_ct
    from OsteoScreenLib.ct.volume import AnatomicalView

    array = np.random.default_rng(1).normal(300, 250, (6, 7, 8)).clip(-400, 1400).astype(np.int16)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((4.0, 4.0, 4.0))
    image.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0))  # turned, and from the head downwards
    path = tmp_path / "scan.nii.gz"
    sitk.WriteImage(image, str(path))
    parser = ConfigParser()
    parser.read_config(str(exported / "configs" / "inference.json"))
    prepared = parser.get_parsed_content("preprocessing")({"image": str(path)})["image"]
    ct = read_ct(path)
    view = AnatomicalView.of(np.asarray(ct.hu), ct.geometry).array
    assert np.allclose(prepared[0].numpy(), (view.astype(np.float32) - 500.0) / 1000.0, atol=1e-4)


def test_there_and_back_every_file_is_the_same(ours, exported, tmp_path):
    back = imported(exported, tmp_path / "back")
    assert {path.name: path.read_bytes() for path in back.iterdir()} == {p.name: p.read_bytes() for p in ours.iterdir()}


@pytest.mark.parametrize("top", ["", "FemurVBNet/"])
def test_a_zip_file_is_imported_too(exported, tmp_path, top):
    from OsteoScreenLib.training.monai_import import is_monai_bundle

    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(exported.rglob("*")):
            if file.is_file():
                archive.write(file, top + file.relative_to(exported).as_posix())
    assert is_monai_bundle(path)
    assert (imported(path, tmp_path / "back") / "fine.onnx").exists()


def test_what_is_a_monai_bundle_and_what_is_not(ours, exported, tmp_path):
    from OsteoScreenLib.training.monai_import import is_monai_bundle

    (tmp_path / "text.zip").write_bytes(b"no zip")
    assert is_monai_bundle(exported)
    assert not any(is_monai_bundle(path) for path in (ours, tmp_path / "text.zip", tmp_path / "absent"))


def test_the_weights_of_a_run_go_out_in_single_precision(ours, tmp_path):
    import shutil

    import torch
    from factory.vbnet_bundles import weights_of

    from OsteoScreenLib.training.monai_bundle import export_monai_bundle

    run = tmp_path / "run"
    shutil.copytree(ours, run / "femur-vbnet-0.1.0")
    for seed, stage in enumerate(("coarse", "fine")):
        (run / stage).mkdir()
        keys = dict.fromkeys(("stage", "config", "network", "optimiser", "step", "seconds"), 0)
        torch.save({**keys, "average": weights_of(stage, 4, seed)}, run / stage / "checkpoint.pt")
    exported = export_monai_bundle(run, tmp_path / "monai")
    state = torch.load(exported / "models" / "model_fine.pt", weights_only=True)
    assert torch.equal(state["down.0.0.weight"], weights_of("fine", 4, 1)["down.0.0.weight"])
    with pytest.raises(UsageError, match="no model bundle"):
        export_monai_bundle(tmp_path, tmp_path / "other")


def test_a_folder_that_holds_something_is_not_written_into(ours, tmp_path):
    from OsteoScreenLib.training.monai_bundle import export_monai_bundle

    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(OutputError):
        export_monai_bundle(ours, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert export_monai_bundle(ours, tmp_path / "new") == tmp_path / "new"

"""A whole training, small: simulated and real samples in, a bundle that loads out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.training_samples import like_a_scan, two_rods
from factory.vbnet_bundles import make_vbnet_bundle

from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.network import open_network

pytestmark = [pytest.mark.needs_module(name) for name in ("torch", "monai", "onnx")]
pytestmark += [pytest.mark.filterwarnings("ignore")]


def small_config(iterations=3):
    """Both networks at 4 mm, four channels wide."""
    from OsteoScreenLib.training.segmentation_config import read_config

    config = read_config()
    small = {"spacing_mm": 4.0, "patch_zyx": (32, 32, 32), "base_channels": 4, "iterations": iterations}
    few = {"digital_patients": 1, "label_map_samples": 0, "simulation_mm": 5.0}
    return replace(config, stages={name: replace(stage, **small, **few) for name, stage in config.stages.items()})


def fill_pools(folder: Path) -> None:
    """Samples where the simulator would put them, so that it has nothing to do."""
    for stage in ("coarse", "fine"):
        for kind, seeds in (("", (0,)), ("-validation", range(900_000, 900_003))):
            (folder / f"pool-{stage}{kind}").mkdir(parents=True)
            for seed in seeds:
                name = f"patient-{seed:06d}"
                sample = like_a_scan(two_rods(), 4.0, name, "digital_patient")
                sample.save(folder / f"pool-{stage}{kind}" / f"{name}.npz")


@pytest.fixture
def real(tmp_path, write_case) -> Path:
    """One case to train on, one that the configuration holds out and one to leave out: reading those would fail."""
    labels = two_rods()
    write_case(tmp_path / "real", "A", like_a_scan(labels, 4.0, "A").hu, labels, spacing=(4.0, 4.0, 4.0))
    for name in ("STS_036", "LEFT_OUT"):
        for ending in ("CT", "femur"):
            (tmp_path / "real" / f"{name}_{ending}.nii.gz").write_bytes(b"reading this would fail")
    return tmp_path / "real"


def training(out, config=None, **options):
    from OsteoScreenLib.training.femur_training import FemurTraining

    return FemurTraining(out, config or small_config(), **options)


def test_a_dry_run_goes_from_simulation_to_a_bundle_that_computes(tmp_path):
    """The simulator makes the fine samples; the coarse ones, which take longer, are there already."""
    import shutil

    fill_pools(tmp_path)
    for folder in ("pool-fine", "pool-fine-validation"):
        shutil.rmtree(tmp_path / folder)
    folder = training(tmp_path, dry_run=True).run(("pool", "coarse", "fine", "export"))
    assert len(list((tmp_path / "pool-fine").glob("*.npz"))) == 1
    assert len(list((tmp_path / "pool-fine-validation").glob("*.npz"))) == 1
    bundle = load_bundle(folder)
    assert bundle.demonstration
    assert (bundle.model_id, bundle.task) == ("femur-vbnet", "femur_segmentation")
    assert bundle.networks["fine"].mirrored_side == "right"
    for name, channels in (("coarse", 3), ("fine", 1)):
        network = open_network(bundle.networks[name], bundle.folder, "onnxruntime", 1)
        assert network.run(np.zeros((1, 1, 32, 32, 48), np.float32)).shape == (1, channels, 32, 32, 48)


def test_test_cases_are_never_opened_and_the_card_names_those_that_were_trained_on(tmp_path, real):
    fill_pools(tmp_path / "run")
    run = training(tmp_path / "run", real=real, leave_out=("LEFT_OUT",))
    document = load_bundle(run.run(("coarse", "fine", "export"))).document
    assert document["demonstration"] is False
    (source,) = (data for data in document["training_data"] if "names" in data)
    assert (source["names"], source["cases"], source["licence"]) == (["A"], 1, "CC BY 3.0")
    with pytest.raises(InputError):
        training(tmp_path / "other", real=real).run(("coarse",))


def test_what_is_done_is_not_done_again_and_another_configuration_is_refused(tmp_path):
    fill_pools(tmp_path)
    training(tmp_path).run(("coarse",))
    before = (tmp_path / "coarse" / "curve.csv").exists(), training(tmp_path).weights("coarse")
    assert training(tmp_path).run(("coarse",)) is None
    after = training(tmp_path).weights("coarse")
    assert all(after[name].equal(value) for name, value in before[1].items())
    with pytest.raises(UsageError, match="another configuration"):
        training(tmp_path, small_config(iterations=4)).run(("coarse",))


def test_a_bundle_wants_both_networks_trained(tmp_path):
    fill_pools(tmp_path)
    training(tmp_path).run(("coarse",))
    with pytest.raises(UsageError, match="fine network is not trained"):
        training(tmp_path).run(("export",))
    assert not list(tmp_path.glob("femur-vbnet*"))


def test_fine_tuning_starts_from_a_bundle_or_a_run_and_says_where_there_is_none(tmp_path):
    import torch

    from OsteoScreenLib.training.onnx_weights import bundle_weights

    fill_pools(tmp_path / "first")
    bundle = make_vbnet_bundle(tmp_path / "shipped")
    slow = small_config(iterations=1)
    slow = replace(
        slow, stages={name: replace(s, learning_rate=1e-9, weight_decay=0.0) for name, s in slow.stages.items()}
    )
    tuned = training(tmp_path / "first", slow, start_from=bundle.folder)
    tuned.run(("coarse",))
    start = bundle_weights(bundle, "coarse")
    assert all(torch.allclose(value, start[name], atol=1e-6) for name, value in tuned.weights("coarse").items())
    second = training(tmp_path / "second", slow, start_from=tmp_path / "first", pool=tmp_path / "first")
    second.run(("coarse",))
    assert torch.allclose(second.weights("coarse")["leave.weight"], start["leave.weight"], atol=1e-6)
    with pytest.raises(UsageError, match="no fine network to start from"):
        training(tmp_path / "third", slow, start_from=tmp_path / "first", pool=tmp_path / "first").run(("fine",))


def test_validation_finds_the_bone_with_a_network_that_knows_it_and_not_with_one_that_does_not(tmp_path):
    from factory.vbnet_bundles import weights_of

    from OsteoScreenLib.training.validate_segmentation import validation_dsc

    config = small_config().stages["fine"]
    sample = like_a_scan(two_rods(), 4.0, "rods")
    nothing = {name: value.clone() for name, value in weights_of("fine").items()}
    nothing["leave.weight"].zero_()
    nothing["leave.bias"].fill_(-5.0)
    assert validation_dsc("fine", config, nothing, [sample]) == {"mean_dsc": 0.0, "lowest_dsc": 0.0}
    everything = {**nothing, "leave.bias": nothing["leave.bias"] + 10.0}
    found = validation_dsc("fine", config, everything, [sample])
    share = [float((sample.labels == label).mean()) for label in (1, 2)]
    wanted = [2.0 * s / (1.0 + s) for s in share]
    assert found["lowest_dsc"] == pytest.approx(min(wanted), rel=0.02)
    assert found["mean_dsc"] == pytest.approx(np.mean(wanted), rel=0.02)
    assert validation_dsc("fine", config, nothing, []) == {}


def test_the_card_holds_no_path_of_this_machine(tmp_path, real):
    fill_pools(tmp_path / "run")
    folder = training(tmp_path / "run", real=real, leave_out=("LEFT_OUT",)).run(("coarse", "fine", "export"))
    text = (folder / "model.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert json.loads(text)["training"]["fine"]["iterations"] == 3

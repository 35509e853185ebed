"""Training: it learns, it goes on where it stopped, and it trusts no file."""

from __future__ import annotations

import csv
import io
import pickle

import pytest
from factory.training_samples import like_a_scan, two_rods

from OsteoScreenLib.errors import CancelledError, InputError, UsageError

pytestmark = [pytest.mark.needs_module("torch"), pytest.mark.needs_module("monai")]


@pytest.fixture(autouse=True)
def _one_thread():
    """Several threads add numbers in another order each time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(**values):
    from OsteoScreenLib.training.segmentation_config import StageConfig

    small = {"base_channels": 4, "learning_rate": 5e-3, "warm_up": 5, "iterations": 40}
    return StageConfig(4.0, (32, 32, 32), **{**small, **values})


def stream(settings):
    from OsteoScreenLib.training.patch_stream import PatchStream

    return PatchStream("fine", settings, [like_a_scan(two_rods(), 4.0, "rods")])


def trained(out, settings, **options):
    from OsteoScreenLib.training.train_segmentation import CHECKPOINT, Run, train

    path = out / CHECKPOINT
    run = Run.load(path) if path.exists() else Run.new("fine", settings)
    return train(run, stream(settings), out, **options)


def test_the_loss_falls_on_a_small_problem_and_the_curve_says_so(tmp_path, monkeypatch):
    from OsteoScreenLib.training import train_segmentation

    monkeypatch.setattr(train_segmentation, "CURVE_EVERY", 25)
    run = trained(tmp_path, config(iterations=25, learning_rate=1e-2))
    first, last = sum(run.losses[:5]) / 5, sum(run.losses[-5:]) / 5
    assert last < 0.75 * first
    with (tmp_path / "curve.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["step"] == "25"
    assert float(row["loss"]) == pytest.approx(sum(run.losses) / len(run.losses), abs=1e-3)


@pytest.mark.parametrize(("device", "patch", "used"), [("cpu", 32, False), ("cpu", 48, True), ("cuda", 32, True)])
def test_on_a_cpu_bfloat16_is_used_only_where_its_gradients_are_right(monkeypatch, device, patch, used):
    import torch

    from OsteoScreenLib.training import train_segmentation

    monkeypatch.setattr(train_segmentation, "_has_bfloat16", lambda device: True)
    assert train_segmentation._uses_bfloat16(torch.device(device), (64, patch, 64)) is used


def test_a_stopped_run_goes_on_to_the_same_weights_as_an_unbroken_one(tmp_path):
    import torch

    settings = config(iterations=8)
    whole = trained(tmp_path / "whole", settings)
    asked = iter([False] * 3 + [True])
    with pytest.raises(CancelledError):
        trained(tmp_path / "broken", settings, cancelled=lambda: next(asked))
    broken = trained(tmp_path / "broken", settings)
    assert broken.step == whole.step == 8
    for name, value in whole.average.items():
        assert torch.equal(value, broken.average[name]), name
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, broken.network.state_dict()[name]), name


def test_the_checkpoint_of_a_stopped_run_says_how_far_it_came(tmp_path):
    from OsteoScreenLib.training.train_segmentation import CHECKPOINT, read_checkpoint

    asked = iter([False, False, True])
    with pytest.raises(CancelledError):
        trained(tmp_path, config(), cancelled=lambda: next(asked))
    state = read_checkpoint(tmp_path / CHECKPOINT)
    assert (state["step"], state["stage"]) == (2, "fine")
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_run_of_minutes_ends_by_the_clock(tmp_path):
    run = trained(tmp_path, config(iterations=10**9), minutes=0.01)
    assert 1 <= run.step < 500


def test_validation_is_asked_and_lands_in_the_curve(tmp_path, monkeypatch):
    from OsteoScreenLib.training import train_segmentation

    monkeypatch.setattr(train_segmentation, "CURVE_EVERY", 4)
    asked = []
    trained(
        tmp_path,
        config(iterations=4),
        validate=lambda run: asked.append(run.step) or {"mean_dsc": 0.5},
        validate_every=4,
    )
    assert asked == [4]
    assert "mean_dsc=0.5000" in (tmp_path / "curve.csv").read_text(encoding="utf-8")


def test_nothing_to_train_on_is_said(tmp_path):
    from OsteoScreenLib.training.patch_stream import PatchStream
    from OsteoScreenLib.training.train_segmentation import Run, train

    settings = config()
    with pytest.raises(UsageError, match="nothing to train on"):
        train(Run.new("fine", settings), PatchStream("fine", settings), tmp_path)


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def hostile_files(folder):
    import torch

    bomb = Bomb(folder / "exploded")
    archive = io.BytesIO()
    torch.save({"stage": "fine", "average": bomb}, archive)
    absent = io.BytesIO()
    torch.save({"stage": "fine"}, absent)
    wrong = io.BytesIO()
    keys = ("stage", "config", "network", "optimiser", "average", "step", "seconds")
    torch.save(dict.fromkeys(keys, "wrong"), wrong)
    return [pickle.dumps(bomb), archive.getvalue(), absent.getvalue(), wrong.getvalue(), b"", b"PK\x03\x04 not a zip"]


def test_a_hostile_or_broken_checkpoint_is_refused_and_runs_nothing(tmp_path):
    from OsteoScreenLib.training.train_segmentation import Run

    path = tmp_path / "checkpoint.pt"
    for content in hostile_files(tmp_path):
        path.write_bytes(content)
        with pytest.raises(InputError) as refused:
            Run.load(path)
        assert refused.value.code == "not_a_checkpoint"
    assert not (tmp_path / "exploded").exists()
    Run.new("fine", config()).save(path)
    assert Run.load(path).step == 0


def test_fine_tuning_starts_from_the_other_weights_and_refuses_another_width():
    import torch

    from OsteoScreenLib.training.train_segmentation import Run

    old, new = Run.new("fine", config(seed=1)), Run.new("fine", config(seed=2))
    assert not torch.equal(old.network.leave.weight, new.network.leave.weight)
    new.start_from(old.average)
    assert torch.equal(old.network.leave.weight, new.network.leave.weight)
    assert torch.equal(new.average["leave.weight"], old.average["leave.weight"])
    with pytest.raises(UsageError, match="width"):
        Run.new("fine", config(base_channels=8)).start_from(old.average)

"""The pool of simulated samples: made once, by several processes, and gone on with after a stop."""

from __future__ import annotations

import numpy as np
import pytest
from factory.training_samples import sample_of, two_rods

from OsteoScreenLib.errors import CancelledError, InputError
from OsteoScreenLib.training.sample import TrainingSample

needs_torch = pytest.mark.needs_module("torch")


@pytest.fixture
def made(monkeypatch):
    """Names of the samples in the order they are made; five samples of two rods."""
    from OsteoScreenLib.training import sample_pool

    names = []

    def make(name):
        names.append(name)
        return sample_of(two_rods(), source="digital_patient", name=name)

    def makers(simulation, label_maps):
        for name in ("a", "b", "c", "d", "e"):
            yield name, lambda name=name: make(name)

    monkeypatch.setattr(sample_pool, "sample_makers", makers)
    return names


def fill(folder, **options):
    from OsteoScreenLib.training.sample_pool import fill_pool
    from OsteoScreenLib.training.simulated_samples import Simulation

    return fill_pool(folder, Simulation("fine", 1.5, 5, 0), **options)


def test_a_sample_comes_back_from_its_file_as_it_was(tmp_path, rods):
    rods.save(tmp_path / "rods.npz")
    back = TrainingSample.load(tmp_path / "rods.npz")
    assert np.array_equal(back.hu, rods.hu)
    assert np.array_equal(back.labels, rods.labels)
    assert (back.spacing_zyx_mm, back.source, back.name) == (rods.spacing_zyx_mm, rods.source, rods.name)
    assert [path.name for path in tmp_path.iterdir()] == ["rods.npz"]


def test_a_file_with_a_pickle_in_it_is_refused(tmp_path, rods):
    np.savez(tmp_path / "bad.npz", hu=np.array([{"an": "object"}], dtype=object), labels=rods.labels)
    with pytest.raises((ValueError, KeyError)):
        TrainingSample.load(tmp_path / "bad.npz")


@needs_torch
def test_what_is_there_is_not_made_again(tmp_path, made):
    assert fill(tmp_path) == 5
    (tmp_path / "c.npz").unlink()
    assert fill(tmp_path) == 1
    assert made == ["a", "b", "c", "d", "e", "c"]


@needs_torch
@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_the_parts_together_make_every_sample_exactly_once(tmp_path, made, parts):
    assert sum(fill(tmp_path, part=part, parts=parts) for part in range(parts)) == 5
    assert sorted(made) == ["a", "b", "c", "d", "e"]


@needs_torch
def test_a_stop_keeps_what_was_made(tmp_path, made):
    with pytest.raises(CancelledError):
        fill(tmp_path, cancelled=lambda: len(made) == 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]
    assert fill(tmp_path) == 3


@needs_torch
def test_two_sources_take_turns_and_other_seeds_are_other_samples(tmp_path):
    from OsteoScreenLib.training.simulated_samples import Simulation, sample_makers

    maps = (tmp_path / "m.nii.gz", tmp_path / "n.nii.gz")
    names = [name for name, _ in sample_makers(Simulation("fine", 1.5, 2, 3), maps)]
    assert names == ["patient-000000", "label-map-000000", "patient-000001", "label-map-000001", "label-map-000002"]
    assert [name for name, _ in sample_makers(Simulation("fine", 1.5, 1, 1), ())] == ["patient-000000"]
    assert [name for name, _ in sample_makers(Simulation("fine", 1.5, 1, 0, 900), ())] == ["patient-000900"]


@needs_torch
def test_a_folder_without_label_maps_is_refused_and_no_folder_is_not(tmp_path):
    from OsteoScreenLib.training.sample_pool import find_label_maps

    assert find_label_maps(None) == ()
    with pytest.raises(InputError):
        find_label_maps(tmp_path)
    (tmp_path / "a.nii.gz").write_bytes(b"")
    assert find_label_maps(tmp_path) == (tmp_path / "a.nii.gz",)

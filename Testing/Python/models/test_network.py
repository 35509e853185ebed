"""Networks run: each engine against numpy, from checked bytes only, opened once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from factory.bundles import make_bundle, network_entry
from factory.networks import MINIMAL, SmallNetwork, with_external_weights

from OsteoScreenLib.errors import MissingPackageError, ModelError, UsageError
from OsteoScreenLib.models import engines, network
from OsteoScreenLib.models.network import MAX_OPEN, open_network
from OsteoScreenLib.models.network_spec import NetworkSpec

pytestmark = [pytest.mark.needs_module("onnx"), pytest.mark.usefixtures("no_open_networks")]

each_engine = pytest.mark.parametrize(
    "engine",
    [
        pytest.param("onnxruntime", marks=pytest.mark.needs_module("onnxruntime")),
        pytest.param("openvino", marks=pytest.mark.needs_module("openvino")),
    ],
)


def spec_of(data: bytes, folder: Path, **changes: object) -> NetworkSpec:
    """A network on disk, in a bundle of its own."""
    return make_bundle(folder, data, networks={"fine": network_entry(**changes)}).networks["fine"]


def image(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1, 1, *shape)).astype(np.float32)


@each_engine
@pytest.mark.parametrize("half", [False, True], ids=["single", "half"])
def test_an_engine_computes_what_numpy_does_in_any_size(tmp_path: Path, engine: str, half: bool) -> None:
    small = SmallNetwork.drawn()
    opened = open_network(spec_of(small.onnx(half=half), tmp_path / "b"), tmp_path / "b", engine, threads=1)
    assert (opened.engine, opened.threads) == (engine, 1)
    for shape in ((8, 12, 16), (16, 8, 4), (8, 12, 16)):
        array = image(*shape)
        answer = opened.run(array)
        assert answer.dtype == np.float32
        assert answer.shape == (1, 2, *shape)
        np.testing.assert_allclose(answer, small(array), rtol=0, atol=2e-5)


@each_engine
def test_the_precision_is_single_and_not_half(tmp_path: Path, engine: str) -> None:
    """Half precision or bfloat16 on the way would show: they keep 11 and 8 bits of these sums, single keeps 24."""
    small = SmallNetwork.drawn(hidden=16, seed=3)
    opened = open_network(spec_of(small.onnx(half=True), tmp_path / "b"), tmp_path / "b", engine, threads=1)
    array = image(16, 16, 16)
    truth = small(array)
    worst = np.abs(opened.run(array) - truth).max() / np.abs(truth).max()
    rounded = array.astype(np.float16).astype(np.float32)
    assert worst < 2e-6
    assert np.abs(small(rounded) - truth).max() / np.abs(truth).max() > 5e-5  # what half precision would have cost


@each_engine
def test_an_answer_is_the_callers_own_and_an_uneven_layout_does_not_matter(tmp_path: Path, engine: str) -> None:
    small = SmallNetwork.drawn()
    opened = open_network(spec_of(small.onnx(), tmp_path / "b"), tmp_path / "b", engine, threads=1)
    mirrored = image(8, 8, 8)[..., ::-1]
    first = opened.run(mirrored)
    kept = first.copy()
    opened.run(image(8, 8, 8, seed=9))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_allclose(first, small(mirrored), rtol=0, atol=2e-5)
    first += 1  # and may be written to


@each_engine
@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 1, 8, 8, 8)),
        np.zeros((8, 8, 8), np.float32),
        np.zeros((2, 1, 8, 8, 8), np.float32),
        np.zeros((1, 1, 8, 8, 9), np.float32),
        np.zeros((1, 1, 8, 8, 0), np.float32),
    ],
    ids=["double", "no channel", "two at once", "no multiple", "empty"],
)
def test_an_array_of_another_kind_is_refused(tmp_path: Path, engine: str, array: np.ndarray) -> None:
    opened = open_network(spec_of(SmallNetwork.drawn().onnx(), tmp_path / "b"), tmp_path / "b", engine, threads=1)
    with pytest.raises(ValueError, match=r"wanted|must be"):
        opened.run(array)


@each_engine
def test_a_failure_of_the_engine_names_it_and_the_file(tmp_path: Path, engine: str) -> None:
    opened = open_network(spec_of(SmallNetwork.drawn().onnx(), tmp_path / "b"), tmp_path / "b", engine, threads=1)
    with pytest.raises(ModelError) as failed:
        opened.run(np.zeros((1, 3, 8, 8, 8), np.float32))
    assert failed.value.code == "network_failed"
    assert engine in failed.value.message
    assert failed.value.path == "fine.onnx"


@each_engine
def test_a_network_that_is_not_as_its_document_says_is_refused(tmp_path: Path, engine: str) -> None:
    data = SmallNetwork.drawn().onnx()
    for number, changes in enumerate(({"input": "ct"}, {"output": "mask"}, {"channels": ["femur"]})):
        folder = tmp_path / str(number)
        spec = spec_of(data, folder, **changes)
        with pytest.raises(ModelError) as refused:
            open_network(spec, folder, engine, threads=1).run(image(8, 8, 8))
        assert refused.value.code == "wrong_network"


@each_engine
def test_what_is_no_network_is_refused_by_the_engine_at_the_latest(tmp_path: Path, engine: str) -> None:
    with pytest.raises(ModelError) as refused:
        open_network(spec_of(MINIMAL, tmp_path / "b"), tmp_path / "b", engine, threads=1)
    assert refused.value.code in ("network_failed", "wrong_network")


def test_a_network_that_was_changed_after_the_bundle_was_checked_is_not_run(tmp_path: Path) -> None:
    spec = spec_of(SmallNetwork.drawn(seed=1).onnx(), tmp_path / "b")
    (tmp_path / "b" / "fine.onnx").write_bytes(SmallNetwork.drawn(seed=2).onnx())
    with pytest.raises(ModelError) as refused:
        open_network(spec, tmp_path / "b")
    assert refused.value.code == "checksum_mismatch"


def test_a_network_without_a_digest_or_a_file_is_not_run(tmp_path: Path) -> None:
    data = SmallNetwork.drawn().onnx()
    spec = spec_of(data, tmp_path / "b")
    bare = NetworkSpec(**{**spec.__dict__, "sha256": ""})
    with pytest.raises(ModelError) as refused:
        open_network(bare, tmp_path / "b")
    assert refused.value.code == "checksum_mismatch"
    (tmp_path / "b" / "fine.onnx").unlink()
    with pytest.raises(ModelError) as refused:
        open_network(spec, tmp_path / "b")
    assert refused.value.code == "missing_file"


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "fine.onnx"])
def test_a_network_with_weights_elsewhere_is_not_opened(tmp_path: Path, location: str) -> None:
    data = with_external_weights(SmallNetwork.drawn().onnx(), location)
    with pytest.raises(ModelError, match="another file") as refused:
        open_network(spec_of(data, tmp_path / "b"), tmp_path / "b")
    assert refused.value.code == "unsafe_network"


@pytest.mark.needs_module("onnxruntime")
def test_a_network_is_opened_once_and_the_oldest_is_forgotten(tmp_path: Path, monkeypatch) -> None:
    opened = []
    real = network.open_engine
    monkeypatch.setattr(network, "open_engine", lambda *given: opened.append(given[0]) or real(*given))
    specs = {seed: spec_of(SmallNetwork.drawn(seed=seed).onnx(), tmp_path / str(seed)) for seed in range(MAX_OPEN + 1)}
    first = open_network(specs[0], tmp_path / "0", threads=1)
    assert open_network(specs[0], tmp_path / "0", threads=1) is first
    assert len(opened) == 1
    assert open_network(specs[0], tmp_path / "0", threads=2) is not first
    for seed in range(1, MAX_OPEN + 1):
        open_network(specs[seed], tmp_path / str(seed), threads=1)
    assert open_network(specs[0], tmp_path / "0", threads=1) is not first
    assert first.run(image(8, 8, 8)).shape == (1, 2, 8, 8, 8)  # whoever holds it may go on


def test_the_default_engine_is_taken_where_it_is_installed_and_another_where_not(monkeypatch) -> None:
    there = {"onnxruntime", "openvino"}
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: name if name in there else None)
    assert engines.engine_for("auto") == engines.DEFAULT_ENGINE
    assert engines.engine_for("openvino") == "openvino"
    there.remove(engines.DEFAULT_ENGINE)
    (other,) = there
    assert engines.engine_for("auto") == other
    with pytest.raises(MissingPackageError, match=engines.DEFAULT_ENGINE):
        engines.engine_for(engines.DEFAULT_ENGINE)
    there.clear()
    with pytest.raises(MissingPackageError) as missing:
        engines.engine_for("auto")
    assert "pip install" in missing.value.next_step
    with pytest.raises(UsageError, match="no engine"):
        engines.engine_for("tensorrt")


@each_engine
def test_an_engine_that_cannot_be_imported_is_named_with_what_to_install(
    tmp_path: Path, engine: str, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    monkeypatch.setattr(engines, "engines_installed", lambda: (engine,))
    with pytest.raises(MissingPackageError, match=engine) as missing:
        open_network(spec_of(SmallNetwork.drawn().onnx(), tmp_path / "b"), tmp_path / "b", engine)
    assert f"pip install {engine}" in missing.value.next_step


def test_a_number_of_threads_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="positive"):
        open_network(spec_of(SmallNetwork.drawn().onnx(), tmp_path / "b"), tmp_path / "b", threads=0)


LISTENING = """
import sys
calls = []
sys.addaudithook(lambda event, args: calls.append(event) if event.startswith(("socket.", "urllib.", "http.")) else None)
import numpy as np
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.network import open_network
folder, engine = sys.argv[1:]
network = open_network(load_bundle(folder).networks["fine"], folder, engine, threads=1)
network.run(np.zeros((1, 1, 8, 8, 8), np.float32))
import time
time.sleep(0.3)
print(sorted(set(calls) - {"socket.gethostname"}))
"""


@each_engine
def test_no_engine_talks_to_the_network(repository: Path, tmp_path: Path, engine: str) -> None:
    """As far as Python sees it: both packages import code that could."""
    spec_of(SmallNetwork.drawn().onnx(), tmp_path / "b")
    command = [sys.executable, "-c", LISTENING, str(tmp_path / "b"), engine]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_the_digest_of_a_spec_is_that_of_its_file(tmp_path: Path) -> None:
    data = SmallNetwork.drawn().onnx()
    assert spec_of(data, tmp_path / "b").sha256 == hashlib.sha256(data).hexdigest()

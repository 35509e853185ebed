"""The bundles in Resources/Models are sound, small, and give the same answer by each engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factory.bundles import make_bundle, network_entry
from factory.networks import SmallNetwork

from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.engines import ENGINES
from OsteoScreenLib.models.network import open_network
from OsteoScreenLib.models.store import verify_folder

LARGEST_MB = 12.0
"""Of one bundle: the repository with its history must stay below 100 MB."""


def complaints(bundle: ModelBundle) -> list[str]:
    """What keeps a bundle from being shipped, a sentence each."""
    found = []
    size = sum(file["size"] for file in bundle.document["files"].values()) / 1e6
    if size > LARGEST_MB:
        found.append(f"it has {size:.1f} MB")
    if bundle.folder.name != f"{bundle.model_id}-{bundle.version}":
        found.append(f"its folder is {bundle.folder.name}, not {bundle.model_id}-{bundle.version}")
    if not bundle.demonstration and not (bundle.document["metrics"] and bundle.document["limits"]):
        found.append("its card lacks metrics or limits")
    return found


def disagreement(bundle: ModelBundle) -> float:
    """The largest difference of a probability between engines, over all networks, on a smooth random window."""
    worst = 0.0
    for spec in bundle.networks.values():
        side = 2 * spec.multiple_of
        window = np.random.default_rng(0).normal(size=(1, 1, 4, 4, 4)).repeat(side // 4, 2).repeat(side // 4, 3)
        window = window.repeat(side // 4, 4).astype(np.float32)
        first, second = (open_network(spec, bundle.folder, engine, threads=1).run(window) for engine in ENGINES)
        worst = max(worst, float(np.abs(1 / (1 + np.exp(-first)) - 1 / (1 + np.exp(-second))).max()))
    return worst


@pytest.fixture(scope="module")
def shipped(repository: Path) -> list[Path]:
    """The folders of the shipped bundles."""
    found = sorted(path.parent for path in (repository / "Resources" / "Models").glob("*/model.json"))
    if not found:
        pytest.skip("no model is shipped yet: there is no folder with a model.json in Resources/Models")
    return found


def test_every_shipped_bundle_is_as_it_was_made_and_fit_to_be_shipped(shipped: list[Path]) -> None:
    assert {folder.name: complaints(verify_folder(folder)) for folder in shipped} == {f.name: [] for f in shipped}


@pytest.mark.needs_module("onnxruntime")
@pytest.mark.needs_module("openvino")
@pytest.mark.usefixtures("no_open_networks")
def test_the_engines_agree_on_every_shipped_network(shipped: list[Path]) -> None:
    assert {folder.name: disagreement(verify_folder(folder)) < 1e-2 for folder in shipped} == {
        folder.name: True for folder in shipped
    }


def test_a_bundle_that_is_not_fit_to_be_shipped_is_found(tmp_path: Path) -> None:
    fit = make_bundle(tmp_path / "small-net-0.1.0", demonstration=False)
    assert complaints(fit) == []
    large = make_bundle(tmp_path / "wrong", b"\x3a\x00" * 6_500_000, demonstration=False, metrics={}, version="0.2.0")
    assert complaints(large) == [
        "it has 13.0 MB",
        "its folder is wrong, not small-net-0.2.0",
        "its card lacks metrics or limits",
    ]


@pytest.mark.needs_module("onnx")
@pytest.mark.needs_module("onnxruntime")
@pytest.mark.needs_module("openvino")
@pytest.mark.usefixtures("no_open_networks")
def test_engines_that_disagree_are_found(tmp_path: Path, monkeypatch) -> None:
    bundle = make_bundle(tmp_path / "b", SmallNetwork.drawn().onnx(), networks={"fine": network_entry(multiple_of=4)})
    assert disagreement(bundle) < 1e-4
    from OsteoScreenLib.models.engines import _OpenVino

    real = _OpenVino.__call__
    monkeypatch.setattr(_OpenVino, "__call__", lambda engine, array: real(engine, array) + np.float32(1))
    assert disagreement(bundle) > 1e-2

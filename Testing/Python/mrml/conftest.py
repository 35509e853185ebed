"""A real MRML scene, without the Slicer application, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume

SMALL_SHAPE = (5, 6, 7)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fresh scene, which is also ``slicer.mrmlScene`` for the length of the test."""
    import slicer

    scene = slicer.vtkMRMLScene()
    monkeypatch.setattr(slicer, "mrmlScene", scene, raising=False)
    return scene


@pytest.fixture
def load(scene: Any) -> Callable[[Path], Any]:
    """Slicer's own reading of an image file into the scene."""
    import slicer

    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    volumes = slicer.vtkSlicerVolumesLogic()
    volumes.SetMRMLApplicationLogic(application)
    volumes.SetMRMLScene(scene)

    def read(path: Path) -> Any:
        node = volumes.AddArchetypeVolume(str(path), path.name.split(".")[0], 0)
        assert node is not None, f"Slicer cannot read {path.name}"
        return node

    return read


@pytest.fixture
def new_node(scene: Any) -> Callable[..., Any]:
    """Adds a node of a class to the scene."""
    return lambda class_name, name="node": scene.AddNewNodeByClass(class_name, name)


@pytest.fixture
def small_ct() -> CTVolume:
    """Some voxels with a different size along each axis."""
    rng = np.random.default_rng(7)
    return CTVolume(
        hu=rng.integers(-1024, 2000, SMALL_SHAPE).astype(np.int16),
        geometry=Geometry(SMALL_SHAPE, (0.7, 0.8, 2.5), (-11.3, 22.7, -333.3), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
    )


@pytest.fixture
def volume_node(small_ct: CTVolume, new_node: Callable[..., Any]) -> Any:
    """A scalar volume node that holds the small CT."""
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = new_node("vtkMRMLScalarVolumeNode", "hip")
    write_volume_node(small_ct, node)
    return node


@pytest.fixture
def host() -> Iterator[Any]:
    """The stand-in for Slicer's window, open for the length of the test; needs the marks of ``factory.host_marks``."""
    from slicer_host.host import SlicerHost

    with SlicerHost() as host:
        yield host


@pytest.fixture
def volume(host: Any) -> Any:
    """A volume node ``Body`` in the host's scene, with two femora to measure; a file may have its own instead."""
    from densitometry.bodies import body

    from OsteoScreenLib.mrml.volume import write_volume_node

    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(body().ct, node)
    host.pump()
    return node


@pytest.fixture
def own_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder as the user's store of models."""
    monkeypatch.setenv("OSTEOSCREEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def panel(host: Any, repository: Path) -> Any:
    """The module's panel, open in the host."""
    return host.open(repository / "OsteoScreen" / "OsteoScreen.py")

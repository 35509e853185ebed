"""How a scan was made stays with its volume node, where Slicer's DICOM database knows nothing of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.mrml.acquisition_attribute import ACQUISITION_ATTRIBUTE, keep_acquisition, kept_acquisition
from OsteoScreenLib.mrml.volume import volume_from_node, write_volume_node
from OsteoScreenLib.phantom.dicom_series import write_dicom_series

pytestmark = pytest.mark.needs_module("slicer")

FACTS = Acquisition(
    modality="CT",
    image_type=("ORIGINAL", "PRIMARY"),
    kvp=100.0,
    kernel="B30f",
    sex="F",
    age_years=67.0,
    facts_from="dicom",
)


class Database:
    """Knows one instance."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fileForInstance(self, uid: str) -> str:  # noqa: N802  (Slicer's own name)
        return str(self.path)


def test_a_volume_that_is_put_into_the_scene_keeps_its_facts(small_ct, volume_node):
    write_volume_node(replace(small_ct, acquisition=FACTS), volume_node)
    read = volume_from_node(volume_node)
    assert read.acquisition == FACTS
    assert not any("does not say how" in note for note in read.source.notes)


def test_another_volume_in_the_same_node_does_not_inherit_them(small_ct, volume_node):
    write_volume_node(replace(small_ct, acquisition=FACTS), volume_node)
    write_volume_node(small_ct, volume_node)
    assert volume_node.GetAttribute(ACQUISITION_ATTRIBUTE) is None
    assert volume_from_node(volume_node).acquisition == Acquisition()


def test_what_the_dicom_database_knows_goes_before(small_ct, volume_node, tmp_path):
    keep_acquisition(FACTS, volume_node)
    of_file = replace(FACTS, kvp=140.0)
    (path, *_) = write_dicom_series(replace(small_ct, acquisition=of_file), tmp_path / "series")
    volume_node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert volume_from_node(volume_node, Database(path)).acquisition.kvp == 140.0
    assert volume_from_node(volume_node, Database(tmp_path / "gone.dcm")).acquisition.kvp == 100.0


def test_the_facts_survive_saving_the_scene(small_ct, volume_node, scene):
    import slicer

    write_volume_node(replace(small_ct, acquisition=FACTS), volume_node)
    scene.SetSaveToXMLString(1)
    scene.Commit()
    other = slicer.vtkMRMLScene()
    other.SetSceneXMLString(scene.GetSceneXMLString())
    other.SetLoadFromXMLString(1)
    other.Import()
    assert kept_acquisition(other.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")) == FACTS


@pytest.mark.parametrize(
    "text", ["{", "[1]", "null", '"kvp"', "[" * 100_000, '{"kvp": "high", "sex": 1, "kernel": null, "other": 1}']
)
def test_what_a_strange_scene_says_is_left_out(volume_node, text):
    volume_node.SetAttribute(ACQUISITION_ATTRIBUTE, text)
    assert kept_acquisition(volume_node) == Acquisition()

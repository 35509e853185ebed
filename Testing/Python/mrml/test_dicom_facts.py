"""Acquisition facts of a node come from the headers that Slicer's DICOM database knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml.dicom_facts import acquisition_of, dicom_database, instance_uids
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.phantom.dicom_series import write_dicom_series

pytestmark = pytest.mark.needs_module("slicer")


class Database:
    """Answers as ctkDICOMDatabase does: the path of an instance, or an empty text."""

    def __init__(self, files: dict[str, Path]) -> None:
        self.files = files
        self.asked: list[str] = []

    def fileForInstance(self, uid: str) -> str:  # noqa: N802  (Slicer's own name)
        self.asked.append(uid)
        return str(self.files.get(uid, ""))


@pytest.fixture
def files(small_ct, tmp_path) -> list[Path]:
    facts = Acquisition(modality="CT", kvp=140.0, kernel="B30f", manufacturer="Maker", facts_from="dicom")
    ct = CTVolume(hu=small_ct.hu, geometry=small_ct.geometry, acquisition=facts)
    return sorted(write_dicom_series(ct, tmp_path / "series", PatientName="Doe^Jane", PatientID="4711"))


def test_the_facts_of_a_known_instance_are_read(volume_node, files):
    volume_node.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    ct = volume_from_node(volume_node, Database({"1.2.3": files[0]}))
    facts = ct.acquisition
    assert (facts.kvp, facts.kernel, facts.manufacturer, facts.facts_from) == (140.0, "B30f", "Maker", "dicom")
    assert ct.source.n_files == 2
    assert not any("does not say how" in note for note in ct.source.notes)


def test_no_identifier_is_taken_from_a_header(volume_node, files):
    volume_node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    ct = volume_from_node(volume_node, Database({"1.2.3": files[0]}))
    written = f"{ct.acquisition.to_dict()} {ct.source.to_dict()}"
    assert "Doe" not in written
    assert "4711" not in written
    assert "1.2.3" not in written


def test_the_next_instance_is_asked_where_a_file_is_unknown_gone_or_damaged(volume_node, files, tmp_path):
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(files[0].read_bytes()[:140])
    (tmp_path / "text.dcm").write_text("not DICOM at all")
    database = Database({"2": tmp_path / "gone.dcm", "3": tmp_path / "text.dcm", "4": files[0], "5": files[1]})
    volume_node.SetAttribute("DICOM.instanceUIDs", "1 2 3 4 5")
    assert acquisition_of(volume_node, database).kvp == 140.0
    assert database.asked == ["1", "2", "3", "4"]


def test_a_database_that_knows_nothing_leaves_the_facts_absent_and_says_so(volume_node):
    volume_node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    ct = volume_from_node(volume_node, Database({}))
    assert ct.acquisition == Acquisition()
    assert any("does not say how" in note for note in ct.source.notes)


def test_a_node_that_did_not_come_from_dicom_asks_the_database_nothing(volume_node):
    database = Database({})
    assert instance_uids(volume_node) == ()
    assert acquisition_of(volume_node, database) == Acquisition()
    assert database.asked == []


def test_without_a_database_the_facts_are_absent(volume_node):
    volume_node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert acquisition_of(volume_node, None) == Acquisition()


def test_the_database_is_slicers_own_where_it_has_one(monkeypatch):
    import slicer

    monkeypatch.delattr(slicer, "dicomDatabase", raising=False)
    assert dicom_database() is None
    database = Database({})
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    assert dicom_database() is database

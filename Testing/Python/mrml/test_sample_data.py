"""The digital patient among Slicer's sample data: made here, kept, and put into the scene."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.errors import MissingPackageError
from OsteoScreenLib.mrml import sample_patient as sample
from OsteoScreenLib.phantom import digital_patient

pytestmark = IN_THE_HOST

SMALL = (6, 60, 60)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes the patient of a few slices only; counts how often one is made."""
    made: list[int] = []
    whole = digital_patient.make_digital_patient

    def few(*arguments: Any, **options: Any) -> Any:
        made.append(1)
        return whole(*arguments, **{**options, "shape_zyx": SMALL})

    monkeypatch.setattr(digital_patient, "make_digital_patient", few)
    return made


def test_the_patient_is_made_once_and_kept(small, tmp_path):
    folder = tmp_path / "cache"
    first = sample.sample_patient(folder)
    second = sample.sample_patient(folder)
    assert len(small) == 1
    assert np.array_equal(first.hu, second.hu)
    assert second.geometry.spacing_xyz_mm == pytest.approx(sample.SPACING_MM)
    assert second.acquisition == first.acquisition
    assert first.acquisition.kvp
    assert sorted({path.suffix for path in folder.iterdir()}) == [".json", ".nrrd"]


def test_a_patient_that_was_kept_without_its_facts_is_made_again(small, tmp_path):
    sample.sample_patient(tmp_path)
    (tmp_path / sample.file_name()).with_suffix(".json").unlink()
    assert sample.sample_patient(tmp_path).acquisition.kvp
    assert len(small) == 2


def test_a_damaged_file_is_made_again(small, tmp_path):
    (tmp_path / sample.file_name()).write_bytes(b"NRRD0004\nhalf of")
    assert sample.sample_patient(tmp_path).geometry.shape_zyx == SMALL
    assert sample.sample_patient(tmp_path).geometry.shape_zyx == SMALL
    assert len(small) == 1


def test_a_folder_that_cannot_be_written_is_no_reason_to_go_without(small, tmp_path):
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file where the folder should be", encoding="utf-8")
    assert sample.sample_patient(in_the_way).geometry.shape_zyx == SMALL


def test_slicer_offers_the_patient_and_a_click_puts_it_into_the_scene(host, small, repository):
    from slicer_host import sample_data

    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    (source,) = sample_data.sources["OsteoScreen"]
    assert Path(source.thumbnailFileName).read_bytes().startswith(b"\x89PNG")
    (node,) = sample_data.click("OsteoScreen digital patient")
    assert node.GetName() == "OsteoScreen digital patient"
    assert node.GetImageData().GetDimensions() == SMALL[::-1]
    assert panel.logic.read(node).acquisition.facts_from == "simulation"
    (again,) = sample_data.click("OsteoScreen digital patient")
    assert again is not node
    assert len(small) == 1
    host.pump()
    host.choose(panel.ui.inputSelector, node.GetName())
    assert panel.ui.screenButton.enabled


def test_the_stand_in_refuses_what_slicer_could_not_take(host):
    from slicer_host.sample_data import SampleDataLogic

    whole = {"sampleName": "x", "uris": "", "fileNames": "x.nrrd", "nodeNames": "x", "customDownloader": print}
    for wrong in ({"uris": None}, {"thumbnailFileName": "absent.png"}, {"customDownloader": None}):
        with pytest.raises(ValueError, match=r"fit together|thumbnail|customDownloader"):
            SampleDataLogic.registerCustomSampleDataSource(**{**whole, **wrong})
    with pytest.raises(TypeError):
        SampleDataLogic.registerCustomSampleDataSource(**whole, unknown=1)


def test_a_slicer_without_sample_data_opens_the_module_all_the_same(host, repository, monkeypatch):
    from slicer_host import sample_data

    monkeypatch.setitem(sys.modules, "SampleData", None)
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    assert sample_data.sources == {}
    assert panel.ui.screenButton is not None


def test_packages_that_are_missing_are_asked_for_before_the_patient_is_made(host, small, repository, monkeypatch):
    from slicer_host import sample_data

    def declined(*_: Any, **__: Any) -> None:
        raise RuntimeError("declined")

    host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    monkeypatch.setattr(sys.modules["slicer.packaging"], "pip_ensure", declined)
    with pytest.raises(MissingPackageError):
        sample_data.click("OsteoScreen digital patient")
    assert small == []
    assert "were not installed" in host.dialogs[0][1]


def test_the_host_knows_one_signal_of_the_application_and_refuses_others(host):
    import slicer

    with pytest.raises(NotImplementedError, match="aboutToQuit"):
        slicer.app.connect("aboutToQuit()", print)

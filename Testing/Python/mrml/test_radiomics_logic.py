"""Radiomics of a scene: the library's features of both femora, in a table node that knows where they come from."""

from __future__ import annotations

import csv
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.editor_case import SHAPE, labels_of, two_femora
from factory.processes import is_alive, soon_gone

import OsteoScreenLib
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, InputError, OsteoScreenError, OutputError, UsageError
from OsteoScreenLib.mrml import features_table as tables
from OsteoScreenLib.mrml import radiomics_job
from OsteoScreenLib.mrml.radiomics_job import RadiomicsJob
from OsteoScreenLib.mrml.radiomics_logic import RadiomicsLogic
from OsteoScreenLib.mrml.radiomics_order import n_features, shipped_parameters
from OsteoScreenLib.mrml.segmentation_node import write_masks
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import load_settings

pytestmark = pytest.mark.needs_module("slicer")

PARAMETERS = {
    "setting": {"binWidth": 25},
    "imageType": {"Original": {}, "LoG": {"sigma": [5.0]}},
    "featureClass": {"shape": None, "firstorder": None, "glcm": ["Contrast", "Correlation"]},
}
SPEAKS = (
    "import sys, time; print(sys.argv[2], file=sys.stderr, flush=True); time.sleep(float(sys.argv[1])); sys.exit(3)"
)


@pytest.fixture
def settings() -> Settings:
    return Settings.from_dict(PARAMETERS)


@pytest.fixture
def volume(new_node: Any) -> Any:
    node = new_node("vtkMRMLScalarVolumeNode", "Hips")
    write_volume_node(two_femora(), node)
    return node


@pytest.fixture
def femora(new_node: Any, volume: Any) -> Any:
    node = new_node("vtkMRMLSegmentationNode", "Femora")
    write_masks(labels_of("left", "right"), volume, node)
    return node


def of_library(settings: Settings, *sides: str, ct: CTVolume | None = None) -> dict[str, dict[str, float]]:
    """What the library says of the boxes without any scene, by side."""
    ct = ct or two_femora()
    numbers = [{"left": 1, "right": 2}[side] for side in sides]
    table = extract(GridImage.of_ct(ct), GridImage(labels_of(*sides), ct.geometry), settings, labels=numbers)
    return {side: dict(row.features) for side, row in zip(sides, table.rows, strict=True)}


def same(first: dict[str, float], second: dict[str, float]) -> bool:
    """Whether features are equal to the last digit, undefined ones too."""
    equal = all(
        first[name] == value or (math.isnan(first[name]) and math.isnan(value)) for name, value in second.items()
    )
    return list(first) == list(second) and equal


def finish(job: RadiomicsJob, limit_s: float = 60.0) -> None:
    until = time.monotonic() + limit_s
    while not job.poll():
        assert time.monotonic() < until, "the job does not come to its end"


def test_the_features_of_a_scene_are_those_of_the_library(volume, femora, settings):
    table = RadiomicsLogic().extract(volume, femora, settings)
    expected = of_library(settings, "left", "right")
    assert [row.mask for row in table.rows] == ["left", "right"]
    assert all(same(dict(row.features), expected[row.mask]) for row in table.rows)
    assert len(table.feature_names) == n_features(settings) > 40


def test_a_table_node_has_a_row_for_each_feature_and_a_column_for_each_femur(volume, femora, settings):
    node = RadiomicsLogic().extractToTable(volume, femora, settings)
    expected = of_library(settings, "left", "right")
    assert [node.GetColumnName(n) for n in range(node.GetNumberOfColumns())] == ["Feature", "Left", "Right"]
    assert node.GetName() == "Hips features"
    assert all(same(tables.features_in(node, side), expected[side]) for side in ("left", "right"))
    assert tables.features_of_volume(node, volume) is node
    assert node.GetAttribute(tables.ENGINE_ATTRIBUTE) == f"OsteoScreen {OsteoScreenLib.__version__}"


def test_the_cells_are_numbers_and_a_scene_that_was_tampered_with_gives_no_features(volume, femora, settings):
    from vtk.util.numpy_support import vtk_to_numpy

    node = RadiomicsLogic().extractToTable(volume, femora, settings, ["left"])
    expected = of_library(settings, "left")["left"]
    assert np.array_equal(vtk_to_numpy(node.GetTable().GetColumn(1)), list(expected.values()), equal_nan=True)
    for wrong in ("[1]", "{", '{"left": [1.0]}', '{"left": 3}', "[" * 100_000):
        node.SetAttribute(tables.VALUES_ATTRIBUTE, wrong)
        assert tables.features_in(node, "left") == {}
    node.SetAttribute(tables.NOTES_ATTRIBUTE, '["a", 3]')
    assert tables.notes_in(node) == ("a",)


def test_one_femur_alone_has_one_column_and_an_empty_one_is_named(volume, femora, settings):
    node = RadiomicsLogic().extractToTable(volume, femora, settings, ["right"])
    assert node.GetNumberOfColumns() == 2
    assert same(tables.features_in(node, "right"), of_library(settings, "right")["right"])
    assert tables.features_in(node, "left") == {}
    write_masks(labels_of("left"), volume, femora)
    node = RadiomicsLogic().extractToTable(volume, femora, settings)
    assert tables.notes_in(node) == ("The right femur is empty and has no features.",)
    with pytest.raises(InputError, match="right femur has no voxel"):
        RadiomicsLogic().read(volume, femora, settings, ["right"])
    with pytest.raises(ValueError, match="sides are"):
        RadiomicsLogic().read(volume, femora, settings, ["middle"])


def test_floating_point_voxels_stay_such_because_resampling_rounds_whole_numbers(new_node, femora):
    settings = Settings.from_dict({**PARAMETERS, "setting": {"binWidth": 25, "resampledPixelSpacing": [4, 4, 4]}})
    ct = two_femora()
    node = new_node("vtkMRMLScalarVolumeNode", "Float")
    node.CopyOrientation(femora.GetScene().GetFirstNodeByName("Hips"))
    floats = CTVolume(hu=ct.hu.astype(np.float32), geometry=ct.geometry)
    write_volume_node(floats, node)
    expected = of_library(settings, "left", ct=floats)["left"]
    name = "original_firstorder_Mean"
    assert expected[name] != of_library(settings, "left")["left"][name]
    order = RadiomicsLogic().read(node, femora, settings, ["left"])
    assert order.image.array.dtype == np.float32
    assert RadiomicsLogic().compute(order).rows[0].features[name] == expected[name]


def test_a_region_that_cannot_be_used_is_told_in_the_notes_and_the_other_is_kept(volume, femora, settings):
    labels = labels_of("left")
    labels[2, 2, 2] = 2
    write_masks(labels, volume, femora)
    node = RadiomicsLogic().extractToTable(volume, femora, settings)
    (note,) = [note for note in tables.notes_in(node) if note.startswith("Right femur: ")]
    assert "single voxel" in note
    assert all(math.isnan(value) for value in tables.features_in(node, "right").values())
    assert same(tables.features_in(node, "left"), of_library(settings, "left")["left"])


def test_a_table_of_another_volume_or_of_something_else_is_left_alone(volume, femora, settings, new_node):
    import vtk

    logic = RadiomicsLogic()
    first = logic.extractToTable(volume, femora, settings, ["left"])
    assert logic.extractToTable(volume, femora, settings, ["left"], first) is first
    other = new_node("vtkMRMLScalarVolumeNode", "Other")
    write_volume_node(two_femora(), other)
    second = logic.extractToTable(other, femora, settings, ["left"], first)
    assert second is not first
    assert tables.newest_features(volume) is first
    assert tables.newest_features(other) is second
    foreign = new_node("vtkMRMLTableNode", "Weights")
    column = vtk.vtkStringArray()
    column.InsertNextValue("70 kg")
    foreign.AddColumn(column)
    assert logic.extractToTable(volume, femora, settings, ["left"], foreign) is not foreign
    assert foreign.GetCellText(0, 0) == "70 kg"


def test_masks_that_were_changed_since_are_noticed_and_those_of_the_other_side_do_not_count(volume, femora, settings):
    node = RadiomicsLogic().extractToTable(volume, femora, settings, ["left"])
    assert not tables.taken_from_other_masks(node, volume, femora)
    write_masks(labels_of("left"), volume, femora)
    assert not tables.taken_from_other_masks(node, volume, femora)
    edited = labels_of("left")
    edited[4] = 0
    write_masks(edited, volume, femora)
    assert tables.taken_from_other_masks(node, volume, femora)
    assert tables.taken_from_other_masks(node, volume, None)


def test_the_csv_has_every_digit_the_parameters_and_the_version(volume, femora, settings, tmp_path):
    order = RadiomicsLogic().read(volume, femora, "femur")
    assert order.parameters == "femur"
    logic = RadiomicsLogic()
    node = logic.extractToTable(volume, femora, settings)
    node.SetAttribute(tables.PARAMETERS_ATTRIBUTE, '=my "own", file.yaml')
    tables.write_features_csv(node, tmp_path / "f.csv")
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["Feature", "Left", "Right"]
    expected = of_library(settings, "left")["left"]
    assert {row[0]: float(row[1]) for row in rows[1:-2]} == expected
    assert rows[-2] == ["diagnostics_Configuration_Parameters", *['\'=my "own", file.yaml'] * 2]
    assert rows[-1] == ["diagnostics_Versions_OsteoScreen", *[OsteoScreenLib.__version__] * 2]
    with pytest.raises(OutputError, match="cannot be written"):
        tables.write_features_csv(node, tmp_path / "no folder" / "f.csv")


def test_wrong_parameters_and_no_femora_are_refused_in_words(volume, femora, new_node, tmp_path):
    (tmp_path / "wrong.yaml").write_text("setting:\n  binWith: 25\n", encoding="utf-8")
    with pytest.raises(UsageError, match="binWith") as refused:
        RadiomicsLogic().extract(volume, femora, str(tmp_path / "wrong.yaml"))
    assert "binWidth" in str(refused.value)
    with pytest.raises(InputError, match="no femur segment"):
        RadiomicsLogic().extract(volume, new_node("vtkMRMLSegmentationNode"))
    assert shipped_parameters() == ("femur", "paper")


def test_what_is_cancelled_raises_so(volume, femora, settings):
    with pytest.raises(CancelledError):
        RadiomicsLogic().extract(volume, femora, settings, cancelled=lambda: True)


class Listener:
    """Starts a job in a folder of its own and writes down what it tells."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.words, self.tables, self.errors = folder, [], [], []
        folder.mkdir()

    def start(self, order: Any) -> RadiomicsJob:
        def hear(fraction: float, message: str) -> None:
            self.words.append(message)

        job = RadiomicsJob(order, hear, self.tables.append, self.errors.append, str(self.folder))
        job.start()
        return job


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path / "job")


def play(monkeypatch: pytest.MonkeyPatch, program: str, *values: str) -> None:
    """Put a program in the place of the command line."""
    monkeypatch.setattr(radiomics_job, "osteoscreen_program", lambda: [sys.executable, "-c", program, *values])


def test_the_programs_features_are_those_of_this_process_and_nothing_is_left(volume, femora, listener):
    settings = Settings.from_dict({**PARAMETERS, "setting": {"binWidth": 25, "minimumROISize": 100}})
    labels = labels_of("left", "right")
    labels[5:, :, : SHAPE[2] // 2] = 0
    labels[4, 16:, : SHAPE[2] // 2] = 0  # 24 voxels are left on the right
    write_masks(labels, volume, femora)
    order = RadiomicsLogic().read(volume, femora, settings)
    finish(listener.start(order))
    assert listener.errors == []
    (table,) = listener.tables
    here = RadiomicsLogic().compute(order)
    assert same(dict(table.rows[0].features), dict(here.rows[0].features))
    assert [row.mask for row in table.rows] == ["left", "right"]
    assert str(table.rows[1].error) == str(here.rows[1].error)
    assert "24 voxels" in str(table.rows[1].error)
    assert list(listener.folder.iterdir()) == []


def test_where_no_femur_can_be_used_the_program_says_why(volume, femora, listener):
    order = RadiomicsLogic().read(volume, femora, Settings.from_dict({"setting": {"minimumROISize": 10000}}), ["left"])
    finish(listener.start(order))
    assert listener.tables == []
    assert "more than 10000 are asked for" in str(listener.errors[0])
    assert str(listener.folder) not in str(listener.errors[0])


def test_cancel_ends_the_program_at_once_and_removes_its_files(volume, femora, settings, listener, monkeypatch):
    play(monkeypatch, SPEAKS, "60", "at work")
    job = listener.start(RadiomicsLogic().read(volume, femora, settings))
    until = time.monotonic() + 30
    while not any("Computing the features (" in word for word in listener.words):
        assert not job.poll()
        assert time.monotonic() < until
    assert is_alive(job.pid)
    job.cancel()
    assert list(listener.folder.iterdir()) == []
    finish(job)
    assert isinstance(listener.errors[0], CancelledError)
    assert soon_gone(job.pid)
    assert listener.tables == []


def test_a_program_that_dies_is_told_with_its_last_words(volume, femora, settings, listener, monkeypatch):
    play(monkeypatch, SPEAKS, "0", "out of memory")
    finish(listener.start(RadiomicsLogic().read(volume, femora, settings)))
    assert listener.errors[0].code == "radiomics_ended"
    assert "exit code 3): out of memory" in str(listener.errors[0])
    assert list(listener.folder.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["", "label\n1\n", "label,status,notes,x\n1,features,,y\n", "label,status,notes\n7,features,\n"]
)
def test_a_table_that_does_not_fit_is_refused(volume, femora, settings, listener, monkeypatch, content):
    writes = "import sys; open(sys.argv[sys.argv.index('--out') + 1], 'w').write(sys.argv[1])"
    play(monkeypatch, writes, content)
    finish(listener.start(RadiomicsLogic().read(volume, femora, settings, ["left"])))
    assert isinstance(listener.errors[0], OsteoScreenError)
    assert listener.errors[0].code == "wrong_answer"


@pytest.mark.parametrize("name", ["femur", "paper"])
def test_parameters_reach_the_program_unchanged(name):
    settings = load_settings(name)
    again = Settings.from_dict(settings.to_dict())
    assert (again.values, again.image_types, again.feature_classes) == (
        settings.values,
        settings.image_types,
        settings.feature_classes,
    )

"""What a screening in a process of its own reads is the volume to the last digit, and its answer comes back as ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter, FailingSegmenter
from factory.geometric_body import make_geometric_body
from factory.played_screening import write_answer

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.compact import compact
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.errors import ModelError, OsteoScreenError, OutputError
from OsteoScreenLib.mrml.screening_files import CHECKS_ONLY, ScreeningFolder, ScreeningOrder
from OsteoScreenLib.screening.pipeline import screen

SHAPE = (5, 6, 7)


def rotation(axis: tuple[float, float, float], degrees: float) -> np.ndarray:
    """Rodrigues' formula."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


DIRECTIONS = {
    "axial": np.eye(3),
    "sagittal": np.eye(3)[[1, 2, 0]],
    "flipped": np.diag([-1.0, -1.0, 1.0]),
    "oblique": rotation((1, 2, 3), 37.0),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "oblique and left-handed": rotation((3, -1, 2), 111.0) @ np.diag([1.0, -1.0, 1.0]),
}
VOXELS = {
    "int16": np.arange(210).reshape(SHAPE).astype(np.int16) - 1024,
    "float32": (np.arange(210).reshape(SHAPE) / 7.0).astype(np.float32),
    "float64": np.arange(210).reshape(SHAPE) / 7.0,
    "float32 with NaN": np.where(np.arange(210) % 9 == 0, np.nan, np.arange(210) / 8.0).reshape(SHAPE),
}


def volume(voxels: np.ndarray = VOXELS["int16"], directions: np.ndarray = DIRECTIONS["axial"]) -> CTVolume:
    geometry = Geometry(SHAPE, (1 / 3, 0.7, 2.5), (-100 / 3, 22.7, 1e-7 / 3), tuple(directions.ravel().tolist()))
    return CTVolume(compact(voxels), geometry, Acquisition(modality="CT", kvp=120.0, facts_from="dicom"))


@pytest.fixture
def folder(tmp_path: Path) -> ScreeningFolder:
    return ScreeningFolder(tmp_path)


@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("voxels", VOXELS.values(), ids=VOXELS)
def test_voxels_grid_and_facts_arrive_unchanged_to_the_last_digit(folder, voxels, directions):
    sent = volume(voxels, directions)
    folder.write(sent, ScreeningOrder())
    arrived = read_ct(folder.image)
    assert arrived.hu.dtype == sent.hu.dtype
    assert arrived.hu.tobytes() == sent.hu.tobytes()
    assert arrived.geometry == sent.geometry
    assert arrived.acquisition == sent.acquisition
    assert arrived.source.oriented


def test_given_masks_arrive_on_the_same_grid(folder):
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2, 3], labels[4, 5, 6] = 1, 2
    sent = volume(directions=DIRECTIONS["oblique and left-handed"])
    folder.write(sent, ScreeningOrder("given", labels))
    arrived, grid = read_labels(folder.mask)
    np.testing.assert_array_equal(arrived, labels)
    assert grid == sent.geometry


def test_what_cannot_be_written_is_an_error_that_says_what_to_do(folder):
    folder.temporary.mkdir()
    with pytest.raises(OutputError, match="could not be written for the program") as caught:
        folder.write(volume(), ScreeningOrder())
    assert "space" in caught.value.next_step


def test_the_order_becomes_the_arguments_of_the_command(folder):
    image, out = str(folder.image), str(folder.results)
    common = ["screen", image, "--out", out, "--progress", "json", "--engine"]
    assert folder.arguments(ScreeningOrder()) == [*common, "auto", "--source", "vbnet"]
    assert folder.arguments(ScreeningOrder("totalsegmentator", threads=2)) == [
        *(*common, "auto", "--threads", "2", "--source", "totalsegmentator")
    ]
    assert folder.arguments(ScreeningOrder(CHECKS_ONLY, engine="openvino")) == [
        *(*common, "openvino", "--no-segmentation")
    ]
    given = ScreeningOrder("given", np.zeros(SHAPE, np.uint8))
    assert folder.arguments(given) == [*common, "auto", "--segmentation", str(folder.mask)]


def test_an_order_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="no source 'magic'"):
        ScreeningOrder("magic")
    with pytest.raises(ValueError, match="labels belong to"):
        ScreeningOrder("given")
    with pytest.raises(ValueError, match="labels belong to"):
        ScreeningOrder("vbnet", np.zeros(SHAPE, np.uint8))


@pytest.fixture(scope="module")
def body() -> CTVolume:
    ct = make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0))
    return replace(ct, source=Source("Body / of a patient", "scene", notes=("Read from the scene.",)))


SEGMENTERS = {
    "femora": BoxSegmenter(DOUBT),
    "no model": FailingSegmenter(ModelError("No model is installed", next_step="Install one.")),
    "checks only": None,
}


@pytest.mark.parametrize("segmenter", SEGMENTERS.values(), ids=SEGMENTERS)
def test_an_answer_reads_as_if_the_volume_had_been_screened_here(folder, body, segmenter):
    here = screen(body, "Body_of_a_patient", segmenter)
    there = replace(here.result, case_id="scan", input={"name": "scan.mha"}, timings_s={})
    answer(folder, replace(here, result=there), body)
    read = folder.read(body)
    assert replace(read.result, timings_s=here.result.timings_s) == here.result
    assert (read.masks is None) == (here.masks is None)
    if read.masks is not None and here.masks is not None:
        np.testing.assert_array_equal(read.masks.labels, here.masks.labels)
        assert read.masks.labels.dtype == np.uint8
        assert (read.masks.femurs, read.masks.source) == (here.result.femurs, here.masks.source)


def test_an_answer_that_is_not_there_or_does_not_fit_is_an_error(folder, body):
    with pytest.raises(OsteoScreenError, match="cannot be read") as caught:
        folder.read(body)
    assert caught.value.code == "wrong_answer"
    answer(folder, screen(body, "scan", BoxSegmenter()), body)
    moved = replace(body, geometry=replace(body.geometry, origin_lps_mm=(0.0, 0.0, 5000.0)))
    with pytest.raises(OsteoScreenError, match="another grid"):
        folder.read(moved)
    (folder.results / "scan" / "segmentation.nii.gz").unlink()
    with pytest.raises(OsteoScreenError, match="cannot be read"):
        folder.read(body)


def answer(folder: ScreeningFolder, case, ct: CTVolume) -> None:
    place = folder.results / "scan"
    place.mkdir(parents=True)
    write_answer(case, ct, place)

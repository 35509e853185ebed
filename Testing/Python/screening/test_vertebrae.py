"""Vertebrae that the user gives as a label map: read, drawn, asked by the rules, refused with reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from densitometry.test_vertebra_region import masks

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.ct.write import write_labels
from OsteoScreenLib.densitometry.region_labels import REGION_LABELS, VERTEBRA_NUMBERS
from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.screening.vertebrae import read_vertebrae, vertebra_labels
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

GONE = FemurFinding("absent", "the image ends above it")


def scan(hu: float = 105.0, **facts: object) -> CTVolume:
    whole, _, geometry, _ = masks()
    values = np.where(whole, hu, 50.0).astype(np.int16)
    known = Acquisition(**{"modality": "CT", "kvp": 120.0, "sex": "F", "age_years": 70.0, **facts})
    return CTVolume(values, geometry, known, Source("spine", "simulation"))


def label_map(tmp_path: Path, number: int = 12, geometry: Geometry | None = None) -> Path:
    whole, _, grid, _ = masks()
    return write_labels(whole.astype(np.uint8) * number, geometry or grid, tmp_path / "labels.nii.gz")


class NoFemora:
    """A scan of the spine: both femora absent."""

    def segment(self, ct: CTVolume, *_: object) -> FemurMasks:
        return FemurMasks(np.zeros(ct.hu.shape, np.uint8), {"left": GONE, "right": GONE}, "given")


def screened(ct: CTVolume, path: Path, text: str = "L1=12"):
    options = DensitometryOptions(vertebrae=vertebra_labels(path, text))
    return screen(ct, "spine", NoFemora(), densitometry=options)


def test_the_l1_rules_are_answered_and_the_region_is_drawn(tmp_path, give_flags) -> None:
    give_flags()
    case = screened(scan(), label_map(tmp_path))
    measured = case.result.densitometry
    assert measured.vertebrae["L1"]["trabecular_hu"].value == pytest.approx(105.0)
    answers = {rule.name: rule.answer for rule in measured.hu_rules}
    assert answers["L1 110 HU (Pickhardt 2013)"] == "osteoporosis"
    assert answers["L1 160 HU (Pickhardt 2013)"] == "suspicious"
    assert VERTEBRA_NUMBERS["L1"] == 20
    assert set(np.unique(case.regions).tolist()) == {0, 20}
    assert not set(VERTEBRA_NUMBERS.values()) & set(REGION_LABELS)
    denser = screened(scan(180.0), label_map(tmp_path)).result.densitometry
    assert {rule.answer for rule in denser.hu_rules} == {"not_suspicious"}


def test_the_rules_are_not_answered_at_another_voltage(tmp_path, give_flags) -> None:
    give_flags()
    rules = screened(scan(kvp=100.0), label_map(tmp_path)).result.densitometry.hu_rules
    assert {rule.answer for rule in rules} == {None}
    assert all("100 kVp" in rule.withheld for rule in rules)


def test_a_vertebra_that_is_not_there_is_withheld_and_the_others_are_read(tmp_path, give_flags) -> None:
    give_flags()
    measured = screened(scan(), label_map(tmp_path), "L2=13,L1=12").result.densitometry
    assert list(measured.vertebrae) == ["L1", "L2"]
    assert "no voxel" in measured.vertebrae["L2"]["trabecular_hu"].withheld


def test_a_label_map_on_another_grid_is_moved_there(tmp_path) -> None:
    ct = scan()
    path = label_map(tmp_path)
    coarse = replace(ct, hu=np.ascontiguousarray(ct.hu[::2]), geometry=replace(
        ct.geometry, shape_zyx=ct.hu[::2].shape, spacing_xyz_mm=(1.5, 1.5, 3.0)
    ))  # fmt: skip
    assert read_vertebrae(coarse, vertebra_labels(path, "L1=12"))["L1"].value == pytest.approx(105.0, abs=1.0)


def test_a_label_map_of_another_patient_is_refused(tmp_path, give_flags) -> None:
    give_flags()
    _, _, grid, _ = masks()
    path = label_map(tmp_path, geometry=replace(grid, origin_lps_mm=(5000.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="None of the vertebrae"):
        screened(scan(), path)
    with pytest.raises(InputError, match="None of the vertebrae"):
        screened(scan(), label_map(tmp_path), "L1=99")


@pytest.mark.parametrize("text", ["", "L1", "L1=", "L1=0", "L1=x", "L9=3", "L1=1,L1=2", "12=L1", "L1=99999"])
def test_what_names_no_vertebra_is_a_wrong_call(tmp_path, text) -> None:
    with pytest.raises(UsageError, match="is not a vertebra and its label"):
        vertebra_labels(label_map(tmp_path), text)


def test_names_may_be_small_and_a_missing_file_is_a_wrong_call(tmp_path) -> None:
    assert vertebra_labels(label_map(tmp_path), " l1 = 12 ,t12=11").numbers == {"L1": 12, "T12": 11}
    with pytest.raises(UsageError, match="no such file"):
        vertebra_labels(tmp_path / "absent.nii.gz", "L1=12")


def test_a_result_records_the_label_map_without_its_path(tmp_path) -> None:
    recorded = DensitometryOptions(vertebrae=vertebra_labels(label_map(tmp_path), "L1=12")).to_dict()["vertebrae"]
    assert recorded["numbers"] == {"L1": 12}
    assert len(recorded["sha256"]) == 64
    assert str(tmp_path) not in str(recorded)

"""The proximal femur in regions: as digital patients have them, incomplete where the scan cuts them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from densitometry.femora import cropped, divided, femur, turn

from OsteoScreenLib.densitometry.regions import REGION_NAMES, SHAFT, TOTAL_HIP, split_proximal_femur
from OsteoScreenLib.phantom.femur_regions import REGIONS as TRUE_REGIONS


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2.0 * float((first & second).sum()) / float(first.sum() + second.sum())


def test_numbers_and_names_are_those_of_the_digital_patients() -> None:
    assert dict(REGION_NAMES) == TRUE_REGIONS


@pytest.mark.parametrize(("seed", "side", "sex"), [(1, "left", "F"), (2, "right", "M")])
def test_regions_of_digital_patients_are_found(seed, side, sex) -> None:
    mask, geometry, _, truth = femur(seed, side, sex)
    found = divided(seed, side, sex)
    assert found.incomplete == {}
    assert found.labels.dtype == np.uint8
    assert np.array_equal(found.labels > 0, mask)
    for number in REGION_NAMES:
        assert dice(found.labels == number, truth == number) > 0.92
    assert dice(found.mask_of("total_hip"), np.isin(truth, TOTAL_HIP)) > 0.98
    for number, name in REGION_NAMES.items():
        volume = np.count_nonzero(found.labels == number) * geometry.voxel_volume_mm3 / 1000
        assert found.volumes_ml[name] == pytest.approx(volume)
        assert np.array_equal(found.mask_of(name), found.labels == number)
    assert found.volumes_ml["total_hip"] == pytest.approx(
        sum(found.volumes_ml[REGION_NAMES[number]] for number in TOTAL_HIP)
    )


def test_regions_stay_in_the_bone_when_it_is_turned() -> None:
    other, own, _, _ = femur(1, "left", direction=tuple(float(v) for v in turn(30.0, -25.0, 120.0).ravel()))
    still, turned = divided(1, "left"), split_proximal_femur(other, own, "left")
    assert turned.incomplete == {}
    for name, volume in still.volumes_ml.items():
        assert turned.volumes_ml[name] == pytest.approx(volume, rel=0.06), name


def test_left_and_right_are_divided_alike() -> None:
    mask, geometry, _, _ = femur(1, "left")
    left = divided(1, "left")
    right = split_proximal_femur(mask[:, :, ::-1], geometry, "right")
    for name, volume in left.volumes_ml.items():
        assert right.volumes_ml[name] == pytest.approx(volume, rel=0.01), name
    assert dice(right.labels[:, :, ::-1] == 2, left.labels == 2) > 0.99


def test_known_landmarks_are_used_as_they_are() -> None:
    mask, geometry, _, _ = femur(1, "left")
    marks = divided(1, "left").landmarks
    found = split_proximal_femur(mask, geometry, "left", landmarks=marks)
    assert found.landmarks is marks
    assert np.array_equal(found.labels, divided(1, "left").labels)
    moved = replace(marks, neck_distance_mm=marks.neck_distance_mm + 4.0)
    other = split_proximal_femur(mask, geometry, "left", landmarks=moved)
    assert other.volumes_ml["neck"] > found.volumes_ml["neck"] + 1.0


def test_a_mask_on_a_larger_scan_is_labelled_in_its_place() -> None:
    mask, geometry, _, _ = femur(1, "left")
    whole = np.zeros(tuple(n + 20 for n in mask.shape), np.uint8)
    whole[12:-8, 5:-15, 10:-10] = mask
    scanned = np.ones(whole.shape, bool)
    scanned[:12] = False
    x, y, z = geometry.to_physical((-10, -5, -12))
    larger = type(geometry)(whole.shape, geometry.spacing_xyz_mm, (x, y, z), geometry.direction)
    again = split_proximal_femur(whole, larger, "left", scanned)
    assert again.labels.shape == whole.shape
    assert dice(again.labels[12:-8, 5:-15, 10:-10] == 2, divided(1, "left").labels == 2) > 0.999
    assert not again.labels[:12].any()


def test_a_cut_head_is_incomplete_and_nothing_else() -> None:
    mask, geometry, truth, _ = femur(1, "left")
    top = round(geometry.to_index(np.add(truth.head_centre, (0, 0, 12.0)))[2])
    found = split_proximal_femur(*cropped(mask, geometry, z_high=top), "left")
    assert set(found.incomplete) == {"head"}
    assert "of it lie outside of the scan" in found.incomplete["head"]


def test_a_cut_greater_trochanter_makes_the_total_hip_incomplete_but_not_the_neck() -> None:
    mask, geometry, truth, _ = femur(1, "left")
    x = round(geometry.to_index(truth.greater_trochanter)[0])
    found = split_proximal_femur(*cropped(mask, geometry, x_high=x), "left")
    assert "trochanteric" in found.incomplete
    assert found.incomplete["total_hip"].startswith("trochanteric")
    assert not {"head", "neck"} & set(found.incomplete)


def test_a_scan_that_ends_above_the_lesser_trochanter_still_gives_head_and_neck() -> None:
    mask, geometry, truth, regions = femur(1, "left")
    level = round(geometry.to_index(truth.lesser_trochanter)[2]) + 2
    found = split_proximal_femur(*cropped(mask, geometry, z_low=level), "left")
    assert set(found.incomplete) == {"trochanteric", "intertrochanteric", "shaft", "total_hip"}
    assert set(found.volumes_ml) == {"head", "neck"}
    assert dice(found.labels == 2, regions[level:] == 2) > 0.85


@pytest.mark.parametrize(("below_mm", "whole"), [(26.0, True), (8.0, False)])
def test_the_total_hip_is_whole_only_where_the_mask_reaches_its_lower_end(below_mm, whole) -> None:
    mask, geometry, _, _ = femur(4, "left", "M", below_mm=below_mm)
    found = split_proximal_femur(mask, geometry, "left")
    assert ("total_hip" not in found.incomplete) is whole


def test_without_a_neck_no_region_is_told() -> None:
    mask, geometry, truth, _ = femur(1, "left")
    x = round(geometry.to_index(truth.neck_centre)[0])
    found = split_proximal_femur(*cropped(mask, geometry, x_low=x), "left")
    assert not found.labels.any()
    assert set(found.incomplete) == {*REGION_NAMES.values(), "total_hip"}
    assert found.volumes_ml == {}


def test_plain_form_is_json_without_the_voxels() -> None:
    plain = json.loads(json.dumps(divided(1, "left").to_dict()))
    assert set(plain) == {"side", "volumes_ml", "incomplete", "landmarks"}
    assert SHAFT in REGION_NAMES
    with pytest.raises(KeyError):
        divided(1, "left").mask_of("patella")

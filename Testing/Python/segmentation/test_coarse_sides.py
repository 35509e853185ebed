"""Each connected bone gets one side, by the network's majority and by where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.segmentation.coarse_sides import name_sides

SHAPE = (30, 20, 60)
LEFT_BONE = (slice(2, 28), slice(6, 14), slice(42, 52))
RIGHT_BONE = (slice(2, 28), slice(6, 14), slice(8, 18))


def answer(*parts: tuple[tuple[slice, slice, slice], str, float]) -> tuple[np.ndarray, np.ndarray]:
    sides = {"left": np.zeros(SHAPE, np.float32), "right": np.zeros(SHAPE, np.float32)}
    for part, side, probability in parts:
        for name in sides:
            sides[name][part] = probability if name == side else 0.02
    return sides["left"], sides["right"]


def test_two_bones_keep_the_sides_that_the_network_gives_them() -> None:
    found = name_sides(*answer((LEFT_BONE, "left", 0.9), (RIGHT_BONE, "right", 0.8)), 4.0)
    assert found["left"].mask[LEFT_BONE].all()
    assert found["right"].mask[RIGHT_BONE].all()
    assert found["left"].mask.sum() == found["right"].mask.sum() == 26 * 8 * 10
    assert found["left"].probability == pytest.approx(0.92)
    assert not found["left"].renamed


def test_a_patch_of_the_wrong_side_in_a_bone_is_overruled_by_the_rest_of_it() -> None:
    patch = (slice(20, 28), slice(6, 14), slice(42, 52))
    found = name_sides(*answer((LEFT_BONE, "left", 0.9), (patch, "right", 0.9)), 4.0)
    assert found["left"].mask[LEFT_BONE].all()
    assert not found["right"].mask.any()
    assert found["right"].probability == 0.0


@pytest.mark.parametrize("names", [("left", "left"), ("right", "right"), ("right", "left")])
def test_two_bones_side_by_side_are_named_by_their_place_where_the_network_errs(names) -> None:
    found = name_sides(*answer((LEFT_BONE, names[0], 0.9), (RIGHT_BONE, names[1], 0.9)), 4.0)
    assert found["left"].mask[LEFT_BONE].all()
    assert found["right"].mask[RIGHT_BONE].all()
    assert not (found["left"].mask & found["right"].mask).any()
    assert found["left"].renamed
    assert found["right"].renamed


def test_one_bone_alone_has_the_side_that_the_network_names() -> None:
    for part in (LEFT_BONE, RIGHT_BONE):
        found = name_sides(*answer((part, "right", 0.9)), 4.0)
        assert found["right"].mask[part].all()
        assert not found["left"].mask.any()


def test_bones_that_hang_together_are_cut_apart() -> None:
    bridge = (slice(24, 26), slice(9, 11), slice(18, 42))
    parts = ((bridge, "right", 0.6), (LEFT_BONE, "left", 0.9), (RIGHT_BONE, "right", 0.9))
    found = name_sides(*answer(*parts), 4.0)
    assert found["left"].mask[LEFT_BONE].all()
    assert found["right"].mask[RIGHT_BONE].all()


def test_a_shaft_behind_a_gap_belongs_to_its_bone_and_a_far_piece_does_not() -> None:
    upper = (slice(18, 28), slice(6, 14), slice(42, 52))
    lower = (slice(6, 14), slice(6, 14), slice(44, 50))
    speck = (slice(0, 2), slice(0, 4), slice(0, 8))
    found = name_sides(*answer((upper, "left", 0.9), (lower, "left", 0.9), (speck, "left", 0.9)), 4.0)
    assert found["left"].mask[upper].all()
    assert found["left"].mask[lower].all()
    assert not found["left"].mask[speck].any()


def test_an_answer_without_bone_names_nothing() -> None:
    found = name_sides(np.zeros(SHAPE, np.float32), np.full(SHAPE, 0.4, np.float32), 4.0)
    assert not found["left"].mask.any()
    assert not found["right"].mask.any()

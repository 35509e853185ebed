"""Where the field of view cuts the body: image border, circular reconstruction field, padding."""

import numpy as np
import pytest
from quality.trunks import TRUNK, flags_of, trunk

CODE = "field_of_view_cuts_body"
ROUND = np.hypot(*(np.mgrid[:160, :160] - 79.5)) > 78.5


def square(reach):
    """A square trunk inside a round field; ``reach`` is the body's width as a share of the image."""
    hu = trunk(shape=(40, 160, 160), width=reach).hu.copy()
    hu[:, ROUND] = -1024
    return hu


def test_a_body_with_air_around_is_not_cut_although_the_table_reaches_the_border():
    hu = TRUNK.copy()
    hu[:, -6:-4, :] = 200
    assert CODE not in flags_of(trunk(hu))


@pytest.mark.parametrize(
    ("crop", "side"),
    [
        (np.s_[:, :, 30:], "right"),
        (np.s_[:, :, :-30], "left"),
        (np.s_[:, 40:, :], "anterior"),
        (np.s_[:, :110, :], "posterior"),
    ],
)
def test_a_body_cut_by_the_image_border_is_flagged_with_the_side(crop, side):
    evidence = flags_of(trunk(TRUNK[crop]))[CODE].evidence
    assert evidence["sides"] == [side]
    assert evidence["contact_mm"][side] > 50
    assert evidence["edges"] == ["image border"]


def test_the_side_is_the_patients_when_the_axes_are_turned():
    turned = TRUNK[:, :, 30:].transpose(1, 2, 0)  # rows of the array now run P, its slices L, its columns S
    direction = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    assert flags_of(trunk(turned, direction=direction))[CODE].evidence["sides"] == ["right"]


def test_a_circular_field_that_cuts_the_body_is_flagged():
    evidence = flags_of(trunk(square(0.99)))[CODE].evidence
    assert {"left", "right"} <= set(evidence["sides"])
    assert "circular field" in evidence["edges"]


def test_a_circular_field_around_the_body_is_not_flagged():
    assert CODE not in flags_of(trunk(square(0.82)))


def test_padding_beside_the_body_is_flagged():
    hu = TRUNK.copy()
    hu[:, :, :40] = -2000
    evidence = flags_of(trunk(hu))[CODE].evidence
    assert evidence["sides"] == ["right"]
    assert evidence["edges"] == ["padding"]


def test_padding_beside_air_is_not_flagged():
    hu = TRUNK.copy()
    hu[:, :, :6] = -2000
    assert CODE not in flags_of(trunk(hu))

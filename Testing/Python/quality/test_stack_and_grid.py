"""Slices that are missing, double, uneven, tilted or too few, and voxel grids that cannot be."""

import dataclasses

import pytest
from quality.trunks import AXIAL, KNOWN, TRUNK, flags_of, geometry, severity, trunk, with_stack

from OsteoScreenLib.ct.volume import CTVolume


def test_a_regular_stack_raises_nothing():
    assert set(flags_of(with_stack())) == {"noise"}


@pytest.mark.parametrize(("gap", "expected"), [(3.0, "warning"), (5.0, "warning"), (5.5, "withhold")])
def test_missing_slices_warn_and_a_gap_over_5_mm_withholds(gap, expected):
    assert severity(with_stack(n_missing=2, largest_gap_mm=gap), "missing_slices") == expected


def test_duplicate_slices_warn():
    assert severity(with_stack(n_duplicates=1), "duplicate_slices") == "warning"


def test_images_of_another_orientation_warn():
    assert severity(with_stack(mixed_orientation=3), "mixed_orientation") == "warning"


@pytest.mark.parametrize(("deviation", "expected"), [(0.05, None), (0.1, None), (0.4, "warning")])
def test_unevenly_spaced_slices_warn(deviation, expected):
    assert severity(with_stack(spacing_deviation_mm=deviation), "uneven_slices") == expected


def test_a_resampled_gantry_tilt_is_said():
    flag = flags_of(with_stack(tilt_deg=12.0, resampled=True))["gantry_tilt"]
    assert "resampled onto an orthogonal grid" in flag.message


def test_no_tilt_raises_nothing():
    assert "gantry_tilt" not in flags_of(with_stack(tilt_deg=0.2))


def test_a_tilt_in_the_header_of_a_file_without_slices_warns():
    ct = trunk(TRUNK, acquisition=dataclasses.replace(KNOWN, gantry_tilt_deg=-8.0))
    assert flags_of(ct)["gantry_tilt"].evidence == {"tilt_deg": -8.0, "resampled": None}


@pytest.mark.parametrize(("slices", "spacing", "few"), [(9, 5.0, True), (40, 0.5, True), (10, 3.0, False)])
def test_under_10_slices_or_30_mm_withhold(slices, spacing, few):
    ct = trunk(TRUNK[:slices], spacing=(1.5, 1.5, spacing))
    assert severity(ct, "too_few_slices") == ("withhold" if few else None)


@pytest.mark.parametrize(("thickness", "expected"), [(2.9, None), (4.5, "info"), (8.0, "warning")])
def test_anisotropic_voxels_are_said_and_from_5_to_1_warned_of(thickness, expected):
    assert severity(trunk(TRUNK, spacing=(1.5, 1.5, thickness)), "anisotropic_voxels") == expected


@pytest.mark.parametrize(
    ("spacing", "direction"),
    [
        ((0.0, 1.0, 1.0), AXIAL),
        ((float("nan"), 1.0, 1.0), AXIAL),
        ((1.0, -1.0, 1.0), AXIAL),
        ((0.001, 0.001, 0.003), AXIAL),
        ((1.0, 1.0, 1.0), (1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)),
        ((1.0, 1.0, 1.0), (float("nan"),) * 9),
    ],
)
def test_an_impossible_geometry_withholds_and_nothing_in_space_is_measured(spacing, direction):
    flags = flags_of(CTVolume(TRUNK, geometry(TRUNK.shape, spacing, direction), KNOWN))
    assert flags["impossible_geometry"].severity.value == "withhold"
    assert not set(flags) & {"noise", "metal", "field_of_view_cuts_body", "thick_slices"}


def test_a_left_handed_direction_is_a_possible_geometry():
    left_handed = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    assert "impossible_geometry" not in flags_of(trunk(TRUNK, direction=left_handed))


@pytest.mark.parametrize(("oriented", "expected"), [(True, None), (False, "warning")])
def test_a_file_that_does_not_say_how_it_lies_in_the_patient_warns(oriented, expected):
    ct = trunk(TRUNK)
    ct = dataclasses.replace(ct, source=dataclasses.replace(ct.source, oriented=oriented))
    assert severity(ct, "orientation_unknown") == expected

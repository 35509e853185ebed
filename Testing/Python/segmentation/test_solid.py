"""A femur's mask is one connected solid."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.segmentation.solid import largest_part, solid


def tube() -> np.ndarray:
    """A shaft with a marrow cavity that is open at both ends of the scan."""
    y, x = np.ogrid[:40, :40]
    ring = (np.hypot(y - 20, x - 20) < 10) & (np.hypot(y - 20, x - 20) > 5)
    return np.broadcast_to(ring, (20, 40, 40)).copy()


def disc() -> np.ndarray:
    y, x = np.ogrid[:40, :40]
    return np.broadcast_to(np.hypot(y - 20, x - 20) < 10, (20, 40, 40)).copy()


def test_a_marrow_cavity_that_is_open_at_the_end_of_the_scan_is_filled() -> None:
    assert (solid(tube(), 0) == disc()).all()


def test_axial_slices_follow_the_axis_that_runs_up_the_body() -> None:
    turned = tube().transpose(1, 2, 0)
    assert (solid(turned, 2) == disc().transpose(1, 2, 0)).all()


def test_a_cavity_closed_in_space_is_filled_and_a_notch_is_not() -> None:
    mask = np.zeros((20, 20, 20), bool)
    mask[4:16, 4:16, 4:16] = True
    mask[8:12, 8:12, 8:12] = False
    mask[4:16, 9:11, 4:6] = False
    found = solid(mask, 0)
    assert found[9, 9, 9]
    assert not found[9, 9, 4]


def test_only_the_largest_part_stays() -> None:
    mask = disc()
    mask[2:5, 35:38, 35:38] = True
    found = solid(mask, 0)
    assert (found == disc()).all()
    assert (largest_part(mask) == disc()).all()


def test_a_leak_on_a_thread_is_cut_off_and_a_limb_is_kept() -> None:
    leak = disc()
    leak[10, 20, 29:34] = True
    leak[9:12, 19:22, 34:37] = True
    found = solid(leak, 0)
    assert not found[10, 20, 35]
    assert (found | leak == leak).all()
    assert np.count_nonzero(found ^ disc()) <= 4
    limb = disc()
    limb[8:13, 16:25, 29:39] = True
    assert (solid(limb, 0) == limb).all()


def test_a_mask_at_the_border_keeps_its_cut_faces() -> None:
    mask = disc()[:, :, 15:]
    assert (solid(mask, 0) == mask).all()


def test_an_empty_mask_stays_empty() -> None:
    assert not solid(np.zeros((5, 5, 5), bool), 0).any()

"""Real CT with masks: what is read, what is refused, and that held-out cases are never opened."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.training.real_samples import find_real_cases, read_real_case, read_real_cases, smoothed


def ball(shape=(20, 24, 28), label=1):
    z, y, x = np.indices(shape)
    labels = np.where((z - 10) ** 2 + (y - 12) ** 2 + (x - 18) ** 2 < 49, label, 0).astype(np.uint8)
    return np.where(labels > 0, 300, 40).astype(np.int16), labels


def test_pairs_are_found_and_ct_without_a_mask_is_passed_over(tmp_path, write_case):
    write_case(tmp_path, "B", *ball())
    write_case(tmp_path, "A", *ball())
    (tmp_path / "A_GTVmask.nii.gz").write_bytes(b"")
    (tmp_path / "C_CT.nii.gz").write_bytes(b"")
    (tmp_path / "D_femur.nii.gz").write_bytes(b"")
    assert list(find_real_cases(tmp_path)) == ["A", "B"]
    assert list(find_real_cases(tmp_path, {"A"})) == ["B"]


def test_held_out_cases_are_never_read(tmp_path, write_case):
    write_case(tmp_path, "A", *ball())
    for ending in ("CT", "femur"):
        (tmp_path / f"TEST_{ending}.nii.gz").write_bytes(b"reading this would fail")
    assert [case.name for case in read_real_cases(find_real_cases(tmp_path, {"TEST"}), 4.0)] == ["A"]
    with pytest.raises(InputError):
        read_real_cases(find_real_cases(tmp_path), 4.0)


def test_a_folder_without_pairs_is_refused(tmp_path, write_case):
    write_case(tmp_path, "A", *ball())
    with pytest.raises(InputError) as refused:
        find_real_cases(tmp_path, {"A"})
    assert refused.value.code == "no_masks"


def test_a_mask_on_another_grid_is_refused_and_one_on_the_same_grid_is_not(tmp_path, write_case):
    write_case(tmp_path, "same", *ball())
    write_case(tmp_path, "moved", *ball(), shift=0.5)
    cases = find_real_cases(tmp_path)
    with pytest.raises(InputError) as refused:
        read_real_case(*cases["moved"], "moved", 4.0)
    assert refused.value.code == "geometry_mismatch"
    assert read_real_case(*cases["same"], "same", 4.0).source == "real"


def test_a_mask_without_a_femur_is_refused(tmp_path, write_case):
    hu, labels = ball()
    write_case(tmp_path, "empty", hu, np.zeros_like(labels))
    with pytest.raises(InputError) as refused:
        read_real_case(*find_real_cases(tmp_path)["empty"], "empty", 4.0)
    assert refused.value.code == "empty_mask"


@pytest.mark.parametrize("label", [1, 2])
def test_a_sample_has_its_axes_to_superior_posterior_and_left(tmp_path, write_case, label):
    hu, labels = ball(label=label)
    write_case(tmp_path, "A", hu, labels)
    sample = read_real_case(*find_real_cases(tmp_path)["A"], "A", 1.0)
    assert sample.spacing_zyx_mm == pytest.approx((3.0, 2.0, 2.0))
    assert np.array_equal(sample.labels, labels)  # the image's own axes run to superior, posterior and left
    assert np.array_equal(sample.hu, hu)  # nothing is blurred for a finer grid


def test_smoothing_keeps_the_mean_and_leaves_coarse_axes_alone():
    rng = np.random.default_rng(0)
    hu = np.rint(rng.normal(100.0, 200.0, (20, 40, 40))).astype(np.int16)
    smooth = smoothed(hu, (3.0, 1.0, 1.0), 2.0)
    assert smooth.dtype == np.int16
    assert abs(float(smooth.mean()) - float(hu.mean())) < 1.0
    assert smooth.std() < 0.6 * hu.std()
    assert abs(np.corrcoef(smooth[:-1].ravel(), smooth[1:].ravel())[0, 1]) < 0.05
    assert np.array_equal(smoothed(hu, (3.0, 3.0, 3.0), 2.0), hu)

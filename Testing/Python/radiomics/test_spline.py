"""Spline interpolation along the axes against ITK's own, and the cases that are left to ITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.radiomics import resampling
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.spline import spline_on_axes

SPACING = (0.8, 0.7, 1.5)
"""x, y, z in mm."""


def noise(shape: tuple[int, int, int], seed: int = 0, kind: type = np.int16) -> np.ndarray:
    return np.rint(np.random.default_rng(seed).normal(100, 30, shape)).astype(kind)


def by_itk(array: np.ndarray, origin: tuple[float, ...], spacing: tuple[float, ...], size: list[int]) -> np.ndarray:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    return sitk.GetArrayFromImage(sitk.Resample(image, size, sitk.Transform(), sitk.sitkBSpline, origin, spacing))


def positions(origin: tuple[float, ...], spacing: tuple[float, ...], size: list[int]) -> list[np.ndarray]:
    along = [
        (first + np.arange(n) * mm) / own for first, n, mm, own in zip(origin, size, spacing, SPACING, strict=True)
    ]
    return along[::-1]


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(4, 40)] * 3),
    st.tuples(*[st.floats(0.4, 2.0)] * 3),
    st.tuples(*[st.floats(-0.3, 0.9)] * 3),
    st.sampled_from([np.int16, np.uint8, np.uint16, np.int8]),
    st.integers(0, 1000),
)
def test_the_values_are_those_of_itk(shape, spacing, origin, kind, seed):
    size = [
        1 + int(((n - 0.6) * own - first) / mm)
        for n, own, first, mm in zip(shape[::-1], SPACING, origin, spacing, strict=True)
    ]
    array = noise(shape, seed, kind)

    found = spline_on_axes(array, positions(origin, spacing, size))

    if found is not None:  # a sum that is nearly whole is rare in noise, and left to ITK
        assert found.dtype == kind
        assert np.array_equal(found, by_itk(array, origin, spacing, size))


def test_noise_is_not_left_to_itk():
    origin, spacing, size = (0.1, 0.15, -0.25), (1.0, 1.0, 1.0), [20, 15, 40]

    found = spline_on_axes(noise((30, 31, 32)), positions(origin, spacing, size))

    assert found is not None
    assert np.array_equal(found, by_itk(noise((30, 31, 32)), origin, spacing, size))


def test_values_beyond_the_number_type_are_cut_to_its_ends_as_itk_does():
    array = np.where(np.random.default_rng(3).random((12, 13, 14)) < 0.5, -32768, 32767).astype(np.int16)
    origin, spacing, size = (0.11, 0.13, 0.17), (0.5, 0.5, 0.9), [18, 15, 12]

    found = spline_on_axes(array, positions(origin, spacing, size))

    assert found is not None
    assert {found.min(), found.max()} == {-32768, 32767}
    assert np.array_equal(found, by_itk(array, origin, spacing, size))


@pytest.mark.parametrize(
    ("array", "shift"),
    [
        (np.full((9, 9, 9), -1024, np.int16), 0.3),  # whole numbers, but for rounding: the last digit decides
        (noise((9, 9, 9)).astype(np.float32), 0.3),
        (noise((3, 9, 9)), 0.3),
        (noise((9, 9, 9)), -0.5),  # beyond the image
    ],
)
def test_what_rounding_would_decide_and_odd_images_are_left_to_itk(array, shift):
    assert spline_on_axes(array, [np.arange(n - 1) + shift for n in array.shape]) is None


@pytest.mark.parametrize("turn_deg", [0.0, 7.0])
def test_a_resampled_image_is_itks_whatever_way_is_taken(monkeypatch, turn_deg):
    cosine, sine = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    turned = (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1)
    array = noise((20, 24, 28), 5)
    image = GridImage(array, Geometry(array.shape, SPACING, (5.0, -3.0, 20.0), (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    marked = np.zeros(array.shape, dtype=np.uint8)
    marked[7:12, 9:15, 10:17] = 1
    mask = GridImage(marked, Geometry(array.shape, SPACING, (5.0, -3.0, 20.0), turned))
    values = Settings.from_dict({"setting": {"resampledPixelSpacing": [1.0, 1.0, 1.0], "padDistance": 1}}).values
    asked: list[bool] = []

    def watched(*arguments: object) -> np.ndarray | None:
        answer = spline_on_axes(*arguments)
        asked.append(answer is not None)
        return answer

    monkeypatch.setattr(resampling, "spline_on_axes", watched)
    ours = resampling.resample(image, mask, values)
    monkeypatch.setattr(resampling, "spline_on_axes", lambda *_: None)
    itks = resampling.resample(image, mask, values)

    assert asked == ([True] if turn_deg == 0 else [])
    for mine, reference in zip(ours, itks, strict=True):
        assert np.array_equal(mine.array, reference.array)
        assert mine.geometry == reference.geometry

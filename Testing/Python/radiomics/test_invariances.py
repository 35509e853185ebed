from __future__ import annotations

import numpy as np
import pytest
from factory.radiomics_cases import LABEL, formula_image, formula_mask
from hypothesis import given, settings
from hypothesis import strategies as st

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings


def on_cubes(array: np.ndarray) -> GridImage:
    shape = (array.shape[0], array.shape[1], array.shape[2])
    return GridImage(
        np.ascontiguousarray(array), Geometry(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    )


def features(grey: np.ndarray, mask: np.ndarray, **setting) -> dict[str, float]:
    data = {"setting": {"label": LABEL, "additionalInfo": False, **setting}}
    return dict(extract(on_cubes(grey), on_cubes(mask), Settings.from_dict(data), threads=1).rows[0].features)


GREY, MASK = formula_image().array, formula_mask().array
BASE = features(GREY, MASK)


@settings(max_examples=8, deadline=None)
@given(st.tuples(*[st.integers(0, 4)] * 6))
def test_features_stay_where_image_and_mask_are_moved_together(border):
    pad = tuple(zip(border[:3], border[3:], strict=True))

    moved = features(np.pad(GREY, pad), np.pad(MASK, pad))

    assert moved == pytest.approx(BASE, rel=1e-9, abs=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 3), st.sampled_from([(0, 1), (0, 2), (1, 2)]))
def test_features_stay_where_the_image_is_turned_by_90_degrees(times, plane):
    turned = features(np.rot90(GREY, times, plane), np.rot90(MASK, times, plane))

    # The triangles of a mesh and the slices of 2D diameters belong to the grid's axes, so these may change.
    own = ("Surface", "Sphericity", "MeshVolume", "2DDiameter")
    names = [name for name in BASE if not any(word in name for word in own)]
    assert {name: turned[name] for name in names} == pytest.approx({name: BASE[name] for name in names}, rel=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_femur_has_the_features_of_the_other_side(axis):
    mirrored = features(np.flip(GREY, axis), np.flip(MASK, axis))

    own = ("Surface", "Sphericity", "MeshVolume")
    names = [name for name in BASE if not any(word in name for word in own)]
    assert {name: mirrored[name] for name in names} == pytest.approx({name: BASE[name] for name in names}, rel=1e-9)
    for name in set(BASE) - set(names):
        assert mirrored[name] == pytest.approx(BASE[name], rel=1e-2), name


@settings(max_examples=8, deadline=None)
@given(st.integers(2, 9))
def test_scaling_the_grey_values_and_the_bin_width_alike_leaves_the_textures(factor):
    scaled = features(GREY.astype(np.int32) * factor, MASK, binWidth=25 * factor)

    for name, value in BASE.items():
        kind = name.split("_")[1]
        if kind not in ("firstorder",):
            assert scaled[name] == pytest.approx(value, rel=1e-9), name
    assert scaled["original_firstorder_Mean"] == pytest.approx(factor * BASE["original_firstorder_Mean"])
    assert scaled["original_firstorder_Skewness"] == pytest.approx(BASE["original_firstorder_Skewness"])
    assert scaled["original_firstorder_Entropy"] == pytest.approx(BASE["original_firstorder_Entropy"])


@settings(max_examples=8, deadline=None)
@given(st.integers(-20, 20), st.floats(0.5, 20))
def test_with_a_bin_count_textures_do_not_feel_a_linear_change_of_the_grey_values(shift, factor):
    plain = features(GREY.astype(np.float64), MASK, binCount=16)
    # A power of two keeps every comparison with an edge exact.
    changed = features(GREY * 2.0 ** round(np.log2(factor)) + 64.0 * shift, MASK, binCount=16)

    for name, value in plain.items():
        if name.split("_")[1] not in ("firstorder", "shape"):
            assert changed[name] == pytest.approx(value, rel=1e-6), name


def test_more_contrast_between_neighbours_is_more_contrast_in_every_sense():
    smooth = (GREY + np.roll(GREY, 1, 2) + np.roll(GREY, 1, 1)) // 3
    less, more = features(smooth.astype(np.int16), MASK), BASE

    for name in ("glcm_Contrast", "glcm_DifferenceAverage", "ngtdm_Contrast", "glcm_JointEntropy"):
        assert more[f"original_{name}"] > less[f"original_{name}"], name
    for name in ("glcm_Idm", "gldm_LargeDependenceEmphasis", "glrlm_LongRunEmphasis"):
        assert more[f"original_{name}"] < less[f"original_{name}"], name

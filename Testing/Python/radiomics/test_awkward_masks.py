from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factory.radiomics_cases import LABEL, formula_image, formula_mask

from OsteoScreenLib.errors import CancelledError, InputError, OsteoScreenError, UsageError
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.feature_table import FeatureRow
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings


def row_of(image: GridImage, mask: GridImage, **setting) -> FeatureRow:
    settings = Settings.from_dict({"setting": {"label": LABEL, **setting}})
    return extract(image, mask, settings, threads=1).rows[0]


def marked(*box: slice) -> GridImage:
    """A mask of one box of the formula image."""
    mask = formula_mask()
    labels = np.zeros_like(mask.array)
    labels[box] = LABEL
    return GridImage(labels, mask.geometry)


def test_an_empty_mask_is_refused():
    mask = formula_mask()

    with pytest.raises(InputError, match="empty") as caught:
        extract(formula_image(), GridImage(np.zeros_like(mask.array), mask.geometry))
    assert caught.value.code == "empty_mask"


def test_a_label_that_the_mask_does_not_hold_is_refused_and_the_labels_it_holds_are_named():
    with pytest.raises(InputError, match="It holds 2") as caught:
        extract(formula_image(), formula_mask(), labels=[1])
    assert caught.value.code == "label_absent"


def test_a_mask_of_fractions_is_refused():
    mask = formula_mask()

    with pytest.raises(InputError, match="whole numbers"):
        extract(formula_image(), GridImage(mask.array.astype(np.float32), mask.geometry), labels=[LABEL])


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ((slice(5, 6), slice(5, 6), slice(5, 6)), "one_voxel"),
        ((slice(5, 6), slice(5, 6), slice(5, 9)), "too_few_dimensions"),
    ],
)
def test_a_region_without_texture_has_its_error_in_its_row(box, code):
    row = row_of(formula_image(), marked(*box))

    assert row.error is not None
    assert row.error.code == code
    assert row.features == {}


def test_a_line_is_measured_where_lines_are_allowed():
    row = row_of(formula_image(), marked(slice(5, 6), slice(5, 6), slice(5, 9)), minimumROIDimensions=1)

    assert row.error is None
    assert row.features["original_shape_Flatness"] == 0
    assert row.features["original_firstorder_Mean"] == formula_image().array[5, 5, 5:9].mean()


def test_a_region_in_one_slice_has_every_feature():
    row = row_of(formula_image(), marked(slice(5, 6), slice(5, 12), slice(5, 12)))

    assert row.error is None
    assert row.undefined == ()
    assert row.features["original_shape_LeastAxisLength"] == 0


def test_a_region_of_the_whole_image_touches_every_border_and_has_every_feature():
    row = row_of(formula_image(), marked(slice(None), slice(None), slice(None)))

    assert row.undefined == ()
    assert row.features["original_shape_VoxelVolume"] == pytest.approx(18 * 22 * 25 * 1.125 * 0.75 * 2.5)


def test_a_region_of_one_grey_value_gives_the_values_of_pyradiomics_and_no_nan():
    image = formula_image()
    row = row_of(GridImage(np.full_like(image.array, 7), image.geometry), formula_mask())

    assert row.undefined == ()
    assert row.features["original_firstorder_Entropy"] == pytest.approx(0, abs=1e-12)
    assert row.features["original_glcm_Correlation"] == 1
    assert row.features["original_glcm_MCC"] == 1
    assert row.features["original_ngtdm_Coarseness"] == 1e6


def test_two_voxels_that_do_not_touch_leave_co_occurrence_undefined_and_the_row_names_it():
    mask = marked(slice(5, 6), slice(5, 6), slice(5, 6))
    mask.array[5, 9, 9] = LABEL
    row = row_of(formula_image(), mask)

    assert row.error is None
    pairs = {name for name in row.features if "_glcm_" in name}
    assert set(row.undefined) == pairs | {"original_firstorder_RobustMeanAbsoluteDeviation"}


def test_a_mask_on_another_grid_is_refused_with_what_differs():
    mask = formula_mask()
    moved = GridImage(mask.array, replace(mask.geometry, origin_lps_mm=(-9.5, 55.25, 7.0)))

    row = row_of(formula_image(), moved)

    assert row.error is not None
    assert row.error.code == "geometry_mismatch"
    assert "correctMask" in str(row.error)


def test_a_mask_whose_origin_is_rounded_is_on_the_same_grid():
    mask = formula_mask()
    moved = GridImage(mask.array, replace(mask.geometry, origin_lps_mm=(-10.50001, 55.25, 7.0)))

    assert row_of(formula_image(), moved).error is None
    assert row_of(formula_image(), moved, geometryTolerance=1e-6).error is not None


def test_a_smaller_mask_is_put_onto_the_image_where_that_is_asked_for():
    mask = formula_mask()
    cut = mask.cropped((slice(0, 17), slice(1, 21), slice(1, 24)))

    assert row_of(formula_image(), cut).error is not None
    corrected = row_of(formula_image(), cut, correctMask=True)
    assert corrected.error is None
    assert dict(corrected.features) == dict(row_of(formula_image(), mask).features)


@pytest.mark.parametrize("setting", [{"correctMask": True}, {"resampledPixelSpacing": [1, 1, 1]}])
def test_a_region_that_reaches_beyond_the_image_is_refused(setting):
    image = formula_image().cropped((slice(0, 18), slice(0, 22), slice(0, 14)))

    row = row_of(image, formula_mask(), **setting)

    assert row.error is not None
    assert row.error.code == "mask_outside_image"


def test_a_mask_larger_than_the_image_is_measured_where_the_region_lies_inside():
    whole = row_of(formula_image(), formula_mask(), resampledPixelSpacing=[1, 1, 1], interpolator="sitkLinear")
    image = formula_image().cropped((slice(0, 18), slice(0, 22), slice(0, 23)))

    row = row_of(image, formula_mask(), resampledPixelSpacing=[1, 1, 1], interpolator="sitkLinear")

    assert row.features["original_glcm_Contrast"] == whole.features["original_glcm_Contrast"]


def test_a_region_thinner_than_the_new_voxels_may_vanish_and_the_row_says_so():
    mask = marked(slice(5, 7), slice(5, 6), slice(5, 6))
    row = row_of(formula_image(), mask, resampledPixelSpacing=[40, 40, 40], minimumROIDimensions=1)

    assert row.error is not None
    assert row.error.code in ("nothing_left", "one_voxel")


def test_a_resegmentation_that_leaves_nothing_is_refused():
    row = row_of(formula_image(), formula_mask(), resegmentRange=[5000, 6000])

    assert row.error is not None
    assert row.error.code == "nothing_left"


def test_an_image_with_nan_inside_the_region_is_refused_and_outside_it_is_not():
    image = GridImage(formula_image().array.astype(np.float32), formula_image().geometry)
    image.array[0, 0, 0] = np.nan
    assert row_of(image, formula_mask()).error is None

    image.array[9, 11, 12] = np.nan
    row = row_of(image, formula_mask())
    assert row.error is not None
    assert row.error.code == "not_finite"


def test_a_bin_width_that_makes_too_many_levels_leaves_the_features_undefined_and_says_why():
    row = row_of(formula_image(), formula_mask(), binWidth=1e-4)

    assert len(row.undefined) == 93
    assert "binWidth" in row.notes[0]


def test_an_image_of_zeros_has_no_square_and_the_row_says_so():
    image = formula_image()
    zeros = GridImage(np.zeros_like(image.array), image.geometry)
    settings = Settings.from_dict({"setting": {"label": LABEL}, "imageType": {"Square": {}, "Original": {}}})

    row = extract(zeros, formula_mask(), settings).rows[0]

    assert row.notes == ("Square: the image is 0 everywhere.",)
    assert {name.split("_")[0] for name in row.undefined} == {"square"}


def test_a_laplacian_that_is_too_wide_for_the_image_is_left_undefined_and_named():
    settings = Settings.from_dict({"setting": {"label": LABEL}, "imageType": {"LoG": {"sigma": [2.0, 40.0]}}})

    row = extract(formula_image(), formula_mask(), settings).rows[0]

    assert "too small for 40 mm" in row.notes[0]
    assert {name.split("_")[0] for name in row.undefined} == {"log-sigma-40-0-mm-3D"}


def test_one_bad_label_does_not_cost_the_others_their_features():
    mask = formula_mask()
    mask.array[17, 20, 20] = 5

    table = extract(formula_image(), mask, labels=[5, LABEL], threads=2)

    assert [row.label for row in table.rows] == [5, LABEL]
    assert isinstance(table.rows[0].error, OsteoScreenError)
    assert len(table.rows[1].features) == 107


def test_extraction_stops_where_it_is_asked_to():
    with pytest.raises(CancelledError):
        extract(formula_image(), formula_mask(), labels=[LABEL], cancelled=lambda: True)


def test_progress_rises_to_the_end():
    told: list[float] = []

    extract(formula_image(), formula_mask(), labels=[LABEL], progress=lambda fraction, _: told.append(fraction))

    assert told == sorted(told)
    assert told[-1] == 1.0


def test_no_label_at_all_is_a_wrong_call():
    with pytest.raises(UsageError):
        extract(formula_image(), formula_mask(), labels=[])

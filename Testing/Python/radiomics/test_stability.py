from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from factory.radiomics_cases import LABEL, formula_image, formula_mask

from OsteoScreenLib.errors import CancelledError, InputError
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.icc import icc_2_1
from OsteoScreenLib.radiomics.perturbations import CONTOUR_MM, NOISE_HU, PERTURBATIONS, Sample
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.stability import ALL, measure, stability, stability_csv

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
"""Table 2 of Shrout and Fleiss 1979: six targets, four judges."""

FIRST_ORDER = {"featureClass": {"firstorder": ["Mean", "Maximum"], "shape": ["VoxelVolume"]}}


def sample(**setting) -> Sample:
    mask = formula_mask()
    marked = GridImage((mask.array == LABEL).astype(np.uint8), mask.geometry)
    return Sample(formula_image(), marked, Settings.from_dict({"setting": setting, **FIRST_ORDER}))


def changed(name: str, seed: int = 0, **setting) -> Sample:
    return PERTURBATIONS[name](sample(**setting), np.random.default_rng(seed))


def subject(shift: int, kinds: tuple[str, ...] = ("noise", "contour"), **more):
    image = formula_image()
    moved = GridImage(image.array + np.int16(shift), image.geometry)
    settings = Settings.from_dict(FIRST_ORDER)
    return measure(moved, formula_mask(), LABEL, settings, perturbations=kinds, threads=1, **more)


def test_the_coefficient_is_that_of_shrout_and_fleiss():
    agreement = icc_2_1(SHROUT_FLEISS)

    assert agreement.icc == pytest.approx(0.29, abs=5e-3)
    assert agreement.low == pytest.approx(0.019, abs=5e-3)
    assert agreement.high == pytest.approx(0.761, abs=5e-3)


def test_equal_measurements_agree_wholly_and_noise_alone_not_at_all():
    same = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    noise = np.random.default_rng(1).standard_normal((200, 3))

    assert icc_2_1(same).icc == pytest.approx(1)
    assert abs(icc_2_1(noise).icc) < 0.15


@pytest.mark.parametrize("factor", [1e-200, 1e-3, 1e200])
def test_the_coefficient_does_not_depend_on_the_unit(factor):
    assert icc_2_1(SHROUT_FLEISS * factor).icc == pytest.approx(icc_2_1(SHROUT_FLEISS).icc)


def test_a_constant_feature_has_no_coefficient():
    assert np.isnan(icc_2_1(np.full((4, 3), 0.1)).icc)


@pytest.mark.parametrize("values", [np.zeros((1, 3)), np.zeros((3, 1)), np.array([[1.0, np.nan], [2.0, 3.0]])])
def test_too_few_or_missing_values_are_refused(values):
    with pytest.raises(ValueError, match="agreement wants"):
        icc_2_1(values)


def test_growing_adds_and_shrinking_takes_one_layer_of_voxels():
    base, more, less = (s.mask.array > 0 for s in (sample(), changed("grow"), changed("shrink")))

    assert np.array_equal(more & base, base)
    assert np.array_equal(less & base, less)
    assert less.sum() < base.sum() < more.sum()


def test_a_randomised_contour_moves_about_its_half_millimetre_and_keeps_the_volume():
    volumes = [int(changed("contour", seed).mask.array.sum()) for seed in range(8)]
    base = int(sample().mask.array.sum())

    assert len(set(volumes)) > 1
    assert np.mean(volumes) == pytest.approx(base, rel=0.15)
    away = [changed("contour", seed).mask.array != sample().mask.array for seed in range(3)]
    assert all(0 < differs.mean() < 0.2 for differs in away)
    assert CONTOUR_MM == 0.5


def test_a_rotation_keeps_the_volume_and_moves_voxels():
    base, turned = sample(), changed("rotation", 3)

    assert turned.mask.array.sum() == pytest.approx(base.mask.array.sum(), rel=0.1)
    assert not np.array_equal(turned.mask.array, base.mask.array)
    assert turned.image.array.dtype == base.image.array.dtype


def test_noise_has_its_size_and_leaves_the_mask():
    base, noisy = sample(), changed("noise")

    difference = noisy.image.array.astype(float) - base.image.array
    assert difference.std() == pytest.approx(NOISE_HU, rel=0.05)
    assert np.array_equal(noisy.mask.array, base.mask.array)
    assert noisy.image.array.dtype == np.int16


def test_resampling_enlarges_what_the_settings_say_or_else_the_own_voxels():
    assert changed("resampling", resampledPixelSpacing=[1, 2, 0]).settings.values["resampledPixelSpacing"] == (
        pytest.approx([1.1, 2.2, 2.75])
    )
    assert changed("resampling").settings.values["resampledPixelSpacing"] == pytest.approx([1.2375, 0.825, 2.75])


def test_a_feature_that_noise_hardly_moves_is_stable_and_one_that_does_not_differ_has_no_coefficient():
    rows = {(row.feature, row.perturbation): row for row in stability([subject(s) for s in (0, 100, 200, 300, 400)])}

    mean = rows["original_firstorder_Mean", "noise"]
    assert mean.icc is not None
    assert mean.icc > 0.99
    assert mean.stable
    assert (mean.subjects, mean.measurements) == (5, 2)
    assert rows["original_shape_VoxelVolume", "noise"].icc is None
    assert rows["original_firstorder_Mean", ALL].measurements == 3


def test_the_same_seed_gives_the_same_table_and_another_seed_another():
    tables = [stability_csv(stability([subject(s, seed=seed) for s in (0, 5, 9)])) for seed in (1, 1, 2)]

    assert tables[0] == tables[1] != tables[2]


def test_the_table_has_a_line_for_each_feature_and_change():
    rows = list(csv.DictReader(io.StringIO(stability_csv(stability([subject(0), subject(50)])))))

    assert len(rows) == 3 * 3
    assert {row["stable"] for row in rows} <= {"yes", "no"}


def test_random_changes_are_repeated_as_often_as_asked_for():
    found = subject(0, ("noise", "grow"), repeats=3)

    assert {name: len(rows) for name, rows in found.items()} == {"": 1, "noise": 3, "grow": 1}


def test_one_subject_is_too_few():
    with pytest.raises(InputError, match="only one"):
        stability([subject(0)])


def test_a_mask_that_vanishes_when_shrunk_is_named_with_the_change():
    mask = formula_mask()
    thin = GridImage(np.zeros_like(mask.array), mask.geometry)
    thin.array[5, 5:7, 5:9] = LABEL

    with pytest.raises(InputError, match="After the perturbation shrink"):
        measure(formula_image(), thin, LABEL, Settings(), perturbations=["shrink"])


def test_measuring_stops_where_it_is_asked_to():
    with pytest.raises(CancelledError):
        measure(formula_image(), formula_mask(), LABEL, Settings(), cancelled=lambda: True)

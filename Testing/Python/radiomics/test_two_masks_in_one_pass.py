from __future__ import annotations

import numpy as np
import pytest
from factory.radiomics_cases import EVERY_FILTER, formula_image, formula_mask

from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings


def two_labels() -> GridImage:
    mask = formula_mask()
    labels = np.where(mask.array > 0, 1, 0).astype(np.uint8)
    labels[:9][labels[:9] > 0] = 2
    return GridImage(labels, mask.geometry)


@pytest.mark.parametrize("setting", [{}, {"resampledPixelSpacing": [1.5, 1.5, 1.5]}, {"preCrop": True}])
@pytest.mark.parametrize("threads", [1, 3])
def test_two_labels_together_give_what_each_gives_alone(setting, threads):
    data = {"setting": setting, "imageType": EVERY_FILTER, "featureClass": {"firstorder": None, "glszm": None}}
    settings = Settings.from_dict(data)

    both = extract(formula_image(), two_labels(), settings, labels=[1, 2], threads=threads)

    for row in both.rows:
        alone = extract(formula_image(), two_labels(), settings, labels=[row.label], threads=1).rows[0]
        assert list(row.features) == list(alone.features)
        # A recursive Gaussian that starts elsewhere differs by a rounding error.
        assert list(row.features.values()) == pytest.approx(list(alone.features.values()), rel=1e-5, abs=1e-7)


def test_rows_come_in_the_order_of_the_labels_asked_for():
    assert [row.label for row in extract(formula_image(), two_labels(), labels=[2, 1, 2]).rows] == [2, 1]

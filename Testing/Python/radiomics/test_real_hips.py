"""Real hips and tumours beside PyRadiomics at this moment. Hips of the test set are left alone."""

from __future__ import annotations

import pytest
from factory.radiomics_cases import EVERY_FILTER

from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import read_image, read_mask
from OsteoScreenLib.radiomics.mask_checks import labels_in
from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
from OsteoScreenLib.radiomics.settings import Settings

COARSE = {
    "setting": {"resampledPixelSpacing": [5, 5, 5], "binWidth": 50},
    "imageType": {**EVERY_FILTER, "LoG": {"sigma": [5.0]}},
}


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
@pytest.mark.parametrize("case", ["021_femur", "015_femur", "012_GTVmask", "031_GTVmask"])
def test_every_feature_of_a_real_region_equals_pyradiomics(shared_data, case):
    hip, kind = case.split("_")
    image = read_image(shared_data / "hip_ct" / f"STS_{hip}_CT.nii.gz")
    mask = read_mask(shared_data / "hip_ct" / f"STS_{hip}_{kind}.nii.gz")
    labels, settings = labels_in(mask)[:1], Settings.from_dict(COARSE)

    ours = extract(image, mask, settings, labels=labels).rows[0]
    theirs = extract_with_pyradiomics(image, mask, settings, labels=labels).rows[0]

    assert ours.error is None
    assert len(theirs.features) == 14 + 15 * 93
    differences = {
        name: abs(ours.features[name] - value) / max(abs(value), 1e-9) for name, value in theirs.features.items()
    }
    worst = max(differences, key=lambda name: differences[name])
    assert differences[worst] < 1e-6, worst

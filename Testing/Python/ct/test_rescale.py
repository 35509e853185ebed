"""Stored values become HU as SimpleITK makes them, also where the header states only half of the rescale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from factory.base import small_body
from pydicom import dcmread

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.phantom.dicom_series import write_dicom_series


@pytest.mark.parametrize(
    "stated",
    [
        {"RescaleSlope": "1", "RescaleIntercept": "-1024"},
        {"RescaleSlope": "2", "RescaleIntercept": None},
        {"RescaleSlope": None, "RescaleIntercept": "-1000"},
        {"RescaleSlope": None, "RescaleIntercept": None},
        {"RescaleSlope": "0.5", "RescaleIntercept": "-512.25"},
    ],
)
def test_the_rescale_is_applied_as_simpleitk_applies_it(tmp_path: Path, stated: dict[str, str | None]) -> None:
    files = write_dicom_series(small_body(), tmp_path / "scan")
    for path in files:
        image = dcmread(path)
        for keyword, value in stated.items():
            if value is None:
                delattr(image, keyword)
            else:
                setattr(image, keyword, value)
        image.save_as(path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "scan")))
    assert np.array_equal(read_ct(tmp_path / "scan").hu, sitk.GetArrayViewFromImage(reader.Execute()))

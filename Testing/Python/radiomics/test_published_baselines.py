"""The values that PyRadiomics itself publishes as its baseline, for its own test images."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage, read_image, read_mask
from OsteoScreenLib.radiomics.settings import Settings

CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape", "shape2D")
IMAGES = ("brain1", "brain2", "breast1")
"""The lung images are not in the collection."""

MESH = ("MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity")
"""The baseline is older than the mesh of today's PyRadiomics where diagonal voxels meet: 0.1 % apart on brain1."""

PREFIX = "diagnostics_"


@pytest.fixture(scope="module")
def folder(shared_data) -> Path:
    return shared_data / "radiomics_reference" / "pyradiomics"


def cases(path: Path) -> Iterator[tuple[str, str, dict, dict[str, float]]]:
    """(name, image, settings, features) of every column of a baseline whose image is here."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row[1:] for row in csv.reader(file)}
    for column, name in enumerate(rows["featureName"]):
        image = rows[f"{PREFIX}Configuration_TestCase"][column].removesuffix("_2D")
        if image not in IMAGES:
            continue
        settings = ast.literal_eval(rows[f"{PREFIX}Configuration_Settings"][column])
        features = {
            key: float(values[column])
            for key, values in rows.items()
            if not key.startswith((PREFIX, "featureName")) and values[column]
        }
        yield name, image, {key: value for key, value in settings.items() if value is not None}, features


def one_slice(mask: GridImage) -> GridImage:
    """The largest slice, which PyRadiomics' own test takes for two-dimensional shape."""
    areas = (mask.array > 0).sum(axis=(1, 2))
    labels = np.zeros_like(mask.array)
    labels[areas.argmax()] = mask.array[areas.argmax()]
    return GridImage(labels, mask.geometry)


@pytest.mark.parametrize("feature_class", CLASSES)
def test_every_class_gives_the_published_values(folder, feature_class):
    compared = 0
    for name, image, setting, published in cases(folder / "baseline" / f"baseline_{feature_class}.csv"):
        grey = read_image(folder / f"{image}_image.nrrd")
        mask = read_mask(folder / f"{image}_label.nrrd")
        mask = one_slice(mask) if feature_class == "shape2D" else mask
        named = [key.split("_")[-1] for key in published]
        spec = {"setting": setting, "featureClass": {feature_class: named}}
        row = extract(grey, mask, Settings.from_dict(spec), threads=1).rows[0]
        assert row.error is None, name
        for key, value in published.items():
            if key in row.features:
                compared += 1
                allowed = 2e-3 if key.endswith(MESH) else 1e-6
                assert row.features[key] == pytest.approx(value, rel=allowed), f"{name} {key}"
    assert compared >= 2 * 8

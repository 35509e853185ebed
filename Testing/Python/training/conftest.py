"""What the tests of training share. Nothing here imports torch: tests that need it say so one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factory.training_samples import sample_of, two_rods

from OsteoScreenLib.training.sample import TrainingSample


@pytest.fixture
def rods() -> TrainingSample:
    """Two rods whose HU are linear in their labels."""
    return sample_of(two_rods())


@pytest.fixture
def write_case() -> Callable[..., None]:
    """Writes a CT and its mask as a folder of real cases holds them."""
    import SimpleITK as sitk

    def write(folder: Path, name: str, hu: np.ndarray, labels: np.ndarray, spacing=(2.0, 2.0, 3.0), shift=0.0) -> None:
        folder.mkdir(exist_ok=True)
        for ending, array, offset in (("CT", hu.astype(np.int16), 0.0), ("femur", labels.astype(np.uint8), shift)):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing(spacing)
            image.SetOrigin((offset, 0.0, 0.0))
            sitk.WriteImage(image, str(folder / f"{name}_{ending}.nii.gz"))

    return write

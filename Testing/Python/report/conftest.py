"""A small body with a marker in every direction, and results to report on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.result.case_result import CaseResult

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
FLIPPED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
_C, _S = math.cos(0.3), math.sin(0.3)
OBLIQUE = (_C, -_S, 0.0, _S, _C, 0.0, 0.0, 0.0, 1.0)


def volume_of(hu: np.ndarray, spacing_xyz_mm=(1.0, 1.0, 1.0), direction=IDENTITY, **source: Any) -> CTVolume:
    """A volume around an array."""
    geometry = Geometry(hu.shape, spacing_xyz_mm, (10.0, -20.0, 30.0), direction)
    return CTVolume(hu, geometry, Acquisition(), Source(**{"name": "scan.nii.gz", "kind": "nifti", **source}))


def body(shape=(40, 50, 60)) -> np.ndarray:
    """Air around a block of soft tissue (40 HU)."""
    hu = np.full(shape, -1000, dtype=np.int16)
    hu[tuple(slice(n // 5, n - n // 5) for n in shape)] = 40
    return hu


@pytest.fixture
def ct() -> CTVolume:
    return volume_of(body())


@pytest.fixture
def make_result() -> Callable[..., CaseResult]:
    """Makes a result of a volume with the given flags, facts and case id."""

    def make(
        ct: CTVolume, *flags: QualityFlag, case_id: str = "one", facts: Acquisition | None = None, **source: Any
    ) -> CaseResult:
        return CaseResult(
            case_id=case_id,
            input={**ct.source.to_dict(), **source},
            geometry=ct.geometry,
            acquisition=facts or ct.acquisition,
            quality=flags,
            timings_s={"reading": 1.234, "checks": 0.5},
            software={"osteoscreen": "0.1.0", "python": "3.11.0"},
        )

    return make

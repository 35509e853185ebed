"""The whole of the checks: order, every shape and kind of voxel, nothing changed, cancelled on request."""

import json
import warnings

import numpy as np
import pytest
from quality.trunks import TRUNK, geometry, trunk

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.quality.checks import check_volume
from OsteoScreenLib.quality.registry import CODES, gravity

SHAPES = [(1, 1, 1), (1, 6, 6), (2, 2, 2), (3, 3, 3), (10, 64, 64), (64, 1, 64), (300, 2, 2), (1, 128, 128)]
DIRECTIONS = [
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    (-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
]


def contents(kind, shape, dtype):
    """Voxels of one kind."""
    rng = np.random.default_rng(0)
    tissue = rng.choice([-1000, -100, 50, 250], shape) + rng.normal(0, 15, shape).round()
    hu = {
        "zero": np.zeros(shape),
        "air": np.full(shape, -1000),
        "random": rng.integers(-1000, 3000, shape),
        "tissue": tissue,
        "metal": np.where(rng.random(shape) < 0.1, 3071, tissue),
        "one number": np.where(np.arange(np.prod(shape)).reshape(shape) == 0, 40, np.nan),
        "no number": np.full(shape, np.nan),
        "infinite": np.where(rng.random(shape) < 0.1, np.inf, tissue),
        "huge": tissue * 1e30,
    }[kind]
    return hu.astype(dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(k, np.int16) for k in ("zero", "air", "random", "tissue", "metal")]
    + [(k, np.float32) for k in ("tissue", "one number", "no number", "infinite", "huge")]
    + [("tissue", np.float64)],
)
def test_no_volume_however_odd_crashes_or_warns_and_the_flags_are_json(shape, kind, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for direction in DIRECTIONS:
            hu = contents(kind, shape, dtype)
            before = hu.copy()
            flags = check_volume(CTVolume(hu, geometry(shape, direction=direction)))
            json.dumps([flag.to_dict() for flag in flags], allow_nan=False)
            np.testing.assert_array_equal(hu, before)


def test_the_gravest_flag_comes_first():
    hu = TRUNK[:8, :, 30:]
    flags = check_volume(CTVolume(hu, geometry(hu.shape, (1.5, 1.5, 4.0))))
    assert [flag.severity.value for flag in flags][:2] == ["withhold", "warning"]
    assert list(flags) == sorted(flags, key=lambda f: gravity(f.code, f.severity))


def test_every_flag_has_a_code_and_a_severity_of_the_registry():
    for flag in check_volume(trunk(TRUNK[:8, :, 30:], acquisition=trunk(TRUNK).acquisition.__class__())):
        assert flag.severity in CODES[flag.code]


def test_progress_grows_to_one():
    told = []
    check_volume(trunk(TRUNK), progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_checks_stop_on_request():
    with pytest.raises(CancelledError):
        check_volume(trunk(TRUNK), cancelled=lambda: True)

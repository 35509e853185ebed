import numpy as np
import pytest

from OsteoScreenLib.ct.compact import compact


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([-32768, 32767], np.int32), np.int16),
        (np.array([-32769, 0], np.int32), np.float32),
        (np.array([1.0, -1024.0], np.float64), np.int16),
        (np.array([1.5, 2.25], np.float64), np.float32),
        (np.array([0.1, 0.2], np.float64), np.float64),
        (np.array([1.0, np.nan], np.float32), np.float32),
        (np.array([1.0, np.inf], np.float64), np.float32),
        (np.array([0, 255], np.uint8), np.int16),
        (np.array([1e300, 1.0], np.float64), np.float64),
    ],
)
def test_the_smallest_exact_type_is_taken(values, expected):
    volume = values.reshape(1, 1, 2)
    result = compact(volume)
    assert result.dtype == expected
    assert np.array_equal(result.astype(np.float64), volume.astype(np.float64), equal_nan=True)
    assert not result.flags.writeable

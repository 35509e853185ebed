"""Quantiles against numpy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from OsteoScreenLib.radiomics.first_order import quantiles

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
def test_quantiles_are_numpys_to_the_last_digit(values):
    assert quantiles(values, SHARES) == np.percentile(values, [100 * share for share in SHARES]).tolist()

"""Statistics of the grey values of a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels

FEATURES = (
    *("10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis", "Maximum"),
    *("MeanAbsoluteDeviation", "Mean", "Median", "Minimum", "Range", "RobustMeanAbsoluteDeviation"),
    *("RootMeanSquared", "Skewness", "TotalEnergy", "Uniformity", "Variance"),
)
BY_NAME_ONLY = ("StandardDeviation",)

_EPS = float(np.spacing(1))


def first_order_features(
    values: np.ndarray, levels: Levels, voxel_volume_mm3: float, *, shift: float = 0, ibsi: bool = False
) -> dict[str, float]:
    """PyRadiomics' first-order features.

    Args:
        values: (n,) grey values, not discretised.
        levels: the same voxels discretised: entropy and uniformity count these.
        voxel_volume_mm3: scales TotalEnergy.
        shift: added to the values for Energy, TotalEnergy and RootMeanSquared (``voxelArrayShift``).
        ibsi: excess kurtosis in place of the fourth standardised moment.

    Returns:
        By name; RobustMeanAbsoluteDeviation is NaN where no value lies between the 10th and the 90th percentile, as of
        two voxels.
    """
    values = values.astype(np.float64)
    low, quarter, median, three_quarters, high = quantiles(values, (0.10, 0.25, 0.50, 0.75, 0.90))
    mean = values.mean()
    centred = values - mean
    squares = centred * centred
    second, fourth = squares.mean(), (squares * squares).mean()
    third = (squares * centred).mean()
    del squares
    flat = second == 0
    shifted = values + shift if shift else values
    energy = float(shifted @ shifted)
    shares = levels.histogram() / len(values)
    core = values[(values >= low) & (values <= high)]
    if len(core):
        core -= core.mean()
    found = {
        "10Percentile": low,
        "90Percentile": high,
        "Energy": energy,
        "TotalEnergy": energy * voxel_volume_mm3,
        "Entropy": -np.sum(shares * np.log2(shares + _EPS)),
        "Uniformity": np.sum(shares**2),
        "InterquartileRange": three_quarters - quarter,
        "Kurtosis": (0.0 if flat else fourth / second**2) - (3.0 if ibsi else 0.0),
        "Skewness": 0.0 if flat else third / second**1.5,
        "Maximum": values.max(),
        "Minimum": values.min(),
        "Range": values.max() - values.min(),
        "Mean": mean,
        "Median": median,
        "MeanAbsoluteDeviation": np.abs(centred, out=centred).mean(),
        "RobustMeanAbsoluteDeviation": np.abs(core, out=core).mean() if len(core) else np.nan,
        "RootMeanSquared": np.sqrt(energy / len(values)),
        "StandardDeviation": np.sqrt(second),
        "Variance": second,
    }
    return {name: float(value) for name, value in found.items()}


def quantiles(values: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Quantiles with linear interpolation, to the last digit those of ``np.percentile``, which loads masked arrays.

    Args:
        values: (n,) floating-point numbers, n at least 1.
        shares: from 0 to 1.
    """
    places = [share * (len(values) - 1) for share in shares]
    below = [int(place) for place in places]
    above = [min(place + 1, len(values) - 1) for place in below]
    ordered = np.partition(values, sorted({*below, *above}))
    found = []
    for place, low, high in zip(places, below, above, strict=True):
        part, step = place - low, ordered[high] - ordered[low]
        found.append(float(ordered[low] + step * part if part < 0.5 else ordered[high] - step * (1 - part)))
    return found

"""FeatureMatrix: the measured features of the cases of a cohort, by name and kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.status.feature_names import CLINICAL_NAMES, feature_kind
from OsteoScreenLib.training.cohort import Cohort


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """Features of cases.

    Attributes:
        names: of the columns. values: float64 (cases, features), NaN where a feature is missing.
    """

    names: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ValueError(f"{len(self.names)} names for values of shape {self.values.shape}")
        if len(set(self.names)) != len(self.names):
            raise ValueError("two features have the same name")

    def kind(self, name: str) -> str:
        """Which kind of feature this is, by its name."""
        return feature_kind(name)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Names of the features of a kind."""
        return tuple(name for name in self.names if self.kind(name) == kind)

    def positions(self, names: Sequence[str]) -> list[int]:
        """Columns of these features. Raises ValueError where there is no such feature."""
        return [self.names.index(name) for name in names]

    def rows(self, index: np.ndarray) -> FeatureMatrix:
        """The features of some of the cases."""
        return replace(self, values=self.values[index])

    def columns(self, names: Sequence[str]) -> FeatureMatrix:
        """Some of the features, of all cases."""
        return FeatureMatrix(tuple(names), self.values[:, self.positions(names)])

    def beside(self, other: FeatureMatrix) -> FeatureMatrix:
        """The features of both, of the same cases."""
        return FeatureMatrix((*self.names, *other.names), np.hstack([self.values, other.values]))


def clinical_features(cohort: Cohort) -> FeatureMatrix:
    """Age in years, and 1 for male and 0 for female; NaN where the table does not say."""
    sexes = {"male": 1.0, "female": 0.0}
    rows = [
        (np.nan if case.age is None else case.age, np.nan if case.sex is None else sexes[case.sex])
        for case in cohort.cases
    ]
    return FeatureMatrix(CLINICAL_NAMES, np.array(rows, dtype=np.float64).reshape(len(rows), 2))

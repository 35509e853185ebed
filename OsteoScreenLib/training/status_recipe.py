"""Recipe: how a bone-status model is made, in plain values. It can hold nothing that was fitted before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from OsteoScreenLib.errors import UsageError

CLASSIFIERS = ("forest", "logistic", "svm", "boosting")
SELECTORS = ("lasso", "boruta", "none")

SEARCH: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "forest": {"classify__min_samples_leaf": (3, 8)},
    "logistic": {"classify__C": (0.03, 0.3)},
    "svm": {"classify__C": (0.3, 3.0)},
    "boosting": {"classify__n_estimators": (50, 150)},
}
"""What is searched for each classifier in the inner folds, beside ``mrmr_features``. Small on purpose: with some
hundred cases a wide search fits the folds."""


@dataclass(frozen=True)
class Recipe:
    """How one model is made.

    Attributes:
        name: of the model, such as ``radiomics``.
        classifier: one of ``CLASSIFIERS``; the paper's is the forest.
        select_radiomics: whether radiomics features take part, by selection.
        kept: features that always take part, by name: age, sex, densities.
        selector: last step of the selection, one of ``SELECTORS``.
        correlation_limit: of |r| between two features. mrmr_features: numbers that are searched.
        most_features: at most as many radiomics features remain.
        trees: of a forest. outer_folds, inner_folds: of the nested cross-validation.
        coverage: wanted, of the conformal sets. seed: of folds and forests.
    """

    name: str
    classifier: str = "forest"
    select_radiomics: bool = True
    kept: tuple[str, ...] = ()
    selector: str = "lasso"
    correlation_limit: float = 0.9
    mrmr_features: tuple[int, ...] = (10, 20)
    most_features: int = 10
    trees: int = 200
    outer_folds: int = 5
    inner_folds: int = 5
    coverage: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if self.classifier not in CLASSIFIERS:
            raise UsageError(f"There is no classifier {self.classifier!r}", next_step=f"Use {', '.join(CLASSIFIERS)}.")
        if self.selector not in SELECTORS:
            raise UsageError(f"There is no selector {self.selector!r}", next_step=f"Use {', '.join(SELECTORS)}.")
        if not self.select_radiomics and not self.kept:
            raise UsageError(
                f"The model {self.name} has no features", next_step="Keep some, or select among radiomics."
            )
        for field in fields(self):
            _refuse_fitted(getattr(self, field.name), field.name)
        if min(self.outer_folds, self.inner_folds) < 2 or self.most_features < 1 or not self.mrmr_features:
            raise UsageError("At least two folds and one feature are needed", next_step="Correct the recipe.")

    @property
    def search(self) -> dict[str, list[Any]]:
        """The grid of the inner search, by the pipeline's parameter names."""
        grid = {name: list(values) for name, values in SEARCH[self.classifier].items()}
        if self.select_radiomics:
            grid["select__mrmr_features"] = list(self.mrmr_features)
        return grid

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form, with the search."""
        return {**asdict(self), "search": self.search}


def _refuse_fitted(value: Any, name: str) -> None:
    """Words, numbers and lists of them only: a selector or a scaler fitted elsewhere would carry test cases in."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        for entry in value:
            _refuse_fitted(entry, name)
    elif not isinstance(value, (str, int, float, bool)):
        raise TypeError(f"{name} of a recipe is a word, a number or a list of them, not {type(value).__name__}")

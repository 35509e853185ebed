"""An explanation of one prediction in words: which features moved it most, and where the case's values lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.status.bone_status import CLASSES
from OsteoScreenLib.status.shapley import Contributions
from OsteoScreenLib.status.status_answer import TopFeature

_FILTERS = {"original": "", "log-sigma": "edges and spots (LoG)", "wavelet": "wavelet band", "gradient": "gradient"}
_CLASSES = {
    "firstorder": "density distribution",
    "shape": "shape",
    "glcm": "texture (co-occurrence)",
    "glrlm": "texture (run length)",
    "glszm": "texture (zone size)",
    "gldm": "texture (dependence)",
    "ngtdm": "texture (tone difference)",
}
_DENSITIES = {
    "_trabecular_vbmd": "trabecular density in mg/cm3",
    "_trabecular_hu": "trabecular HU",
    "_mean_hu": "mean HU",
    "_abmd": "areal density in g/cm2",
}
_LEAST_SHARE = 0.005
"""Own choice: a smaller change of a probability would be shown as 0.00."""
_FACTS = {"age": "age in years", "sex_male": "sex (1 male, 0 female)"}


def top_features(
    found: Contributions, names: Sequence[str], case: np.ndarray, typical: np.ndarray, count: int = 5
) -> tuple[TopFeature, ...]:
    """The features that moved the most probable class most, the largest first; none that moved it by less than 0.005.

    Args:
        found: Shapley values of the case. names: of the features. case, typical: (features,).
    """
    class_index = int(np.argmax(found.prediction))
    order = np.argsort(-np.abs(found.values[:, class_index]), kind="stable")[:count]
    top = []
    for i in order:
        share, value, middle = float(found.values[i, class_index]), float(case[i]), float(typical[i])
        if abs(share) < _LEAST_SHARE or not np.isfinite(value):
            continue
        verb = "raises" if share > 0 else "lowers"
        what = f"{in_words(names[i])} of {value:.4g} {_against(value, middle)}"
        if names[i] == "sex_male":
            what = "male sex" if value == 1.0 else "female sex"
        sentence = f"{what} {verb} the probability of {CLASSES[class_index]} by {abs(share):.2f}"
        top.append(TopFeature(names[i], value, middle, share, sentence))
    return tuple(top)


def in_words(name: str) -> str:
    """What a feature is: ``mean HU (total hip)``, or a radiomics name with its kind of measure in brackets."""
    if name in _FACTS:
        return _FACTS[name]
    for ending, words in _DENSITIES.items():
        if name.startswith("densitometry_") and name.endswith(ending):
            place = name.removeprefix("densitometry_").removesuffix(ending)
            return f"{words} ({place.replace('_', ' ')})"
    parts = name.split("_")
    kind = next((_CLASSES[part] for part in parts if part in _CLASSES), "")
    image = next((words for start, words in _FILTERS.items() if name.startswith(start) and words), "")
    told = ", ".join(word for word in (kind, image) if word)
    return f"{name} ({told})" if told else name


def _against(value: float, middle: float) -> str:
    if value == middle:
        return "(typical)"
    return f"({'above' if value > middle else 'below'} the typical {middle:.4g})"

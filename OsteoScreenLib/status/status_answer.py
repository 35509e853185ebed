"""StatusAnswer: everything that a bone-status model says of one femur, and which model it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from OsteoScreenLib.status.bone_status import CLASSES, BoneStatus

DEMONSTRATION = "Demonstration model, made from digital patients: not a finding about this patient"
"""What stands wherever an answer of such a model is shown."""


@dataclass(frozen=True)
class TopFeature:
    """One feature's part in a prediction.

    Attributes:
        name: of the feature. value: of this case. typical: of the typical development case.
        contribution: to the probability of the class, -1 to 1. sentence: in words.
    """

    name: str
    value: float
    typical: float
    contribution: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TopFeature:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        value, typical, contribution = (float(data[name]) for name in ("value", "typical", "contribution"))
        return cls(str(data["name"]), value, typical, contribution, str(data["sentence"]))


@dataclass(frozen=True)
class ModelFacts:
    """Which model answered.

    Attributes:
        title: for people. version: three numbers. sha256: of the whole bundle.
        reference_standard: of the T-scores that it learnt from: ``t_score_source`` and ``t_score_site``.
        coverage: that its prediction sets were made for.
    """

    title: str
    version: str
    sha256: str
    reference_standard: Mapping[str, str]
    coverage: float


@dataclass(frozen=True)
class StatusAnswer:
    """What a model says of one femur.

    Attributes:
        status: class and probabilities, or why there are none; its ``model`` is the model's id.
        model: which one it was.
        positive: for each class, whether the case is positive at the frozen one-against-rest threshold; empty where
            withheld, as all below.
        prediction_set: classes of the conformal set.
        at_least: the ordinal view: probability of osteopenia or worse, and of osteoporosis.
        top: the features that moved the class most. notes: what to know of the answer.
    """

    status: BoneStatus
    model: ModelFacts
    positive: Mapping[str, bool] = field(default_factory=dict)
    prediction_set: tuple[str, ...] = ()
    at_least: Mapping[str, float] = field(default_factory=dict)
    top: tuple[TopFeature, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Share of sets that were wanted to hold the true class."""
        return self.model.coverage

    @property
    def warning(self) -> str:
        """What must stand beside the answer; empty where the model is no demonstration."""
        return DEMONSTRATION if self.status.demonstration_model else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            **self.status.to_dict(),
            "warning": self.warning,
            "title": self.model.title,
            "version": self.model.version,
            "sha256": self.model.sha256,
            "reference_standard": dict(self.model.reference_standard),
            "positive": dict(self.positive),
            "prediction_set": list(self.prediction_set),
            "coverage": self.coverage,
            "at_least": dict(self.at_least),
            "top_features": [feature.to_dict() for feature in self.top],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StatusAnswer:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        standard = {str(key): str(value) for key, value in data["reference_standard"].items()}
        title, version, sha256 = (str(data[name]) for name in ("title", "version", "sha256"))
        members = tuple(data["prediction_set"])
        if not {*members, *data["positive"]} <= set(CLASSES):
            raise ValueError("a class that is none")
        return cls(
            status=BoneStatus.from_dict(data),
            model=ModelFacts(title, version, sha256, standard, float(data["coverage"])),
            positive={name: bool(value) for name, value in data["positive"].items()},
            prediction_set=members,
            at_least={str(name): float(value) for name, value in data["at_least"].items()},
            top=tuple(TopFeature.from_dict(entry) for entry in data["top_features"]),
            notes=tuple(str(note) for note in data["notes"]),
        )

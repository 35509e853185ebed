"""ClassifierSettings: everything a bone-status classifier needs beside its ONNX file; one JSON file of the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.errors import ModelError, printable
from OsteoScreenLib.status.bone_status import CLASSES
from OsteoScreenLib.status.calibration import Calibration
from OsteoScreenLib.status.envelope import Envelope
from OsteoScreenLib.status.operating_points import OperatingPoints
from OsteoScreenLib.status.prediction_set import PredictionSets

SCHEMA_VERSION = 1
SCORES = ("probability", "decision")
INPUT_NAME = "features"
MOST_INPUTS = 1000


@dataclass(frozen=True, eq=False)
class ClassifierSettings:
    """Settings of one classifier.

    Attributes:
        inputs: names of the features, in the order in which the ONNX file takes them.
        never_imputed: those of them without which nothing is said (age, sex, densities).
        largest_missing_share: of the other inputs that may be missing and is then imputed.
        score: what the ONNX file answers: ``probability`` or ``decision`` values. output: name of that output.
        typical: median of each input in the development cases.
        calibration, operating_points, prediction_sets, envelope: see their classes.
        label: reference standard: ``t_score_source`` and ``t_score_site``.
        class_shares: share of each class in the development cases.
        feature_settings: how the features were measured.
    """

    inputs: tuple[str, ...]
    never_imputed: tuple[str, ...]
    largest_missing_share: float
    score: str
    output: str
    typical: np.ndarray
    calibration: Calibration
    operating_points: OperatingPoints
    prediction_sets: PredictionSets
    envelope: Envelope
    label: Mapping[str, str]
    class_shares: tuple[float, ...]
    feature_settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """JSON text; inverse of :meth:`from_json`."""
        data = {
            "schema_version": SCHEMA_VERSION,
            "classes": list(CLASSES),
            "inputs": list(self.inputs),
            "never_imputed": list(self.never_imputed),
            "largest_missing_share": self.largest_missing_share,
            "score": self.score,
            "output": self.output,
            "typical": self.typical.tolist(),
            "calibration": self.calibration.to_dict(),
            "operating_points": self.operating_points.to_dict(),
            "prediction_sets": self.prediction_sets.to_dict(),
            "envelope": self.envelope.to_dict(),
            "label": dict(self.label),
            "class_shares": list(self.class_shares),
            "feature_settings": dict(self.feature_settings),
        }
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ClassifierSettings:
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelError: ``invalid_field``: it is something else, or made for another version.
        """
        try:
            return cls._from_data(json.loads(text, parse_constant=_no_constant))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ModelError(
                f"The settings of a bone-status model cannot be used: {printable(str(error))[:200]}",
                next_step="Get the model again from where it came, or update OsteoScreen.",
                code="invalid_field",
            ) from error

    @classmethod
    def _from_data(cls, data: Mapping[str, Any]) -> ClassifierSettings:
        if data["schema_version"] != SCHEMA_VERSION or tuple(data["classes"]) != CLASSES:
            raise ValueError("another schema version, or other classes")
        inputs = tuple(str(name) for name in data["inputs"])
        typical = np.array(data["typical"], dtype=np.float64)
        envelope = Envelope.from_dict(data["envelope"])
        if not 1 <= len(inputs) <= MOST_INPUTS or len(set(inputs)) != len(inputs):
            raise ValueError(f"{len(inputs)} inputs, or two of one name")
        if data["score"] not in SCORES or typical.shape != (len(inputs),) or envelope.names != inputs:
            raise ValueError("score, typical or envelope do not fit the inputs")
        calibration = Calibration.from_dict(data["calibration"])
        if len(calibration.intercepts) != len(CLASSES):
            raise ValueError("the calibration has another number of classes")
        return cls(
            inputs=inputs,
            never_imputed=tuple(str(name) for name in data["never_imputed"]),
            largest_missing_share=float(data["largest_missing_share"]),
            score=data["score"],
            output=str(data["output"]),
            typical=typical,
            calibration=calibration,
            operating_points=OperatingPoints.from_dict(data["operating_points"]),
            prediction_sets=PredictionSets.from_dict(data["prediction_sets"]),
            envelope=envelope,
            label=dict(data["label"]),
            class_shares=tuple(float(share) for share in data["class_shares"]),
            feature_settings=dict(data["feature_settings"]),
        )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")

"""StatusClassifier: an installed bone-status model at work, with onnxruntime and numpy alone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from OsteoScreenLib.errors import MissingPackageError, ModelError, printable
from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.file_rules import read_checked
from OsteoScreenLib.models.onnx_content import check_onnx
from OsteoScreenLib.status.bone_status import CLASSES, BoneStatus
from OsteoScreenLib.status.calibration import log_scores
from OsteoScreenLib.status.classifier_settings import INPUT_NAME, ClassifierSettings
from OsteoScreenLib.status.explanation_words import top_features
from OsteoScreenLib.status.shapley import contributions
from OsteoScreenLib.status.status_answer import ModelFacts, StatusAnswer, TopFeature

TASK = "bone_status"
CLASSIFIER = "status"
_AGAIN = "Get the model again from where it came."
_WORDS = {"sex_male": "sex"}


class StatusClassifier:
    """A bone-status model of a bundle.

    Args:
        bundle: checked, of the task ``bone_status``.

    Raises:
        ModelError: the bundle holds no such model, or one that cannot be run. MissingPackageError: no onnxruntime.
    """

    def __init__(self, bundle: ModelBundle) -> None:
        spec = bundle.classifiers.get(CLASSIFIER)
        if bundle.task != TASK or spec is None:
            raise ModelError(
                "This is no model of bone status",
                path=bundle.folder,
                next_step="Name another model.",
                code="wrong_task",
            )
        text = read_checked(bundle.folder / spec.settings, spec.settings_sha256)
        try:
            self.settings = ClassifierSettings.from_json(text.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ModelError(
                "The settings are not text", path=bundle.folder, next_step=_AGAIN, code="invalid_field"
            ) from error
        self.bundle = bundle
        data = read_checked(bundle.folder / spec.file, spec.sha256)
        check_onnx(data, spec.file)
        self._session = open_session(data, spec.file, self.settings.output)

    @property
    def facts(self) -> ModelFacts:
        """Which model this is."""
        bundle, coverage = self.bundle, self.settings.prediction_sets.coverage
        standard = {str(name): str(value) for name, value in self.settings.label.items()}
        return ModelFacts(bundle.title, bundle.version, bundle.sha256, standard, coverage)

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Scores (cases, classes), before calibration, of features (cases, inputs); NaN is imputed."""
        answer = run_session(self._session, self.settings.output, values)
        return log_scores(answer) if self.settings.score == "probability" else np.asarray(answer, dtype=np.float64)

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (cases, classes) of features (cases, inputs); nothing is withheld here."""
        return self.settings.calibration.apply(self.scores(values))

    def values_of(self, features: Mapping[str, float | None]) -> np.ndarray:
        """The inputs in their order (inputs,), NaN where a feature is missing."""
        found = (features.get(name) for name in self.settings.inputs)
        return np.array([np.nan if value is None else float(value) for value in found], dtype=np.float64)

    def answer(
        self, features: Mapping[str, float | None], side: str | None = None, explain: bool = True
    ) -> StatusAnswer:
        """Say the status of one case.

        Args:
            features: value by name; more than the inputs do no harm.
            side: of the femur. explain: whether the features' contributions are computed (about 0.1 s).
        """
        values = self.values_of(features)
        if reasons := self.why_withheld(values):
            return self.withheld(side, reasons)
        probabilities = self.probabilities(values[None])[0]
        if not np.isfinite(probabilities).all():
            return self.withheld(side, ("the model gives no number for this case",))
        points = self.settings.operating_points
        limits: dict[str, float | str] = {
            f"{name}_from": value for name, value in zip(CLASSES, points.thresholds, strict=True)
        }
        status = BoneStatus(
            self.bundle.model_id,
            side,
            CLASSES[int(np.argmax(probabilities))],
            {name: float(p) for name, p in zip(CLASSES, probabilities, strict=True)},
            {**limits, "rule": points.rule, "chosen_on": points.chosen_on},
            demonstration_model=self.bundle.demonstration,
        )
        missing = [name for name, value in zip(self.settings.inputs, values, strict=True) if np.isnan(value)]
        return StatusAnswer(
            status,
            self.facts,
            positive=dict(zip(CLASSES, map(bool, points.positive(probabilities)), strict=True)),
            prediction_set=self.settings.prediction_sets.names(probabilities),
            at_least={"osteopenia": float(probabilities[1:].sum()), "osteoporosis": float(probabilities[2])},
            top=self._explained(values) if explain else (),
            notes=(f"imputed by the development median: {', '.join(missing)}",) if missing else (),
        )

    def why_withheld(self, values: np.ndarray) -> tuple[str, ...]:
        """Reasons, in sentences, not to answer for a case (inputs,); empty where there are none."""
        missing = [name for name, value in zip(self.settings.inputs, values, strict=True) if not np.isfinite(value)]
        needed = [name for name in missing if name in self.settings.never_imputed]
        reasons = [f"{_WORDS.get(name, name)} is not known" for name in needed]
        if not needed and len(missing) > self.settings.largest_missing_share * len(values):
            reasons.append(f"{len(missing)} of {len(values)} features are missing ({', '.join(missing[:5])})")
        return (*reasons, *self.settings.envelope.reasons(values))

    def _explained(self, values: np.ndarray) -> tuple[TopFeature, ...]:
        found = contributions(self.probabilities, values, self.settings.typical)
        return top_features(found, self.settings.inputs, values, self.settings.typical)

    def withheld(self, side: str | None, reasons: Sequence[str]) -> StatusAnswer:
        """The answer where there is none, for these reasons."""
        bundle = self.bundle
        status = BoneStatus(
            bundle.model_id, side, None, reasons=tuple(reasons), demonstration_model=bundle.demonstration
        )
        return StatusAnswer(status, self.facts)


def open_session(data: bytes, name: str, output: str) -> Any:
    """An onnxruntime session of a classifier, from the bytes of its file, already looked through.

    Raises:
        MissingPackageError: no onnxruntime. ModelError: ``network_failed`` or ``wrong_network``.
    """
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingPackageError(
            "The Python package onnxruntime is not installed", next_step="Run: pip install onnxruntime."
        ) from error
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise ModelError(
            f"The classifier cannot be opened: {printable(str(error))[:200]}",
            path=name,
            next_step=_AGAIN,
            code="network_failed",
        ) from error
    if [port.name for port in session.get_inputs()] != [INPUT_NAME] or output not in {
        port.name for port in session.get_outputs()
    }:
        raise ModelError(
            "The classifier has another input or output than stated", path=name, next_step=_AGAIN, code="wrong_network"
        )
    return session


def run_session(session: Any, output: str, values: np.ndarray) -> np.ndarray:
    """The answer (cases, classes) to features (cases, inputs). Raises ModelError where the classifier fails."""
    try:
        answer = np.asarray(session.run([output], {INPUT_NAME: np.asarray(values, dtype=np.float32)})[0])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise ModelError(
            f"The classifier failed: {printable(str(error))[:200]}", next_step=_AGAIN, code="network_failed"
        ) from error
    if answer.shape != (len(values), len(CLASSES)):
        raise ModelError(
            f"The classifier answers with the shape {answer.shape}", next_step=_AGAIN, code="wrong_network"
        )
    return answer

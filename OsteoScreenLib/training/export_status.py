"""Exporting a fitted pipeline: imputation, standardisation and classifier as one ONNX graph."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from OsteoScreenLib.errors import MissingPackageError, ModelError
from OsteoScreenLib.status.classifier_settings import INPUT_NAME
from OsteoScreenLib.status.status_classifier import open_session, run_session
from OsteoScreenLib.training.nested_validation import FittedStatus
from OsteoScreenLib.training.status_pipeline import PROBABILITY

OPSET = {"": 17, "ai.onnx.ml": 3}
TOLERANCE = 1e-4
"""Largest difference of a score that single precision may make; a forest's is under 1e-6."""
OUTPUTS = {PROBABILITY: "probabilities", "decision": "scores"}


def export_onnx(fitted: FittedStatus, kind: str, values: np.ndarray) -> bytes:
    """The ONNX file of a fitted model: float32 (cases, inputs) in the order of ``fitted.inputs``, NaN where missing.

    Selection is not in the graph: it takes the selected features only.

    Args:
        fitted: the model. kind: what it answers, ``probability`` or ``decision``.
        values: all features (cases, columns) of the development cases; on them the graph must agree with scikit-learn.

    Raises:
        MissingPackageError: skl2onnx is not installed. ModelError: ``export_differs``.
    """
    try:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError as error:
        raise MissingPackageError(
            "Exporting a model needs the package skl2onnx", next_step="Run: pip install 'osteoscreen[train]'"
        ) from error
    reduced = reduced_pipeline(fitted, values)
    classifier = reduced.named_steps["classify"]
    options: dict[str, Any] = {"zipmap": False} if kind == PROBABILITY else {"raw_scores": True, "zipmap": False}
    graph = convert_sklearn(
        reduced,
        name="bone_status",  # skl2onnx would draw one, and the same model would have another digest each time
        initial_types=[(INPUT_NAME, FloatTensorType([None, len(fitted.inputs)]))],
        options={id(classifier): options},
        target_opset=OPSET,
    )
    output = OUTPUTS[kind]
    _name_output(graph, output)
    data: bytes = graph.SerializeToString()
    answers = run_session(open_session(data, "status.onnx", output), output, values[:, _columns(fitted)])
    wanted = _answers(fitted.pipeline, kind, values)
    difference = float(np.abs(answers - wanted).max())
    if difference > TOLERANCE:
        raise ModelError(
            f"The exported model differs from scikit-learn by {difference:.2g}",
            next_step="Take another classifier, or report this with the versions of scikit-learn and skl2onnx.",
            code="export_differs",
        )
    return data


def reduced_pipeline(fitted: FittedStatus, values: np.ndarray) -> Any:
    """The fitted pipeline on the selected features alone; the imputer's medians are those of the whole one."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    columns = _columns(fitted)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(values[:, columns])
    imputer.statistics_ = fitted.pipeline.named_steps["impute"].statistics_[columns].copy()
    steps = fitted.pipeline.named_steps
    middle = [] if steps["scale"] == "passthrough" else [("scale", steps["scale"])]
    return Pipeline([("impute", imputer), *middle, ("classify", copy.copy(steps["classify"]))])


def _columns(fitted: FittedStatus) -> np.ndarray:
    return np.asarray(fitted.pipeline.named_steps["select"].columns_)


def _answers(pipeline: Any, kind: str, values: np.ndarray) -> np.ndarray:
    return np.asarray(pipeline.predict_proba(values) if kind == PROBABILITY else pipeline.decision_function(values))


def _name_output(graph: Any, name: str) -> None:
    """Call the second output, which holds a number for each class, by this name; the first is the label."""
    old = graph.graph.output[1].name
    if old == name:
        return
    graph.graph.output[1].name = name
    for node in graph.graph.node:
        for position, one in enumerate(node.output):
            if one == old:
                node.output[position] = name
        for position, one in enumerate(node.input):
            if one == old:
                node.input[position] = name

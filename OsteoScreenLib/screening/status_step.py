"""Asking the bone-status models about one case: an answer for each femur, or the reasons why there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.bone_frame import SIDES
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.errors import CancelledError, OsteoScreenError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, part_of, stop_if
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.densitometry_step import facts_used, unusable_sides, why_it_failed
from OsteoScreenLib.screening.femur_features import FemurFeatures
from OsteoScreenLib.screening.status_models import StatusModels
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.status.feature_names import DENSITOMETRY
from OsteoScreenLib.status.feature_recipe import FeatureRecipe, feature_recipe
from OsteoScreenLib.status.status_answer import StatusAnswer
from OsteoScreenLib.status.status_classifier import StatusClassifier

_LOG = logging.getLogger(__name__)
_Asked = tuple[StatusClassifier, FeatureRecipe]


@dataclass(frozen=True)
class StatusStep:
    """What the models said: an answer for each model and side. notes: on models not asked. seconds: that it took."""

    answers: tuple[StatusAnswer, ...]
    notes: tuple[str, ...]
    seconds: float


def ask_models(
    ct: CTVolume,
    masks: FemurMasks | None,
    measured: Densitometry,
    flags: Sequence[QualityFlag],
    options: DensitometryOptions,
    models: StatusModels,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> StatusStep:
    """Ask every model about each femur of a scan that was measured.

    Whatever a training withholds is withheld here: scans from which a check withholds a status, femora that
    densitometry leaves out (metal, no usable mask), models that need what is not known.

    Args:
        masks: None where there are none. measured: densitometry of the case. flags: of checks and masks.
        options: what the user asked and knows. models: to ask.

    Raises:
        CancelledError: the user asked to stop.
    """
    started = time.perf_counter()
    asked = [(classifier, feature_recipe(classifier.settings)) for classifier in models.classifiers]
    grave = [flag.message for flag in flags if flag.severity is Severity.WITHHOLD]
    why_none = grave or ([measured.withheld] if measured.withheld else [])
    sides: dict[str, list[StatusAnswer]] = {}
    if asked and not why_none and masks is not None:
        try:
            measured = _as_in_training(ct, masks, measured, flags, options, asked, cancelled)
        except (OsteoScreenError, ArithmeticError, ValueError, MemoryError) as error:
            if isinstance(error, CancelledError):
                raise
            _LOG.exception("no densities for the bone-status models")
            why_none = [why_it_failed(error, "to measure bone density")]
    for number, side in enumerate(SIDES):
        stop_if(cancelled)
        told = part_of(progress, number / len(SIDES), (number + 1) / len(SIDES))
        if why_none or masks is None or side not in measured.femora:
            sides[side] = [
                model.withheld(side, why_none or ["nothing was measured on this side"]) for model, _ in asked
            ]
        else:
            sides[side] = _of_side(ct, masks, measured, side, options, models.threads, asked, told, cancelled)
    answers = [answer for pair in zip(*sides.values(), strict=True) for answer in pair]
    return StatusStep(tuple(answers), models.notes, time.perf_counter() - started)


def _as_in_training(
    ct: CTVolume,
    masks: FemurMasks,
    measured: Densitometry,
    flags: Sequence[QualityFlag],
    options: DensitometryOptions,
    asked: Sequence[_Asked],
    cancelled: CancelToken,
) -> Densitometry:
    """Densities as models learnt from them: the shipped settings, and no calibration of the site or a phantom."""
    as_shipped = options.choice == CalibrationChoice() and options.settings.sha256 == default_settings().sha256
    if as_shipped or not any(DENSITOMETRY in recipe.kinds for _, recipe in asked):
        return measured
    return measure(
        ct,
        masks.labels,
        facts=facts_used(ct, options.facts)[0],
        flags=flags,
        implants=[side for side, finding in masks.femurs.items() if finding.implant],
        unusable=unusable_sides(masks, flags),
        cancelled=cancelled,
    )


def _of_side(
    ct: CTVolume,
    masks: FemurMasks,
    measured: Densitometry,
    side: str,
    options: DensitometryOptions,
    threads: int | None,
    asked: Sequence[_Asked],
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> list[StatusAnswer]:
    """The answer of each model about one femur."""
    femur = measured.femora[side]
    features = FemurFeatures(ct, masks, femur, facts_used(ct, options.facts)[0], threads)
    answers = []
    for number, (model, recipe) in enumerate(asked):
        stop_if(cancelled)
        share = part_of(progress, number / len(asked), (number + 1) / len(asked))
        share(0.0, f"Bone status of the {side} femur: {model.bundle.model_id}")
        reasons = tuple(filter(None, (recipe.problem, femur.withheld))) or features.unknown(model.settings)
        if reasons:
            answers.append(model.withheld(side, reasons))
        else:
            answers.append(_ask(model, recipe, features, masks, share, cancelled))
    progress(1.0, f"Bone status of the {side} femur")
    return answers


def _ask(
    model: StatusClassifier,
    recipe: FeatureRecipe,
    features: FemurFeatures,
    masks: FemurMasks,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> StatusAnswer:
    try:
        answer = model.answer(features.of(recipe, progress, cancelled), features.side)
    except CancelledError:
        raise
    except (OsteoScreenError, ArithmeticError, ValueError, MemoryError) as error:
        _LOG.exception("no answer of a bone-status model")
        return model.withheld(features.side, [why_it_failed(error, "to ask this model")])
    return replace(answer, notes=(*answer.notes, *_notes(recipe, masks, features)))


def _notes(recipe: FeatureRecipe, masks: FemurMasks, features: FemurFeatures) -> list[str]:
    """What to know of the patient and the mask that an answer rests on."""
    youngest = default_settings().number("status.youngest_years")
    notes = []
    if features.age_years is None:
        notes.append(f"The patient's age is not known: WHO classes are for {youngest:g} years and more.")
    elif features.age_years < youngest:
        notes.append(f"WHO classes are for {youngest:g} years and more; under that Z-scores are read.")
    if not recipe.measures:
        return notes
    finding = masks.femurs.get(features.side)
    if finding is not None and finding.presence == "cut":
        notes.append(f"This femur is cut: {finding.reason}")
    known = recipe.masks or {}
    if {model["sha256"] for model in masks.models} != set(known):
        theirs = " and ".join(known.values()) or "masks that were given"
        ours = " and ".join(f"{model['id']} {model['version']}" for model in masks.models) or "one that was given"
        notes.append(f"The model learnt from {'masks of ' if known else ''}{theirs}; this mask is {ours}.")
    return notes

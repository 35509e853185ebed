"""Installed bone-status models in a case: as in training, withheld with reasons, a demonstration always labelled."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.status_bundles import KEPT, Hip, make_hip, make_status_bundle

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import CancelledError, UsageError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.store import install_model
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.screening.status_models import StatusModels, status_models
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.status.status_answer import DEMONSTRATION, StatusAnswer
from OsteoScreenLib.status.status_classifier import StatusClassifier

pytestmark = [pytest.mark.needs_module(name) for name in ("SimpleITK", "scipy", "sklearn", "skl2onnx", "onnxruntime")]

ASKED = DensitometryOptions()
NOTHING = {"values": {}, "image_types": {}, "feature_classes": {}}


@pytest.fixture(scope="module")
def hip(tmp_path_factory) -> Hip:
    return make_hip(tmp_path_factory.mktemp("hip"))


@pytest.fixture(scope="module")
def fusion(hip, tmp_path_factory) -> Path:
    return make_status_bundle(tmp_path_factory.mktemp("bundles") / "fusion", hip)


@pytest.fixture(scope="module")
def radiomics(hip, tmp_path_factory) -> Path:
    return make_status_bundle(tmp_path_factory.mktemp("bundles") / "radiomics", hip, "radiomics")


@pytest.fixture
def store(monkeypatch, tmp_path) -> Path:
    """An empty folder of the user's models."""
    monkeypatch.setenv("OSTEOSCREEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def ready(*bundles: Path) -> StatusModels:
    return StatusModels(tuple(StatusClassifier(load_bundle(bundle)) for bundle in bundles), threads=1)


class Source:
    """The hip's own mask, with findings and flags as a test wants them."""

    def __init__(self, hip: Hip, change: Callable = lambda masks: masks) -> None:
        self._given, self._change = GivenMaskSegmenter(hip.mask), change

    def segment(self, *args: object):
        return self._change(self._given.segment(args[0]))


def screened(hip: Hip, models: StatusModels | None, change: Callable = lambda masks: masks, **asked) -> CaseResult:
    ct = read_ct(hip.image)
    acquisition = replace(ct.acquisition, **asked.pop("acquisition", {}))
    options = replace(ASKED, regions=False, **asked)
    source = Source(hip, change)
    return screen(replace(ct, acquisition=acquisition), "hip", source, densitometry=options, status=models).result


@pytest.fixture(scope="module")
def answered(hip, fusion) -> CaseResult:
    """The hip as it is, with the answers of one model."""
    return screened(hip, ready(fusion))


def left(result: CaseResult) -> StatusAnswer:
    (answer,) = (entry for entry in result.model_status if entry.status.side == "left")
    return answer


def why(result: CaseResult) -> str:
    assert left(result).status.withheld
    return " ".join(left(result).status.reasons)


def test_an_answer_is_the_one_that_a_trainings_features_give(hip, fusion, radiomics, answered) -> None:
    models = ready(fusion, radiomics)
    result = screened(hip, models)
    assert [(a.status.model, a.status.side) for a in result.model_status] == [
        (model, side) for model in ("test-status-fusion", "test-status-radiomics") for side in ("left", "right")
    ]
    for answer in result.model_status:
        if answer.status.side == "right":
            continue
        model = next(m for m in models.classifiers if m.bundle.model_id == answer.status.model)
        wanted = model.answer(hip.features, "left")
        assert not answer.status.withheld
        assert answer.status == wanted.status
        assert (answer.positive, answer.prediction_set, answer.top) == (
            wanted.positive,
            wanted.prediction_set,
            wanted.top,
        )
        assert len(answer.top) > 1
        assert answer.model.sha256 == model.bundle.sha256
    assert "bone-status models" in result.timings_s
    # The rule's own entries are as they would be without models.
    assert result.status == answered.status


def test_an_absent_side_is_withheld_by_every_model(answered) -> None:
    right = answered.model_status[1]
    assert right.status.withheld
    assert "no femur on this side" in right.status.reasons[0]


def test_answers_read_back_as_they_were_written(answered) -> None:
    again = CaseResult.from_json(answered.to_json())
    assert again.model_status == answered.model_status
    document = json.loads(answered.to_json())["model_status"][0]
    assert document["class"] == left(answered).status.bone_class
    assert document["reference_standard"] == {"t_score_source": "QCT", "t_score_site": "femoral_neck"}
    assert document["operating_point"]["rule"]


@pytest.mark.parametrize(
    ("acquisition", "says"),
    [
        ({"age_years": None}, "the patient's age is not known"),
        ({"sex": None}, "the patient's sex is not known"),
        ({"sex": "O"}, "the patient's sex is not known"),
    ],
)
def test_without_age_or_sex_a_model_that_uses_them_is_withheld_and_another_is_not(
    hip, fusion, radiomics, acquisition, says
) -> None:
    result = screened(hip, ready(fusion), acquisition=acquisition)
    assert why(result) == says
    assert not left(screened(hip, ready(radiomics), acquisition=acquisition)).status.withheld


def test_age_that_only_the_user_knows_is_taken(hip, fusion, answered) -> None:
    silent = {"acquisition": {"age_years": None, "sex": None}}
    told = screened(hip, ready(fusion), facts=PatientFacts("F", 66.0), **silent)
    assert left(told).status == left(answered).status


def test_under_fifty_an_answer_says_that_who_classes_are_for_elder_people(hip, radiomics) -> None:
    young = left(screened(hip, ready(radiomics), facts=PatientFacts("F", 45.0)))
    assert young.notes == ("WHO classes are for 50 years and more; under that Z-scores are read.",)
    assert not left(screened(hip, ready(radiomics))).notes
    ageless = left(screened(hip, ready(radiomics), acquisition={"age_years": None}))
    assert ageless.notes == ("The patient's age is not known: WHO classes are for 50 years and more.",)


def test_no_radiomics_are_measured_for_a_model_that_is_withheld_anyway(hip, fusion, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("radiomics were measured")

    monkeypatch.setattr("OsteoScreenLib.screening.femur_features.radiomics_features", fail)
    why(screened(hip, ready(fusion), acquisition={"age_years": None}))


def test_radiomics_are_measured_once_for_models_with_the_same_settings(hip, fusion, radiomics, monkeypatch) -> None:
    from OsteoScreenLib.status.case_features import radiomics_features

    sides = []

    def counted(ct, masks, side, *rest):
        sides.append(side)
        return radiomics_features(ct, masks, side, *rest)

    monkeypatch.setattr("OsteoScreenLib.screening.femur_features.radiomics_features", counted)
    screened(hip, ready(fusion, radiomics))
    assert sides == ["left"]


def test_an_implant_withholds_every_model(hip, radiomics) -> None:
    def with_metal(masks):
        return replace(masks, femurs={**masks.femurs, "left": replace(masks.femurs["left"], implant=True)})

    assert "metal" in why(screened(hip, ready(radiomics), with_metal))


def test_a_flag_that_withholds_withholds_every_model(hip, radiomics) -> None:
    grave = QualityFlag("thick_slices", Severity.WITHHOLD, "Slices of 6 mm.")
    result = screened(hip, ready(radiomics), lambda masks: replace(masks, flags=(*masks.flags, grave)))
    assert why(result) == "Slices of 6 mm."
    warning = replace(grave, severity=Severity.WARNING)
    other = screened(hip, ready(radiomics), lambda masks: replace(masks, flags=(*masks.flags, warning)))
    assert not left(other).status.withheld


def test_a_density_that_is_withheld_withholds_the_model_with_its_reason(hip, fusion, radiomics) -> None:
    contrast = {"facts": PatientFacts(contrast=True)}
    reason = why(screened(hip, ready(fusion), **contrast))
    assert "areal density in g/cm2 (femoral neck) is not known: " in reason
    assert "contrast" in reason
    assert not left(screened(hip, ready(radiomics), **contrast)).status.withheld


def test_a_cut_femur_is_withheld_where_a_density_is_missing(hip, fusion) -> None:
    def without_head(masks):
        labels = masks.labels.copy()
        inside = np.flatnonzero((labels == 1).any(axis=(1, 2)))
        labels[inside[int(0.55 * len(inside))] :] = 0
        return replace(masks, labels=labels)

    assert left(screened(hip, ready(fusion), without_head)).status.withheld


def test_a_femur_unlike_all_others_is_withheld(hip, radiomics) -> None:
    def half(masks):
        labels = masks.labels.copy()
        labels[:, : labels.shape[1] // 2] = 0
        return replace(masks, labels=labels)

    # A part of the bone is measured, if at all, as what the model has never seen.
    assert left(screened(hip, ready(radiomics), half)).status.withheld
    ready_made = ready(radiomics).classifiers[0]
    name = ready_made.settings.inputs[0]
    strange = ready_made.answer({**hip.features, name: 1e6}, "left")
    assert f"{name} is 1e+06" in strange.status.reasons[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"source": "table", "name": "features.csv"}, "a table of features"),
        ({}, "does not say how"),
        ({"densitometry": {"sha256": "0" * 64}}, "other settings of densitometry"),
        ({"radiomics": {**NOTHING, "values": {"binWidth": -5}}}, "binWidth"),
        ({"radiomics": {**NOTHING, "values": {"colour": 1}}}, "colour"),
        ({"radiomics": ["nonsense"]}, "cannot be read"),
        ({"radiomics": {**NOTHING, "values": {"resampledPixelSpacing": [0.001] * 3}}}, "voxels under 0.2 mm"),
    ],
)
def test_a_model_whose_features_cannot_be_measured_again_is_withheld(hip, tmp_path, settings, says) -> None:
    recorded = settings if "source" in settings or not settings else {**hip.settings, **settings}
    bundle = make_status_bundle(tmp_path / "b", hip, settings=recorded)
    assert says in why(screened(hip, ready(bundle)))


def test_age_and_sex_alone_need_no_measuring_and_are_answered_whatever_the_table(hip, tmp_path) -> None:
    bundle = make_status_bundle(tmp_path / "b", hip, "age_sex", settings={"source": "table"})
    assert not left(screened(hip, ready(bundle))).status.withheld


def test_a_sites_own_line_does_not_change_what_a_model_is_asked(hip, fusion, answered) -> None:
    """The model learnt from densities of the automatic calibration; the case is measured so for it once more."""
    forced = screened(hip, ready(fusion), choice=CalibrationChoice(method="fixed"))
    own = forced.densitometry.femora["left"].areal["femoral_neck"]["abmd"].value
    assert not math.isclose(own, hip.features[KEPT[3]], rel_tol=1e-6)
    assert left(forced).status == left(answered).status


def test_masks_of_another_origin_are_noted(hip, tmp_path, radiomics) -> None:
    masks = [{"id": "femur-vbnet", "version": "0.3.0", "sha256": "a" * 64}]
    bundle = make_status_bundle(tmp_path / "b", hip, "radiomics", settings={**hip.settings, "masks": masks})
    assert left(screened(hip, ready(bundle))).notes[-1] == (
        "The model learnt from masks of femur-vbnet 0.3.0; this mask is one that was given."
    )


def test_a_run_can_be_stopped_while_a_model_is_asked(hip, fusion) -> None:
    told: list[str] = []
    ct = read_ct(hip.image)

    def cancelled() -> bool:
        return any("Features of" in message for message in told)

    with pytest.raises(CancelledError):
        screen(ct, "hip", GivenMaskSegmenter(hip.mask), lambda _, m: told.append(m), cancelled, ASKED, ready(fusion))
    assert any("Bone status of the left femur" in message for message in told)


def test_progress_runs_on_without_a_step_back(hip, fusion) -> None:
    told: list[float] = []
    ct, source = read_ct(hip.image), GivenMaskSegmenter(hip.mask)
    screen(ct, "hip", source, lambda f, _: told.append(f), densitometry=ASKED, status=ready(fusion))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_without_an_installed_model_the_result_is_as_before_and_says_so(hip, store, answered) -> None:
    result = screened(hip, status_models())
    assert result.model_status == ()
    assert result.status == answered.status
    assert result.status_notes == ("No bone-status model is installed: bone status is by rule alone.",)
    assert "bone-status models" not in result.timings_s


def test_installed_models_are_asked_each_in_its_newest_version(hip, store, fusion, radiomics) -> None:
    for bundle in (fusion, radiomics):
        install_model(bundle)
    ids = [model.bundle.model_id for model in status_models().classifiers]
    assert ids == ["test-status-fusion", "test-status-radiomics"]
    assert [m.bundle.model_id for m in status_models(["test-status-radiomics"]).classifiers] == ids[1:]
    with pytest.raises(UsageError, match="There is no bone-status model femur-vbnet") as caught:
        status_models(["femur-vbnet"])
    assert "test-status-fusion, test-status-radiomics" in caught.value.next_step


def test_a_damaged_model_is_not_asked_and_the_result_says_why(hip, store, fusion) -> None:
    folder = install_model(fusion).folder
    (folder / "status.onnx").write_bytes(b"another")
    models = status_models()
    assert models.classifiers == ()
    assert "test-status-fusion 0.1.0 was not asked: it cannot be used." in models.notes[0]


def test_a_model_whose_description_is_broken_is_named_and_not_passed_over_in_silence(store, fusion) -> None:
    folder = install_model(fusion).folder
    (folder / "model.json").write_text("{")
    assert status_models().classifiers == ()
    (note,) = status_models().notes
    assert note.startswith(f"{folder.name} was not asked: it cannot be read. ")
    assert str(folder.parent) not in note


def test_a_model_that_is_named_twice_answers_once_and_two_versions_of_one_are_refused(
    hip, store, radiomics, tmp_path
) -> None:
    first = install_model(radiomics)
    other = install_model(make_status_bundle(tmp_path / "newer", hip, "radiomics", version="0.2.0"))
    names = [other.model_id, other.folder.name]
    assert [model.bundle.version for model in status_models(names).classifiers] == ["0.2.0"]
    with pytest.raises(UsageError, match="named in two versions"):
        status_models([first.folder.name, other.folder.name])


def test_a_shipped_demonstration_is_asked_only_by_name_and_says_what_it_is(hip, store, tmp_path, monkeypatch) -> None:
    make_status_bundle(tmp_path / "shipped" / "demo", hip, "radiomics", demonstration=True)
    monkeypatch.setattr("OsteoScreenLib.models.store.shipped_folder", lambda: tmp_path / "shipped")
    unasked = status_models()
    assert unasked.classifiers == ()
    assert "test-status-radiomics 0.1.0 was not asked: it is a demonstration" in unasked.notes[0]
    result = screened(hip, status_models(["test-status-radiomics"]))
    assert not left(result).status.withheld
    assert left(result).warning == DEMONSTRATION
    assert [entry["warning"] for entry in json.loads(result.to_json())["model_status"]] == [DEMONSTRATION] * 2
    assert not any(entry.demonstration_model for entry in result.status)

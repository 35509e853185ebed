"""Bone-status models in ``osteoscreen screen``: which are asked, where answers stand, and what is a wrong call."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from factory.status_bundles import Hip, make_hip, make_status_bundle

from OsteoScreenLib.models.store import find_model, install_model, remove_model
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.status.status_answer import DEMONSTRATION
from OsteoScreenLib.status.status_classifier import StatusClassifier

pytestmark = [pytest.mark.needs_module(name) for name in ("SimpleITK", "scipy", "sklearn", "skl2onnx", "onnxruntime")]


@pytest.fixture(scope="module")
def hip(tmp_path_factory) -> Hip:
    return make_hip(tmp_path_factory.mktemp("hip"))


@pytest.fixture(scope="module")
def bundles(hip, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "fusion": make_status_bundle(folder / "fusion", hip),
        "demo": make_status_bundle(folder / "demo", hip, "radiomics", demonstration=True, title="<script>1</script>"),
    }


@pytest.fixture(autouse=True)
def store(monkeypatch, tmp_path) -> None:
    """An empty folder of the user's models."""
    monkeypatch.setenv("OSTEOSCREEN_MODELS", str(tmp_path / "models"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def screened(osteoscreen, hip, out):
    def call(*options: object) -> Any:
        return osteoscreen("screen", hip.image, "--segmentation", hip.mask, "--out", out, "--no-regions", *options)

    return call


def document(out: Path) -> dict[str, Any]:
    return json.loads((out / "hip" / "result.json").read_text(encoding="utf-8"))


def test_a_screened_case_has_the_answer_that_a_trainings_measures_give(screened, hip, bundles, out) -> None:
    """From file to file, by both ways: ``measure_case`` of a training, and the command."""
    from OsteoScreenLib.training.measure_case import measure_case

    install_model(bundles["fusion"])
    ended = screened()
    assert ended.code == 0, ended.err
    model = StatusClassifier(find_model("test-status-fusion"))
    recorded = model.settings.feature_settings["radiomics"]
    settings = Settings.from_dict(
        {
            "setting": recorded["values"],
            "imageType": recorded["image_types"],
            "featureClass": recorded["feature_classes"],
        }
    )
    features = {**measure_case(hip.case, settings), "age": hip.case.age, "sex_male": 0.0}
    wanted = model.answer(features, "left").to_dict()
    (left,) = (entry for entry in document(out)["model_status"] if entry["side"] == "left")
    assert left == wanted
    assert left["class"] is not None
    assert document(out)["status"][0]["model"] == "ct-abmd-rule"
    assert "Left femur, test-status-fusion 0.1.0: " + left["class"] in ended.out


def test_a_demonstration_is_labelled_in_result_table_report_index_and_console(screened, bundles, out) -> None:
    install_model(bundles["demo"])
    ended = screened()
    assert ended.code == 0, ended.err
    assert " ".join(ended.out.split()).count("Demonstration model") == 2
    assert [entry["warning"] for entry in document(out)["model_status"]] == [DEMONSTRATION] * 2
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["demonstration_test-status-radiomics_warning"] == DEMONSTRATION
    for page in (out / "hip" / "report.html", out / "index.html"):
        text = page.read_text(encoding="utf-8")
        assert DEMONSTRATION in text
        assert "<script" not in text


def test_a_model_may_be_named_and_none_be_asked(screened, bundles, out) -> None:
    for bundle in bundles.values():
        install_model(bundle)
    assert screened("--status-model", "test-status-fusion").code == 0
    assert {entry["model"] for entry in document(out)["model_status"]} == {"test-status-fusion"}
    assert screened("--no-status-models").code == 0
    assert (document(out)["model_status"], document(out)["status_notes"]) == ([], [])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--status-model", "nothing"), "There is no bone-status model nothing"),
        (("--status-model", "a", "--no-status-models"), "exclude each other"),
        (("--status-model", "a", "--no-densitometry"), "needs masks and bone density"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_read(screened, out, options, says) -> None:
    ended = screened(*options)
    assert ended.code == 2
    assert says in ended.err
    assert not out.exists()


def test_an_earlier_result_is_kept_until_another_model_is_installed(screened, bundles, out) -> None:
    def kept(*options: str) -> str:
        assert screened(*options).code == 0
        with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
            return next(csv.DictReader(stream))["kept_from_earlier_run"]

    install_model(bundles["fusion"])
    assert kept() == "no"
    assert kept("--resume") == "yes"
    remove_model("test-status-fusion")
    assert kept("--resume") == "no"
    assert document(out)["model_status"] == []
    assert document(out)["status_notes"] == ["No bone-status model is installed: bone status is by rule alone."]

"""Bone density in ``osteoscreen screen``: what the user and the site may say, and what is a wrong call."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from densitometry.bodies import body as small_body
from factory.femur_segmenters import read_voxels

from OsteoScreenLib.ct.sidecar import write_sidecar
from OsteoScreenLib.ct.write import write_image, write_labels

SITE_LINE = {
    "manufacturer": "Maker",
    "model": "Scanner",
    "kvp": 120,
    "kernel": None,
    "slope": 0.8,
    "intercept": -2.0,
    "residual_mg_cm3": 1.0,
    "equivalent": "k2hpo4",
    "phantom": "QA phantom",
    "measured_on": "2026-11-01",
}
INSERTS = [{"name": str(d), "density_mg_cm3": float(d), "mean_hu": 1.25 * d + 2.0} for d in (0, 50, 100, 200)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A femur in a piece of body, and its mask."""
    folder, made = tmp_path_factory.mktemp("femur"), small_body()
    path = write_image(made.ct, folder / "hip.nii.gz")
    write_sidecar(made.ct.acquisition, path)
    return path, write_labels(made.labels, made.ct.geometry, folder / "mask.nii.gz")


@pytest.fixture
def screened(osteoscreen, scan, out):
    """Screens the femur with its mask and some options; gives the result as a document."""

    def call(*options: object) -> dict[str, Any]:
        ended = osteoscreen("screen", scan[0], "--segmentation", scan[1], "--out", out, *options)
        assert ended.code == 0, ended.err
        return json.loads((out / "hip" / "result.json").read_text(encoding="utf-8"))

    return call


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def site_file(tmp_path: Path, **changes: object) -> Path:
    document = {"schema_version": 1, "site": "Clinic A", "calibrations": [{**SITE_LINE, **changes}]}
    return written(tmp_path / "site.json", document)


def table(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_density_regions_status_and_table_lie_beside_the_mask(osteoscreen, scan, out, screened) -> None:
    result = screened()
    assert {entry.name for entry in (out / "hip").iterdir()} == {
        *("result.json", "report.html", "segmentation.nii.gz", "regions.nii.gz"),
    }
    regions = read_voxels(out / "hip" / "regions.nii.gz")
    assert {121, 122, 142} <= set(np.unique(regions).tolist())
    assert result["schema_version"] == 4
    assert result["densitometry"]["calibration"]["method"] == "internal"
    (row,) = table(out)
    assert row["left_status"] == result["status"][0]["class"] == "normal"
    assert "Bone density" in (out / "hip" / "report.html").read_text(encoding="utf-8")
    assert "Left femur" in (out / "index.html").read_text(encoding="utf-8")


def test_the_console_says_the_class_and_why_one_is_withheld(osteoscreen, scan, out) -> None:
    ended = osteoscreen("screen", scan[0], "--segmentation", scan[1], "--out", out)
    assert "Left femur: normal" in ended.out
    assert "Right femur: withheld" in ended.out
    assert "no DXA T-score" in ended.out


def test_no_densitometry_measures_nothing_and_no_regions_writes_none(out, screened) -> None:
    result = screened("--no-densitometry")
    assert (result["densitometry"], result["status"]) == (None, [])
    assert not (out / "hip" / "regions.nii.gz").exists()
    assert screened("--no-regions")["densitometry"]["femora"]["left"]["regions"]
    assert not (out / "hip" / "regions.nii.gz").exists()


def test_what_the_user_knows_of_the_patient_is_used(out, screened) -> None:
    result = screened("--sex", "m", "--age", "45.5", "--contrast", "no")
    assert result["densitometry"]["facts"] == {"sex": "M", "age_years": 45.5, "contrast": False}
    assert "50 years" in " ".join(result["status"][0]["reasons"])
    assert (table(out)[0]["sex"], table(out)[0]["age_years"]) == ("M", "45.5")


def test_contrast_that_the_user_names_withholds_density(screened) -> None:
    left = screened("--contrast", "yes")["densitometry"]["femora"]["left"]
    assert "contrast" in left["areal"]["femoral_neck"]["abmd"]["withheld"]


def test_resume_keeps_a_result_of_the_same_wishes_and_makes_another_anew(osteoscreen, scan, out, screened) -> None:
    def kept(*options: object) -> bool:
        screened("--resume", *options)
        return table(out)[0]["kept_from_earlier_run"] == "yes"

    screened("--sex", "F", "--age", "70")
    assert kept("--sex", "F", "--age", "70")
    assert not kept("--sex", "F", "--age", "71")
    assert not kept("--sex", "F", "--age", "71", "--calibration", "fixed")
    assert kept("--sex", "F", "--age", "71", "--calibration", "fixed")
    (out / "hip" / "regions.nii.gz").unlink()
    assert not kept("--sex", "F", "--age", "71", "--calibration", "fixed")
    assert not kept("--no-densitometry")


@pytest.mark.parametrize("name", ["internal", "fixed"])
def test_a_calibration_that_is_asked_for_is_taken(screened, name) -> None:
    assert screened("--calibration", name)["densitometry"]["calibration"]["method"] == name


def test_the_sites_line_comes_before_the_tissues_and_may_be_asked_for_alone(screened, tmp_path) -> None:
    path = site_file(tmp_path)
    assert screened("--site-calibration", path)["densitometry"]["calibration"]["method"] == "asynchronous"
    other = site_file(tmp_path, model="Another scanner")
    assert screened("--site-calibration", other)["densitometry"]["calibration"]["method"] == "internal"
    alone = screened("--calibration", "site", "--site-calibration", other)["densitometry"]
    assert alone["calibration"] is None
    assert "no line for Maker Scanner" in alone["no_calibration"]


def test_a_phantoms_inserts_come_before_everything(screened, tmp_path) -> None:
    document = {"schema_version": 1, "phantom": "P1", "equivalent": "k2hpo4", "inserts": INSERTS}
    path = written(tmp_path / "inserts.json", document)
    line = screened("--phantom-inserts", path, "--site-calibration", site_file(tmp_path))["densitometry"]["calibration"]
    assert line["method"] == "phantom"
    assert line["slope"] == pytest.approx(0.8)
    assert line["intercept"] == pytest.approx(-1.6)


def test_a_sites_settings_are_used_and_recorded(screened, tmp_path) -> None:
    change = {"areal.to_dxa_slope": {"value": 1.1, "source": "own regression"}}
    plain = screened()["densitometry"]["femora"]["left"]["areal"]["total_hip"]["abmd"]["value"]
    path = written(tmp_path / "own.json", {"schema_version": 1, "site": "Clinic A", "settings": change})
    own = screened("--site-settings", path)["densitometry"]
    assert own["femora"]["left"]["areal"]["total_hip"]["abmd"]["value"] == pytest.approx(1.1 * plain)
    assert own["settings"]["overridden"]["areal.to_dxa_slope"]["source"] == "own regression"


def test_a_cohort_table_says_sex_and_age_of_each_patient(osteoscreen, scan, out, tmp_path, monkeypatch) -> None:
    from OsteoScreenLib.screening import femur_source
    from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: GivenMaskSegmenter(scan[1]))
    path = tmp_path / "cohort.csv"
    path.write_text(f"path,sex,age\n{scan[0]},F,81\n{scan[0]},male,52\n{scan[0]},,\n", encoding="utf-8")
    ended = osteoscreen("screen", "--cohort", path, "--out", out)
    assert ended.code == 0, ended.err
    assert [(row["sex"], row["age_years"]) for row in table(out)] == [("F", "81"), ("M", "52"), ("F", "66")]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--sex", "X"), "'X' is not one of"),
        (("--age", "old"), "valid number"),
        (("--age", "140"), "less than or equal to 130"),
        (("--age", "nan"), "130"),
        (("--contrast", "maybe"), "'maybe' is not one of"),
        (("--calibration", "best"), "'best' is not one of"),
        (("--calibration", "site"), "--calibration site needs --site-calibration"),
        (("--calibration", "phantom"), "--calibration phantom needs --phantom-inserts"),
        (("--no-densitometry", "--sex", "F"), "--no-densitometry and --sex exclude each other"),
        (("--no-segmentation", "--age", "70"), "--no-segmentation and --age exclude each other"),
        (("--site-calibration", "absent.json"), "cannot be read"),
        (("--site-settings", "absent.json"), "cannot be read"),
        (("--phantom-inserts", "absent.json"), "cannot be read"),
        (("--vertebra-labels", "L1=1"), "--vertebrae FILE is missing"),
        (("--vertebrae", "absent.nii.gz"), "--vertebra-labels L1=NUMBER is missing"),
        (("--vertebrae", "absent.nii.gz", "--vertebra-labels", "L1=1"), "no such file of vertebrae"),
    ],
)
def test_a_wrong_option_is_a_wrong_call_with_a_clear_sentence(osteoscreen, scan, out, options, says) -> None:
    ended = osteoscreen("screen", scan[0], "--out", out, *options)
    assert ended.code == 2
    assert says in ended.err
    assert not out.exists()


def test_a_file_that_the_calibration_makes_no_use_of_is_a_wrong_call(osteoscreen, scan, out, tmp_path) -> None:
    ended = osteoscreen(
        "screen", scan[0], "--out", out, "--calibration", "fixed", "--site-calibration", site_file(tmp_path)
    )
    assert ended.code == 2
    assert "--calibration fixed makes no use of --site-calibration" in ended.err


@pytest.mark.parametrize("option", [("--sex", "F"), ("--age", "70")])
def test_the_facts_of_one_patient_are_refused_for_several(osteoscreen, scan, out, option) -> None:
    ended = osteoscreen("screen", scan[0], scan[0], "--out", out, *option)
    assert ended.code == 2
    assert "speaks of one patient" in ended.err
    assert "a table with the columns path, sex and age" in ended.err

import json

import pytest

from OsteoScreenLib.ct.sidecar import age_in_years, read_sidecar


def test_facts_of_a_dcm2niix_sidecar_are_taken(tmp_path):
    facts = {
        "Modality": "CT",
        "KVP": 140,
        "ConvolutionKernel": "B30f",
        "SliceThickness": 3.0,
        "ImageType": ["ORIGINAL", "PRIMARY"],
    }
    (tmp_path / "scan.json").write_text(json.dumps(facts))
    acquisition = read_sidecar(tmp_path / "scan.nii.gz")
    assert (acquisition.kvp, acquisition.kernel, acquisition.slice_thickness_mm) == (140.0, "B30f", 3.0)
    assert acquisition.facts_from == "sidecar"
    assert acquisition.sex is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        '{"KVP": 120}',
        "{" * 100_000,
        "\x00",
        '{"Modality": "CT", "KVP": NaN}',
        '{"Modality": "CT", "KVP": "x"}',
    ],
)
def test_what_is_not_a_sidecar_gives_no_fact(tmp_path, content):
    (tmp_path / "scan.json").write_text(content)
    assert read_sidecar(tmp_path / "scan.nii").kvp is None


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("049Y", 49.0),
        ("018M", 1.5),
        ("", None),
        ("49", None),
        ("ABCY", None),
        (None, None),
        ("-49Y", None),
        ("²49Y", None),
    ],
)
def test_a_dicom_age_is_read_or_absent(text, years):
    assert age_in_years(text) == years


def test_a_number_that_no_float_can_hold_is_absent(tmp_path):
    (tmp_path / "scan.json").write_text('{"Modality": "CT", "KVP": 1' + "0" * 400 + ', "PatientWeight": 70}')
    facts = read_sidecar(tmp_path / "scan.nii")
    assert (facts.kvp, facts.weight_kg) == (None, 70.0)


def test_an_endless_text_is_cut(tmp_path):
    (tmp_path / "scan.json").write_text('{"Modality": "CT", "ConvolutionKernel": "' + "B" * 5000 + '"}')
    assert read_sidecar(tmp_path / "scan.nii").kernel == "B" * 256

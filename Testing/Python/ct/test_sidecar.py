import json

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.sidecar import OWN_KEY, age_in_years, read_sidecar, write_sidecar


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


EVERY_FACT = Acquisition(
    modality="CT",
    image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
    kvp=120.0,
    tube_current_ma=214.5,
    exposure_mas=0.1 + 0.2,
    kernel="B30f",
    slice_thickness_mm=1.0,
    manufacturer="Maker",
    model="Größe ½",
    contrast_agent=" none ",
    gantry_tilt_deg=-12.5,
    pixel_padding_hu=-3024.0,
    sex="F",
    age_years=67.3,
    height_m=1.64,
    weight_kg=70.0,
    body_part="PELVIS",
    patient_position="HFS",
    facts_from="dicom",
)


@pytest.mark.parametrize("facts", [EVERY_FACT, Acquisition(), Acquisition(sex="M", facts_from="simulation")])
def test_our_own_sidecar_gives_back_every_fact(tmp_path, facts):
    write_sidecar(facts, tmp_path / "scan.mha")
    assert read_sidecar(tmp_path / "scan.mha") == facts


def test_every_field_of_the_acquisition_is_in_that_test():
    assert None not in vars(EVERY_FACT).values()


def test_a_value_of_another_kind_in_our_own_sidecar_is_left_out(tmp_path):
    wrong = {
        "kvp": "120",
        "sex": 3,
        "image_type": ["A", 1],
        "height_m": True,
        "kernel": "B" * 5000,
        "age_years": 1e400,
        "exposure_mas": -1.0,
    }
    (tmp_path / "scan.json").write_text(json.dumps({OWN_KEY: {**wrong, "weight_kg": 70, "surprise": 1}}))
    assert read_sidecar(tmp_path / "scan.mha") == Acquisition(weight_kg=70.0)

"""What is written of a digital patient, and on which side it lies."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from factory.small_patient import make_small_case

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.phantom.cohort import Options
from OsteoScreenLib.phantom.cohort_design import Case
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.phantom.write_patient import nominal_tube_current, write_patient

pytestmark = [
    pytest.mark.needs_module("scipy"),
    pytest.mark.needs_module("SimpleITK"),
    pytest.mark.needs_module("pydicom"),
]


def _case(protocol: str = "abdomen-portal-venous") -> Case:
    traits = draw_patient(4, sex="F", age_years=71.6, implant="stem", implant_side="L")
    return Case("case-0001", traits, PROTOCOLS[protocol])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    patient, regions = make_small_case(_case(), Options())
    folder = tmp_path_factory.mktemp("patient") / "p"
    write_patient(patient, folder, dicom=True, regions=regions)
    return folder, patient


def test_everything_is_written_and_nothing_else(written):
    folder, _ = written
    names = {path.name for path in folder.iterdir()}
    assert names == {"ct.nii.gz", "labels.nii.gz", "labels.json", "femur_regions.nii.gz", "truth.json", "dicom"}
    table = json.loads((folder / "labels.json").read_text())
    assert {row["name"]: row["number"] for row in table["structures"]} == dict(LABEL)
    record = json.loads((folder / "truth.json").read_text())
    assert record["protocol"]["phase"] == "portal_venous"
    assert record["traits"]["implant"] == "stem"
    assert "not a patient" in record["note"]


@pytest.mark.parametrize("name", ["ct.nii.gz", "dicom"])
def test_a_left_implant_lies_at_the_patients_left(written, name):
    folder, _ = written
    view = read_ct(folder / name).anatomical().array  # axes to S, P, L
    metal = np.argwhere(view > 2000)
    assert len(metal) > 10
    assert metal[:, 2].min() > view.shape[2] / 2


def test_labels_lie_where_the_image_has_the_structure(written):
    folder, patient = written
    image, labels = read_ct(folder / "ct.nii.gz"), read_ct(folder / "labels.nii.gz")
    assert np.array_equal(labels.hu, patient.labels)
    assert image.geometry.to_dict() == labels.geometry.to_dict()
    left = np.argwhere(labels.anatomical().array == LABEL["femur_left"])
    assert left[:, 2].mean() > labels.hu.shape[2] / 2


def test_the_series_says_who_was_scanned_how_and_that_it_is_no_patient(written):
    import pydicom

    folder, _ = written
    image = pydicom.dcmread(sorted((folder / "dicom").iterdir())[0])
    assert str(image.PatientName) == "OsteoScreen^DigitalPatient"
    assert (image.PatientSex, image.PatientAge, image.KVP) == ("F", "071Y", 120)
    assert image.PatientSize == pytest.approx(draw_patient(4, sex="F", age_years=71.6).height_m)
    assert image.ConvolutionKernel == "SOFT"
    assert "portal venous" in image.ContrastBolusAgent
    assert "not a patient" in image.ImageComments
    assert image.QualityControlSubject == "YES"


def test_an_unenhanced_series_names_no_contrast_agent(tmp_path):
    import pydicom

    patient, _ = make_small_case(_case("abdomen"), Options())
    write_patient(patient, tmp_path / "p", image=False, dicom=True)
    image = pydicom.dcmread(sorted((tmp_path / "p" / "dicom").iterdir())[0])
    assert "ContrastBolusAgent" not in image
    assert not (tmp_path / "p" / "ct.nii.gz").exists()


@pytest.mark.needs_program("dciodvfy", "dicom3tools")
@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_the_series_passes_the_dicom_validator(tmp_path, protocol):
    patient, _ = make_small_case(_case(protocol), Options())
    write_patient(patient, tmp_path / "p", image=False, dicom=True)
    for file in sorted((tmp_path / "p" / "dicom").iterdir())[:2]:
        said = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, timeout=60, check=False)
        errors = [line for line in (said.stderr + said.stdout).splitlines() if line.startswith("Error")]
        assert errors == []


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_digital_patients_implant_lies_on_its_side_in_nifti_and_dicom(tmp_path, side):
    traits = draw_patient(2, implant="nail", implant_side=side)
    patient = make_digital_patient(
        traits, PROTOCOLS["hip"], spacing_xyz_mm=(5.0, 5.0, 5.0), shape_zyx=(24, 60, 90), with_truth=False
    )
    write_patient(patient, tmp_path / "p", dicom=True, regions=patient.femur_regions)
    record = json.loads((tmp_path / "p" / "truth.json").read_text())
    assert record["traits"]["implant_side"] == side
    sign = 1 if side == "L" else -1
    labels = read_ct(tmp_path / "p" / "labels.nii.gz").anatomical().array
    for name in ("ct.nii.gz", "dicom"):
        view = read_ct(tmp_path / "p" / name).anatomical().array
        metal = np.argwhere(view > 2500)
        assert len(metal) > 5
        assert np.all((metal[:, 2] - view.shape[2] / 2) * sign > 0)
        assert np.all((np.argwhere(labels == LABEL["implant"])[:, 2] - view.shape[2] / 2) * sign > 0)


def test_more_noise_means_less_tube_current():
    low, high = PROTOCOLS["low-dose-abdomen"], PROTOCOLS["abdomen"]
    assert nominal_tube_current(low) < nominal_tube_current(high) / 3

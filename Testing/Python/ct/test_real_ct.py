"""Every CT of the shared data, read by us and by SimpleITK alone."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from OsteoScreenLib.ct.reader import read_ct

FILES = [
    *(
        f"hip_ct/STS_{case}_CT.nii.gz"
        for case in ("007", "011", "012", "015", "021", "029", "031", "036", "040", "048", "050")
    ),
    "abdomen_ct/crlm_1006/CRLM-CT-1006.nii.gz",
    "abdomen_ct/totalsegmentator_example/example_ct.nii.gz",
    "abdomen_ct/totalsegmentator_example_dicom/example_ct_dicom.nii.gz",
    "abdomen_ct/totalsegmentator_example_dicom/thorax_aorta_crop_1p5mm.nii.gz",
    "chest_ct/lidc_chest/lidc_chest_fullfov_1x1x2mm.nii.gz",
    "chest_ct/lidc_chest/lidc_chest_spinecrop_native.nii.gz",
    "chest_ct/tptbox_L3/sub-ct_label-22_ct.nii.gz",
]
FOLDERS = [
    "hip_ct_dicom/STS_036/image",
    "hip_ct_dicom/STS_040/image",
    "abdomen_ct/totalsegmentator_example_dicom/dicom",
]


def assert_equal_to(volume, image):
    assert np.array_equal(volume.hu, sitk.GetArrayViewFromImage(image))
    assert volume.geometry.spacing_xyz_mm == image.GetSpacing()
    assert volume.geometry.origin_lps_mm == image.GetOrigin()
    assert volume.geometry.direction == image.GetDirection()


@pytest.mark.parametrize("name", FILES)
def test_an_image_file_equals_simpleitk_exactly(shared_data: Path, name: str):
    assert_equal_to(read_ct(shared_data / name), sitk.ReadImage(str(shared_data / name)))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_dicom_folder_equals_simpleitk_exactly(shared_data: Path, name: str):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(shared_data / name)))
    assert_equal_to(read_ct(shared_data / name), reader.Execute())


@pytest.mark.parametrize("case", ["036", "040"])
def test_dicom_and_nifti_of_one_scan_agree_in_physical_space(shared_data: Path, case: str):
    dicom = read_ct(shared_data / f"hip_ct_dicom/STS_{case}")  # the structure set beside the images is passed over
    nifti = read_ct(shared_data / f"hip_ct/STS_{case}_CT.nii.gz")
    assert dicom.acquisition.kvp == 140.0
    assert "RTSTRUCT" in dicom.source.notes[0]
    corner = (0.0, 0.0, 0.0)
    far = tuple(n - 1 for n in dicom.geometry.shape_zyx[::-1])
    for index in (corner, far):
        there = nifti.geometry.to_index(dicom.geometry.to_physical(index))
        assert there == pytest.approx(index, abs=0.01)
    assert np.array_equal(dicom.hu, nifti.hu)


def test_two_patients_in_one_folder_are_refused(shared_data: Path):
    from OsteoScreenLib.errors import InputError

    with pytest.raises(InputError, match="2 patients"):
        read_ct(shared_data / "hip_ct_dicom")


def test_a_folder_of_image_files_asks_for_the_files(shared_data: Path):
    from OsteoScreenLib.errors import InputError

    with pytest.raises(InputError, match="Give the image files themselves") as refused:
        read_ct(shared_data / "hip_ct")
    assert refused.value.code == "several_images"

"""What the checks say of real CTs. Expected flags were confirmed by eye or by the header."""

import numpy as np
import pytest

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.checks import check_volume
from OsteoScreenLib.quality.flag import QualityFlag

HIPS = [f"hip_ct/STS_{n:03d}_CT.nii.gz" for n in (7, 11, 12, 15, 21, 29, 31, 36, 40, 48, 50)]
PORTAL_VENOUS = "abdomen_ct/crlm_1006/CRLM-CT-1006.nii.gz"
LEFT_IMPLANT = "abdomen_ct/totalsegmentator_example/example_ct.nii.gz"
ABDOMEN_DICOM = "abdomen_ct/totalsegmentator_example_dicom/dicom"
ABDOMEN = "abdomen_ct/totalsegmentator_example_dicom/example_ct_dicom.nii.gz"
AORTA = "abdomen_ct/totalsegmentator_example_dicom/thorax_aorta_crop_1p5mm.nii.gz"
CHEST = "chest_ct/lidc_chest/lidc_chest_fullfov_1x1x2mm.nii.gz"
CHEST_NATIVE = "chest_ct/lidc_chest/lidc_chest_spinecrop_native.nii.gz"
L3 = "chest_ct/tptbox_L3/sub-ct_label-22_ct.nii.gz"
LUNG = "radiomics_reference/ibsi/ibsi_1_ct_radiomics_phantom/image/phantom.nii.gz"
ALL = [*HIPS, PORTAL_VENOUS, LEFT_IMPLANT, ABDOMEN_DICOM, ABDOMEN, AORTA, CHEST, CHEST_NATIVE, L3, LUNG]
ENHANCED = {PORTAL_VENOUS, ABDOMEN_DICOM, ABDOMEN, AORTA, LUNG}
METAL = {LEFT_IMPLANT, AORTA}
SHARP = {CHEST_NATIVE, L3}
NOT_CT = [
    "radiomics_reference/pyradiomics/brain1_image.nrrd",
    "radiomics_reference/pyradiomics/brain2_image.nrrd",
    "radiomics_reference/pyradiomics/breast1_image.nrrd",
    "radiomics_reference/pyradiomics/prostate_phantom_subvolume.nrrd",
    "abdomen_ct/totalsegmentator_example/example_seg_v1_104class.nii.gz",
    "hip_ct/STS_036_femur.nii.gz",
]


@pytest.fixture(scope="module")
def checked(shared_data):
    """Volume and flags by code of a CT, each read once."""
    cache: dict[str, tuple[CTVolume, dict[str, QualityFlag]]] = {}

    def check(name):
        if not (shared_data / name).exists():
            pytest.skip(f"the shared data lack {name}")
        if name not in cache:
            ct = read_ct(shared_data / name)
            cache[name] = ct, {flag.code: flag for flag in check_volume(ct)}
        return cache[name]

    return check


@pytest.mark.parametrize("name", ALL)
def test_a_real_ct_is_recognised_as_hu(checked, name):
    assert not {"not_hounsfield", "hu_clipped", "non_finite_voxels", "impossible_geometry"} & set(checked(name)[1])


@pytest.mark.parametrize("name", NOT_CT)
def test_magnetic_resonance_and_label_maps_are_not_hu(checked, name):
    assert "not_hounsfield" in checked(name)[1]


@pytest.mark.parametrize("name", ALL)
def test_contrast_agent_is_flagged_where_vessels_are_enhanced_and_nowhere_else(checked, name):
    assert ("contrast_agent" in checked(name)[1]) is (name in ENHANCED)


def test_oral_contrast_medium_in_the_bowel_is_said_and_not_taken_for_enhancement(checked):
    assert checked("hip_ct/STS_036_CT.nii.gz")[1]["bowel_contrast"].severity.value == "info"


@pytest.mark.parametrize("name", ALL)
def test_metal_is_flagged_where_it_is_and_nowhere_else(checked, name):
    assert ("metal" in checked(name)[1]) is (name in METAL)


def test_the_implant_is_on_the_left(checked):
    evidence = checked(LEFT_IMPLANT)[1]["metal"].evidence
    assert evidence["side"] == "left"
    assert evidence["volume_ml"] == pytest.approx(11.6, abs=0.5)


@pytest.mark.parametrize("name", ALL)
def test_a_sharp_kernel_is_flagged_by_its_noise_where_the_grid_shows_it_and_nowhere_else(checked, name):
    assert ("sharp_kernel" in checked(name)[1]) is (name in SHARP)


def test_no_claim_about_the_kernel_is_made_of_a_chest_that_was_resampled_to_1_mm(checked):
    assert checked(CHEST)[1]["kernel_unknown"].evidence["sharp_by_noise"] is None


@pytest.mark.parametrize("name", ["hip_ct_dicom/STS_036/image", "hip_ct_dicom/STS_040/image"])
def test_the_hips_were_scanned_at_140_kvp(checked, name):
    evidence = checked(name)[1]["kvp_not_120"].evidence
    assert evidence == {"kvp": 140.0, "published_l1_change_percent": -7.0}


@pytest.mark.parametrize("name", HIPS)
def test_every_hip_is_a_crop_that_cuts_the_body_and_has_thick_slices(checked, name):
    flags = checked(name)[1]
    assert flags["field_of_view_cuts_body"].evidence["sides"]
    assert flags["thick_slices"].severity.value == "warning"


def test_arms_at_the_rim_of_the_circular_field_are_seen(checked):
    evidence = checked(ABDOMEN)[1]["field_of_view_cuts_body"].evidence
    assert evidence["sides"] == ["left", "right"]
    assert evidence["edges"] == ["circular field"]


def test_a_whole_trunk_in_air_is_not_cut(checked):
    assert "field_of_view_cuts_body" not in checked(PORTAL_VENOUS)[1]


@pytest.mark.parametrize("name", [n for n in ALL if n != L3])
def test_real_noise_lies_between_5_and_40_hu(checked, name):
    assert 5 < checked(name)[1]["noise"].evidence["noise_hu"] < 40


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "disguise",
    [
        lambda hu: hu + 1024,
        lambda hu: np.maximum(hu + 1024, 0),
        lambda hu: hu - 1024,
        lambda hu: ((np.clip(hu, -160, 240) + 160) * 255) // 400,
        lambda hu: (hu + 1024) / 4095.0,
        lambda hu: np.clip(hu, -160, 240),
    ],
    ids=["+1024", "unsigned 12 bit", "-1024", "8 bit", "normalised", "windowed"],
)
def test_a_real_ct_in_disguise_is_not_hu(checked, name, disguise):
    ct = checked(name)[0]
    changed = disguise(ct.hu.astype(np.int32))
    changed = changed.astype(np.float32 if changed.dtype.kind == "f" else np.int16)
    codes = {flag.code for flag in check_volume(CTVolume(changed, ct.geometry, ct.acquisition))}
    assert "not_hounsfield" in codes
    assert not codes & {"noise", "metal", "hu_clipped"}


@pytest.mark.parametrize("name", [n for n in ALL if n != L3])
def test_an_inverted_real_ct_is_not_hu(checked, name):
    ct = checked(name)[0]
    inverted = (-ct.hu.astype(np.int32)).astype(np.int16)
    assert "not_hounsfield" in {flag.code for flag in check_volume(CTVolume(inverted, ct.geometry))}

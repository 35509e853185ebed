"""What the header says: modality, localizer, tube voltage, kernel, thickness, contrast agent, patient."""

import dataclasses

import pytest
from quality.trunks import KNOWN, TRUNK, flags_of, severity, trunk, with_facts

from OsteoScreenLib.quality.tags import check_kvp


def test_a_plain_scan_at_120_kvp_with_a_soft_kernel_raises_only_its_noise_level():
    assert set(flags_of(trunk(TRUNK))) == {"noise"}


def test_another_modality_withholds_and_no_voxel_is_measured():
    flags = flags_of(with_facts(modality="MR"))
    assert flags["not_ct"].severity.value == "withhold"
    assert "noise" not in flags


@pytest.mark.parametrize("modality", ["CT", "ct ", None])
def test_ct_and_an_unknown_modality_are_not_refused(modality):
    assert "not_ct" not in flags_of(with_facts(modality=modality))


def test_a_localizer_withholds():
    flags = flags_of(with_facts(image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")))
    assert flags["localizer"].severity.value == "withhold"
    assert "noise" not in flags


def test_an_axial_image_is_not_a_localizer():
    assert "localizer" not in flags_of(with_facts(image_type=("ORIGINAL", "PRIMARY", "AXIAL")))


@pytest.mark.parametrize(("kvp", "words"), [(100.0, "+5 %"), (140.0, "-7 %"), (80.0, "No published figure")])
def test_another_tube_voltage_warns_with_the_published_size_of_the_effect(kvp, words):
    (flag,) = check_kvp(with_facts(kvp=kvp))
    assert flag.code == "kvp_not_120"
    assert words in flag.message


@pytest.mark.parametrize("kvp", [None, 0.0])
def test_an_unknown_tube_voltage_is_said(kvp):
    (flag,) = check_kvp(with_facts(kvp=kvp))
    assert flag.code == "kvp_unknown"


@pytest.mark.parametrize("kvp", [120.0, 119.4, 121.0])
def test_120_kvp_raises_nothing(kvp):
    assert check_kvp(with_facts(kvp=kvp)) == []


@pytest.mark.parametrize(
    ("thickness", "expected"), [(3.0, None), (3.27, "warning"), (5.0, "warning"), (5.02, "withhold"), (8.0, "withhold")]
)
def test_slices_over_3_mm_warn_and_over_5_mm_withhold(thickness, expected):
    hu = TRUNK[:, :, :]
    ct = trunk(hu, spacing=(1.5, 1.5, thickness), acquisition=dataclasses.replace(KNOWN, slice_thickness_mm=thickness))
    assert severity(ct, "thick_slices") == expected


def test_without_a_thickness_the_largest_voxel_spacing_counts_and_is_named():
    ct = trunk(TRUNK, spacing=(1.5, 1.5, 4.0), acquisition=dataclasses.replace(KNOWN, slice_thickness_mm=None))
    flag = flags_of(ct)["thick_slices"]
    assert flag.evidence == {"thickness_mm": 4.0, "from": "largest voxel spacing"}
    assert "the header gives no thickness" in flag.message


def test_thin_slices_with_gaps_count_by_their_distance():
    ct = trunk(TRUNK, spacing=(1.5, 1.5, 10.0), acquisition=dataclasses.replace(KNOWN, slice_thickness_mm=1.0))
    assert flags_of(ct)["thick_slices"].evidence["from"] == "slice spacing"


def test_a_contrast_agent_in_the_header_warns():
    assert severity(with_facts(contrast_agent="APPLIED"), "contrast_agent") == "warning"


@pytest.mark.parametrize("text", ["", "NONE", "no ", "non-contrast", "N/A", "Without contrast"])
def test_a_header_that_says_that_no_agent_was_given_does_not_warn(text):
    assert "contrast_agent" not in flags_of(with_facts(contrast_agent=text))


@pytest.mark.parametrize(("kernel", "sharp"), [("BONE", True), ("B70f", True), ("FC52", True), ("STANDARD", False)])
def test_a_sharp_kernel_is_flagged_by_its_name(kernel, sharp):
    assert ("sharp_kernel" in flags_of(with_facts(kernel=kernel))) is sharp


@pytest.mark.parametrize("kernel", [None, "MYSTERY"])
def test_a_kernel_that_is_absent_or_not_in_the_table_is_said(kernel):
    assert severity(with_facts(kernel=kernel), "kernel_unknown") == "info"


@pytest.mark.parametrize(
    ("facts", "absent"),
    [
        ({"sex": None}, ["sex"]),
        ({"age_years": None}, ["age"]),
        ({"sex": None, "age_years": None}, ["sex", "age"]),
        ({"sex": "O"}, ["sex"]),
    ],
)
def test_absent_patient_facts_are_listed(facts, absent):
    assert flags_of(with_facts(**facts))["patient_facts_absent"].evidence == {"absent": absent}


@pytest.mark.parametrize(("manufacturer", "said"), [("OsteoScreen Sim", True), ("SIEMENS", False), (None, False)])
def test_a_simulated_scan_says_that_it_is_no_person(manufacturer, said):
    ct = trunk(TRUNK, acquisition=dataclasses.replace(KNOWN, manufacturer=manufacturer))
    assert ("simulated" in flags_of(ct)) is said

import pytest

from OsteoScreenLib.ct.kernels import kernel_sharpness


@pytest.mark.parametrize(
    "name", ["SOFT", "STANDARD", "B20f", "B30f", "Br38f\\3", "Br40d", "FC01", "FC13", "B", "I30f\\3", "B_SOFT_B"]
)
def test_body_kernels_are_soft(name):
    assert kernel_sharpness(name) == "soft"


@pytest.mark.parametrize("name", ["B45f", "DETAIL", "C", "FC18", "Br49"])
def test_kernels_in_between_are_medium(name):
    assert kernel_sharpness(name) == "medium"


@pytest.mark.parametrize(
    "name",
    [
        "LUNG",
        "BONE",
        "BONEPLUS",
        "EDGE",
        "B70f",
        "B60s",
        "Bl57d",
        "Br64",
        "Hr60",
        "FC30",
        "FC51",
        "YA",
        "L",
        "B_SHARP_C",
        "bone",
        "HD LUNG",
        "Sharp",
    ],
)
def test_lung_and_bone_kernels_are_sharp(name):
    assert kernel_sharpness(name) == "sharp"


@pytest.mark.parametrize("name", [None, "", "my kernel", "12", "<script>"])
def test_an_unknown_name_is_not_guessed(name):
    assert kernel_sharpness(name) is None

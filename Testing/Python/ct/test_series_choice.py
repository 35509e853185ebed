import pytest
from ct.slices import series, slice_at

from OsteoScreenLib.ct.dicom_index import DicomIndex
from OsteoScreenLib.ct.series_choice import candidates_of, choose
from OsteoScreenLib.errors import InputError

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def sagittal(count=20, **changes):
    return [slice_at((2.0 * k, 0, 0), orientation=SAGITTAL, **changes) for k in range(count)]


def chosen_from(*groups, **options):
    index = DicomIndex(images=[image for group in groups for image in group])
    return choose(candidates_of(index), "scan", **options)


def numbered(number, **changes):
    return {"series_uid": f"1.2.{number}", "series_number": number} | changes


@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        (series(60, **numbered(1, kernel="B70f")), "kernel B70f is sharper than B30f"),
        (sagittal(60, **numbered(1)), "is sagittal, not axial"),
        (series(60, **numbered(1, image_type=("DERIVED", "SECONDARY", "AXIAL"))), "is derived, not original"),
        (series(5, **numbered(1)), "has only 5 slices"),
        (series(12, **numbered(1)), "covers only 22 of 78 mm"),
        ([s for k, s in enumerate(series(60, **numbered(1))) if k != 30], "lacks slices or is unevenly spaced"),
        (series(60, **numbered(1, slice_thickness_mm=5.0)), "slice thickness 5 mm is farther from 1.5 than 2 mm"),
        (series(60, **numbered(1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))), "is a localizer"),
        (series(60, **numbered(1, modality="MR")), "is MR, not CT"),
        (series(60, **numbered(1, samples=3)), "is a colour image"),
    ],
)
def test_the_better_series_is_taken_and_the_other_gets_its_reason(worse, reason):
    taken, summaries = chosen_from(worse, series(40, **numbered(2)))
    assert taken.first.series_number == 2
    assert [s.taken for s in summaries] == [True, False]
    assert summaries[1].reason == reason


@pytest.mark.parametrize("asked", ["1", "1.2.1", "series 1"])
def test_the_series_asked_for_overrides_the_choice(asked):
    taken, summaries = chosen_from(series(60, **numbered(1, kernel="B70f")), series(60, **numbered(2)), wanted=asked)
    assert taken.first.series_number == 1
    assert summaries[0].reason == "asked for"


def test_a_series_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match="found: series 1, series 2") as refused:
        chosen_from(series(20, **numbered(1)), series(20, **numbered(2)), wanted="7")
    assert refused.value.code == "series_not_found"


@pytest.mark.parametrize(("thickness", "expected"), [(1.0, 1), (3.0, 2), (5.0, 3)])
def test_the_wanted_thickness_decides_between_equal_series(thickness, expected):
    stacks = [series(30, **numbered(n, slice_thickness_mm=t)) for n, t in ((1, 1.0), (2, 3.0), (3, 5.0))]
    taken, _ = chosen_from(*stacks, wanted_thickness_mm=thickness)
    assert taken.first.series_number == expected


def test_phases_in_one_series_become_parts_and_are_not_interleaved():
    early = series(20, **numbered(1, acquisition_number=1))
    late = [
        slice_at(image.position_lps_mm, **numbered(1, acquisition_number=2, sop_uid=f"late{k}"))
        for k, image in enumerate(early)
    ]
    taken, summaries = chosen_from(early, late)
    assert {image.acquisition_number for image in taken.images} == {1}
    assert taken.layout.duplicates == 0
    assert [s.label for s in summaries] == ["series 1, part 1", "series 1, part 2"]


def test_a_copy_of_an_instance_is_a_duplicate_and_not_a_phase():
    images = series(20, **numbered(1))
    taken, summaries = chosen_from([*images, images[4]])
    assert len(summaries) == 1
    assert taken.layout.duplicates == 1


def test_a_stray_slice_of_another_orientation_is_left_out_and_counted():
    taken, _ = chosen_from([*series(20, **numbered(1)), *sagittal(1, **numbered(1))])
    assert taken.mixed_orientation == 1
    assert taken.plane == "axial"


def test_the_images_of_two_patients_are_never_mixed():
    with pytest.raises(InputError, match="2 patients") as refused:
        chosen_from(series(20, **numbered(1, patient=("a",))), series(20, **numbered(2, patient=("b",))))
    assert refused.value.code == "several_patients"


def test_two_patients_are_fine_once_a_series_is_named():
    taken, _ = chosen_from(
        series(20, **numbered(1, patient=("a",))), series(20, **numbered(2, patient=("b",))), wanted="2"
    )
    assert taken.first.patient == ("b",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modality": "MR"}, "no_ct_series"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "only_localizer"),
        ({"samples": 3}, "not_scalar"),
        ({"orientation": None}, "impossible_geometry"),
        ({"pixel_spacing_mm": None}, "impossible_geometry"),
    ],
)
def test_where_nothing_can_be_measured_the_error_says_what_is_there(changes, code):
    with pytest.raises(InputError) as refused:
        chosen_from(series(20, **numbered(1, **changes)))
    assert refused.value.code == code


def test_no_summary_gives_an_identifier_away():
    _, summaries = chosen_from(series(20, **numbered(1)))
    assert "1.2.1" not in str(summaries[0].to_dict())

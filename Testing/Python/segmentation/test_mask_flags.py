"""Every flag about a mask fires where it must and stays silent where it must not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from segmentation.rated_hips import findings, hips
from segmentation.test_mask_model import GOOD

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.registry import CODES
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.segmentation.mask_flags import asymmetry_flag, mask_flags, rating_of, side_flag
from OsteoScreenLib.segmentation.mask_quality import rate_femora

PRESENT = FemurFinding("present", volume_ml=180.0, cut_at=("inferior",))


def codes(flags: list[QualityFlag] | tuple[QualityFlag, ...]) -> dict[str, Severity]:
    for flag in flags:
        assert flag.severity in CODES[flag.code]
        json.dumps(flag.to_dict(), allow_nan=False)
    return {flag.code: flag.severity for flag in flags}


def of(left: FemurFinding, right: FemurFinding = PRESENT) -> dict[str, Severity]:
    return codes(mask_flags({"left": left, "right": right}, {}))


def test_two_good_femora_have_no_flag():
    rating = rating_of(GOOD, 0.97, ())
    assert (rating.bad, rating.doubtful) == ((), ())
    assert codes(mask_flags({"left": PRESENT, "right": PRESENT}, {"left": rating, "right": rating})) == {}


def test_an_absent_and_a_cut_femur_and_an_implant_are_flagged_with_their_reason():
    assert of(FemurFinding("absent", "Nothing there")) == {"femur_absent": Severity.INFO}
    assert of(replace(PRESENT, presence="cut", reason="The head is cut")) == {"femur_cut": Severity.WARNING}
    assert of(replace(PRESENT, implant=True)) == {"femur_implant": Severity.WARNING}
    assert of(PRESENT) == {}
    both = mask_flags({"left": FemurFinding("absent", "No bone."), "right": FemurFinding("absent")}, {})
    assert both[0].message == "No left femur: No bone. No right femur."


@pytest.mark.parametrize(
    ("estimate", "code"),
    [
        (0.97, None),
        (0.9, None),
        (0.899, "femur_mask_doubtful"),
        (0.85, "femur_mask_doubtful"),
        (0.849, "femur_mask_bad"),
    ],
)
def test_a_low_estimate_is_doubtful_and_a_very_low_one_bad(estimate: float, code: str | None):
    ratings = {"left": rating_of(GOOD, estimate, ("its rim lies in soft tissue in places",))}
    assert list(codes(mask_flags({"left": PRESENT, "right": FemurFinding("absent")}, ratings)))[1:] == (
        [code] if code else []
    )


def test_without_an_estimate_a_mask_is_doubtful_with_the_reason():
    rating = rating_of(GOOD, None, ("no model of mask quality is installed",))
    assert not rating.bad
    assert "no model of mask quality" in rating.doubtful[0]
    assert rating_of(None, None, ()).doubtful


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({"volume_ml": 9.0}, "bad"),
        ({"ml_per_cm": 2.0}, "bad"),
        ({"ml_per_cm": 45.0}, "bad"),
        ({"height_mm": 700.0}, "bad"),
        ({"edge_share": 0.3}, "bad"),
        ({"soft_rim_share": 0.5}, "bad"),
        ({"low_hu_share": 0.3}, "bad"),
        ({"low_hu_share": 0.05}, "doubtful"),
        ({"head_radius_mm": 15.0}, "doubtful"),
        ({"head_radius_mm": 40.0}, "doubtful"),
        ({"head_radius_mm": None}, "doubtful"),
        ({"head_radius_mm": None, "head_in_view": 0.0}, ""),
        ({"head_radius_mm": 18.0}, ""),
        ({"head_radius_mm": 32.0}, ""),
        ({"low_hu_share": 0.01}, ""),
        ({"edge_share": 0.45}, ""),
        ({"edge_share": None, "soft_rim_share": None, "low_hu_share": None}, ""),
    ],
)
def test_limits_that_hold_for_every_femur_do_not_wait_for_the_estimate(changes: dict, grade: str):
    rating = rating_of(replace(GOOD, **changes), 0.98, ())
    assert (bool(rating.bad), bool(rating.doubtful)) == (grade == "bad", grade == "doubtful")


def test_a_bad_mask_withholds_unless_the_other_side_can_be_measured():
    bad, good = rating_of(GOOD, 0.5, ()), rating_of(GOOD, 0.97, ())
    femurs = {"left": PRESENT, "right": PRESENT}
    assert codes(mask_flags(femurs, {"left": bad, "right": good})) == {"femur_mask_bad": Severity.WARNING}
    assert codes(mask_flags(femurs, {"left": bad, "right": bad})) == {"femur_mask_bad": Severity.WITHHOLD}
    alone = mask_flags({"left": PRESENT, "right": FemurFinding("absent")}, {"left": bad})
    assert codes(alone)["femur_mask_bad"] is Severity.WITHHOLD


def test_unequal_femora_are_flagged_and_equal_ones_not():
    assert codes(asymmetry_flag((1.3, 120.0))) == {"femora_asymmetric": Severity.WARNING}
    assert codes(asymmetry_flag((0.75, 120.0))) == {"femora_asymmetric": Severity.WARNING}
    assert asymmetry_flag((1.2, 120.0)) == asymmetry_flag((0.8, 120.0)) == asymmetry_flag(None) == []


def test_swapped_sides_are_flagged_by_name():
    assert side_flag(()) == []
    assert codes(side_flag(("left",))) == {"femur_sides_swapped": Severity.WARNING}
    assert "left and that named right" in side_flag(("left", "right"))[0].message


def test_good_masks_of_whole_hips_pass_and_get_an_estimate():
    ct, labels = hips()
    femurs, flags, features = rate_femora(ct, labels, findings(ct, labels))
    assert flags == ()
    assert set(features) == {"left", "right"}
    assert all(finding.estimated_dsc > 0.9 for finding in femurs.values())


def test_a_mask_that_slipped_off_the_bone_is_bad_and_the_other_one_still_good():
    ct, labels = hips()
    wrong = np.where(labels == 2, 2, 0).astype(np.uint8)
    wrong[np.roll(labels == 1, (0, 8), (0, 1))] = 1
    femurs, flags, _ = rate_femora(ct, wrong, findings(ct, wrong))
    assert codes(flags)["femur_mask_bad"] is Severity.WARNING
    (flag,) = (flag for flag in flags if flag.code == "femur_mask_bad")
    assert set(flag.evidence) == {"left"}
    assert femurs["left"].estimated_dsc < femurs["right"].estimated_dsc


def test_one_inflated_side_makes_the_femora_asymmetric():
    ct, labels = hips()
    wider = np.where(ndimage.binary_dilation(labels == 1), 1, labels).astype(np.uint8)
    flags = rate_femora(ct, wider, findings(ct, wider))[1]
    assert "femora_asymmetric" in codes(flags)


def test_a_mask_over_nothing_but_soft_tissue_is_bad():
    ct, labels = hips()
    soft = CTVolume(np.full(ct.hu.shape, 40, np.int16), ct.geometry)
    flags = rate_femora(soft, labels, findings(soft, labels))[1]
    assert codes(flags)["femur_mask_bad"] is Severity.WITHHOLD

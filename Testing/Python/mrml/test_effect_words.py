"""What the Segment Editor effects say is plain, complete and safe to show."""

from __future__ import annotations

import numpy as np
from factory.femur_segmenters import DOUBT

from OsteoScreenLib.mrml.effect_words import found_text, regions_text
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

FEMURS = {
    "left": FemurFinding("cut", "5 % of the head lie <outside>", 180.66),
    "right": FemurFinding("present", volume_ml=175.0),
}
MASKS = FemurMasks(np.zeros((1, 1, 1), np.uint8), FEMURS, "vbnet")


def test_each_filled_side_has_a_line_with_its_volume_and_the_reason_why_it_is_cut():
    assert found_text(MASKS, ("left", "right")).split("<br>") == [
        "Left femur: 180.7 mL found. 5 % of the head lie &lt;outside&gt;.",
        "Right femur: 175.0 mL found.",
    ]
    assert found_text(MASKS, ("right",)) == "Right femur: 175.0 mL found."


def test_doubts_follow_the_sides():
    doubtful = FemurMasks(MASKS.labels, FEMURS, "vbnet", flags=(DOUBT,))
    assert found_text(doubtful, ("right",)).endswith("<br>The left femur&#x27;s mask is doubtful.")


def test_regions_are_counted_and_those_that_are_not_whole_are_named_but_for_the_total_hip():
    incomplete = {"head": "4 % of it lie outside of the scan", "total_hip": "trochanteric"}
    assert regions_text(5, incomplete) == "5 regions.<br>Head: 4 % of it lie outside of the scan."
    assert regions_text(1, {}) == "1 region."

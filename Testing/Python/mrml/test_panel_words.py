"""The panel's words: plain, escaped, and the same without colour."""

from __future__ import annotations

from dataclasses import replace

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.mrml.flags_table import LIGHTS
from OsteoScreenLib.mrml.panel_words import COLORS, WORDS, changes_text, flags_text, percent, sides_text
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.segmentation_facts import SegmentationFacts
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

GEOMETRY = Geometry((5, 6, 7), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
FEMURS = {"left": FemurFinding("present", volume_ml=150.0), "right": FemurFinding("cut", "It <ends> early.", 80.0)}
RESULT = CaseResult("hip", {}, GEOMETRY, Acquisition(), femurs=FEMURS)


def test_every_light_has_a_colour_and_a_word():
    assert set(LIGHTS.values()) == set(WORDS)
    assert set(WORDS) < set(COLORS)


def test_a_message_of_a_scan_cannot_bring_its_own_markup():
    text = flags_text([("red", "<b>&"), ("green", "fine")])
    assert "&lt;b&gt;&amp;" in text
    assert text.index("Withheld") < text.index("To know")
    assert flags_text([]) == ""


def test_each_side_is_said_to_be_in_view_or_why_not():
    text = sides_text(RESULT)
    assert "Left femur</b>: in view" in text
    assert "It &lt;ends&gt; early." in text
    assert sides_text(None) == ""


def test_a_missing_mask_is_explained():
    reason = SegmentationFacts(None, "No model is installed.")
    assert "No model is installed." in sides_text(replace(RESULT, femurs={}, segmentation=reason))


def test_scoring_again_says_what_changed_for_each_side():
    now = {"left": replace(FEMURS["left"], volume_ml=140.0), "right": FEMURS["right"]}
    text = changes_text(RESULT, replace(RESULT, femurs=now))
    assert "Left femur: 150.0 mL before, 140.0 mL now (\u221210.0)." in text
    assert "Right femur: 80.0 mL before, 80.0 mL now (+0.0)." in text
    assert changes_text(None, RESULT) == ""


@pytest.mark.parametrize(("fraction", "shown"), [(-1.0, 0), (0.0, 0), (0.456, 46), (1.0, 100), (7.0, 100)])
def test_a_progress_bar_stays_in_its_range(fraction, shown):
    assert percent(fraction) == shown

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.overlay import PANEL, panel_of
from OsteoScreenLib.report.pictures import Picture, three_pictures

WARNING = QualityFlag("sharp_kernel", Severity.WARNING, "The kernel is sharp.", {"noise_hu": 41.2})
WITHHOLD = QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT.", {"modality": "MR"})
INFO = QualityFlag("no_sex", Severity.INFO, "The sex is not stated.")
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\x1b[31m\u202e\udcff"


class Page(HTMLParser):
    """What a page holds: its tags, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_names_the_case_and_says_that_it_is_for_research(ct, make_result) -> None:
    page = Page(case_report(make_result(ct, case_id="STS_036"), ct))
    assert "STS_036" in page.text
    assert "Research use only. Not a medical device." in page.text
    assert "No bone density was asked for" in page.text


@pytest.mark.parametrize(
    ("flags", "style", "words"),
    [
        ((), "clean", "Readable, no warnings"),
        ((INFO,), "clean", "Readable, no warnings"),
        ((WARNING, INFO), "warnings", "Readable, with one warning"),
        ((WARNING, WARNING), "warnings", "Readable, with 2 warnings"),
        ((WITHHOLD, WARNING), "withheld", "Withheld"),
    ],
)
def test_the_summary_says_in_words_and_colour_how_it_stands(ct, make_result, flags, style, words) -> None:
    page = Page(case_report(make_result(ct, *flags), ct))
    assert words in page.text
    assert ("section", f"summary {style}") in [(tag, attributes.get("class")) for tag, attributes in page.tags]


def test_every_flag_is_listed_with_message_evidence_and_code(ct, make_result) -> None:
    page = Page(case_report(make_result(ct, WITHHOLD, WARNING, INFO), ct))
    for text in ("This is not a CT.", "not_ct", "The kernel is sharp.", "sharp_kernel", "41.2 HU", "no_sex"):
        assert text in page.text
    assert "The checks found nothing to report." not in page.text
    assert "The checks found nothing to report." in Page(case_report(make_result(ct), ct)).text


def test_absent_facts_are_said_to_be_absent_and_present_ones_carry_their_unit(ct, make_result) -> None:
    without = re.sub(r"\s+", " ", Page(case_report(make_result(ct), ct)).text)
    assert without.count("not stated") >= 10
    facts = Acquisition(kvp=140.0, slice_thickness_mm=3.27, sex="F", age_years=71.0, facts_from="dicom")
    told = Page(case_report(make_result(ct, facts=facts), ct)).text
    for text in ("140 kV", "3.27 mm", "female", "71 years", "Read from the DICOM header."):
        assert text in told
        assert text not in without


def hostile_result(ct, make_result):
    facts = Acquisition(
        **dict.fromkeys(("kernel", "manufacturer", "model", "contrast_agent", "body_part", "sex"), HOSTILE)
    )
    flag = QualityFlag(HOSTILE, Severity.WARNING, HOSTILE, {HOSTILE: HOSTILE, "list": [HOSTILE], "map": {HOSTILE: 1}})
    entry = dict.fromkeys(("label", "modality", "kernel", "plane", "reason", "n_images", "slice_spacing_mm"), HOSTILE)
    result = make_result(ct, flag, case_id=HOSTILE, facts=facts, series=[entry], notes=[HOSTILE], name=HOSTILE)
    return replace(result, software={"osteoscreen": HOSTILE, HOSTILE: HOSTILE}, timings_s={HOSTILE: 1.0})


def test_a_hostile_text_in_any_field_stays_text(ct, make_result) -> None:
    html = case_report(hostile_result(ct, make_result), ct)
    harmless = Page(case_report(make_result(ct, WARNING, series=[{"label": "series 1"}], notes=["x"]), ct))
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in harmless.tags} | {"dl", "dt", "dd", "div"}
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "{{ 7*7 }}" in page.text
    assert not set(html) & {"\x1b", "\u202e", "\udcff"}
    html.encode("utf-8")


def test_a_report_needs_no_other_file_and_forbids_scripts(ct, make_result) -> None:
    page = Page(case_report(make_result(ct, WARNING), ct))
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form")
        assert "style" not in attributes
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_the_policy_allows_exactly_the_style_that_is_on_the_page(ct, make_result) -> None:
    html = case_report(make_result(ct), ct)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html


def test_each_picture_is_described_in_words_and_carries_letters_and_a_scale_bar(ct, make_result) -> None:
    page = Page(case_report(make_result(ct), ct))
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert [attributes["aria-label"].split()[0] for attributes in drawings] == ["Axial", "Coronal", "Sagittal"]
    assert sum(attributes.get("class") == "side" for _, attributes in page.tags) == 12
    assert sum(attributes.get("class") == "bar" for _, attributes in page.tags) == 3


def test_sides_are_not_claimed_where_the_input_does_not_state_them(ct, make_result) -> None:
    lost = replace(ct, source=replace(ct.source, oriented=False))
    assert "does not say how it lies" in case_report(make_result(lost), lost)
    assert {three_pictures(lost)[0].left, three_pictures(lost)[1].top} == {"?"}
    assert "does not say how it lies" not in case_report(make_result(ct), ct)


def test_the_series_that_were_not_read_are_listed_with_the_reason(ct, make_result) -> None:
    series = [
        {"label": "series 2", "modality": "CT", "taken": True, "reason": "thinnest axial", "slice_thickness_mm": 1.25},
        {"label": "series 3", "modality": "CT", "taken": False, "reason": "sharp kernel", "slice_thickness_mm": None},
    ]
    text = Page(case_report(make_result(ct, series=series), ct)).text
    for part in ("Series of the input", "series 3", "sharp kernel", "1.25 mm"):
        assert part in text
    assert "Series of the input" not in Page(case_report(make_result(ct), ct)).text


def picture(width_mm: float, height_mm: float) -> Picture:
    return Picture("axial", b"", width_mm, height_mm, "R", "L", "A", "P", width_mm / 2, height_mm / 4)


@pytest.mark.parametrize("size", [(400.0, 300.0), (0.5, 0.001), (5000.0, 10.0), (20.0, 900.0)])
def test_a_panel_keeps_proportions_and_its_scale_bar_measures_what_it_says(size) -> None:
    panel = panel_of(picture(*size))
    assert panel.width / panel.height == pytest.approx(size[0] / size[1])
    assert panel.bar / panel.width == pytest.approx(panel.bar_mm / size[0])
    assert 0 < panel.bar <= 0.3 * PANEL + 1e-6
    assert panel.x >= 0
    assert panel.y + panel.height <= PANEL
    assert panel.cut_y == pytest.approx(panel.y + panel.height / 4)

"""What installed bone-status models say, in the words of a report: probabilities, operating points and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from OsteoScreenLib.report.status_words import STYLES, WITHHELD
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.status.bone_status import CLASSES
from OsteoScreenLib.status.status_answer import StatusAnswer

BAR_LEFT, BAR_WIDTH, WIDTH = 230.0, 560.0, 1000.0
"""Drawing units: where a bar begins and how long a probability of 1 is, of the whole drawing's width."""
ROW = 58.0
_SITES = {"femoral_neck": "femoral neck", "total_hip": "total hip", "lumbar_spine": "lumbar spine"}


@dataclass(frozen=True)
class ProbabilityBar:
    """One class: its bar and its threshold.

    Attributes:
        name, style: of the class. y, width, limit: in drawing units; limit is None where there is no threshold.
        text: the probability in words. share, threshold: the same two as probabilities, for whoever draws it otherwise.
    """

    name: str
    style: str
    y: float
    width: float
    text: str
    limit: float | None
    share: float
    threshold: float | None


@dataclass(frozen=True)
class ModelPart:
    """One femur.

    Attributes:
        title: ``Left femur`` or ``Right femur``. style, symbol, word: the class as a mark.
        bars: of the classes; empty where withheld. height: of their drawing. alt: the drawing in words.
        reasons: why withheld. sentences: at least, positive, prediction set. top: features in words. notes: to know.
    """

    title: str
    style: str
    symbol: str
    word: str
    bars: list[ProbabilityBar]
    height: float
    alt: str
    reasons: list[str]
    sentences: list[str]
    top: list[str]
    notes: list[str]


@dataclass(frozen=True)
class ModelCard:
    """One model. warning: of a demonstration; empty for all others. point: on its operating point, as a sentence."""

    title: str
    name: str
    sha256: str
    warning: str
    standard: str
    point: str
    parts: list[ModelPart]


@dataclass(frozen=True)
class ModelSection:
    """All models. notes: which ones were not asked, and why."""

    cards: list[ModelCard]
    notes: list[str]


def model_section(result: CaseResult) -> ModelSection | None:
    """The section; None where no model was asked and nothing is to be said of any."""
    if not result.model_status and not result.status_notes:
        return None
    answers: dict[tuple[str, str], list[StatusAnswer]] = {}
    for answer in result.model_status:
        answers.setdefault((answer.status.model, answer.model.sha256), []).append(answer)
    return ModelSection([_card(of_model) for of_model in answers.values()], list(result.status_notes))


def _card(answers: list[StatusAnswer]) -> ModelCard:
    first = answers[0]
    point = next((answer.status.operating_point for answer in answers if not answer.status.withheld), {})
    rule, chosen = point.get("rule"), point.get("chosen_on")
    return ModelCard(
        title=first.model.title,
        name=f"{first.status.model} {first.model.version}",
        sha256=first.model.sha256,
        warning=first.warning,
        standard=_standard(first.model.reference_standard),
        point=f"Thresholds were chosen by {rule}, on {chosen}." if rule and chosen else "",
        parts=[_part(answer) for answer in answers],
    )


def _standard(standard: Mapping[str, str]) -> str:
    site = standard.get("t_score_site", "")
    where = "the lowest of its sites" if site == "lowest" else _SITES.get(site, site)
    source = standard.get("t_score_source", "")
    return f"Learnt from {source} T-scores{f', {where}' if where else ''}." if source else ""


def _part(answer: StatusAnswer) -> ModelPart:
    status = answer.status
    style, symbol = WITHHELD if status.bone_class is None else STYLES[status.bone_class]
    bars = [_bar(number, name, answer) for number, name in enumerate(CLASSES) if name in status.probabilities]
    return ModelPart(
        title="Patient" if status.side is None else f"{status.side.capitalize()} femur",
        style=style,
        symbol=symbol,
        word=status.bone_class or "withheld",
        bars=bars,
        height=ROW * len(bars) + 14.0,
        alt="; ".join(f"probability of {bar.name}: {bar.text}" for bar in bars),
        reasons=list(status.reasons),
        sentences=_sentences(answer),
        top=[feature.sentence for feature in answer.top],
        notes=list(answer.notes),
    )


def _bar(number: int, name: str, answer: StatusAnswer) -> ProbabilityBar:
    share = min(max(float(answer.status.probabilities[name]), 0.0), 1.0)
    limit = answer.status.operating_point.get(f"{name}_from")
    threshold = float(limit) if isinstance(limit, (int, float)) and 0.0 <= limit <= 1.0 else None
    return ProbabilityBar(
        name=name,
        style={"normal": "high", "osteopenia": "middle", "osteoporosis": "low"}[name],
        y=number * ROW + 8.0,
        width=BAR_WIDTH * share,
        text=percent(share),
        limit=None if threshold is None else BAR_LEFT + BAR_WIDTH * threshold,
        share=share,
        threshold=threshold,
    )


def percent(share: float) -> str:
    """A probability in whole percent; what rounds to none or all is said to be under 1 or over 99."""
    rounded = f"{100 * share:.0f}"
    return {"0": "< 1 %", "100": "> 99 %"}.get(rounded, f"{rounded} %")


def _sentences(answer: StatusAnswer) -> list[str]:
    """The other views of the same probabilities."""
    if answer.status.withheld:
        return []
    positive = [name for name in CLASSES if answer.positive.get(name)]
    said = [f"Positive at its threshold for: {', '.join(positive) or 'no class'}."]
    worse = answer.at_least
    if {"osteopenia", "osteoporosis"} <= set(worse):
        said.append(f"Osteopenia or worse: {percent(worse['osteopenia'])}.")
    members = " or ".join(answer.prediction_set) or "no class; the case is unlike the ones it learnt from"
    said.append(f"Set made to hold the true class in {100 * answer.coverage:.0f} % of cases: {members}.")
    return said

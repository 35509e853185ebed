"""Reading DICOM values that may be absent, malformed or hostile: a value that cannot be understood is absent."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from OsteoScreenLib.ct.acquisition import Acquisition, names_contrast_agent
from OsteoScreenLib.ct.sidecar import MAX_TEXT, age_in_years

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

_BAD_VALUE = (ValueError, TypeError, AttributeError, KeyError, OverflowError, NotImplementedError, LookupError)


@contextmanager
def tolerant_reading() -> Iterator[None]:
    """Let pydicom pass over values that break DICOM's own rules (too long, odd characters), without a word for each.

    Clinical files are full of them. Its setting is global, so it is put back as it was.
    """
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before


def raw_value(dataset: Dataset, keyword: str) -> Any:
    """The value of an element; None where it is absent, empty or cannot be decoded."""
    from pydicom.errors import BytesLengthException

    tag = _tag(keyword)
    try:
        value = dataset[tag].value if tag in dataset else None
    except (*_BAD_VALUE, BytesLengthException):
        return None
    return None if value is None or value == "" else value


@cache
def _tag(keyword: str) -> BaseTag:
    """The tag of a keyword; thousands of headers ask for the same few."""
    from pydicom.tag import Tag

    return Tag(keyword)


def text(dataset: Dataset, keyword: str) -> str | None:
    """A text value, several values joined by a backslash as in the file, at most 256 characters."""
    value = raw_value(dataset, keyword)
    if value is None:
        return None
    joined = value if isinstance(value, str) else "\\".join(map(str, value)) if _is_many(value) else str(value)
    return joined.strip("\x00 ")[:MAX_TEXT] or None


def number(dataset: Dataset, keyword: str) -> float | None:
    """A finite number; of several values the first."""
    value = raw_value(dataset, keyword)
    if _is_many(value):
        value = value[0] if len(value) else None
    try:
        result = float(value)
    except _BAD_VALUE:
        return None
    return result if math.isfinite(result) else None


def positive(dataset: Dataset, keyword: str) -> float | None:
    """A finite number above zero. Scanners write 0 where they do not know."""
    value = number(dataset, keyword)
    return value if value is not None and value > 0 else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """A whole number."""
    value = number(dataset, keyword)
    return None if value is None else int(value)


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` finite numbers, else None."""
    value = raw_value(dataset, keyword)
    if not _is_many(value) or len(value) != count:
        return None
    try:
        result = tuple(float(v) for v in value)
    except _BAD_VALUE:
        return None
    return result if all(math.isfinite(v) for v in result) else None


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of a multi-valued text element, upper case."""
    joined = text(dataset, keyword)
    return () if joined is None else tuple(part.strip().upper() for part in joined.split("\\"))


def functional_groups(dataset: Dataset, frame: int = 0) -> list[Dataset]:
    """The datasets with an Enhanced image's facts: itself, its shared groups, those of one frame (PS3.3 C.7.6.16)."""
    found = [dataset]
    for sequence, index in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", frame)):
        groups = raw_value(dataset, sequence)
        if groups is not None and len(groups) > index:
            for element in groups[index]:
                if element.VR == "SQ" and element.value:
                    found.append(element.value[0])
    return found


def acquisition_of(dataset: Dataset) -> Acquisition:
    """Acquisition facts of one image, classic or Enhanced. No name, identifier or date is taken."""
    groups = functional_groups(dataset)

    def first(read: Any, *keywords: str) -> Any:
        values = (read(group, keyword) for keyword in keywords for group in groups)
        return next((value for value in values if value is not None), None)

    image_type = texts(dataset, "ImageType") or next((v for g in groups if (v := texts(g, "FrameType"))), ())
    sex = text(dataset, "PatientSex")
    slope, intercept = first(number, "RescaleSlope"), first(number, "RescaleIntercept")
    padding = first(number, "PixelPaddingValue")
    return Acquisition(
        modality=text(dataset, "Modality"),
        image_type=image_type or None,
        kvp=first(positive, "KVP"),
        tube_current_ma=first(positive, "XRayTubeCurrent", "XRayTubeCurrentInmA"),
        exposure_mas=first(positive, "Exposure", "ExposureInmAs"),
        kernel=first(text, "ConvolutionKernel"),
        slice_thickness_mm=first(positive, "SliceThickness"),
        manufacturer=text(dataset, "Manufacturer"),
        model=text(dataset, "ManufacturerModelName"),
        contrast_agent=_contrast_agent(groups),
        gantry_tilt_deg=first(number, "GantryDetectorTilt"),
        pixel_padding_hu=None if padding is None else padding * (slope or 1.0) + (intercept or 0.0),
        sex=sex if sex in ("M", "F", "O") else None,
        age_years=age_in_years(text(dataset, "PatientAge")),
        height_m=positive(dataset, "PatientSize"),
        weight_kg=positive(dataset, "PatientWeight"),
        body_part=text(dataset, "BodyPartExamined"),
        patient_position=text(dataset, "PatientPosition"),
        facts_from="dicom",
    )


def _contrast_agent(groups: list[Dataset]) -> str | None:
    """Contrast/Bolus Agent as text, or by its code sequence; a stated "none" is no agent."""
    for group in groups:
        agent = text(group, "ContrastBolusAgent")
        if agent is None:
            sequence = raw_value(group, "ContrastBolusAgentSequence")
            agent = text(sequence[0], "CodeMeaning") if sequence else None
        if names_contrast_agent(agent):
            return agent
    return None


def _is_many(value: Any) -> bool:
    return value is not None and not isinstance(value, (str, bytes)) and hasattr(value, "__len__")

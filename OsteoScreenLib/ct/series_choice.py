"""Which series of an input is the CT to measure, and why each other one is not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.dicom_image import DicomImage
from OsteoScreenLib.ct.dicom_index import DicomIndex
from OsteoScreenLib.ct.kernels import MEDIUM, SHARP, SOFT, kernel_sharpness
from OsteoScreenLib.ct.series import SeriesSummary
from OsteoScreenLib.ct.slice_stack import StackLayout, lay_out
from OsteoScreenLib.errors import InputError

MIN_SLICES = 10
"""Fewer slices are a test bolus or a piece. Own choice."""
MIN_SHARE_OF_EXTENT = 0.5
"""A series that covers less than this share of the longest one is a piece of the scan. Own choice."""
AXIAL_COSINE = 0.8
"""A gantry can tilt by up to 30 degrees (cosine 0.87) and the series still is axial."""
_KERNEL_ORDER = {SOFT: 0, MEDIUM: 1, None: 1, SHARP: 2}
_PLANES = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, eq=False)
class Candidate:
    """Images that form one stack: a series, or a part of one that mixes orientations, sizes or phases."""

    images: tuple[DicomImage, ...]
    layout: StackLayout | None
    label: str
    mixed_orientation: int = 0

    @property
    def first(self) -> DicomImage:
        """The image whose header speaks for the stack."""
        return self.images[0]

    @property
    def is_ct(self) -> bool:
        """A CT by its modality, with one value per voxel."""
        return self.first.modality == "CT" and self.first.samples == 1

    @property
    def is_original(self) -> bool:
        """Reconstructed from the measured data, not derived from other images."""
        kinds = set(self.first.image_type)
        return not kinds & {"DERIVED", "SECONDARY", "MPR", "MIP", "PROJECTION IMAGE", "REFORMATTED"}

    @property
    def plane(self) -> str:
        """Plane of the slices."""
        normal = self.first.normal
        if normal is None:
            return "unknown"
        axis = int(np.argmax(np.abs(normal)))
        return _PLANES[axis] if abs(normal[axis]) >= AXIAL_COSINE else "oblique"

    @property
    def extent_mm(self) -> float:
        """From the first to the last slice."""
        return 0.0 if self.layout is None else float(self.layout.distances_mm[-1])

    def summary(self, taken: bool, reason: str) -> SeriesSummary:
        """What a user is told of it."""
        return SeriesSummary(
            label=self.label,
            uid=self.first.series_uid,
            modality=self.first.modality,
            image_type=self.first.image_type,
            kernel=self.first.kernel,
            slice_thickness_mm=self.first.slice_thickness_mm,
            slice_spacing_mm=round(self.layout.step_mm, 4) if self.layout and self.layout.step_mm else None,
            n_images=len(self.images),
            extent_mm=round(self.extent_mm, 2),
            plane=self.plane,
            taken=taken,
            reason=reason,
        )


@dataclass(frozen=True)
class _Criterion:
    """One rule of the choice: a smaller ``rank`` is better; ``words`` says why the worse one was not taken."""

    rank: Callable[[Candidate], float]
    words: Callable[[Candidate, Candidate], str]


def candidates_of(index: DicomIndex) -> list[Candidate]:
    """All stacks in an index, in the order of their series numbers."""
    by_series: dict[str, list[DicomImage]] = defaultdict(list)
    for image in index.images:
        by_series[image.series_uid].append(image)
    ordered = sorted(by_series.values(), key=lambda images: (images[0].series_number or 0, images[0].series_uid))
    return [candidate for images in ordered for candidate in _stacks_of_series(images)]


def choose(
    candidates: Sequence[Candidate],
    path: str | os.PathLike[str],
    wanted: str | None = None,
    wanted_thickness_mm: float = 1.5,
) -> tuple[Candidate, tuple[SeriesSummary, ...]]:
    """Take one stack and say why.

    Args:
        candidates: what was found. path: for messages.
        wanted: Series Instance UID, series number or label that the user asks for.
        wanted_thickness_mm: of several equal series the one nearest this slice thickness is taken.

    Returns:
        The taken stack and the summaries of all, the taken one first.

    Raises:
        InputError: ``series_not_found``, ``several_patients``, ``only_localizer``, ``not_scalar`` or ``no_ct_series``.
    """
    pool = [c for c in candidates if _is_wanted(c, wanted)] if wanted else list(candidates)
    if wanted and not pool:
        labels = ", ".join(c.label for c in candidates)
        raise InputError(
            f"The series that was asked for is not here; found: {labels}",
            path=path,
            next_step="See the series with --list-series.",
            code="series_not_found",
        )
    if not wanted:
        _refuse_several_patients(candidates, path)
    usable = [c for c in pool if c.layout is not None and c.first.samples == 1 and (wanted or _is_measurable(c))]
    if not usable:
        raise _nothing_usable(pool, path)
    criteria = _criteria(
        wanted_thickness_mm, max(c.extent_mm for c in usable if c.is_ct) if any(c.is_ct for c in usable) else 0
    )
    ranked = sorted(usable, key=lambda c: tuple(criterion.rank(c) for criterion in criteria))
    taken = ranked[0]
    why = "asked for" if wanted else "the only CT series" if len(usable) == 1 else _why_taken(taken)
    others = [c for c in candidates if c is not taken]
    summaries = [taken.summary(True, why)]
    summaries += [c.summary(False, _why_not(c, taken, criteria, wanted)) for c in others]
    return taken, tuple(summaries)


def _stacks_of_series(images: list[DicomImage]) -> list[Candidate]:
    """Split a series by what cannot be in one stack; label the parts."""
    groups: dict[tuple[object, ...], list[DicomImage]] = defaultdict(list)
    for image in images:
        groups[_stack_key(image)].append(image)
    stacks = [stack for group in groups.values() for stack in _split_phases(group)]
    stacks.sort(key=len, reverse=True)
    name = f"series {images[0].series_number}" if images[0].series_number is not None else "series without number"
    named = [
        Candidate(
            images=tuple(stack),
            layout=_layout_of(stack),
            label=name if len(stacks) == 1 else f"{name}, part {number}",
        )
        for number, stack in enumerate(stacks, start=1)
    ]
    place = _stack_key(named[0].first)
    strays = sum(len(c.images) for c in named[1:] if not c.first.is_localizer and _stack_key(c.first) != place)
    return [replace(named[0], mixed_orientation=strays), *named[1:]]


def _stack_key(image: DicomImage) -> tuple[object, ...]:
    rounded = None if image.orientation is None else tuple(round(v, 3) + 0.0 for v in image.orientation)
    spacing = None if image.pixel_spacing_mm is None else tuple(round(v, 4) for v in image.pixel_spacing_mm)
    return (
        image.has_geometry,
        image.is_localizer,
        image.modality,
        image.samples,
        image.rows,
        image.columns,
        rounded,
        spacing,
    )


def _layout_of(images: list[DicomImage]) -> StackLayout | None:
    """How the images lie; None where they have no place, or an impossible one."""
    try:
        return lay_out(images) if images[0].has_geometry else None
    except ValueError:
        return None


def _split_phases(images: list[DicomImage]) -> list[list[DicomImage]]:
    """Tell the phases of a dynamic or repeated acquisition apart, where that removes the overlap; else leave them."""
    layout = _layout_of(_without_copies(images))
    if layout is None or layout.duplicates == 0:
        return [images]
    for key in (lambda i: i.time_key, lambda i: i.acquisition_number):
        parts: dict[object, list[DicomImage]] = defaultdict(list)
        for image in images:
            parts[key(image)].append(image)
        if len(parts) > 1 and all(lay_out(_without_copies(part)).duplicates == 0 for part in parts.values()):
            return list(parts.values())
    return [images]


def _without_copies(images: Iterable[DicomImage]) -> list[DicomImage]:
    """The same instance stored twice is one image."""
    return list({image.sop_uid: image for image in images}.values())


def _criteria(wanted_thickness_mm: float, longest_mm: float) -> tuple[_Criterion, ...]:
    """The rules in the order of their weight."""

    def incomplete(c: Candidate) -> str:
        layout = c.layout
        if layout is None or len(layout.images) < MIN_SLICES:
            return f"has only {len(c.images)} slices"
        if c.extent_mm < MIN_SHARE_OF_EXTENT * longest_mm:
            return f"covers only {c.extent_mm:.0f} of {longest_mm:.0f} mm"
        return "" if layout.is_evenly_spaced else "lacks slices or is unevenly spaced"

    def thickness(c: Candidate) -> float:
        return c.first.slice_thickness_mm or (c.layout.step_mm if c.layout else 0.0)

    return (
        _Criterion(lambda c: not c.is_ct, lambda c, _: f"is {c.first.modality}, not CT"),
        _Criterion(lambda c: c.first.is_localizer, lambda *_: "is a localizer"),
        _Criterion(lambda c: c.plane != "axial", lambda c, _: f"is {c.plane}, not axial"),
        _Criterion(lambda c: not c.is_original, lambda *_: "is derived, not original"),
        _Criterion(lambda c: bool(incomplete(c)), lambda c, _: incomplete(c)),
        _Criterion(
            lambda c: _KERNEL_ORDER[kernel_sharpness(c.first.kernel)],
            lambda c, t: f"kernel {c.first.kernel} is sharper than {t.first.kernel}",
        ),
        _Criterion(
            lambda c: round(abs(thickness(c) - wanted_thickness_mm), 3),
            lambda c, t: (
                f"slice thickness {thickness(c):g} mm is farther from {wanted_thickness_mm:g} than {thickness(t):g} mm"
            ),
        ),
        _Criterion(lambda c: -len(c.images), lambda *_: "has fewer slices"),
        _Criterion(lambda c: c.first.series_number or 0, lambda *_: "is equal; the lower series number was taken"),
    )


def _why_taken(taken: Candidate) -> str:
    kernel = kernel_sharpness(taken.first.kernel)
    parts = [
        taken.plane,
        "original" if taken.is_original else "derived",
        f"{kernel} kernel" if kernel else "kernel not known",
    ]
    return "best of the CT series: " + ", ".join(parts)


def _why_not(other: Candidate, taken: Candidate, criteria: Sequence[_Criterion], wanted: str | None) -> str:
    if wanted:
        return "another series was asked for"
    if other.first.samples > 1:
        return "is a colour image"
    if other.layout is None:
        return "has no position in the patient" if other.is_ct else f"is {other.first.modality}, not CT"
    for criterion in criteria:
        if criterion.rank(other) > criterion.rank(taken):
            return criterion.words(other, taken)
    return "is equal to the one taken"


def _is_wanted(candidate: Candidate, wanted: str) -> bool:
    number = candidate.first.series_number
    return wanted in (candidate.first.series_uid, candidate.label) or (number is not None and wanted == str(number))


def _is_measurable(candidate: Candidate) -> bool:
    return candidate.is_ct and not candidate.first.is_localizer


def _refuse_several_patients(candidates: Sequence[Candidate], path: str | os.PathLike[str]) -> None:
    patients = {image.patient for c in candidates if c.is_ct for image in c.images}
    if len(patients) > 1:
        raise InputError(
            f"The images belong to {len(patients)} patients",
            path=path,
            next_step="Give one patient's folder at a time, or name the series with --series.",
            code="several_patients",
        )


def _nothing_usable(pool: Sequence[Candidate], path: str | os.PathLike[str]) -> InputError:
    found = ", ".join(sorted({f"{c.first.modality} ({len(c.images)} images)" for c in pool}))
    ct = [c for c in pool if c.first.modality == "CT"]
    if any(c.first.samples > 1 for c in ct):
        return InputError(
            "The CT holds colour images, not Hounsfield units",
            path=path,
            next_step="Give the original reconstruction, not a rendering or a screen capture.",
            code="not_scalar",
        )
    if ct and all(c.first.is_localizer for c in ct):
        return InputError(
            "Only a localizer (scout view) was found",
            path=path,
            next_step="Give the axial CT series.",
            code="only_localizer",
        )
    if ct:
        return InputError(
            "The CT images do not say, or not rightly, where they lie in the patient",
            path=path,
            next_step="Give the original DICOM series.",
            code="impossible_geometry",
        )
    return InputError(f"No CT series here; found: {found}", path=path, next_step="Give a CT.", code="no_ct_series")

"""Which features stay the same when the mask, the noise or the grid change a little."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.errors import InputError, OsteoScreenError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.icc import icc_2_1
from OsteoScreenLib.radiomics.perturbations import PERTURBATIONS, Sample
from OsteoScreenLib.radiomics.settings import Settings

ALL = "all"
STABLE_FROM = 0.75
"""Good reliability begins here (Koo and Li 2016), read off the lower end of the interval."""

COLUMNS = ("feature", "perturbation", "icc_2_1", "low", "high", "stable", "subjects", "measurements")


@dataclass(frozen=True)
class Stability:
    """The stability of one feature under one kind of change, or under all together.

    Attributes:
        icc, low, high: ICC(2,1) and its 95 % interval; None where it is not defined: the feature varies between no
            subjects, or is not defined for all.
        subjects, measurements: how many there were.
    """

    feature: str
    perturbation: str
    icc: float | None
    low: float | None
    high: float | None
    subjects: int
    measurements: int

    @property
    def stable(self) -> bool:
        """Whether even the lower end of the interval is good."""
        return self.low is not None and self.low >= STABLE_FROM


Measured = Mapping[str, Sequence[Mapping[str, float]]]
"""Of one subject: the features of each measurement, by perturbation; ``""`` holds the unchanged one."""


def measure(
    image: GridImage,
    mask: GridImage,
    label: int,
    settings: Settings,
    *,
    perturbations: Sequence[str] = tuple(PERTURBATIONS),
    repeats: int = 1,
    seed: int = 0,
    threads: int | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Measured:
    """Features of one region as it is and after every perturbation.

    Args:
        repeats: how often perturbations that draw at random are drawn; the others happen once.
        seed: of the draws, which differ between perturbations and are the same for every subject.

    Raises:
        InputError: the region, or what a perturbation left of it, cannot be measured.
    """
    one = GridImage((mask.array == label).astype(np.uint8), mask.geometry)
    base = Sample(image, one, settings)
    wanted = [("", 0)] + [(name, n) for name in perturbations for n in range(repeats if name in _RANDOM else 1)]
    found: dict[str, list[Mapping[str, float]]] = {}
    for done, (name, n) in enumerate(wanted):
        stop_if(cancelled)
        progress(done / len(wanted), f"Measuring label {label}: {name or 'as it is'}")
        draw = np.random.default_rng([seed, n, zlib.crc32(name.encode())])
        sample = PERTURBATIONS[name](base, draw) if name else base
        found.setdefault(name, []).append(_features(sample, name, threads, cancelled))
    progress(1.0, "Measured")
    return found


def stability(subjects: Sequence[Measured]) -> list[Stability]:
    """ICC(2,1) of every feature over subjects: for each perturbation beside the unchanged measurement, and for all.

    Raises:
        InputError: ``too_few_subjects``: agreement is measured between subjects, so there must be two.
    """
    if len(subjects) < 2:
        raise InputError(
            "Stability is measured between subjects, and there is only one",
            next_step="Give at least two regions; ten or more make the intervals useful.",
            code="too_few_subjects",
        )
    kinds = [name for name in subjects[0] if name]
    found = []
    for feature in subjects[0][""][0]:
        for kind in [*kinds, ALL]:
            taken = kinds if kind == ALL else [kind]
            rows = [[one[feature] for name in ["", *taken] for one in subject[name]] for subject in subjects]
            found.append(_of_feature(feature, kind, np.array(rows)))
    return found


def stability_csv(rows: Sequence[Stability]) -> str:
    """One line for each feature and perturbation; empty cells where agreement is not defined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        numbers = ["" if value is None else f"{value:.6f}" for value in (row.icc, row.low, row.high)]
        stable = "yes" if row.stable else "no"
        writer.writerow([row.feature, row.perturbation, *numbers, stable, row.subjects, row.measurements])
    return text.getvalue()


_RANDOM = ("contour", "rotation", "noise")


def _of_feature(feature: str, kind: str, values: np.ndarray) -> Stability:
    n, k = values.shape
    agreement = icc_2_1(values) if np.isfinite(values).all() else None
    if agreement is None or np.isnan(agreement.icc):
        return Stability(feature, kind, None, None, None, n, k)
    return Stability(feature, kind, agreement.icc, agreement.low, agreement.high, n, k)


def _features(sample: Sample, name: str, threads: int | None, cancelled: CancelToken) -> Mapping[str, float]:
    try:
        row = extract(
            sample.image, sample.mask, sample.settings, labels=[1], threads=threads, cancelled=cancelled
        ).rows[0]
    except InputError as error:
        raise _after(name, error) from error
    if row.error is not None:
        raise _after(name, row.error)
    return row.features


def _after(name: str, error: OsteoScreenError) -> InputError:
    after = f"After the perturbation {name}: " if name else ""
    return InputError(f"{after}{error.message}", next_step=error.next_step, code=error.code)

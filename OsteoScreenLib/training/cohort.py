"""Cohort: the cases that a bone-status model is made from, with their reference standard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.training.cohort_columns import FITTED_SPLITS


@dataclass(frozen=True)
class CohortCase:
    """One case: one scan, and one hip of it.

    Attributes:
        case_id: unique. patient_id: of the patient. group: cases that must never be parted by a split: those of one
            patient, and those whose image is the same.
        t_score: SD. status: its WHO class.
        image, mask: None where features are given. side: ``left`` or ``right``.
        sex: ``female`` or ``male``. age: years. height_m, weight_kg. site, scanner: text. date: YYYY-MM-DD.
        kvp: kV. slice_thickness_mm. split: None until the cohort is split. All None where not stated.
    """

    case_id: str
    patient_id: str
    group: str
    t_score: float
    status: str
    image: Path | None = None
    mask: Path | None = None
    image_sha256: str | None = None
    side: str | None = None
    sex: str | None = None
    age: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    site: str | None = None
    scanner: str | None = None
    date: str | None = None
    kvp: float | None = None
    slice_thickness_mm: float | None = None
    split: str | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether a model may learn from it."""
        return self.split in FITTED_SPLITS


@dataclass(frozen=True)
class Cohort:
    """Cases of one reference standard.

    Attributes:
        cases: in the order of the table.
        t_score_source: ``DXA``, ``QCT`` or ``DXA and QCT``. t_score_site: where it was measured.
    """

    cases: tuple[CohortCase, ...]
    t_score_source: str
    t_score_site: str

    @property
    def classes(self) -> np.ndarray:
        """Index of each case's class in ``THREE_CLASSES``: int64 (cases,)."""
        return np.array([THREE_CLASSES.index(case.status) for case in self.cases], dtype=np.int64)

    @property
    def groups(self) -> np.ndarray:
        """Group of each case: text (cases,)."""
        return np.array([case.group for case in self.cases])

    def where(self, wanted: Callable[[CohortCase], bool]) -> np.ndarray:
        """Positions of the cases for which this holds: int64."""
        return np.array([i for i, case in enumerate(self.cases) if wanted(case)], dtype=np.int64)

    def with_splits(self, splits: Sequence[str]) -> Cohort:
        """The same cases, each with its split."""
        cases = tuple(replace(case, split=split) for case, split in zip(self.cases, splits, strict=True))
        return replace(self, cases=cases)

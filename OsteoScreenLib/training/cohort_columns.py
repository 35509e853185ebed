"""The columns of a cohort table: what each holds, and what it may hold. ``Docs/status-model.md`` shows this list."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.evaluation.predictions import SPLITS

T_SCORE_SOURCES = ("DXA", "QCT")
T_SCORE_SITES = ("femoral_neck", "total_hip", "lumbar_spine", "lowest")
SIDES = ("left", "right")

FITTED_SPLITS = ("development", "train")
"""Cases that a model may learn from. All others are only predicted."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: heading in the file.
        meaning: in words, for people.
        required: whether every case must have a value.
        choices: the allowed words, compared without regard to capitals; empty for free text and numbers.
        low, high: bounds of a number; None for text.
        unit: of a number.
    """

    name: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether cells of this column are numbers."""
        return self.low is not None


COLUMNS = (
    Column("case_id", "name of the case: one scan and one hip; unique", required=True),
    Column("patient_id", "name of the patient; both hips and repeated scans have the same", required=True),
    Column("image", "CT: file, DICOM folder or zip; relative to the table"),
    Column("mask", "femur mask, 1 left and 2 right; relative to the table"),
    Column("image_sha256", "digest of the image, to find scans that are there twice; filled in where images are read"),
    Column("side", "which femur is measured; needed where there is an image", choices=SIDES),
    Column("t_score", "reference standard", required=True, low=-8.0, high=8.0, unit="SD"),
    Column("t_score_source", "where it is from", required=True, choices=T_SCORE_SOURCES),
    Column("t_score_site", "where it was measured", required=True, choices=T_SCORE_SITES),
    Column("sex", "of the patient", choices=("female", "male")),
    Column("age", "when the scan was made", low=0.0, high=130.0, unit="years"),
    Column("height_m", "of the patient", low=0.5, high=2.5, unit="m"),
    Column("weight_kg", "of the patient", low=10.0, high=400.0, unit="kg"),
    Column("site", "hospital or scanner site"),
    Column("scanner", "maker and model"),
    Column("date", "of the scan, YYYY-MM-DD"),
    Column("kvp", "tube voltage", low=20.0, high=200.0, unit="kV"),
    Column("slice_thickness_mm", "as acquired", low=0.01, high=50.0, unit="mm"),
    Column("split", "what the case is for", choices=SPLITS),
)

BY_NAME = {column.name: column for column in COLUMNS}

ALSO_CALLED = {"path": "image", "age_years": "age"}
"""Headings of the tables that ``osteoscreen phantom --cohort`` writes and ``osteoscreen screen --cohort`` reads."""

"""CaseResult: what a case leaves behind, whatever happened to it short of an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.segmentation_facts import SegmentationFacts
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.status.bone_status import BoneStatus
from OsteoScreenLib.status.status_answer import StatusAnswer

SCHEMA_VERSION = 4
"""1: checks only. 2: adds ``femurs``, ``segmentation`` and ``models``. 3: adds ``densitometry`` and ``status``.
4: adds ``model_status`` and ``status_notes``. Files of earlier versions are still read."""

_ADDED: Mapping[int, Mapping[str, Any]] = {
    2: {"femurs": {}, "segmentation": None, "models": []},
    3: {"densitometry": None, "status": []},
    4: {"model_status": [], "status_notes": []},
}
"""What a file of an earlier version than this lacks, with what it means there."""


@dataclass(frozen=True)
class CaseResult:
    """Everything that was learnt of one case.

    Attributes:
        case_id: the case's folder name; made from the name the user gave.
        input: where the volume came from (Source.to_dict and, for DICOM, ``stack``); holds no identifier.
        geometry: of the volume as read.
        acquisition: what is known of the scan and the patient.
        quality: the flags, the gravest first.
        femurs: finding by side, ``left`` and ``right`` of the patient; empty where no mask was made.
        segmentation: where the masks came from, or why there are none; None where nobody asked for any.
        models: the models that made the masks: ``{"id", "version", "sha256"}`` each.
        densitometry: what was measured of the bones, or why nothing was; None where nobody asked for it.
        status: bone status by rule, for each side.
        model_status: answers of installed bone-status models, for each model and side. Apart from ``status``, so that
            nothing takes a demonstration model's answer for the rule's.
        status_notes: which models were not asked, and why, in sentences.
        timings_s: seconds by step.
        software: versions that made this result.
    """

    case_id: str
    input: dict[str, Any]
    geometry: Geometry
    acquisition: Acquisition
    quality: tuple[QualityFlag, ...] = ()
    femurs: Mapping[str, FemurFinding] = field(default_factory=dict)
    segmentation: SegmentationFacts | None = None
    models: tuple[Mapping[str, str], ...] = ()
    densitometry: Densitometry | None = None
    status: tuple[BoneStatus, ...] = ()
    model_status: tuple[StatusAnswer, ...] = ()
    status_notes: tuple[str, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=dict)

    @property
    def withheld(self) -> bool:
        """Whether a flag forbids a bone status from this scan."""
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Messages of the withholding flags."""
        return tuple(flag.message for flag in self.quality if flag.severity is Severity.WITHHOLD)

    def to_json(self) -> str:
        """The file ``result.json``."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "case_id": self.case_id,
            "input": {**self.input, "geometry": self.geometry.to_dict()},
            "acquisition": self.acquisition.to_dict(),
            "quality": [flag.to_dict() for flag in self.quality],
            "withheld": self.withheld,
            "reasons": list(self.reasons),
            "femurs": {side: finding.to_dict() for side, finding in self.femurs.items()},
            "segmentation": None if self.segmentation is None else self.segmentation.to_dict(),
            "models": [dict(model) for model in self.models],
            "densitometry": None if self.densitometry is None else self.densitometry.to_dict(),
            "status": [status.to_dict() for status in self.status],
            "model_status": [answer.to_dict() for answer in self.model_status],
            "status_notes": list(self.status_notes),
            "timings_s": {step: round(seconds, 3) for step, seconds in self.timings_s.items()},
            "software": dict(self.software),
        }
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> CaseResult:
        """Read what :meth:`to_json` wrote, or a result of an earlier schema version.

        Raises:
            UsageError: not a result, or of another schema version.
        """
        try:
            data = json.loads(text)
            version = data["schema_version"]
            if version not in range(1, SCHEMA_VERSION + 1):
                raise UsageError(f"This result has schema version {version}, not 1 to {SCHEMA_VERSION}")
            for later in range(version + 1, SCHEMA_VERSION + 1):
                data = {**data, **_ADDED[later]}
            source, facts, measured = dict(data["input"]), data["segmentation"], data["densitometry"]
            return cls(
                case_id=data["case_id"],
                geometry=Geometry.from_dict(source.pop("geometry")),
                input=source,
                acquisition=Acquisition.from_dict(data["acquisition"]),
                quality=tuple(QualityFlag.from_dict(flag) for flag in data["quality"]),
                femurs={side: FemurFinding.from_dict(finding) for side, finding in data["femurs"].items()},
                segmentation=None if facts is None else SegmentationFacts.from_dict(facts),
                models=tuple(dict(model) for model in data["models"]),
                densitometry=None if measured is None else Densitometry.from_dict(measured),
                status=tuple(BoneStatus.from_dict(entry) for entry in data["status"]),
                model_status=tuple(StatusAnswer.from_dict(entry) for entry in data["model_status"]),
                status_notes=tuple(str(note) for note in data["status_notes"]),
                timings_s=dict(data["timings_s"]),
                software=dict(data["software"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise UsageError("This is not a result of OsteoScreen", next_step="Give a result.json.") from error

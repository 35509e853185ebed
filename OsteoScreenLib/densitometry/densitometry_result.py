"""Densitometry: everything that was measured of a scan's femora, and why the rest was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.hu_rules import RuleAnswer
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.densitometry.measures import Measure, measures_from_dict, measures_to_dict
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.status_rule import RuleStatus

SCHEMA_VERSION = 1
UNITS_NOTE = (
    "vbmd: mg/cm3 of K2HPO4 in water, as a liquid calibration phantom reads; trabecular_mineral, bmc and abmd: "
    "hydroxyapatite"
)


@dataclass(frozen=True)
class FemurDensitometry:
    """One femur.

    Attributes:
        side: ``left`` or ``right``. withheld: why nothing was measured; empty where something was.
        regions: measures by region and name, see ``region_measures``.
        areal: ``abmd``, ``bmc``, ``area``, ``t_score`` and ``z_score`` by site, ``femoral_neck`` and ``total_hip``.
        hu_rules: answers of the rules that read this femur's HU.
        status: by rule. landmarks: None where nothing was measured. notes: what to know of the values.
    """

    side: str
    withheld: str = ""
    regions: Mapping[str, Mapping[str, Measure]] = field(default_factory=dict)
    areal: Mapping[str, Mapping[str, Measure]] = field(default_factory=dict)
    hu_rules: tuple[RuleAnswer, ...] = ()
    status: RuleStatus | None = None
    landmarks: FemurLandmarks | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "side": self.side,
            "withheld": self.withheld,
            "regions": {name: measures_to_dict(measures) for name, measures in self.regions.items()},
            "areal": {site: measures_to_dict(measures) for site, measures in self.areal.items()},
            "hu_rules": [answer.to_dict() for answer in self.hu_rules],
            "status": None if self.status is None else self.status.to_dict(),
            "landmarks": None if self.landmarks is None else self.landmarks.to_dict(),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FemurDensitometry:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        status, marks = data["status"], data["landmarks"]
        return cls(
            side=data["side"],
            withheld=data["withheld"],
            regions={name: measures_from_dict(entry) for name, entry in data["regions"].items()},
            areal={site: measures_from_dict(entry) for site, entry in data["areal"].items()},
            hu_rules=tuple(RuleAnswer(**answer) for answer in data["hu_rules"]),
            status=None if status is None else RuleStatus.from_dict(status),
            landmarks=None if marks is None else FemurLandmarks.from_dict(marks),
            notes=tuple(data["notes"]),
        )


@dataclass(frozen=True)
class Densitometry:
    """All of a scan.

    Attributes:
        femora: by side; left and right are never averaged.
        calibration: None where none could be had. no_calibration: why; empty where there is one.
        vertebrae: ``trabecular_hu`` and ``trabecular_vbmd`` by vertebra. hu_rules: answers of the rules that read them.
        facts: of the patient, that the scores go by; None where nothing was measured.
        notes: what was corrected, and what to know of the whole scan.
        settings: version, digest and overrides of the table in use.
        withheld: why nothing at all was measured; empty where something was.
    """

    femora: Mapping[str, FemurDensitometry] = field(default_factory=dict)
    calibration: Calibration | None = None
    no_calibration: str = ""
    vertebrae: Mapping[str, Mapping[str, Measure]] = field(default_factory=dict)
    hu_rules: tuple[RuleAnswer, ...] = ()
    facts: PatientFacts | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    withheld: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "units": UNITS_NOTE,
            "withheld": self.withheld,
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "no_calibration": self.no_calibration,
            "femora": {side: femur.to_dict() for side, femur in self.femora.items()},
            "vertebrae": {name: measures_to_dict(measures) for name, measures in self.vertebrae.items()},
            "hu_rules": [answer.to_dict() for answer in self.hu_rules],
            "facts": None if self.facts is None else asdict(self.facts),
            "notes": list(self.notes),
            "settings": dict(self.settings),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Densitometry:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"densitometry of schema version {data['schema_version']}, not {SCHEMA_VERSION}")
        calibration, facts = data["calibration"], data["facts"]
        return cls(
            femora={side: FemurDensitometry.from_dict(entry) for side, entry in data["femora"].items()},
            calibration=None if calibration is None else Calibration.from_dict(calibration),
            no_calibration=data["no_calibration"],
            vertebrae={name: measures_from_dict(entry) for name, entry in data["vertebrae"].items()},
            hu_rules=tuple(RuleAnswer(**answer) for answer in data["hu_rules"]),
            facts=None if facts is None else PatientFacts(**facts),
            notes=tuple(data["notes"]),
            settings=dict(data["settings"]),
            withheld=data["withheld"],
        )

"""What is true of a digital patient: bone density, T-scores, muscle areas. The record and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from OsteoScreenLib.phantom.areal_truth import ArealDensity
from OsteoScreenLib.phantom.reference_population import REFERENCE, t_score, who_status
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.volumetric_truth import RegionDensity

SCHEMA_VERSION = 1
STATUS_SITE = "femoral_neck"
STATUS_RULE = (
    "WHO class by the femoral neck T-score, on the left, or on the right where the left femur holds an implant; "
    "status_lowest is by the lowest of femoral neck, total hip and L1-L4"
)


@dataclass(frozen=True)
class FemurRecord:
    """Truth of one femur, without any implant in it.

    Attributes:
        landmarks: points and directions in LPS mm, sizes and angles, by name.
        areal: areal BMD of ``femoral_neck`` and ``total_hip``.
        volumetric: densities by region: head, neck, trochanteric, intertrochanteric, total_hip and so on.
    """

    landmarks: Mapping[str, Any]
    areal: Mapping[str, ArealDensity]
    volumetric: Mapping[str, RegionDensity]

    @property
    def t_scores(self) -> dict[str, float]:
        """By site."""
        return {name: t_score(name, density.abmd_g_cm2) for name, density in self.areal.items()}


@dataclass(frozen=True)
class SpineRecord:
    """Truth of the lumbar spine.

    Attributes:
        areal: of L1 to L4 together, from behind.
        trabecular_mg_cm3: hydroxyapatite in the middle of the vertebral bodies, by name.
        fractured: a compressed vertebra, or None; fractured vertebrae are not left out of ``areal``.
    """

    areal: ArealDensity
    trabecular_mg_cm3: Mapping[str, float]
    fractured: str | None = None

    @property
    def t_score(self) -> float:
        """Of L1 to L4."""
        return t_score("spine_L1_L4", self.areal.abmd_g_cm2)


@dataclass(frozen=True)
class PatientTruth:
    """Everything that is known about a digital patient, from the density volume without noise.

    Attributes:
        traits: who the patient is.
        femurs: by side, ``L`` and ``R``.
        spine: lumbar.
        muscle_area_cm2: by vertebral level, area by name of muscle and ``skeletal_muscle``, their sum.
        k2hpo4_per_hydroxyapatite: factor from hydroxyapatite to K2HPO4-equivalent density.
    """

    traits: PatientTraits
    femurs: Mapping[str, FemurRecord]
    spine: SpineRecord
    muscle_area_cm2: Mapping[str, Mapping[str, float]]
    k2hpo4_per_hydroxyapatite: float
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def reported_side(self) -> str:
        """The femur that the status goes by."""
        return "R" if self.traits.implant is not None and self.traits.implant_side == "L" else "L"

    @property
    def t_score(self) -> float:
        """Of the femoral neck of the reported side."""
        return self.femurs[self.reported_side].t_scores[STATUS_SITE]

    @property
    def status(self) -> str:
        """WHO class by :attr:`t_score`."""
        return who_status(self.t_score)

    @property
    def status_lowest(self) -> str:
        """WHO class by the lowest T-score of the reported femur and the spine."""
        return who_status(min(*self.femurs[self.reported_side].t_scores.values(), self.spine.t_score))

    def to_dict(self) -> dict[str, Any]:
        """JSON form; inverse of :meth:`from_dict`. What follows from the rest is written too, for readers."""
        return {
            "schema_version": self.schema_version,
            "traits": asdict(self.traits),
            "t_score": self.t_score,
            "status": self.status,
            "status_lowest": self.status_lowest,
            "status_rule": STATUS_RULE,
            "reported_side": self.reported_side,
            "k2hpo4_per_hydroxyapatite": self.k2hpo4_per_hydroxyapatite,
            "femurs": {side: self._femur_dict(record) for side, record in self.femurs.items()},
            "spine": {
                "areal_L1_L4": _areal_dict(self.spine.areal),
                "t_score": self.spine.t_score,
                "trabecular_mg_cm3": dict(self.spine.trabecular_mg_cm3),
                "trabecular_k2hpo4_mg_cm3": {
                    name: value * self.k2hpo4_per_hydroxyapatite for name, value in self.spine.trabecular_mg_cm3.items()
                },
                "fractured": self.spine.fractured,
            },
            "muscle_area_cm2": {level: dict(areas) for level, areas in self.muscle_area_cm2.items()},
            "references": {
                site: {"mean_g_cm2": mean, "sd_g_cm2": deviation, "source": source}
                for site, (mean, deviation, source) in REFERENCE.items()
            },
        }

    def _femur_dict(self, record: FemurRecord) -> dict[str, Any]:
        return {
            "landmarks": dict(record.landmarks),
            "areal": {name: _areal_dict(density) for name, density in record.areal.items()},
            "t_scores": record.t_scores,
            "volumetric": {
                name: _region_dict(density, self.k2hpo4_per_hydroxyapatite)
                for name, density in record.volumetric.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PatientTruth:
        """Read what :meth:`to_dict` wrote. Raises KeyError or TypeError where a field is missing or malformed."""
        spine = data["spine"]
        return cls(
            traits=PatientTraits(**data["traits"]),
            femurs={
                side: FemurRecord(
                    landmarks=dict(record["landmarks"]),
                    areal={name: _areal(values) for name, values in record["areal"].items()},
                    volumetric={name: _region(values) for name, values in record["volumetric"].items()},
                )
                for side, record in data["femurs"].items()
            },
            spine=SpineRecord(
                _areal(spine["areal_L1_L4"]),
                {name: float(value) for name, value in spine["trabecular_mg_cm3"].items()},
                spine["fractured"],
            ),
            muscle_area_cm2={level: dict(areas) for level, areas in data["muscle_area_cm2"].items()},
            k2hpo4_per_hydroxyapatite=float(data["k2hpo4_per_hydroxyapatite"]),
            schema_version=int(data["schema_version"]),
        )


def _areal_dict(density: ArealDensity) -> dict[str, float]:
    return {**asdict(density), "abmd_g_cm2": density.abmd_g_cm2}


def _areal(values: Mapping[str, float]) -> ArealDensity:
    return ArealDensity(float(values["bmc_g"]), float(values["area_cm2"]))


def _region_dict(density: RegionDensity, factor: float) -> dict[str, float | None]:
    """Hydroxyapatite, and beside every density its K2HPO4-equivalent."""
    values: dict[str, float | None] = asdict(density)
    for name in ("total", "trabecular", "cortical"):
        value = values[f"{name}_mg_cm3"]
        values[f"{name}_k2hpo4_mg_cm3"] = None if value is None else value * factor
    return values


def _region(values: Mapping[str, Any]) -> RegionDensity:
    return RegionDensity(**{entry.name: values[entry.name] for entry in fields(RegionDensity)})

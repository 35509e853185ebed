"""BoneStatus: what one model says of one bone, or why it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLASSES = ("normal", "osteopenia", "osteoporosis")
"""WHO classes: T >= -1.0; -2.5 < T < -1.0; T <= -2.5."""


@dataclass(frozen=True)
class BoneStatus:
    """What one model says of one bone, or why it says nothing.

    Attributes:
        model: id of the model, such as ``ct-abmd-rule``.
        side: ``left`` or ``right`` of the patient; None where the model speaks of the whole patient.
        bone_class: one of :data:`CLASSES`; None where withheld. ``class`` in JSON.
        probabilities: of each class; empty where the model has none to give.
        operating_point: what separates the classes, by name.
        reasons: why it is withheld, in sentences; empty where it is not.
        demonstration_model: whether the model was made to show the program and not to be used.
    """

    model: str
    side: str | None
    bone_class: str | None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    operating_point: Mapping[str, float | str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    demonstration_model: bool = False

    def __post_init__(self) -> None:
        if self.bone_class not in (None, *CLASSES):
            raise ValueError(f"a bone status is {', '.join(CLASSES)} or None, not {self.bone_class!r}")
        if (self.bone_class is None) != bool(self.reasons):
            raise ValueError("a bone status has a class, or reasons why it has none")

    @property
    def withheld(self) -> bool:
        """Whether there is no class."""
        return self.bone_class is None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "model": self.model,
            "side": self.side,
            "class": self.bone_class,
            "probabilities": dict(self.probabilities),
            "operating_point": dict(self.operating_point),
            "withheld": self.withheld,
            "reasons": list(self.reasons),
            "demonstration_model": self.demonstration_model,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BoneStatus:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        if not isinstance(data["model"], str) or data["side"] not in (None, "left", "right"):
            raise ValueError("a bone status names a model, and a side or none")
        chances = dict(data["probabilities"])
        if set(chances) - set(CLASSES) or not all(0.0 <= float(chance) <= 1.0 for chance in chances.values()):
            raise ValueError("probabilities lie between 0 and 1, one for each class")
        return cls(
            model=data["model"],
            side=data["side"],
            bone_class=data["class"],
            probabilities={name: float(chance) for name, chance in chances.items()},
            operating_point=dict(data["operating_point"]),
            reasons=tuple(data["reasons"]),
            demonstration_model=data["demonstration_model"],
        )

"""The one file that says how the two networks are trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.training.vbnet import MULTIPLE_OF

STAGES = ("coarse", "fine")
DEFAULT_CONFIG = Path(__file__).with_name("femur_vbnet.json")


@dataclass(frozen=True)
class StageConfig:
    """How one network is trained.

    Attributes:
        spacing_mm: isotropic voxel size the network sees. patch_zyx: size of a training patch, multiples of 16.
        base_channels: width of the network; 16 as published.
        hu_window: HU that become -1 and 1; what lies beyond is clipped.
        iterations: steps of the optimiser; the learning rate falls to zero over them along a cosine.
        learning_rate, weight_decay: of AdamW. warm_up: steps until the full learning rate.
        patches_per_step: patches whose gradients are added before a step.
        real_share: share of patches from real CT, where there is any; 0 trains on simulations alone, 1 on real alone.
        label_map_share: of the simulated patches.
        ema: decay of the moving average of the weights; the average is what is kept.
        simulation_mm: voxel size of the simulated samples. digital_patients, label_map_samples: how many.
        seed: of weights and patches.
    """

    spacing_mm: float
    patch_zyx: tuple[int, int, int]
    base_channels: int = 16
    hu_window: tuple[float, float] = (-500.0, 1500.0)
    iterations: int = 10000
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    warm_up: int = 100
    patches_per_step: int = 1
    real_share: float = 0.5
    label_map_share: float = 0.5
    ema: float = 0.997
    simulation_mm: float = 1.5
    digital_patients: int = 200
    label_map_samples: int = 200
    seed: int = 0

    def is_valid(self) -> tuple[bool, str]:
        """Whether this can be trained, and if not, why."""
        checks = (
            (0.3 <= self.spacing_mm <= 10.0, f"spacing_mm lies between 0.3 and 10, not at {self.spacing_mm:g}"),
            (
                len(self.patch_zyx) == 3 and all(n > 0 and n % MULTIPLE_OF == 0 for n in self.patch_zyx),
                f"patch_zyx holds three multiples of {MULTIPLE_OF}, not {self.patch_zyx}",
            ),
            (4 <= self.base_channels <= 64, f"base_channels lies between 4 and 64, not at {self.base_channels}"),
            (self.hu_window[0] < self.hu_window[1], f"hu_window rises, unlike {self.hu_window}"),
            (self.iterations > 0, f"iterations is positive, not {self.iterations}"),
            (self.learning_rate > 0, f"learning_rate is positive, not {self.learning_rate:g}"),
            (self.warm_up > 0, f"warm_up is positive, not {self.warm_up}"),
            (self.patches_per_step > 0, f"patches_per_step is positive, not {self.patches_per_step}"),
            (0 <= self.real_share <= 1, f"real_share lies between 0 and 1, not at {self.real_share:g}"),
            (0 <= self.label_map_share <= 1, f"label_map_share lies between 0 and 1, not at {self.label_map_share:g}"),
            (0 <= self.ema < 1, f"ema lies between 0 and 1, not at {self.ema:g}"),
            (self.simulation_mm > 0, f"simulation_mm is positive, not {self.simulation_mm:g}"),
            (
                min(self.digital_patients, self.label_map_samples, self.seed) >= 0,
                "counts and the seed are not negative",
            ),
        )
        for holds, reason in checks:
            if not holds:
                return False, reason
        return True, ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StageConfig:
        """Read what :meth:`to_dict` wrote, or a part of it.

        Raises:
            UsageError: an unknown entry, or one that cannot be.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise UsageError(f"Unknown in the training configuration: {', '.join(unknown)}")
        try:
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
            }
            config = cls(**values)
            valid, reason = config.is_valid()
        except (TypeError, ValueError, IndexError) as error:
            raise UsageError(f"The training configuration cannot be read: {error}") from error
        if not valid:
            raise UsageError(f"The training configuration cannot be used: {reason}")
        return config


@dataclass(frozen=True)
class TrainingConfig:
    """Everything in the file.

    Attributes:
        stages: configuration by stage.
        held_out: names of real cases that are for testing and are never trained on, whatever folder holds them.
        card: version, title, licence, intended use, limits and ``demonstration`` of the model that comes out.
        sources: name, licence and citation of the ``real`` CT and the ``label_maps`` that the networks are trained on.
    """

    stages: Mapping[str, StageConfig]
    held_out: tuple[str, ...]
    card: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, Any]]


def read_config(path: Path = DEFAULT_CONFIG) -> TrainingConfig:
    """Read the file.

    Raises:
        UsageError: the file is no such configuration.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError("The training configuration cannot be read", path=path) from error
    if not isinstance(data, dict) or not isinstance(data.get("stages"), dict) or not data["stages"]:
        raise UsageError("A training configuration holds 'stages'", path=path)
    if unknown := sorted(set(data["stages"]) - set(STAGES)):
        raise UsageError(f"There is no stage {unknown[0]!r}; there are {' and '.join(STAGES)}", path=path)
    stages = {stage: StageConfig.from_dict(values) for stage, values in data["stages"].items()}
    try:
        return TrainingConfig(
            stages, tuple(str(name) for name in data["held_out"]), dict(data["card"]), dict(data["sources"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The training configuration lacks {error}", path=path) from error

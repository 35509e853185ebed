"""The endless stream of training patches: which sample, which part of it, seen by which scanner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from OsteoScreenLib.segmentation.intensity import network_input
from OsteoScreenLib.training.appearance import REAL, SIMULATED, randomise
from OsteoScreenLib.training.patch import PatchGeometry, PatchSource, draw_patch
from OsteoScreenLib.training.sample import TrainingSample
from OsteoScreenLib.training.segmentation_config import StageConfig

MIN_BONE_VOXELS = 500
MIN_SPREAD_HU = 20.0
OUTSIDE_HU, MIN_INSIDE = -900.0, 0.15
"""A patch that shows hardly any of the body teaches nothing."""
_COARSE_GEOMETRY = {
    "turn_deg": 10.0,
    "scale_sd": 0.14,
    "near_mm": 60.0,
    "shift_mm": 55.0,
    "bend_mm": 5.0,
    "without_share": 0.25,
    "strange": 0.5,
}


class PatchStream:
    """Patches by number: the same number gives the same patch while the samples are the same.

    Args:
        stage: ``coarse`` (both femora, mirrored at random) or ``fine`` (one femur, right ones mirrored).
        config: of the stage.
        real: real samples. pool: folder of simulated samples, which may still be growing (see :meth:`rescan`).
    """

    def __init__(
        self, stage: str, config: StageConfig, real: Sequence[TrainingSample] = (), pool: Path | None = None
    ) -> None:
        self.stage, self.config, self._pool = stage, config, pool
        extra = _COARSE_GEOMETRY if stage == "coarse" else {}
        self.geometry = PatchGeometry(config.spacing_mm, config.patch_zyx, **extra)
        self._seen: set[Path] = set()
        self.sources: dict[str, list[PatchSource]] = {"real": [], "label_map": [], "digital_patient": []}
        for sample in real:
            self._add(sample)
        self.rescan()

    def rescan(self) -> int:
        """Take in samples that have been added to the pool; returns how many simulated samples there are."""
        if self._pool is not None:
            for path in sorted(set(self._pool.glob("*.npz")) - self._seen):
                self._seen.add(path)
                self._add(TrainingSample.load(path))
        return len(self._seen)

    def draw(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Network input (1, 1, z, y, x) and occupancy (1, C, z, y, x) of patch ``number``."""
        rng = np.random.default_rng([self.config.seed, number])
        while True:
            kind = self._kind(rng)
            source = self.sources[kind][rng.integers(len(self.sources[kind]))]
            hu, target = draw_patch(source, self.geometry, rng)
            if float((hu > OUTSIDE_HU).float().mean()) < MIN_INSIDE:
                continue
            how = REAL if kind == "real" else SIMULATED
            hu, target = randomise(hu, target, self.config.spacing_mm, how, rng)
            if float(hu.std()) > MIN_SPREAD_HU:
                return to_input(hu, self.config.hu_window)[None, None], target[None]

    def _kind(self, rng: np.random.Generator) -> str:
        real = rng.random() < self.config.real_share
        if self.sources["real"] and (real or not self._has_simulations()):
            return "real"
        wanted = "label_map" if rng.random() < self.config.label_map_share else "digital_patient"
        other = "digital_patient" if wanted == "label_map" else "label_map"
        return wanted if self.sources[wanted] else other

    def _has_simulations(self) -> bool:
        return bool(self.sources["label_map"] or self.sources["digital_patient"])

    def _add(self, sample: TrainingSample) -> None:
        sides = [sample.labels == label for label in (1, 2)]
        kept = self.sources[sample.source]
        if self.stage == "coarse":
            both = np.stack(sides).astype(np.uint8)
            kept.append(PatchSource.of(sample.hu, both, sample.spacing_zyx_mm, True, sample.source))
            return
        for mask, mirrored in zip(sides, (False, True), strict=True):
            if int(mask.sum()) < MIN_BONE_VOXELS:
                continue
            order = slice(None, None, -1) if mirrored else slice(None)
            hu = np.ascontiguousarray(sample.hu[:, :, order])
            target = np.ascontiguousarray(mask[None, :, :, order].astype(np.uint8))
            kept.append(PatchSource.of(hu, target, sample.spacing_zyx_mm, False, sample.source))


def to_input(hu: torch.Tensor, window: tuple[float, float]) -> torch.Tensor:
    """HU as the networks get them, by the same function as at inference."""
    return torch.from_numpy(network_input(hu.numpy(), window))

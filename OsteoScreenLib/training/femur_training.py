"""The whole training of the femur segmentation: simulated samples, two networks, one bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of
from OsteoScreenLib.training.patch_stream import PatchStream
from OsteoScreenLib.training.real_samples import find_real_cases, read_real_cases
from OsteoScreenLib.training.sample import TrainingSample
from OsteoScreenLib.training.sample_pool import fill_pool, find_label_maps, simulation_of
from OsteoScreenLib.training.segmentation_config import STAGES, StageConfig, TrainingConfig
from OsteoScreenLib.training.start_weights import start_weights
from OsteoScreenLib.training.train_segmentation import CHECKPOINT, Run, read_checkpoint, train
from OsteoScreenLib.training.validate_segmentation import validation_dsc

VALIDATION_SEED = 900_000
VALIDATION_SAMPLES = 3
"""Of each source."""

_DRY = {"iterations": 6, "digital_patients": 1, "label_map_samples": 1, "base_channels": 4, "patch_zyx": (32, 32, 32)}


@dataclass
class FemurTraining:
    """A training in a folder: ``pool-coarse``, ``pool-fine``, ``coarse``, ``fine`` and the bundle.

    Attributes:
        out: the folder. config: how to train.
        real: folder of CT with masks, or None. label_maps: folder of label maps, or None.
        leave_out: real cases that are not trained on, besides those the configuration holds out.
        pool: folder of another run whose simulated samples are used.
        start_from: folder of another run, or of a bundle, whose weights are the start.
        minutes: time for each network instead of the configuration's iterations.
        threads, device: what to compute on.
        dry_run: a few samples and steps of a small network, to see that everything works.
    """

    out: Path
    config: TrainingConfig
    real: Path | None = None
    label_maps: Path | None = None
    leave_out: tuple[str, ...] = ()
    pool: Path | None = None
    start_from: Path | None = None
    minutes: float | None = None
    threads: int = 1
    device: str = "cpu"
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.dry_run:
            stages = {stage: replace(config, **_DRY) for stage, config in self.config.stages.items()}  # type: ignore[arg-type]
            self.config = replace(self.config, stages=stages)

    def run(
        self,
        parts: tuple[str, ...],
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> Path | None:
        """Do these parts of ``pool``, ``coarse``, ``fine``, ``export``; what is done already is not done again.

        Returns:
            Folder of the bundle, where ``export`` is among the parts.

        Raises:
            UsageError, InputError: data or configuration cannot be used.
            CancelledError: the user asked to stop.
        """
        torch.set_num_threads(self.threads)
        self.out.mkdir(parents=True, exist_ok=True)
        steps = [(stage, part) for part in ("pool", *STAGES) for stage in STAGES if part in (stage, "pool")]
        steps = [(stage, part) for stage, part in steps if part in parts and stage in self.config.stages]
        for number, (stage, part) in enumerate(steps):
            share = part_of(progress, number / len(steps), (number + 1) / len(steps))
            if part == "pool":
                self.fill(stage, share, cancelled)
            else:
                self.train(stage, share, cancelled)
        if "export" not in parts:
            return None
        from OsteoScreenLib.training.femur_bundle import write_femur_bundle

        return write_femur_bundle(self)

    def fill(self, stage: str, progress: ProgressCallback, cancelled: CancelToken) -> None:
        """Make a stage's simulated samples, and a few for validation."""
        if self.pool is not None:
            return
        config, maps = self.config.stages[stage], find_label_maps(self.label_maps)
        few = 1 if self.dry_run else VALIDATION_SAMPLES
        held_back = replace(
            simulation_of(stage, config),
            digital_patients=few,
            label_map_samples=few,
            first_seed=VALIDATION_SEED,
        )
        fill_pool(self._pool(stage, "validation"), held_back, maps, cancelled=cancelled)
        fill_pool(self._pool(stage), simulation_of(stage, config), maps, progress=progress, cancelled=cancelled)

    def train(self, stage: str, progress: ProgressCallback, cancelled: CancelToken) -> Run:
        """Train a stage's network, or go on where it stopped."""
        config, folder = self.config.stages[stage], self.out / stage
        run = self._run(stage, config, folder)
        real: list[TrainingSample] = []
        if self.real is not None and config.real_share > 0.0:
            leave_out = {*self.leave_out, *self.config.held_out}
            real = read_real_cases(find_real_cases(self.real, leave_out), config.spacing_mm)
        pool = self._pool(stage) if config.real_share < 1.0 else None
        samples = [TrainingSample.load(path) for path in sorted(self._pool(stage, "validation").glob("*.npz"))]
        return train(
            run,
            PatchStream(stage, config, real, pool),
            folder,
            minutes=self.minutes,
            validate=lambda now: validation_dsc(stage, config, now.average, samples),
            progress=progress,
            cancelled=cancelled,
        )

    def weights(self, stage: str) -> dict[str, torch.Tensor]:
        """The averaged weights of a trained stage.

        Raises:
            UsageError: it is not trained yet.
        """
        path = self.out / stage / CHECKPOINT
        if not path.exists():
            raise UsageError(f"The {stage} network is not trained yet", path=path)
        return read_checkpoint(path)["average"]

    def _run(self, stage: str, config: StageConfig, folder: Path) -> Run:
        if (folder / CHECKPOINT).exists():
            run = Run.load(folder / CHECKPOINT, self.device)
            if run.config != config:
                raise UsageError(
                    "This run was begun with another configuration", path=folder, next_step="Give another folder."
                )
            return run
        run = Run.new(stage, config, self.device)
        if self.start_from is not None:
            run.start_from(start_weights(self.start_from, stage))
        return run

    def _pool(self, stage: str, kind: str = "training") -> Path:
        base = self.pool or self.out
        return base / f"pool-{stage}" if kind == "training" else base / f"pool-{stage}-{kind}"

"""Training of one segmentation network: resumable, with a curve, on CPU or GPU."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.training.patch_stream import PatchStream
from OsteoScreenLib.training.segmentation_config import StageConfig
from OsteoScreenLib.training.segmentation_loss import SegmentationLoss
from OsteoScreenLib.training.vbnet import MULTIPLE_OF, VBNet

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.csv"
CURVE_EVERY = 50
SAVE_EVERY_S = 240.0
RESCAN_EVERY = 200


@dataclass
class Run:
    """A training run and where it stands.

    Attributes:
        stage, config: what is trained. network: the weights as the optimiser moves them.
        average: their moving average, which is what is used afterwards.
        step: steps done. seconds: of training so far, over all sessions.
    """

    stage: str
    config: StageConfig
    network: VBNet
    optimiser: torch.optim.AdamW
    average: dict[str, torch.Tensor]
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)

    @classmethod
    def new(cls, stage: str, config: StageConfig, device: str = "cpu") -> Run:
        """A fresh run from the seed."""
        torch.manual_seed(config.seed)
        network = VBNet(3 if stage == "coarse" else 1, config.base_channels)
        network = network.to(device=device, memory_format=torch.channels_last_3d).train()
        optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        return cls(stage, config, network, optimiser, average)

    def save(self, path: Path) -> None:
        """Write everything that going on needs, whole or not at all."""
        unfinished = path.with_name(path.name + ".part")
        state = {
            "stage": self.stage,
            "config": self.config.to_dict(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, unfinished)
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> Run:
        """Read what :meth:`save` wrote; never unpickles objects.

        Raises:
            InputError: not a checkpoint.
        """
        state = read_checkpoint(path, device)
        try:
            run = cls.new(state["stage"], StageConfig.from_dict(state["config"]), device)
            run.network.load_state_dict(state["network"])
            run.optimiser.load_state_dict(state["optimiser"])
            run.average, run.step, run.seconds = dict(state["average"]), int(state["step"]), float(state["seconds"])
        except (RuntimeError, TypeError, ValueError, KeyError, AttributeError, UsageError) as error:
            raise _no_checkpoint(path) from error
        return run

    def start_from(self, weights: dict[str, torch.Tensor]) -> None:
        """Take another run's averaged weights (fine-tuning).

        Raises:
            UsageError: they belong to a network of another width.
        """
        try:
            self.network.load_state_dict(weights)
        except RuntimeError as error:
            raise UsageError(
                "The weights to start from belong to a network of another width",
                next_step="Give base_channels of the configuration as the other run had it.",
            ) from error
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}


def read_checkpoint(path: Path, device: str = "cpu") -> dict[str, Any]:
    """The state in a checkpoint; tensors and plain values only.

    Raises:
        InputError: not a checkpoint.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(state, dict) or not {
            "stage",
            "config",
            "network",
            "optimiser",
            "average",
            "step",
            "seconds",
        } <= set(state):
            raise ValueError("entries are missing")
    except Exception as error:
        raise _no_checkpoint(path) from error
    return state


def _no_checkpoint(path: Path) -> InputError:
    return InputError("This is not a checkpoint of a training run", path=path, code="not_a_checkpoint")


def train(
    run: Run,
    stream: PatchStream,
    out: Path,
    *,
    minutes: float | None = None,
    validate: Callable[[Run], dict[str, float]] | None = None,
    validate_every: int = 1000,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Run:
    """Train until the configuration's iterations are done; writes ``checkpoint.pt`` and ``curve.csv`` into ``out``.

    Args:
        run: fresh or loaded. stream: of patches.
        out: folder.
        minutes: of training in all; the learning rate then follows the clock and not the iterations.
        validate: asked every ``validate_every`` steps; its figures go into the curve.
        progress, cancelled: as everywhere; a stopped run keeps its checkpoint.

    Raises:
        UsageError: there is nothing to train on.
        CancelledError: the user asked to stop.
    """
    if not any(stream.sources.values()):
        raise UsageError("There is nothing to train on", next_step="Give real CT with masks, label maps or seeds.")
    out.mkdir(parents=True, exist_ok=True)
    loss_of = SegmentationLoss(3 if run.stage == "coarse" else 1)
    began, before, saved = time.monotonic(), run.seconds, time.monotonic()
    try:
        while (done := _share_done(run, minutes)) < 1.0:
            stop_if(cancelled)
            _step(run, stream, loss_of, done)
            run.seconds = before + time.monotonic() - began
            if run.step % RESCAN_EVERY == 0:
                stream.rescan()
            if run.step % CURVE_EVERY == 0:
                figures = validate(run) if validate is not None and run.step % validate_every == 0 else {}
                _note(run, stream, out / CURVE, figures)
                progress(done, f"Training: step {run.step}, loss {run.losses[-1]:.3f}")
            if time.monotonic() - saved > SAVE_EVERY_S:
                run.save(out / CHECKPOINT)
                saved = time.monotonic()
    finally:
        run.save(out / CHECKPOINT)
    progress(1.0, "Training: done")
    return run


def _share_done(run: Run, minutes: float | None) -> float:
    return run.step / run.config.iterations if minutes is None else run.seconds / (60.0 * minutes)


def _step(run: Run, stream: PatchStream, loss_of: SegmentationLoss, done: float) -> None:
    config, device = run.config, next(run.network.parameters()).device
    rate = config.learning_rate * min(1.0, (run.step + 1) / config.warm_up)
    for group in run.optimiser.param_groups:
        group["lr"] = rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))
    run.optimiser.zero_grad()
    total = 0.0
    for part in range(config.patches_per_step):
        image, target = stream.draw(run.step * config.patches_per_step + part)
        image = image.to(device, memory_format=torch.channels_last_3d)
        target = target.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=_uses_bfloat16(device, config.patch_zyx)):
            logits = run.network(image)
        loss = loss_of(logits, target) / config.patches_per_step
        loss.backward()
        total += float(loss.detach())
        _remember_overlap(run, logits.detach(), target)
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimiser.step()
    run.step += 1
    run.losses.append(total)
    _average(run)


def _average(run: Run) -> None:
    """Moving average of the weights; short at first, so that it does not remember the beginning."""
    keep = min(run.config.ema, 1.0 - 1.0 / (0.1 * run.step + 1.0))
    with torch.no_grad():
        for name, value in run.network.state_dict().items():
            run.average[name].lerp_(value, 1.0 - keep)


def _remember_overlap(run: Run, logits: torch.Tensor, target: torch.Tensor) -> None:
    """Dice similarity coefficient of the patch, where there is bone in it."""
    truth = target > 0.5
    if int(truth.sum()) < 200:
        return
    if logits.shape[1] == 1:
        found = logits > 0
    else:
        best = logits.argmax(1)
        found = torch.stack([best == channel for channel in range(1, logits.shape[1])], 1)
    both = int((truth & found).sum())
    run.overlaps.append(2.0 * both / max(1, int(truth.sum()) + int(found.sum())))


def _note(run: Run, stream: PatchStream, path: Path, figures: dict[str, float]) -> None:
    """One row of the curve."""
    row = {
        "step": run.step,
        "minutes": round(run.seconds / 60.0, 2),
        "loss": round(_mean(run.losses[-CURVE_EVERY:]), 4),
        "patch_dsc": round(_mean(run.overlaps[-CURVE_EVERY:]), 4),
        "learning_rate": f"{run.optimiser.param_groups[0]['lr']:.3g}",
        "samples": sum(len(kind) for kind in stream.sources.values()),
        "validation": " ".join(f"{name}={value:.4f}" for name, value in figures.items()),
    }
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    del run.losses[:-CURVE_EVERY], run.overlaps[:-CURVE_EVERY]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _uses_bfloat16(device: torch.device, patch_zyx: tuple[int, int, int]) -> bool:
    """Whether to compute in bfloat16.

    Not on a CPU where the coarsest grid has fewer than three voxels along an axis: torch 2.13 (oneDNN) there gives the
    weights of a 3x3x3 convolution a gradient from memory that nobody wrote, up to infinity (measured with two slices;
    from three voxels on it is right to 0.5 %).
    """
    enough = device.type != "cpu" or min(patch_zyx) >= 3 * MULTIPLE_OF
    return enough and _has_bfloat16(device)


def _has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is computed and not emulated: on a GPU that has it, and on CPUs with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())

"""Cross-validation of the fine femur network over the real training hips, with its controls.

    python Testing/tools/cross_validate_femur.py --real ../shared/data/hip_ct --out checkpoints/cv --kind real-only

Kinds: ``real-only`` (from scratch on the real hips of the other folds), ``rendered-only`` (a run that saw no real CT:
``--start-from``, evaluated as it is) and ``mixed`` (that run, fine-tuned on the other folds beside its simulated
samples). Each left-out femur is found in a window around its reference mask (box + 30 mm), so the figures are those of
the fine network alone. Finished folds are kept; run it again to go on. Never reads a case that the configuration holds
out for testing.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.evaluation.head_region import proximal
from OsteoScreenLib.evaluation.segmentation_metrics import compare_masks
from OsteoScreenLib.segmentation.solid import solid
from OsteoScreenLib.training.femur_training import FemurTraining
from OsteoScreenLib.training.real_samples import find_real_cases, read_real_case
from OsteoScreenLib.training.sample import TrainingSample
from OsteoScreenLib.training.segmentation_config import StageConfig, TrainingConfig, read_config
from OsteoScreenLib.training.train_segmentation import CHECKPOINT, read_checkpoint
from OsteoScreenLib.training.validate_segmentation import foreground
from OsteoScreenLib.training.vbnet import VBNet

FOLDS = (
    ("STS_021", "STS_048"),
    ("STS_029", "STS_050"),
    ("STS_011", "STS_015"),
    ("STS_012", "STS_031", "STS_007"),
)
MARGIN_MM = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    config = read_config()
    cases = find_real_cases(options.real, config.held_out)
    table = options.out / f"{options.kind}.csv"
    for seed in options.seeds:
        for number, fold in enumerate(FOLDS):
            if _is_done(table, seed, number):
                continue
            weights = _train(options, config, fold, number, seed)
            rows = [
                {"kind": options.kind, "seed": seed, "fold": number, **_evaluate(weights, config, name, *cases[name])}
                for name in fold
                if name in cases
            ]
            _append(table, rows)
            for row in rows:
                print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", choices=("real-only", "rendered-only", "mixed"), required=True)
    parser.add_argument("--start-from", type=Path, nargs="*", default=(), help="rendered-only run of each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1))
    parser.add_argument("--iterations", type=int, default=1000)
    options = parser.parse_args(arguments)
    if options.kind != "real-only" and len(options.start_from) != len(options.seeds):
        parser.error("--start-from needs a rendered-only run for each seed")
    return options


def _train(
    options: argparse.Namespace, config: TrainingConfig, fold: tuple[str, ...], number: int, seed: int
) -> dict[str, torch.Tensor]:
    """Averaged weights of the network that must not know this fold."""
    start: Path | None = options.start_from[options.seeds.index(seed)] if options.start_from else None
    if options.kind == "rendered-only" and start is not None:
        return read_checkpoint(start / "fine" / CHECKPOINT)["average"]
    share = 1.0 if options.kind == "real-only" else 0.5
    fine = replace(config.stages["fine"], real_share=share, iterations=options.iterations, seed=seed)
    training = FemurTraining(
        options.out / f"{options.kind}-seed{seed}-fold{number}",
        replace(config, stages={"fine": fine}),
        real=options.real,
        leave_out=fold,
        pool=start,
        start_from=start,
    )
    training.run(
        ("fine",), progress=lambda fraction, message: print(f"\r{fraction:5.1%} {message}", end="", flush=True)
    )
    print()
    return training.weights("fine")


def _evaluate(
    weights: dict[str, torch.Tensor], config: TrainingConfig, name: str, ct: Path, mask: Path
) -> dict[str, object]:
    """Agreement with the reference on the CT's own grid, for the whole bone and for its topmost part."""
    fine = config.stages["fine"]
    network = VBNet(1, fine.base_channels)
    network.load_state_dict(weights)
    network = network.to(memory_format=torch.channels_last_3d).train()
    sample = read_real_case(ct, mask, name, fine.spacing_mm)
    label = 1 if (sample.labels == 1).sum() > (sample.labels == 2).sum() else 2
    truth = sample.labels == label
    found = _found(network, fine, sample, truth, label)
    spacing_xyz = sample.spacing_zyx_mm[::-1]
    whole = compare_masks(found, truth, spacing_xyz)
    grid = Geometry(truth.shape, spacing_xyz, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    head = compare_masks(found, truth, spacing_xyz, region=proximal(truth, grid))
    return {
        "case": name,
        "dsc": _rounded(whole.dsc, 4),
        "vd_percent": _rounded(whole.vd_percent, 2),
        "hd95_mm": _rounded(whole.hd95_mm, 2),
        "assd_mm": _rounded(whole.assd_mm, 3),
        "head_dsc": _rounded(head.dsc, 4),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    """None where nothing was found to measure."""
    return None if value is None else round(value, digits)


def _found(network: VBNet, config: StageConfig, sample: TrainingSample, truth: np.ndarray, label: int) -> np.ndarray:
    """Mask on the sample's grid, one solid as the segmenter gives it."""
    where = np.argwhere(truth)
    margin = np.ceil(MARGIN_MM / np.array(sample.spacing_zyx_mm)).astype(int)
    low = np.maximum(where.min(0) - margin, 0)
    high = np.minimum(where.max(0) + margin + 1, truth.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    hu = sample.hu[box].astype(np.float32)
    turned = np.ascontiguousarray(hu[:, :, ::-1] if label == 2 else hu)
    size = [max(2, round(n * s / config.spacing_mm)) for n, s in zip(hu.shape, sample.spacing_zyx_mm, strict=True)]
    scale = torch.nn.functional.interpolate
    small = scale(torch.from_numpy(turned)[None, None], size=size, mode="trilinear", align_corners=False)[0, 0]
    mask = foreground(network, config, small)[0].float()
    back = scale(mask[None, None], size=hu.shape, mode="trilinear", align_corners=False)[0, 0].numpy() > 0.5
    result = np.zeros(truth.shape, dtype=bool)
    result[box] = back[:, :, ::-1] if label == 2 else back
    return solid(result, 0)


def _is_done(table: Path, seed: int, fold: int) -> bool:
    if not table.exists():
        return False
    with table.open(encoding="utf-8") as file:
        return any(int(row["seed"]) == seed and int(row["fold"]) == fold for row in csv.DictReader(file))


def _append(table: Path, rows: list[dict[str, object]]) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    is_new = not table.exists()
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())

"""The femora that the network outlines in the scans of the study of densitometry: once for each version of the network.

    python Testing/tools/densitometry_study_masks.py SCANS --seed 660000 --count 200 --wait

They lie in SCANS/masks-VERSION, with the sides that the checks of the masks do not let through, as in ``screen``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from densitometry_study_scans import load, paths

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.store import find_model
from OsteoScreenLib.screening.densitometry_step import unusable_sides
from OsteoScreenLib.segmentation.vbnet_segmenter import MODEL_ID, VBNetSegmenter, femur_segmenter


@dataclass(frozen=True, eq=False)
class StudyMasks:
    """Masks of one scan.

    Attributes:
        labels: (z, y, x) uint8, 1 left and 2 right. implants: sides with metal. unusable: reason by side.
    """

    labels: np.ndarray
    implants: list[str]
    unusable: dict[str, str]


def version_of(bundle: Path | None) -> str:
    """Version of the femur model in a folder, or of the newest installed one."""
    return (find_model(MODEL_ID) if bundle is None else load_bundle(bundle)).version


def mask_path(folder: Path, version: str, seed: int) -> Path:
    """Where the network's masks of a scan are kept."""
    return folder / f"masks-{version}" / f"{seed}.npz"


def outline(ct: CTVolume, segmenter: VBNetSegmenter) -> StudyMasks:
    """Segment a scan."""
    masks = segmenter.segment(ct)
    implants = [side for side, finding in masks.femurs.items() if finding.implant]
    return StudyMasks(masks.labels, implants, unusable_sides(masks, masks.flags))


def save_masks(masks: StudyMasks, path: Path) -> None:
    """Write masks, whole or not at all."""
    unfinished = path.with_suffix(".part.npz")
    facts = json.dumps({"implants": masks.implants, "unusable": masks.unusable})
    np.savez_compressed(unfinished, labels=masks.labels, facts=np.array(facts))
    unfinished.replace(path)


def load_masks(path: Path) -> StudyMasks:
    """Read what :func:`save_masks` wrote."""
    with np.load(path, allow_pickle=False) as data:
        facts = json.loads(str(data["facts"]))
        return StudyMasks(data["labels"], facts["implants"], facts["unusable"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Outline what is not outlined yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", type=Path)
    parser.add_argument("--seed", type=int, default=660_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--bundle", type=Path, help="folder of the femur model; the newest installed one if not given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--wait", action="store_true", help="wait for scans that are still being made")
    options = parser.parse_args(arguments)
    version, segmenter = version_of(options.bundle), femur_segmenter("auto", options.threads, options.bundle)
    mask_path(options.scans, version, 0).parent.mkdir(parents=True, exist_ok=True)
    for scan in paths(options.scans, options.seed, options.count):
        while options.wait and not scan.exists():
            time.sleep(2.0)
        target = mask_path(options.scans, version, int(scan.stem))
        if scan.exists() and not target.exists():
            started = time.perf_counter()
            save_masks(outline(load(scan).ct, segmenter), target)
            print(scan.stem, f"{time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()

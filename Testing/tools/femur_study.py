"""The femur segmentation on simulated patients that it has never seen: how good it is, where it breaks, what it says.

    python Testing/tools/femur_study.py --out DIR [--count 60] [--first-seed 700000] [--levels 10] [--bundle DIR]
        [--engine NAME]

Two parts. ``study``: digital patients of unseen seeds, scanned by protocols that training did not use, implants as
often as in the population. ``levels``: further patients without implants, each scanned at several noise levels, slice
thicknesses and fields of view, one thing changed at a time.

DIR/femora.csv: one row per femur, written as it is made; called again, the tool goes on from there. At the end, and
with ``--report`` at once: the tables in Markdown (also DIR/report.md); DIR/features.csv and DIR/features-fit.csv, the
tables that ``python -m OsteoScreenLib.training.calibrate_mask_quality`` takes, of all patients and of every other one;
and DIR/mask_quality.json, the model of mask quality fitted to that half, which the report judges by the other half.

Figures are those of simulated patients, whose truth is exact; they say nothing of other anatomy than the simulator's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from femur_study_patients import Hips, Level, PairOfScans, is_unseen, levels, study_patient
from femur_study_report import FEATURE_PREFIX, write_report
from study_rows import StudyRows

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.evaluation.head_region import proximal
from OsteoScreenLib.evaluation.segmentation_metrics import compare_masks
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.segmentation import vbnet_segmenter
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_quality import rate_femora
from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter

KEY = ("part", "seed", "level")
FACTS = ("protocol", "noise_hu", "slice_mm", "pixel_mm", "kernel", "kvp", "iterative", "fov_mm", "cut", "implant")
FOUND = ("side", "truth", "found", "cut_at", "estimated_dsc", "flags", "implant_said", "seconds")
MEASURES = ("dsc", "vd_ml", "vd_percent", "hd95_mm", "assd_mm", "surface_dice")
FEATURES = tuple(MaskFeatures.__dataclass_fields__)
COLUMNS = (*KEY, *FACTS, *FOUND, *MEASURES, "reference_ml", "head_dsc", *(f"{FEATURE_PREFIX}{n}" for n in FEATURES))


class Segments(Protocol):
    """What this tool needs of a segmenter."""

    def segment(self, ct: CTVolume) -> FemurMasks:
        """Masks of a scan."""
        ...


def segmented(segmenter: Segments, ct: CTVolume) -> tuple[FemurMasks, dict[str, MaskFeatures]]:
    """The masks, and by side the features that their quality is estimated from: the segmenter keeps those to itself."""
    kept: dict[str, MaskFeatures] = {}

    def rate(*given: Any) -> Any:
        answer = rate_femora(*given)
        kept.update(answer[2])
        return answer

    with mock.patch.object(vbnet_segmenter, "rate_femora", rate):
        return segmenter.segment(ct), kept


def flags_of(flags: Sequence[QualityFlag], side: str) -> list[str]:
    """Codes of the flags that name a side, or no side at all."""
    codes = []
    for flag in flags:
        named = {name for name in SIDE_LABELS if name in flag.evidence} | set(flag.evidence.get("sides", ()))
        if not named or side in named:
            codes.append(flag.code)
    return codes


def rows_of(hips: Hips, masks: FemurMasks, features: Mapping[str, MaskFeatures]) -> list[dict[str, object]]:
    """One row per side: what is true, what was found, how well they agree."""
    rows = []
    for side, label in SIDE_LABELS.items():
        found, truth, finding = masks.labels == label, hips.truth == label, masks.femurs[side]
        spacing = hips.ct.geometry.spacing_xyz_mm
        agreement = compare_masks(found, truth, spacing)
        head = None
        if truth.any():
            head = compare_masks(found, truth, spacing, region=proximal(truth, hips.ct.geometry)).dsc
        measured = features[side].to_dict() if side in features else {}
        row: dict[str, object] = {
            **hips.facts,
            "side": side,
            "truth": hips.truly(side),
            "found": finding.presence,
            "cut_at": " ".join(finding.cut_at),
            "estimated_dsc": finding.estimated_dsc,
            "flags": " ".join(flags_of(masks.flags, side)),
            "implant_said": finding.implant,
            "head_dsc": head,
            "reference_ml": agreement.reference_ml,
            **{name: getattr(agreement, name) for name in MEASURES},
            **{f"{FEATURE_PREFIX}{name}": measured.get(name) for name in FEATURES},
        }
        rows.append(row)
    return rows


Scan = tuple[tuple[str, int, str], Callable[[], Hips]]


def scans(options: argparse.Namespace) -> Iterator[Scan]:
    """Name and maker of every scan; the two scans behind a patient's levels are made when the first is asked for."""
    for number in range(options.count):
        seed = options.first_seed + number
        yield ("study", seed, "as drawn"), partial(study_patient, seed, options.workers)
    for number in range(options.levels):
        seed = options.first_seed + options.count + number
        pair = lru_cache(maxsize=1)(partial(PairOfScans.of, seed, options.workers))
        for level in levels():
            yield ("levels", seed, level.name), partial(_scan_at, pair, level)


def _scan_at(pair: Callable[[], PairOfScans], level: Level) -> Hips:
    return pair().at(level)


def run(segmenter: Segments, wanted: Iterator[Scan], rows: StudyRows) -> None:
    """Segment every scan that has no rows yet."""
    for key, make in wanted:
        if rows.has(*key):
            continue
        hips = make()
        started = time.perf_counter()
        masks, features = segmented(segmenter, hips.ct)
        seconds = time.perf_counter() - started
        group = [
            {**dict(zip(KEY, key, strict=True)), **row, "seconds": seconds} for row in rows_of(hips, masks, features)
        ]
        rows.add(group)
        said = "; ".join(_sentence(row) for row in group)
        print(f"{key[0]} {key[1]}, {key[2]}, {hips.facts['protocol']}: {said} ({seconds:.1f} s)", flush=True)


def _sentence(row: Mapping[str, object]) -> str:
    value = row["dsc"]
    agreement = f" {value:.3f}" if isinstance(value, float) else ""
    return f"{row['side']} {row['truth']}, found {row['found']}{agreement}"


def same_study(folder: Path, said: Mapping[str, object]) -> bool:
    """Whether a folder is empty or belongs to a study with the same model and seeds; notes what the study is of."""
    note = folder / "study.json"
    if note.exists():
        return bool(json.loads(note.read_text(encoding="utf-8")) == said)
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return True


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the study")
    parser.add_argument("--count", type=int, default=60, help="patients of the study")
    parser.add_argument("--levels", type=int, default=10, help="patients that are scanned at every level")
    parser.add_argument("--first-seed", type=int, default=700_000)
    parser.add_argument("--bundle", type=Path, help="folder of the model; the newest installed one if not given")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--workers", type=int, default=2, help="threads that make a patient")
    parser.add_argument("--report", action="store_true", help="only the tables of the rows that are there")
    options = parser.parse_args(arguments)
    if not is_unseen(options.first_seed, options.count + options.levels):
        parser.error("networks were trained on patients of some of these seeds; choose others")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not done yet, then report."""
    options = parse(arguments)
    rows = StudyRows(options.out / "femora.csv", COLUMNS, KEY, per_group=2)
    if not options.report:
        try:
            segmenter = femur_segmenter(options.engine, options.threads, options.bundle)
        except OsteoScreenError as error:
            print(error, file=sys.stderr)
            return 2
        said: dict[str, object] = {"first_seed": options.first_seed, "count": options.count}
        said["models"] = [dict(entry) for entry in segmenter.models]
        if not same_study(options.out, said):
            print(
                f"{options.out} holds a study of another model or other seeds: choose another folder.", file=sys.stderr
            )
            return 2
        run(segmenter, scans(options), rows)
    print("\n" + write_report(rows.rows, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Masks of sound and of weakened networks with their true agreement: what the model of mask quality is fitted to.

    python Testing/tools/mask_quality_table.py --out TABLE.csv [--real ../shared/data/hip_ct] [--patients 24]
        [--first-seed 720000] [--bundle DIR] [--engine NAME]
    python -m OsteoScreenLib.training.calibrate_mask_quality TABLE.csv --source "..." --keep image

A sound network seldom errs, so there is little to learn from it. Here its weights are disturbed by more and more noise:
the masks get worse as those of a network do that meets what it does not know, on real hips as well as on digital
patients, and what both networks say of them is known. Real cases are the training hips; those that the configuration
holds out are not read. Rows are kept as they are made; called again, the tool goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from femur_study import segmented
from femur_study_patients import is_unseen, study_patient
from study_rows import StudyRows

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.evaluation.segmentation_metrics import compare_masks
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.engines import engine_for, open_engine, usable_processors
from OsteoScreenLib.models.network import Network
from OsteoScreenLib.models.store import find_model
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.vbnet_segmenter import MODEL_ID, VBNetSegmenter
from OsteoScreenLib.training.calibrate_mask_quality import GROUP_COLUMN, TRUTH_COLUMN
from OsteoScreenLib.training.real_samples import find_real_cases
from OsteoScreenLib.training.segmentation_config import read_config

WEAKNESSES = (0.0, 0.15, 0.3, 0.45, 0.6)
"""Noise on the weights of a layer, in standard deviations of these weights."""
FEATURES = tuple(MaskFeatures.__dataclass_fields__)
COLUMNS = (GROUP_COLUMN, "weakness", "side", TRUTH_COLUMN, *FEATURES)
Pair = tuple[CTVolume, np.ndarray]


def weakened(data: bytes, weakness: float, rng: np.random.Generator) -> bytes:
    """An ONNX network whose convolutions' weights are disturbed; itself for a weakness of 0."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(data)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 5 and weakness > 0.0:
            noise = rng.normal(0.0, weakness * float(values.astype(np.float32).std()), values.shape)
            tensor.CopyFrom(numpy_helper.from_array((values + noise).astype(values.dtype), tensor.name))
    return model.SerializeToString()


def segmenter_of(bundle: ModelBundle, engine: str, weakness: float, rng: np.random.Generator) -> VBNetSegmenter:
    """Both networks of a bundle, the fine one weakened in full and the coarse one by half of that."""
    name, threads = engine_for(engine), usable_processors()
    opened = {}
    for stage, share in (("coarse", 0.5), ("fine", 1.0)):
        spec = bundle.networks[stage]
        data = weakened((bundle.folder / spec.file).read_bytes(), share * weakness, rng)
        opened[stage] = Network(spec, name, threads, open_engine(name, data, spec, threads))
    coarse, fine = opened["coarse"], opened["fine"]
    return VBNetSegmenter(coarse, fine, coarse.spec, fine.spec, (bundle.reference(),))


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Pair]]]:
    """Name and maker of every scan with its true masks."""
    if options.real is not None:
        for name, (ct, mask) in find_real_cases(options.real, read_config().held_out).items():
            yield name, partial(_real, ct, mask)
    for seed in range(options.first_seed, options.first_seed + options.patients):
        yield f"patient-{seed}", partial(_simulated, seed)


def _real(ct: Path, mask: Path) -> Pair:
    return read_ct(ct), read_labels(mask)[0]


def _simulated(seed: int) -> Pair:
    hips = study_patient(seed)
    return hips.ct, hips.truth


def rows_of(name: str, weakness: float, pair: Pair, segmenter: VBNetSegmenter) -> list[dict[str, object]]:
    """One row for each side of which the scan shows a femur and which was given a mask."""
    ct, truth = pair
    masks, features = segmented(segmenter, ct)
    rows = []
    for side, found in features.items():
        true = truth == SIDE_LABELS[side]
        if true.any():
            dsc = compare_masks(masks.labels == SIDE_LABELS[side], true, ct.geometry.spacing_xyz_mm).dsc
            facts = {GROUP_COLUMN: name, "weakness": weakness, "side": side, TRUTH_COLUMN: dsc}
            rows.append({**facts, **found.to_dict()})
    return rows


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV of the rows")
    parser.add_argument("--real", type=Path, help="folder of CT with femur masks")
    parser.add_argument("--patients", type=int, default=24, help="digital patients")
    parser.add_argument("--first-seed", type=int, default=720_000)
    parser.add_argument("--bundle", type=Path, help="folder of the model; the newest installed one if not given")
    parser.add_argument("--engine", default="auto")
    options = parser.parse_args(arguments)
    if not is_unseen(options.first_seed, options.patients):
        parser.error("networks were trained on patients of some of these seeds; choose others")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is not there yet."""
    options = parse(arguments)
    bundle = find_model(MODEL_ID) if options.bundle is None else load_bundle(options.bundle)
    rows = StudyRows(options.out, COLUMNS, (GROUP_COLUMN, "weakness", "side"))
    for name, make in cases(options):
        pair = lru_cache(maxsize=1)(make)
        for number, weakness in enumerate(WEAKNESSES):
            if any(rows.has(name, weakness, side) for side in SIDE_LABELS):
                continue
            rng = np.random.default_rng([number, *name.encode()])
            made = rows_of(name, weakness, pair(), segmenter_of(bundle, options.engine, weakness, rng))
            rows.add(made)
            print(name, weakness, *(f"{row['side']} {row[TRUTH_COLUMN]:.3f}" for row in made), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

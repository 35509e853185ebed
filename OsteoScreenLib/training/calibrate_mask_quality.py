"""Fit the model of mask quality: from a table of features and true Dice coefficients to its JSON file."""

from __future__ import annotations

import argparse
import csv
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.errors import OutputError, UsageError
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_model import SCHEMA_VERSION, SHIPPED, TERMS, DscModel, read_models

logger = logging.getLogger(__name__)

IMAGE_TERMS = ("missing_edge", "soft_rim", "bright_outside", "cut", "head_misfit", "no_head")
"""What can be known of any mask. Air and fat inside (``low_hu``) is left to a limit: it is 0 in nearly all masks, and a
fit to the few others gives it a weight of over 40."""
NETWORK_TERMS = (*IMAGE_TERMS, "coarse_disagreement", "boundary_entropy", "fragments")
"""What is known of a mask that our networks made."""

GROUP_COLUMN, TRUTH_COLUMN = "case_id", "true_dsc"
FOLDS = 5
MIN_ROWS = 30


def read_table(path: Path) -> tuple[list[MaskFeatures], np.ndarray, list[str]]:
    """Read a CSV with the columns ``case_id``, ``true_dsc`` and the fields of :class:`MaskFeatures` (empty: not known).

    Other columns are left alone.

    Returns:
        Features, (n,) true DSC, and the case of each line.

    Raises:
        UsageError: the file cannot be read, a column lacks, or a cell is not a number.
    """
    features, truth, groups = [], [], []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for line in csv.DictReader(stream):
                groups.append(line[GROUP_COLUMN])
                truth.append(float(line[TRUTH_COLUMN]))
                figures = {name: float(cell) for name, cell in line.items() if cell and name in _FIGURES}
                features.append(MaskFeatures.from_dict(figures))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UsageError(
            f"This is not a table of mask features ({type(error).__name__}: {error})",
            path=path,
            next_step=f"It needs {GROUP_COLUMN}, {TRUTH_COLUMN} and the features of masks as columns.",
        ) from error
    return features, np.array(truth), groups


_FIGURES = frozenset(MaskFeatures.__dataclass_fields__)


def write_table(path: Path, rows: Sequence[tuple[str, float, MaskFeatures]]) -> None:
    """Write (case, true DSC, features) as the CSV that :func:`read_table` reads."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        names = list(rows[0][2].to_dict())
        writer.writerow([GROUP_COLUMN, TRUTH_COLUMN, *names])
        for case, dsc, features in rows:
            cells = features.to_dict()
            figures = ("" if cells[name] is None else f"{cells[name]:.6g}" for name in names)
            writer.writerow([case, f"{dsc:.6g}", *figures])


def fit_model(
    name: str,
    terms: Sequence[str],
    features: Sequence[MaskFeatures],
    truth: np.ndarray,
    groups: Sequence[str],
    described: Mapping[str, Any],
    ridge: float = 1e-3,
) -> DscModel:
    """Ridge regression with weights of at least 0 (Lawson and Hanson's NNLS), judged by leaving cases out.

    Lines in which a term is not known are left out, and counted. Every case weighs the same.

    Args:
        name: of the model. terms: names out of ``TERMS``.
        features, truth, groups: as from :func:`read_table`.
        described: what the table is, for the provenance.
        ridge: penalty on the squared weights, relative to the mean of the squared terms.

    Raises:
        UsageError: unknown terms, or under 30 usable lines or two cases.
    """
    unknown = sorted(set(terms) - set(TERMS))
    if unknown or not terms:
        raise UsageError(f"Unknown terms of mask quality: {', '.join(unknown) or 'none given'}")
    matrix = np.array([[_number(TERMS[term](entry)) for term in terms] for entry in features]).reshape(-1, len(terms))
    usable = np.isfinite(matrix).all(axis=1) & np.isfinite(truth)
    matrix, loss = matrix[usable], 1 - truth[usable]
    cases = np.array(groups, dtype=str)[usable]
    if len(loss) < MIN_ROWS or len(set(cases)) < 2:
        raise UsageError(
            f"{len(loss)} lines of {len(set(cases))} cases are too few for the model {name}",
            next_step=f"It takes {MIN_ROWS} lines with all its terms, of two cases or more.",
        )
    expected = np.empty(len(loss))
    folds = _folds(cases)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        intercept, weights = _solved(matrix[~held], loss[~held], cases[~held], ridge)
        expected[held] = np.clip(intercept + matrix[held] @ weights, 0, 1)
    intercept, weights = _solved(matrix, loss, cases, ridge)
    error = expected - loss
    provenance = {
        **described,
        "n_masks": len(loss),
        "n_masks_left_out": int((~usable).sum()),
        "n_cases": len(set(cases)),
        "true_dsc_quartiles": [round(float(v), 4) for v in np.percentile(1 - loss, [25, 50, 75])],
        "cross_validated": {
            "folds_by_case": int(folds.max()) + 1,
            "correlation": round(_correlation(1 - expected, 1 - loss), 4),
            "mean_absolute_error": round(float(np.abs(error).mean()), 4),
        },
        "ridge": ridge,
    }
    chosen = {term: round(float(weight), 6) for term, weight in zip(terms, weights, strict=True)}
    return DscModel(name, round(float(intercept), 6), chosen, round(float(error.std()), 5), provenance)


def write_models(path: Path, models: Sequence[DscModel]) -> None:
    """Write models in the order in which they shall be tried.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(
        {"schema_version": SCHEMA_VERSION, "models": [model.to_dict() for model in models]}, indent=1, allow_nan=False
    )
    try:
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"The model cannot be written: {error.strerror or error}", path=path) from error


def calibrate(
    table: Path, out: Path, described: Mapping[str, Any], kept: Sequence[DscModel] = (), ridge: float = 1e-3
) -> tuple[DscModel, ...]:
    """Fit every model that a table allows, and write them: that with what the networks say first, then the others.

    Args:
        table: as :func:`read_table` reads it. out: JSON file.
        described: what the table is; needs ``source``, one sentence on where the masks and the truth come from.
        kept: models to write as they are in place of fitted ones of the same name, such as ``image`` of the old file.

    Raises:
        UsageError: no source is given, the table is not one, or it allows no model.
        OutputError: the file cannot be written.
    """
    if not described.get("source"):
        raise UsageError("It is not said where the masks and their truth come from", next_step="Give a source.")
    features, truth, groups = read_table(table)
    models, own = [], {model.name: model for model in kept}
    for name, terms in (("network", NETWORK_TERMS), ("image", IMAGE_TERMS)):
        if name in own:
            models.append(own[name])
            continue
        known = sum(all(TERMS[term](entry) is not None for term in terms) for entry in features)
        if name == "image" or known >= MIN_ROWS:
            models.append(fit_model(name, terms, features, truth, groups, described, ridge))
        else:
            logger.info("%d lines hold what the networks say: too few for that model", known)
    write_models(out, models)
    for model in models:
        logger.info("%s: %s", model.name, model.provenance.get("cross_validated"))
    return tuple(models)


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m OsteoScreenLib.training.calibrate_mask_quality TABLE --source TEXT [--out FILE] [--keep image]``."""
    parser = argparse.ArgumentParser(description="Fit the model of mask quality.")
    parser.add_argument("table", type=Path)
    parser.add_argument("--source", required=True, help="where the masks and their truth come from, in a sentence")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--keep", action="append", default=[], help="name of a model of the old file to keep as it is")
    parser.add_argument("--ridge", type=float, default=1e-3)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    kept = [model for model in read_models() if model.name in given.keep] if given.keep else []
    calibrate(given.table, given.out, {"source": given.source, "table": given.table.name}, kept, given.ridge)


def _number(value: float | None) -> float:
    return float("nan") if value is None else max(0.0, value)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first, second)[0, 1]) if first.std() > 0 and second.std() > 0 else 0.0


def _folds(cases: np.ndarray) -> np.ndarray:
    """Number of the fold of each line; all lines of a case are in one."""
    names = sorted(set(cases))
    place = {name: number % min(FOLDS, len(names)) for number, name in enumerate(names)}
    return np.array([place[name] for name in cases])


def _solved(matrix: np.ndarray, loss: np.ndarray, cases: np.ndarray, ridge: float) -> tuple[float, np.ndarray]:
    from scipy.optimize import nnls

    names, member = np.unique(cases, return_inverse=True)
    per_line = np.sqrt(len(loss) / (len(names) * np.bincount(member)[member]))
    scale = np.sqrt((matrix**2).mean(axis=0))
    scale[scale == 0] = 1.0
    full = np.column_stack([np.ones(len(loss)), matrix / scale]) * per_line[:, None]
    penalty = np.sqrt(ridge * len(loss)) * np.eye(full.shape[1])
    penalty[0] = 0.0
    solution, _ = nnls(np.vstack([full, penalty]), np.concatenate([loss * per_line, np.zeros(full.shape[1])]))
    return float(solution[0]), solution[1:] / scale


if __name__ == "__main__":
    main()

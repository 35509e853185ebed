"""Which predicted mask belongs to which reference: two files, or two folders matched by file name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from OsteoScreenLib.ct.label_file import MASK_SUFFIXES, mask_stem
from OsteoScreenLib.errors import UsageError

SCREEN_MASK = "segmentation"
"""Stem of the mask in a case folder of ``osteoscreen screen``; there the folder's name is the case."""


@dataclass(frozen=True)
class MaskPairs:
    """What is compared with what.

    Attributes:
        pairs: by case, (predicted, reference).
        without_prediction: cases that have a reference only. without_reference: cases that have a prediction only.
    """

    pairs: dict[str, tuple[Path, Path]]
    without_prediction: tuple[str, ...] = ()
    without_reference: tuple[str, ...] = ()


def mask_pairs(predicted: Path, reference: Path) -> MaskPairs:
    """Two files are one pair. Of two folders, files with the same name up to the ending of their format are pairs.

    A folder that ``osteoscreen screen`` wrote is taken by its cases: ``<case>/segmentation.nii.gz`` is ``<case>``.

    Raises:
        UsageError: a path is missing, one is a file and the other a folder, a name is there twice, or nothing matches.
    """
    for path in (predicted, reference):
        if not path.exists():
            raise UsageError("There is no such file or folder", path=path, next_step="Check the path.")
    if predicted.is_dir() != reference.is_dir():
        raise UsageError(
            "One of the two is a file and the other a folder",
            path=predicted,
            next_step="Give two mask files, or two folders of masks.",
        )
    if not predicted.is_dir():
        return MaskPairs({mask_stem(reference): (predicted, reference)})
    found, wanted = _masks(predicted), _masks(reference)
    pairs = {case: (found[case], wanted[case]) for case in sorted(found.keys() & wanted.keys())}
    if not pairs:
        raise UsageError(
            f"No mask of the predicted folder ({len(found)}) has the name of one of the references ({len(wanted)})",
            path=predicted,
            next_step="Give the files of one case the same name in both folders.",
        )
    return MaskPairs(pairs, tuple(sorted(wanted.keys() - found.keys())), tuple(sorted(found.keys() - wanted.keys())))


def _masks(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(path for path in folder.iterdir() if _is_mask(path))
        files += sorted(path for path in folder.glob(f"*/{SCREEN_MASK}.*") if _is_mask(path))
    except OSError as error:
        raise UsageError(f"The folder cannot be read: {error.strerror or error}", path=folder) from error
    masks: dict[str, Path] = {}
    for path in files:
        case = path.parent.name if path.parent != folder else mask_stem(path)
        if case in masks:
            raise UsageError(
                f"Two masks have the name {case}: {masks[case].name} and {path.name}",
                path=folder,
                next_step="Keep one of them.",
            )
        masks[case] = path
    return masks


def _is_mask(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(MASK_SUFFIXES) and not path.name.startswith(".")

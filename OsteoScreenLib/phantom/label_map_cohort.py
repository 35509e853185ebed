"""Many samples from a folder of label maps, written as digital patients are."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.phantom.cohort import Options, make_cohort
from OsteoScreenLib.phantom.cohort_design import Case
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.label_map_source import SAMPLE_SHAPE, LabelMapSample, make_from_label_map
from OsteoScreenLib.phantom.protocol import Protocol
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


def label_map_files(folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The images of a folder, by name.

    Raises:
        InputError: there is no such folder, or no image in it.
    """
    base = Path(folder)
    try:
        files = tuple(sorted(path for path in base.iterdir() if path.name.lower().endswith(SUFFIXES)))
    except OSError as error:
        raise InputError(f"The folder cannot be read: {error.strerror or error}", path=base) from error
    if not files:
        raise InputError(
            "The folder holds no label maps",
            path=base,
            next_step=f"Label maps are images that end with one of {', '.join(SUFFIXES)}.",
            code="no_label_maps",
        )
    return files


def make_from_label_maps(
    label_maps: str | os.PathLike[str],
    out: str | os.PathLike[str],
    count: int,
    seed: int,
    *,
    protocol: Protocol,
    spacing_mm: float = 1.5,
    shape_zyx: tuple[int, int, int] = SAMPLE_SHAPE,
    jobs: int = 1,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Path:
    """Write ``count`` samples, the maps in turn; resumable as ``make_cohort`` is.

    Args:
        label_maps: folder of the maps. out: folder to write to.
        count: samples. seed: of the first; others follow.
        protocol: how all are scanned. spacing_mm, shape_zyx: of every sample.
        jobs, progress, cancelled: as for ``make_cohort``.

    Returns:
        The table.

    Raises:
        InputError, OutputError, CancelledError: as for reading a CT and for ``make_cohort``.
    """
    files = label_map_files(label_maps)
    cases = tuple(
        Case(
            f"sample-{number + 1:04d}-{_stem(files[number % len(files)])}",
            draw_patient(seed + number, sex="M", implant=None, implant_side=None),
            protocol,
        )
        for number in range(count)
    )
    sources = {case.case_id: str(files[number % len(files)]) for number, case in enumerate(cases)}
    options = Options(spacing_xyz_mm=(spacing_mm,) * 3, shape_zyx=shape_zyx)
    make = partial(_make, sources=sources, workers=2 if jobs == 1 else 1)
    return make_cohort(cases, out, options, jobs=jobs, make=make, progress=progress, cancelled=cancelled)


def _make(case: Case, options: Options, sources: dict[str, str], workers: int) -> tuple[LabelMapSample, None]:
    spacing = 1.5 if options.spacing_xyz_mm is None else options.spacing_xyz_mm[0]
    sample = make_from_label_map(
        sources[case.case_id],
        case.traits.seed,
        case.protocol,
        shape_zyx=options.shape_zyx or SAMPLE_SHAPE,
        spacing_mm=spacing,
        workers=workers,
    )
    return sample, None


def _stem(path: Path) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in path.name.split(".")[0])[:40]

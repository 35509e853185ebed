"""Makes the planned cases of a cohort, in parallel and resumably, and writes the cohort table."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.errors import OutputError, UsageError
from OsteoScreenLib.phantom.cohort_design import Case
from OsteoScreenLib.phantom.reference_population import who_status
from OsteoScreenLib.phantom.truth import STATUS_SITE, PatientTruth
from OsteoScreenLib.phantom.write_patient import DICOM, IMAGE, LABELS, TRUTH, Patient, write_patient
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

TABLE = "cohort.csv"
MARKER = "completed.json"
_SIDES = {"L": "left", "R": "right"}
FORMAT = 1
"""Part of every marker: raise it where the same plan makes other voxels, so that old cases are not kept."""


@dataclass(frozen=True)
class Options:
    """How cases are made and what is written of each.

    Attributes:
        spacing_xyz_mm: voxel size; None: the protocol's. shape_zyx: voxels; None: the protocol's coverage.
        image: write ``ct.nii.gz``. dicom: write the DICOM series.
    """

    spacing_xyz_mm: tuple[float, float, float] | None = None
    shape_zyx: tuple[int, int, int] | None = None
    image: bool = True
    dicom: bool = False


Make = Callable[[Case, Options], tuple[Patient, np.ndarray | None]]
"""Makes a case: the digital patient, and the regions of its femora where there are any. Must be importable by name."""


def make_case(case: Case, options: Options, workers: int = 2) -> tuple[Patient, np.ndarray | None]:
    """Make a digital patient as planned; the result does not depend on the number of threads, ``workers``."""
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient

    patient = make_digital_patient(
        case.traits,
        case.protocol,
        spacing_xyz_mm=options.spacing_xyz_mm,
        shape_zyx=options.shape_zyx,
        workers=workers,
    )
    return patient, patient.femur_regions


def make_cohort(
    cases: Sequence[Case],
    out: str | os.PathLike[str],
    options: Options | None = None,
    *,
    jobs: int = 1,
    make: Make = make_case,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Path:
    """Make every case that is not there yet, and write the table.

    A finished case holds a marker with a digest of its plan. It is kept; a case without one, or of another plan, is
    made anew. The same cases and options give the same bytes, whatever ``jobs`` is.

    Args:
        cases: from ``cohort_design``.
        out: folder; each case gets a folder of its name in it.
        options: what to make.
        jobs: cases that are made at once, each by a process of its own.
        make: makes one case.
        progress, cancelled: as everywhere.

    Returns:
        ``cohort.csv``.

    Raises:
        OutputError: something cannot be written.
        UsageError: two cases have one name, or ``jobs`` is less than 1.
        CancelledError: the user asked to stop; finished cases stay.
    """
    if jobs < 1 or len({case.case_id for case in cases}) != len(cases):
        raise UsageError("A cohort needs cases of different names and at least one job")
    settings, folder = options or Options(), Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("The folder cannot be made", path=folder, next_step="Choose another folder.") from error
    missing = [case for case in cases if not is_complete(case, folder, settings)]
    done = len(cases) - len(missing)
    progress(done / max(len(cases), 1), f"{done} of {len(cases)} cases are there already")
    for name in _each(missing, folder, settings, jobs, make, cancelled):
        done += 1
        progress(done / len(cases), f"Made {name} ({done} of {len(cases)})")
    return write_table(cases, folder, settings)


def _each(
    cases: Sequence[Case], folder: Path, options: Options, jobs: int, make: Make, cancelled: CancelToken
) -> Iterator[str]:
    """Names of the cases as they are finished."""
    if jobs == 1:
        for case in cases:
            stop_if(cancelled)
            yield write_case(case, folder, options, make)
        return
    if make is make_case:
        make = partial(make_case, workers=1)
    pool = ProcessPoolExecutor(min(jobs, max(len(cases), 1)), mp_context=get_context("spawn"))
    try:
        waiting: set[Future[str]] = {pool.submit(write_case, case, folder, options, make) for case in cases}
        while waiting:
            stop_if(cancelled)
            finished, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def write_case(case: Case, folder: Path, options: Options, make: Make = make_case) -> str:
    """Make and write one case; its folder appears complete or not at all. Returns its name."""
    target, partial = folder / case.case_id, folder / f".{case.case_id}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        patient, regions = make(case, options)
        write_patient(patient, partial, image=options.image, dicom=options.dicom, regions=regions)
        marker = json.dumps({"plan_sha256": plan_digest(case, options)}) + "\n"
        (partial / MARKER).write_text(marker, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    except OSError as error:
        raise OutputError(
            f"A case cannot be written: {error.strerror or error}",
            path=target,
            next_step="Choose a folder with enough free space that you may write to.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return case.case_id


def plan_digest(case: Case, options: Options) -> str:
    """SHA-256 of everything a case's files follow from."""
    plan = {"format": FORMAT, "traits": asdict(case.traits), "protocol": asdict(case.protocol), **asdict(options)}
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def is_complete(case: Case, folder: Path, options: Options) -> bool:
    """Whether the case was made to this plan."""
    try:
        marker = json.loads((folder / case.case_id / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("plan_sha256") == plan_digest(case, options)


def write_table(cases: Sequence[Case], folder: Path, options: Options) -> Path:
    """Write ``cohort.csv``, one row a case, paths relative to it. Raises OutputError."""
    rows = [table_row(case, _truth_of(folder / case.case_id), options) for case in cases]
    path = folder / TABLE
    partial = folder / f".{TABLE}.partial"
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]) if rows else ["case_id"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"The table cannot be written: {error.strerror or error}", path=path) from error
    return path


def _truth_of(folder: Path) -> PatientTruth | None:
    data = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    return PatientTruth.from_dict(data) if "femurs" in data else None


def table_row(case: Case, truth: PatientTruth | None, options: Options) -> Mapping[str, Any]:
    """What the table says of a case. The measured T-score carries its error; the true one is beside it."""
    traits, protocol, site = case.traits, case.protocol, case.site
    row: dict[str, Any] = {
        "case_id": case.case_id,
        "patient_id": case.case_id,
        "path": f"{case.case_id}/{IMAGE if options.image else DICOM}",
        "labels": f"{case.case_id}/{LABELS}",
        "truth": f"{case.case_id}/{TRUTH}",
        "sex": traits.sex,
        "age_years": f"{traits.age_years:g}",
        "height_m": f"{traits.height_m:g}",
        "weight_kg": f"{traits.weight_kg:g}",
        "site": "" if site is None else site.name,
        "scanner": protocol.model,
        "kvp": f"{protocol.kvp:g}",
        "kernel": protocol.kernel,
        "slice_thickness_mm": f"{protocol.slice_thickness_mm:g}",
        "contrast": protocol.phase,
        "implant": f"{traits.implant} {traits.implant_side}" if traits.implant else "",
        "split": case.split,
    }
    known = {
        "side": "",
        "t_score_source": "",
        "t_score_site": "",
        "t_score": "",
        "status": "",
        "true_t_score": "",
        "true_status": "",
        "true_neck_abmd_g_cm2": "",
    }
    if truth is not None:
        measured = round(truth.t_score + case.label_error_t, 2)
        neck = truth.femurs[truth.reported_side].areal["femoral_neck"].abmd_g_cm2
        known = {
            "side": _SIDES[truth.reported_side],
            "t_score_source": "truth" if site is None else site.t_score_source,
            "t_score_site": STATUS_SITE,
            "t_score": f"{measured:.2f}",
            "status": who_status(measured),
            "true_t_score": f"{truth.t_score:.3f}",
            "true_status": truth.status,
            "true_neck_abmd_g_cm2": f"{neck:.4f}",
        }
    return {**row, **known}

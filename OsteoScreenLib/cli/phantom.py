"""``osteoscreen phantom``: digital patients, simulated CTs whose anatomy and bone density are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.screening.output_folder import prepare_output

if TYPE_CHECKING:
    from OsteoScreenLib.phantom.protocol import Protocol

DEFAULT_PROTOCOL = "low-dose-abdomen"


def phantom(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.", show_default=False)],
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=9999, help="How many.")] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The same seed makes the same patients.")] = 0,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="NAME", help="How they are scanned.")
    ] = DEFAULT_PROTOCOL,
    spacing: Annotated[
        float | None,
        typer.Option(
            "--spacing",
            metavar="MM",
            min=0.4,
            max=10.0,
            help="Voxel size; without it the protocol's, or 1.5 with --label-maps.",
        ),
    ] = None,
    dicom: Annotated[bool, typer.Option("--dicom", help="Write a DICOM series too.")] = False,
    cohort: Annotated[
        bool, typer.Option("--cohort", help="A cohort: several sites, class balance 52/30/19, labels with error.")
    ] = False,
    label_maps: Annotated[
        Path | None, typer.Option("--label-maps", metavar="DIR", help="Take the anatomy from real label maps.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, max=64, help="Patients made at once.")] = 1,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Write digital patients: simulated CTs with labels and true bone density. What is there already is kept."""
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    if cohort and label_maps is not None:
        raise UsageError(
            "A cohort cannot be made from label maps: their bone density has no published norm",
            next_step="Give one of --cohort and --label-maps.",
        )
    if dicom and label_maps is not None:
        raise UsageError("Samples from label maps are not written as DICOM", next_step="Leave out --dicom.")
    scan = _protocol(protocol)
    prepare_output(out)
    bar = ProgressBar(console.err())
    try:
        if label_maps is None:
            _make_patients(out, count, seed, scan, spacing, dicom, cohort, jobs, bar)
        else:
            _make_from_label_maps(out, count, seed, scan, spacing, label_maps, jobs, bar)
    finally:
        bar.close()
    many = "1 digital patient" if count == 1 else f"{count} digital patients"
    console.say(console.out(), f"{many} in {out}: simulated, not persons. cohort.csv lists them.")


def _protocol(name: str) -> Protocol:
    from OsteoScreenLib.phantom.protocol import PROTOCOLS

    if name not in PROTOCOLS:
        raise UsageError(f"There is no protocol {name!r}", next_step=f"Use one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]


def _make_patients(
    out: Path,
    count: int,
    seed: int,
    protocol: Protocol,
    spacing: float | None,
    dicom: bool,
    cohort: bool,
    jobs: int,
    bar: ProgressBar,
) -> None:
    from OsteoScreenLib.phantom.cohort import Options, make_cohort
    from OsteoScreenLib.phantom.cohort_design import design_cohort, plain_cases

    cases = design_cohort(count, seed, protocol) if cohort else plain_cases(count, seed, protocol)
    options = Options(spacing_xyz_mm=None if spacing is None else (spacing,) * 3, dicom=dicom)
    make_cohort(cases, out, options, jobs=jobs, progress=bar)


def _make_from_label_maps(
    out: Path,
    count: int,
    seed: int,
    protocol: Protocol,
    spacing: float | None,
    label_maps: Path,
    jobs: int,
    bar: ProgressBar,
) -> None:
    from OsteoScreenLib.phantom.label_map_cohort import make_from_label_maps

    make_from_label_maps(
        label_maps, out, count, seed, protocol=protocol, spacing_mm=spacing or 1.5, jobs=jobs, progress=bar
    )

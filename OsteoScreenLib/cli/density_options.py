"""Options on bone density: what the user or the site knows, and how it is to be calibrated."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from OsteoScreenLib.densitometry.calibrate_site import read_site_calibrations
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.inserts_file import read_inserts
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import site_settings
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.vertebrae import VertebraLabels, vertebra_labels


class SexName(str, Enum):
    """Sex, as scores of bone density know it."""

    F = "F"
    M = "M"


class YesNo(str, Enum):
    """Yes or no."""

    YES = "yes"
    NO = "no"


class CalibrationName(str, Enum):
    """Which calibration is wanted."""

    AUTO = "auto"
    INTERNAL = "internal"
    FIXED = "fixed"
    SITE = "site"
    PHANTOM = "phantom"


_OF_ONE_PATIENT = ("--sex", "--age", "--phantom-inserts", "--vertebrae")
_METHODS = {CalibrationName.SITE: "asynchronous"}
"""Names of the library, where they differ."""

Sex = Annotated[
    SexName | None,
    typer.Option("--sex", case_sensitive=False, help="The patient's sex, where the scan does not say it or errs."),
]
Age = Annotated[
    float | None,
    typer.Option("--age", metavar="YEARS", min=0.0, max=130.0, help="The patient's age when scanned."),
]
Contrast = Annotated[
    YesNo | None,
    typer.Option("--contrast", help="Whether a contrast agent was given; without it, header and image are asked."),
]
CalibrationKind = Annotated[
    CalibrationName,
    typer.Option(
        "--calibration",
        help="How HU become density; auto takes the best that can be had: phantom, site, internal, fixed.",
    ),
]
SiteCalibration = Annotated[
    Path | None,
    typer.Option("--site-calibration", metavar="FILE.json", help="Your lines for scanner, tube voltage and kernel."),
]
SiteSettings = Annotated[
    Path | None,
    typer.Option("--site-settings", metavar="FILE.json", help="Your values in the place of shipped settings."),
]
Inserts = Annotated[
    Path | None,
    typer.Option(
        "--phantom-inserts", metavar="FILE.json", help="Density and mean HU of a phantom's inserts in the scan."
    ),
]
Vertebrae = Annotated[
    Path | None,
    typer.Option(
        "--vertebrae", metavar="LABELS", help="A label map with vertebrae of the one INPUT, to read HU in them."
    ),
]
VertebraNumbers = Annotated[
    str | None,
    typer.Option("--vertebra-labels", metavar="L1=12,...", help="The label of each vertebra in it; L1 is read first."),
]
NoDensitometry = Annotated[bool, typer.Option("--no-densitometry", help="Measure no bone density.")]
NoRegions = Annotated[bool, typer.Option("--no-regions", help="Do not write the regions as a label map.")]


@dataclass(frozen=True)
class DensityRequest:
    """The options as they were typed; the names are theirs."""

    sex: Sex = None
    age: Age = None
    contrast: Contrast = None
    calibration: CalibrationKind = CalibrationName.AUTO
    site_calibration: SiteCalibration = None
    site_settings: SiteSettings = None
    phantom_inserts: Inserts = None
    vertebrae: Vertebrae = None
    vertebra_labels: VertebraNumbers = None
    no_regions: NoRegions = False
    no_densitometry: NoDensitometry = False

    def given(self) -> list[str]:
        """Names of the options that ask something of densitometry."""
        names = [
            *("sex", "age", "contrast", "site_calibration", "site_settings", "phantom_inserts"),
            *("vertebrae", "vertebra_labels"),
        ]
        found = [name for name in names if getattr(self, name) is not None]
        found += ["calibration"] if self.calibration is not CalibrationName.AUTO else []
        return [f"--{name.replace('_', '-')}" for name in found]


def takes_density_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each field of :class:`DensityRequest` as an option, in place of its parameter ``density``."""
    hints = get_type_hints(DensityRequest, include_extras=True)
    names = [entry.name for entry in fields(DensityRequest)]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    options = [
        inspect.Parameter(entry.name, kind, default=entry.default, annotation=hints[entry.name])
        for entry in fields(DensityRequest)
    ]
    own = inspect.signature(command, eval_str=True)
    given = [options if name == "density" else [parameter] for name, parameter in own.parameters.items()]

    @functools.wraps(command)
    def wrapped(**values: Any) -> None:
        request = DensityRequest(**{name: values.pop(name) for name in names})
        command(density=request, **values)

    signature = own.replace(parameters=[parameter for group in given for parameter in group])
    wrapped.__signature__ = signature  # type: ignore[attr-defined]
    wrapped.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return wrapped


def densitometry_for_screening(
    request: DensityRequest, masks: bool, n_inputs: int, one_input: bool
) -> DensitometryOptions | None:
    """What is asked of densitometry; None where nothing is.

    Args:
        request: as typed. masks: whether femora are outlined.
        n_inputs: number of scans. one_input: whether the scan was named itself and not by a cohort.

    Raises:
        UsageError: options contradict each other, speak of one patient where there are several, or a file cannot be
            used.
    """
    asked = request.given()
    if not masks or request.no_densitometry:
        off = "--no-densitometry" if request.no_densitometry else "--no-segmentation"
        if asked:
            raise UsageError(f"{off} and {asked[0]} exclude each other", next_step="Give one of them.")
        return None
    of_one = [name for name in asked if name in _OF_ONE_PATIENT]
    if of_one and (n_inputs != 1 or not one_input):
        raise UsageError(
            f"{of_one[0]} speaks of one patient, and there are several inputs",
            next_step="Screen them one at a time, or give --cohort a table with the columns path, sex and age.",
        )
    if request.age is not None and not math.isfinite(request.age):
        raise UsageError("--age is a number of years from 0 to 130", next_step="Leave it out where it is not known.")
    contrast = None if request.contrast is None else request.contrast is YesNo.YES
    sex = None if request.sex is None else request.sex.value
    return DensitometryOptions(
        choice=_choice(request),
        facts=PatientFacts(sex, request.age, contrast),
        table=None if request.site_settings is None else site_settings(request.site_settings),
        regions=not request.no_regions,
        vertebrae=_vertebrae(request),
    )


def _vertebrae(request: DensityRequest) -> VertebraLabels | None:
    if (request.vertebrae is None) != (request.vertebra_labels is None):
        missing = "--vertebrae FILE" if request.vertebrae is None else "--vertebra-labels L1=NUMBER"
        raise UsageError(f"{missing} is missing", next_step="--vertebrae and --vertebra-labels go together.")
    if request.vertebrae is None or request.vertebra_labels is None:
        return None
    return vertebra_labels(request.vertebrae, request.vertebra_labels)


def _choice(request: DensityRequest) -> CalibrationChoice:
    """The calibration that was asked for, with its files."""
    wanted = request.calibration
    needs = {
        CalibrationName.SITE: ("--site-calibration", request.site_calibration),
        CalibrationName.PHANTOM: ("--phantom-inserts", request.phantom_inserts),
    }
    for name, (option, path) in needs.items():
        if wanted is name and path is None:
            raise UsageError(f"--calibration {name.value} needs {option}", next_step=f"Add {option} FILE.json.")
        if path is not None and wanted not in (name, CalibrationName.AUTO):
            raise UsageError(
                f"--calibration {wanted.value} makes no use of {option}", next_step="Leave one of them out."
            )
    return CalibrationChoice(
        method=_METHODS.get(wanted, wanted.value),
        inserts=None if request.phantom_inserts is None else read_inserts(request.phantom_inserts),
        site=None if request.site_calibration is None else read_site_calibrations(request.site_calibration),
    )

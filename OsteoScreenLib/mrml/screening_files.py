"""What goes to a screening in a process of its own, and what comes back, as files in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.plain_metaimage import write_metaimage
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.sidecar import write_sidecar
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError, OsteoScreenError, OutputError
from OsteoScreenLib.models.engines import AUTO
from OsteoScreenLib.mrml.bone_status_order import BoneStatusOrder
from OsteoScreenLib.mrml.density_order import DensityOrder
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.femur_source import GIVEN, TOTALSEGMENTATOR, VBNET
from OsteoScreenLib.screening.inputs import safe_name
from OsteoScreenLib.screening.output_folder import MASK_FILE, REGIONS_FILE, RESULT_FILE
from OsteoScreenLib.screening.pipeline import input_facts
from OsteoScreenLib.segmentation.femur_masks import FemurMasks

CASE = "scan"
"""What the case is called in the folder; its own name stays with us."""
CHECKS_ONLY = "none"
_SOURCES = (VBNET, TOTALSEGMENTATOR, GIVEN, CHECKS_ONLY)


@dataclass(frozen=True, eq=False)
class ScreeningOrder:
    """What is asked of a screening.

    Attributes:
        source: where the masks come from: ``vbnet``, ``totalsegmentator``, ``given`` or, for checks only, ``none``.
        labels: of ``given``: (z, y, x) uint8 on the grid of the volume, 1 left, 2 right.
        engine: what computes the networks of ``vbnet``; ``auto`` or a name in OsteoScreenLib.models.engines.
        threads: of the engine; None: its own choice.
        density: what the user knows of the patient, and wants of bone density.
        models: the bone-status models to ask.
    """

    source: str = VBNET
    labels: np.ndarray | None = None
    engine: str = AUTO
    threads: int | None = None
    density: DensityOrder = field(default_factory=DensityOrder)
    models: BoneStatusOrder = field(default_factory=BoneStatusOrder)

    def __post_init__(self) -> None:
        if self.source not in _SOURCES:
            raise ValueError(f"there is no source {self.source!r}; there are {', '.join(_SOURCES)}")
        if (self.labels is not None) != (self.source == GIVEN):
            raise ValueError(f"labels belong to the source {GIVEN!r} and to no other")


@dataclass(frozen=True)
class ScreeningFolder:
    """The folder of one screening.

    Attributes:
        path: an existing, private folder; whoever made it removes it.
    """

    path: Path

    @property
    def image(self) -> Path:
        """The CT. MetaImage without compression: every digit of the geometry in its header, written in no time."""
        return self.path / f"{CASE}.mha"

    @property
    def mask(self) -> Path:
        """The masks that are given."""
        return self.path / "femora.mha"

    @property
    def temporary(self) -> Path:
        """Where the program puts files of its own."""
        return self.path / "temporary"

    @property
    def results(self) -> Path:
        """Where the program puts its results."""
        return self.path / "results"

    def write(self, ct: CTVolume, order: ScreeningOrder) -> None:
        """Write what the program is to read.

        Raises:
            OutputError: it cannot be written, for instance because the disk is full.
        """
        try:
            self.temporary.mkdir()
            write_metaimage(ct.hu, ct.geometry, self.image)
            write_sidecar(ct.acquisition, self.image)
            if order.labels is not None:
                write_metaimage(np.asarray(order.labels, np.uint8), ct.geometry, self.mask)
        except OSError as error:
            raise OutputError(
                f"The scan could not be written for the program that screens it: {error.strerror or error}",
                path=self.path,
                next_step="Free some space on this disk, or choose another temporary folder in Slicer's settings.",
            ) from error

    def arguments(self, order: ScreeningOrder) -> list[str]:
        """Arguments of the ``osteoscreen`` command."""
        found = ["screen", str(self.image), "--out", str(self.results), "--progress", "json"]
        found += ["--engine", order.engine, *([] if order.threads is None else ["--threads", str(order.threads)])]
        of_source: dict[str, Sequence[str]] = {
            CHECKS_ONLY: ("--no-segmentation",),
            GIVEN: ("--segmentation", str(self.mask)),
        }
        found += list(of_source.get(order.source, ("--source", order.source)))
        return found if order.source == CHECKS_ONLY else found + order.density.arguments() + order.models.arguments()

    def read(self, ct: CTVolume) -> ScreenedCase:
        """The case that the program found, as if it had been screened here: names, facts and grid are the volume's own.

        Raises:
            OsteoScreenError: what the program wrote is not there or does not fit (``wrong_answer``).
        """
        folder = self.results / CASE
        try:
            told = CaseResult.from_json((folder / RESULT_FILE).read_text(encoding="utf-8"))
            labels, grid = read_labels(folder / MASK_FILE) if told.femurs else (None, told.geometry)
            regions = read_regions(folder / REGIONS_FILE, told.geometry)
        except (OSError, ValueError, OsteoScreenError) as error:
            raise _wrong(f"its result cannot be read ({type(error).__name__})") from error
        same, why = same_grid(grid, ct.geometry)
        if not same:
            raise _wrong(f"it answered on another grid: {why}")
        result = replace(
            told,
            case_id=safe_name(ct.source.name),
            input=input_facts(ct),
            geometry=ct.geometry,
            acquisition=ct.acquisition,
        )
        if labels is None:
            return ScreenedCase(result)
        source = (None if result.segmentation is None else result.segmentation.source) or GIVEN
        return ScreenedCase(result, FemurMasks(labels, result.femurs, source, result.models), regions)


def read_regions(path: Path, geometry: Geometry) -> np.ndarray | None:
    """Regions of a case, (z, y, x) uint8; None where none were written.

    Raises:
        InputError: the file cannot be read, or lies on another grid than the case (``geometry_mismatch``).
    """
    if not path.is_file():
        return None
    labels, grid = read_labels(path)
    same, why = same_grid(grid, geometry)
    if not same:
        raise InputError(f"The regions lie on another grid: {why}", path=path, code="geometry_mismatch")
    return labels.astype(np.uint8, copy=False)


def _wrong(what: str) -> OsteoScreenError:
    return OsteoScreenError(
        f"The answer of the screening program cannot be used: {what}",
        next_step="Try again; if it happens again, report it.",
        code="wrong_answer",
    )

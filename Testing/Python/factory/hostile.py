"""The list of hostile inputs: each has a name, a maker, and what must come of it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from factory.base import Field
from OsteoScreenLib.ct.volume import CTVolume


@dataclass(frozen=True)
class Made:
    """An input on disk.

    Attributes:
        path: what is given to the program.
        truth: what it holds, voxel by voxel, where the builder knows.
        field: the HU in patient space, where the reader must interpolate.
        outside_hu: what fills the volume where nothing was scanned.
        unoriented: the input does not say how it lies in the patient.
    """

    path: Path
    truth: CTVolume | None = None
    field: Field | None = None
    outside_hu: float = -1024.0
    unoriented: bool = False


@dataclass(frozen=True)
class HostileInput:
    """One entry.

    Attributes:
        name: of the entry, as words joined by underscores.
        make: ``make(folder) -> Made``.
        errors: the error codes of which one must be given; empty where a volume is returned.
        flags: the codes that must be among the flags of the volume.
        also: further codes that may be; any other warning or withholding flag is a false alarm.
        isolated: it has been seen to end the whole process inside a C++ library, so it is read in one of its own.
    """

    name: str
    make: Callable[[Path], Made]
    errors: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    isolated: bool = False


HOSTILE_INPUTS: list[HostileInput] = []


def hostile(
    *, errors: str = "", flags: str = "", also: str = "", isolated: bool = False
) -> Callable[[Callable[[Path], Made]], Callable[[Path], Made]]:
    """Enter a maker into the list; codes are given as words."""

    def enter(make: Callable[[Path], Made]) -> Callable[[Path], Made]:
        codes = (tuple(words.split()) for words in (errors, flags, also))
        HOSTILE_INPUTS.append(HostileInput(make.__name__, make, *codes, isolated=isolated))
        return make

    return enter


def all_hostile_inputs() -> list[HostileInput]:
    """The whole list."""
    # Each of these enters its makers when it is imported.
    for name in ("files", "nifti", "nrrd_metaimage", "dicom_files", "dicom_series", "dicom_values"):
        importlib.import_module(f"factory.hostile_{name}")
    return HOSTILE_INPUTS

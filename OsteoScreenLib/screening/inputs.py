"""Case ids: a safe, unique folder name for every input of a run, made from the names the user gave."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from OsteoScreenLib.densitometry.scores import PatientFacts

MAX_LENGTH = 80
"""Longest case id; leaves room for the files below it within the 260 characters of a Windows path."""

_SUFFIXES = (
    *(".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".img"),
    *(".dcm", ".dicom", ".ima", ".zip", ".gz"),
)
_WINDOWS_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_SAYS_NOTHING = frozenset({"dicom", "dcm", "image", "images", "ct"})
_TAKEN_BY_THE_RUN = ("results.csv", "index.html")


@dataclass(frozen=True)
class CaseInput:
    """One input of a run.

    Attributes:
        path: as the user gave it. case_id: name of the folder its result goes to.
        facts: that the user knows of this patient; None: none.
    """

    path: Path
    case_id: str
    facts: PatientFacts | None = None

    @property
    def name(self) -> str:
        """Last part of the path."""
        return _parts(self.path)[-1] or os.fspath(self.path)


def case_inputs(
    paths: Iterable[str | os.PathLike[str]], facts: Sequence[PatientFacts | None] = ()
) -> tuple[CaseInput, ...]:
    """A case id for each path, in order, unique also where a file system ignores the case of letters.

    An id is the last part of the path without the suffix of an image file; a last part that says nothing, such as
    ``dicom``, is led by the folder it lies in. Inputs that would share one are told apart
    by the nearest folder names that differ (``STS_036/image`` and ``STS_040/image`` become ``STS_036_image`` and
    ``STS_040_image``), and the same path given twice by a number.

    Args:
        paths: of the inputs. facts: of each patient, in the same order; empty: none are known.
    """
    given = [Path(path) for path in paths]
    ids = [_own_name(_parts(path)) for path in given]
    groups: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(ids):
        groups[name.casefold()].append(position)
    for positions in groups.values():
        if len(positions) > 1:
            for position, name in zip(positions, _told_apart([given[p] for p in positions]), strict=True):
                ids[position] = name
    known = facts or [None] * len(given)
    return tuple(CaseInput(*entry) for entry in zip(given, _numbered(ids), known, strict=True))


def safe_name(text: str) -> str:
    """A file name that every platform accepts: ASCII letters, digits, ``.``, ``_``, ``-``; never empty or reserved."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", _without_marks(text))
    name = re.sub(r"_{2,}", "_", name).strip("._-")[:MAX_LENGTH].rstrip("._-")
    if not name:
        return "case"
    return f"case_{name}" if _WINDOWS_RESERVED.fullmatch(name) else name


def _without_marks(text: str) -> str:
    """Text in ASCII: accents dropped, every other foreign character replaced by ``_``."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c if c.isascii() else "_" for c in parts if not unicodedata.combining(c))


def _parts(path: Path) -> tuple[str, ...]:
    """Names along the absolute path, without its root; a root alone has one empty name."""
    absolute = Path(os.path.abspath(path))
    return absolute.parts[1:] or ("",)


def _stem(name: str) -> str:
    """Name without the suffix of an image file."""
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _own_name(parts: tuple[str, ...]) -> str:
    """Name of a path, with its folder's where its own says nothing."""
    own = _stem(parts[-1])
    return _with_parents(parts, [1]) if own.casefold() in _SAYS_NOTHING else safe_name(own)


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Names for paths whose last parts agree: one level of parent folders where one is enough, else several."""
    parts = [_parts(path) for path in paths]
    wanted = len(set(parts))
    plain = [safe_name(_stem(entry[-1])) for entry in parts]
    if wanted == 1:
        return plain
    deepest = max(len(entry) for entry in parts)
    levels = range(1, deepest)
    for chosen in [*([level] for level in levels), *(list(range(1, level + 1)) for level in levels)]:
        names = [_with_parents(entry, chosen) for entry in parts]
        if len({name.casefold() for name in names}) == wanted:
            return names
    return plain


def _with_parents(parts: tuple[str, ...], levels: Sequence[int]) -> str:
    """The name of a path led by its parents at the given levels (1 is the folder it lies in)."""
    parents = [parts[-1 - level] for level in sorted(levels, reverse=True) if level < len(parts)]
    return safe_name("_".join([*parents, _stem(parts[-1])]))


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, made unique by ``_2``, ``_3`` ... where they still agree or would overwrite a file of the run."""
    taken: set[str] = set(_TAKEN_BY_THE_RUN)
    unique = []
    for name in names:
        candidate, number = name, 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return unique

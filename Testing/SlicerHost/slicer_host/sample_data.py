"""A stand-in for Slicer's SampleData module: who is registered, and what a click on a sample does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

sources: dict[str, list[SimpleNamespace]] = {}
"""What was registered, by category."""


class SampleDataLogic:
    """The part of Slicer's logic that extensions call."""

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris: Any = None,
        fileNames: Any = None,
        nodeNames: Any = None,
        customDownloader: Any = None,
        thumbnailFileName: str | None = None,
    ) -> None:
        """Slicer takes either one text for each of the three, or lists of the same length.

        Raises:
            ValueError: they do not fit together, the thumbnail is no file, or there is no way to get the sample.
        """
        kinds = {type(entry) for entry in (uris, fileNames, nodeNames)}
        if len(kinds) != 1 or kinds <= {type(None)}:
            raise ValueError(f"uris, file names and node names do not fit together: {uris}, {fileNames}, {nodeNames}")
        if uris and not isinstance(uris, str) and len({len(uris), len(fileNames), len(nodeNames)}) != 1:
            raise ValueError("uris, file names and node names have different lengths")
        if thumbnailFileName is not None and not Path(thumbnailFileName).is_file():
            raise ValueError(f"there is no thumbnail {Path(thumbnailFileName).name}")
        if not callable(customDownloader):
            raise ValueError("the test host downloads nothing: a sample needs its own customDownloader")
        source = SimpleNamespace(
            sampleName=sampleName, customDownloader=customDownloader, thumbnailFileName=thumbnailFileName
        )
        known = sources.setdefault(category, [])
        if sampleName not in [entry.sampleName for entry in known]:
            known.append(source)


def click(name: str) -> Any:
    """What a click on a sample's button gives.

    Raises:
        KeyError: no sample has that name.
    """
    for source in (source for category in sources.values() for source in category):
        if source.sampleName == name:
            return source.customDownloader(source)
    raise KeyError(name)


def make_module() -> ModuleType:
    """The module ``SampleData``, with nothing registered."""
    sources.clear()
    module = ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module

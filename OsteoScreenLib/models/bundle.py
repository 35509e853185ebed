"""ModelBundle: networks with everything that must be known to use them, proven to be what their maker wrote."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import ModelError, printable
from OsteoScreenLib.models.classifier_spec import ClassifierSpec
from OsteoScreenLib.models.document import DOCUMENT, classifiers_of, listed_files, networks_of, read_document
from OsteoScreenLib.models.file_rules import check_content, check_folder
from OsteoScreenLib.models.network_spec import NetworkSpec


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """A bundle whose files have been checked.

    Attributes:
        model_id: such as ``femur-vbnet``.
        version: three numbers, such as ``0.1.0``.
        task: what it is for, such as ``femur_segmentation``.
        title: for people.
        networks: what it can run on images, by name.
        classifiers: what it can run on measured features, by name.
        document: all of ``model.json``: training data, metrics, limits, licence, intended use.
        folder: where its files lie.
        sha256: one digest for the whole bundle: of the names and digests of all its files with ``model.json``.
        demonstration: made to show how things work; its answers mean nothing.
    """

    model_id: str
    version: str
    task: str
    title: str
    networks: Mapping[str, NetworkSpec]
    classifiers: Mapping[str, ClassifierSpec]
    document: Mapping[str, Any]
    folder: Path
    sha256: str
    demonstration: bool

    def reference(self) -> dict[str, str]:
        """What a result says of the model that made it: ``{"id", "version", "sha256"}``."""
        return {"id": self.model_id, "version": self.version, "sha256": self.sha256}


def load_bundle(folder: str | os.PathLike[str]) -> ModelBundle:
    """Check a bundle and describe it. No file but ``model.json`` is interpreted before all sizes and digests agree.

    The folder must hold exactly what ``model.json`` lists: no further file, no folder, no link.

    Raises:
        ModelError: ``missing_file``, ``damaged``, ``unknown_schema``, ``invalid_field``, ``unsafe_path``,
            ``forbidden_file``, ``unlisted_file``, ``too_large``, ``checksum_mismatch`` or ``unreadable``.
    """
    folder = Path(folder)
    try:
        document, data = read_document(folder / DOCUMENT)
        files = listed_files(document, folder / DOCUMENT)
        check_folder(folder, {*files, DOCUMENT})
        for name, file in files.items():
            check_content(folder / name, file.size, file.sha256)
    except OSError as error:
        raise ModelError(
            f"The bundle cannot be read: {printable(error.strerror or str(error))}",
            path=folder,
            next_step="Check that the disk is there and that you may read it.",
            code="unreadable",
        ) from error
    return ModelBundle(
        model_id=document["id"],
        version=document["version"],
        task=document["task"],
        title=document["title"],
        networks=networks_of(document, folder / DOCUMENT),
        classifiers=classifiers_of(document, folder / DOCUMENT),
        document=document,
        folder=folder,
        sha256=_digest({DOCUMENT: hashlib.sha256(data).hexdigest(), **{n: f.sha256 for n, f in files.items()}}),
        demonstration=document["demonstration"],
    )


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode("ascii")).hexdigest()

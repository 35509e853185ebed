"""Writing a bundle: what a training ends with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import OutputError, printable
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.document import DOCUMENT, check_document


def write_bundle(
    folder: str | os.PathLike[str],
    document: Mapping[str, Any],
    files: Mapping[str, bytes | str | os.PathLike[str]],
) -> ModelBundle:
    """Write a bundle, and load it as everybody else will.

    Args:
        folder: to be made; it must not exist, or be empty.
        document: what ``model.json`` shall say; ``files`` is filled in here, with sizes and digests.
        files: content, or the file to copy, by its name in the bundle; all but ``model.json``.

    Raises:
        ModelError: the document or a file is not what a bundle may hold.
        OutputError: the folder holds something, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("The bundle's folder exists and is not empty", path=folder, next_step="Give another one.")
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        contents = {
            name: content if isinstance(content, bytes) else Path(content).read_bytes()
            for name, content in files.items()
        }
        listed = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in sorted(contents.items())
        }
        whole = {**document, "files": listed}
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        check_document(json.loads(text), folder / DOCUMENT)  # before a name of it becomes a path
        partial.mkdir(parents=True)
        (partial / DOCUMENT).write_bytes(text.encode("utf-8"))
        for name, content in contents.items():
            (partial / name).write_bytes(content)
        bundle = load_bundle(partial)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
        return replace(bundle, folder=folder)
    except OSError as error:
        why = printable(error.strerror or str(error))
        raise OutputError(f"The bundle cannot be written: {why}", path=folder, next_step="Give another one.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)

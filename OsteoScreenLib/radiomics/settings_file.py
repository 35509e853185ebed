"""Reading PyRadiomics' parameter files, and the ones that come with OsteoScreen."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.radiomics import packages
from OsteoScreenLib.radiomics.settings import Settings

SHIPPED = Path(__file__).resolve().parent / "parameters"
MAX_BYTES = 1_000_000
MAX_DEPTH = 20


def load_settings(path: str | os.PathLike[str]) -> Settings:
    """Read a parameter file, YAML or JSON. A name without folder and ending, such as ``femur``, is a shipped one.

    Raises:
        UsageError: no such file, not YAML or JSON, or something in it that is unknown or wrong; says which.
    """
    place = shipped_file(path) or Path(path)
    try:
        if place.stat().st_size > MAX_BYTES:
            raise UsageError("This file is too large to hold parameters", path=path)
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise UsageError(
            f"The parameters cannot be read: {reason}",
            path=path,
            next_step=f"Give a YAML or JSON file, or one of the shipped names: {names}.",
        ) from error
    try:
        return Settings.from_dict(_parse(text, place.suffix.lower() == ".json"))
    except UsageError as error:
        raise UsageError(error.message, path=path, next_step=error.next_step, code=error.code) from error


def shipped_file(name: str | os.PathLike[str]) -> Path | None:
    """The shipped parameter file of this name; None where it is the path of another file."""
    text = os.fspath(name)
    if Path(text).name != text or Path(text).suffix or Path(text).exists():
        return None
    file = SHIPPED / f"{text}.yaml"
    return file if file.is_file() else None


def _parse(text: str, as_json: bool) -> Any:
    if as_json:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"This is not JSON: {error}") from error
    yaml = packages.yaml()
    try:
        _refuse_traps(text)
        return yaml.load(text, Loader=_one_of_each())  # a subclass of the safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"This is not YAML: {' '.join(str(error).split())[:200]}") from error


def _refuse_traps(text: str) -> None:
    """Aliases of aliases grow without bound, lists in lists take long; no parameter file needs either."""
    yaml = packages.yaml()
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken):
            raise UsageError("The file uses YAML aliases (*name)", next_step="Write the values out.")
        depth += isinstance(token, (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken))
        depth -= isinstance(token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken))
        if depth > MAX_DEPTH:
            raise UsageError("This is not YAML of parameters: brackets within brackets without end")


def _one_of_each() -> type:
    """The safe loader, which also refuses a key that is given twice: the first value would be lost in silence."""
    yaml = packages.yaml()

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next((key for key in keys if keys.count(key) > 1), None)
            if twice is not None:
                raise yaml.constructor.ConstructorError(None, None, f"{twice} is given twice", node.start_mark)
            return super().construct_mapping(node, deep)

    return Loader

"""Every number of densitometry that somebody chose or measured: one table with its sources, which a site may override.

The table is ``tables/settings.json``. A site's file holds only what differs::

    {"schema_version": 1, "site": "Clinic A", "settings": {
        "energy.sd_kev": {"value": 1.5, "source": "own acceptance tests, 2026"}}}

Every override says where it comes from. A key that the table lacks is refused, so that a misspelt one is not ignored.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from OsteoScreenLib.densitometry.settings_rules import why_not
from OsteoScreenLib.errors import UsageError, printable

TABLE = Path(__file__).parent / "tables" / "settings.json"
SCHEMA_VERSION = 1
_LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class Settings:
    """The table in use.

    Attributes:
        version: of the shipped table. site: whose overrides are in it; None: none.
        entries: by key: ``value``, ``unit``, ``source`` and what the value must keep to.
        overridden: keys that the site's file set.
    """

    version: str
    entries: Mapping[str, Mapping[str, Any]]
    site: str | None = None
    overridden: tuple[str, ...] = field(default_factory=tuple)

    def __getitem__(self, key: str) -> Any:
        """The value. Raises KeyError."""
        return self.entries[key]["value"]

    def number(self, key: str) -> float:
        """A single number. Raises KeyError."""
        return float(self[key])

    def pair(self, key: str) -> tuple[float, float]:
        """Two numbers. Raises KeyError, ValueError."""
        first, second = self[key]
        return float(first), float(second)

    def source(self, key: str) -> str:
        """Where a value comes from. Raises KeyError."""
        return str(self.entries[key]["source"])

    @property
    def sha256(self) -> str:
        """Digest of all values, so that a result says by which numbers it was made."""
        values = {key: entry["value"] for key, entry in self.entries.items()}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """What a result records: version, digest, and the site's own values."""
        return {
            "version": self.version,
            "sha256": self.sha256,
            "site": self.site,
            "overridden": {key: {"value": self[key], "source": self.source(key)} for key in self.overridden},
        }


@cache
def default_settings() -> Settings:
    """The shipped table."""
    document = json.loads(TABLE.read_text(encoding="utf-8"))
    entries = {key: MappingProxyType(entry) for key, entry in document["settings"].items()}
    return Settings(document["version"], MappingProxyType(entries))


def site_settings(path: Path) -> Settings:
    """The shipped table with a site's file over it.

    Raises:
        UsageError: the file cannot be read, is not such a file, has an unknown key, or a value that cannot be.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _refused(path, "it is larger than 1 MB")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, "it is not JSON") from error
    return with_overrides(document, path)


def with_overrides(document: Any, path: Path | None = None) -> Settings:
    """The shipped table with a site's document over it. Raises UsageError as :func:`site_settings`."""
    if not isinstance(document, dict) or document.get("schema_version") != SCHEMA_VERSION:
        raise _refused(path, f"it lacks schema_version {SCHEMA_VERSION}")
    unknown = sorted(set(document) - {"schema_version", "site", "settings"})
    changes = document.get("settings")
    site = document.get("site")
    if unknown or not isinstance(changes, dict) or not (isinstance(site, str) and site.strip()):
        what = f"it has unknown parts: {', '.join(map(str, unknown))}" if unknown else "it needs a site and settings"
        raise _refused(path, what)
    base = default_settings()
    entries = dict(base.entries)
    for key, change in changes.items():
        if key not in entries:
            raise _refused(path, f"there is no setting {key!r}")
        problem = why_not(change, entries[key])
        if problem:
            raise _refused(path, f"{key}: {problem}")
        entries[key] = MappingProxyType({**entries[key], "value": change["value"], "source": change["source"]})
    result = Settings(base.version, MappingProxyType(entries), site.strip(), tuple(sorted(changes)))
    problem = _contradiction(result)
    if problem:
        raise _refused(path, problem)
    return result


def settings_of_record(record: Mapping[str, Any]) -> Settings:
    """The table that a result was made by, from what :meth:`Settings.to_dict` recorded.

    Raises:
        UsageError: what it records was never a site's file.
    """
    if not record.get("overridden"):
        return default_settings()
    return with_overrides(
        {"schema_version": SCHEMA_VERSION, "site": record.get("site"), "settings": dict(record["overridden"])}
    )


def _contradiction(settings: Settings) -> str:
    """What two values say against each other; empty where nothing."""
    if settings.number("status.osteoporosis_t") >= settings.number("status.normal_t"):
        return "status.osteoporosis_t must lie below status.normal_t"
    for key, entry in settings.entries.items():
        value = entry["value"]
        if key.endswith(("_hu", "_mm")) and isinstance(value, list) and not value[0] < value[1]:
            return f"{key}: the lower limit comes first"
        if key.endswith(".percent") and not math.isclose(sum(value.values()), 100.0, abs_tol=2.0):
            return f"{key}: the shares must add up to about 100 %"
    return ""


def _refused(path: Path | None, what: str) -> UsageError:
    return UsageError(
        f"This file of densitometry settings cannot be used: {printable(what)}",
        path=path,
        next_step="Docs/densitometry.md lists the settings and shows an example.",
        code="densitometry_settings",
    )

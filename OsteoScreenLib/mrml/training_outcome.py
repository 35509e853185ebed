"""What a training of bone-status models came to, as the ``osteoscreen`` program tells it, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import printable

SHOWN = 12
"""Own choice: how many lines of a kind are shown; the report has all of them."""


@dataclass(frozen=True)
class TrainedModels:
    """What a training left behind.

    Attributes:
        bundles: folder of each model, by its name in the ladder. predictions, report: files.
        left_out: models that could not be made, and why. failed: cases without features, and why.
        warnings: in sentences.
    """

    bundles: Mapping[str, Path]
    predictions: Path
    report: Path
    left_out: Mapping[str, str]
    failed: Mapping[str, str]
    warnings: tuple[str, ...]

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> TrainedModels:
        """Read the program's event ``outcome``. Raises KeyError, TypeError or AttributeError where malformed."""
        return cls(
            bundles={str(name): Path(folder) for name, folder in event["bundles"].items()},
            predictions=Path(event["predictions"]),
            report=Path(event["report"]),
            left_out={str(name): str(why) for name, why in event["left_out"].items()},
            failed={str(name): str(why) for name, why in event["failed"].items()},
            warnings=tuple(str(warning) for warning in event["warnings"]),
        )


def outcome_text(outcome: TrainedModels) -> str:
    """Rich text: models, what was left out and why, warnings, and where everything lies; all values escaped."""
    made = ", ".join(folder.name for folder in outcome.bundles.values())
    parts = [
        _one(f"Models made: {made}."),
        _many("Not made:", [f"{name}: {why}" for name, why in outcome.left_out.items()]),
        _many("Cases without features:", [f"{name}: {why}" for name, why in outcome.failed.items()]),
        _many("Warnings:", outcome.warnings),
        _one(f"Predictions (for osteoscreen evaluate): {outcome.predictions}"),
        _one(f"Report: {outcome.report}"),
    ]
    return "".join(parts)


def _many(title: str, lines: Iterable[str]) -> str:
    found = list(lines)
    if not found:
        return ""
    shown = "".join(f"<li>{_plain(line.rstrip('.'))}.</li>" for line in found[:SHOWN])
    rest = f"<li>{len(found) - SHOWN} more; the report has them.</li>" if len(found) > SHOWN else ""
    return f'{_one(title)}<ul style="margin:0 0 0 -24px">{shown}{rest}</ul>'


def _one(text: str) -> str:
    return f'<div style="margin:2px 0 2px 0">{_plain(text)}</div>'


def _plain(text: str) -> str:
    return escape(printable(text))

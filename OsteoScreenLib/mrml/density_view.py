"""Whether the measured regions and the landmarks of a volume are seen in the views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from OsteoScreenLib.mrml.density_markups import landmarks_of
from OsteoScreenLib.mrml.region_node import regions_of


def can_be_shown(volume_node: Any | None) -> bool:
    """Whether a volume has regions or landmarks."""
    return volume_node is not None and any(True for _ in _displays(volume_node))


def is_shown(volume_node: Any | None) -> bool:
    """Whether any of them is visible."""
    return volume_node is not None and any(display.GetVisibility() for display in _displays(volume_node))


def set_shown(volume_node: Any, visible: bool) -> None:
    """Show or hide all of them; the regions are outlined, the femora stay as they are."""
    for display in _displays(volume_node):
        display.SetVisibility(visible)


def _displays(volume_node: Any) -> Iterator[Any]:
    for node in (regions_of(volume_node), *landmarks_of(volume_node)):
        if node is not None and node.GetDisplayNode() is not None:
            yield node.GetDisplayNode()

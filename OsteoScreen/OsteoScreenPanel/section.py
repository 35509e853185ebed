"""A section of the panel, and what all sections are told when something changed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import slicer

from OsteoScreenLib.mrml.case_nodes import CaseNodes


@dataclass(frozen=True)
class PanelState:
    """What the panel knows at one moment.

    Attributes:
        volumeNode: the chosen CT, or None.
        nodes: what belongs to it.
        light: ``green``, ``amber`` or ``red``; empty where it has not been checked.
        result: its result, or None where it has not been screened.
        idle: whether no long work is running.
    """

    volumeNode: Any
    nodes: CaseNodes
    light: str
    result: Any
    idle: bool


class Section:
    """One section: a form in ``Resources/UI``, its buttons, and what it shows.

    A new capability of OsteoScreen adds one of these to ``OsteoScreenPanel/sections.py``, and nothing else here.

    Args:
        panel: the :class:`OsteoScreenWidget` that it belongs to.
    """

    FORM: ClassVar[str]
    """File name in ``Resources/UI``."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.widget = slicer.util.loadUI(panel.resourcePath(f"UI/{self.FORM}"))
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.setup()

    def setup(self) -> None:
        """Connect the buttons; once, when the panel is first opened."""

    def update(self, state: PanelState) -> None:
        """Show what is known now."""

    def followVolume(self) -> None:
        """Another volume was chosen: what was said of the last one no longer holds."""

    def enter(self) -> None:
        """The panel is opened, again; an update follows."""

    def exit(self) -> None:
        """The panel is left."""

    def sceneClosing(self) -> None:
        """The nodes of the scene are about to go."""

    def cleanup(self) -> None:
        """The panel is destroyed."""

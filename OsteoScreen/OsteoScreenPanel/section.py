"""A section of the panel, and what all sections are told when something changed."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar
from xml.etree import ElementTree

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
        form = panel.resourcePath(f"UI/{self.FORM}")
        self.widget = slicer.util.loadUI(form)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = widgetsOf(self.widget, form)
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

    def modelsChanged(self) -> None:
        """A model was installed or removed."""

    def sceneClosing(self) -> None:
        """The nodes of the scene are about to go."""

    def cleanup(self) -> None:
        """The panel is destroyed."""


def widgetsOf(root: Any, form: str) -> SimpleNamespace:
    """The widgets that a form names, below its root.

    Slicer's widgets have parts with names of their own. Those of the Segment Editor come from whatever extensions are
    installed: they could have one of our names, be tied to a parameter of theirs, or be gone at any time.
    """
    names = [widget.get("name") for widget in ElementTree.parse(form).iter("widget")]
    found = slicer.util.childWidgetVariables(root)
    return SimpleNamespace(**{name: getattr(found, name) for name in names[1:]})

"""CaseViewer: shows the chosen case in Slicer's views, when asked and, where the user wants it, after a screening."""

from typing import Any

import slicer

from OsteoScreenLib.mrml.case_views import show_case
from OsteoScreenLib.mrml.femur_focus import sides_found

SETTING = "OsteoScreen/ShowFemoraAfterScreening"
"""In the user's settings, not in the scene: a habit of the reader, not a property of a case."""

RESCORED = "given"
"""Source of masks that were scored again: the reader is looking at what was just edited."""


class CaseViewer:
    """What the *Show* buttons do.

    Args:
        panel: the :class:`OsteoScreenWidget`.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel

    @property
    def automatic(self) -> bool:
        """Whether a screening turns the views to the femora."""
        settings = slicer.app.userSettings()
        return slicer.util.settingsValue(SETTING, True, converter=slicer.util.toBool, settings=settings)

    def setAutomatic(self, automatic: bool) -> None:
        """Remember the user's choice."""
        slicer.app.userSettings().setValue(SETTING, automatic)

    def show(self, side: str | None = None) -> None:
        """Turn the views to a side of the chosen case, or to the first that was found."""
        state = self.panel.state()
        if state.result is not None:
            show_case(state.volumeNode, state.nodes.segmentation, state.result, side)

    def afterWork(self, result: Any) -> None:
        """Some work on the chosen case ended: a screening that found a femur is shown; nothing else moves the views."""
        screened = result.segmentation is not None and result.segmentation.source != RESCORED
        if screened and self.automatic and sides_found(result):
            self.show()

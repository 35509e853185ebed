"""Femora: the segmentation, which sides it shows, and scoring again after editing."""

from OsteoScreenLib.mrml.panel_words import sides_text
from OsteoScreenLib.mrml.segmentation_node import has_femora
from OsteoScreenPanel.section import PanelState, Section


class FemoraSection(Section):
    """The outlines of the femora."""

    FORM = "FemoraSection.ui"

    def setup(self) -> None:
        self.ui.rescoreButton.connect("clicked(bool)", self.onRescoreButton)

    def onRescoreButton(self) -> None:
        """Measure the segments as they are now."""
        self.panel.cases.rescore()

    def update(self, state: PanelState) -> None:
        has_segments = state.volumeNode is not None and has_femora(state.nodes.segmentation)
        self.ui.rescoreButton.enabled = state.idle and has_segments
        self.ui.sidesLabel.text = sides_text(state.result)
        self.ui.sidesLabel.visible = state.result is not None

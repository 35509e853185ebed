"""Scan: which CT, whether it is fit for screening, and how far the work is."""

from slicer.i18n import tr as _

from OsteoScreenLib.mrml.flags_table import flags_in
from OsteoScreenLib.mrml.panel_words import flags_text, lit
from OsteoScreenPanel.section import PanelState, Section


class ScanSection(Section):
    """Starts a screening or a check, and shows the flags."""

    FORM = "ScanSection.ui"

    def setup(self) -> None:
        self.ui.screenButton.connect("clicked(bool)", self.onScreenButton)
        self.ui.checkButton.connect("clicked(bool)", self.onCheckButton)

    def onScreenButton(self) -> None:
        """Check the scan, outline the femora and measure them."""
        self.panel.cases.screen()

    def onCheckButton(self) -> None:
        """Check the scan only."""
        self.panel.cases.check()

    def update(self, state: PanelState) -> None:
        self.ui.inputSelector.enabled = state.idle
        self.ui.screenButton.enabled = state.idle and state.volumeNode is not None
        self.ui.checkButton.enabled = state.idle and state.volumeNode is not None
        self.ui.lightLabel.text = lit(state.light, lightText(state.light))
        self.ui.lightLabel.visible = state.volumeNode is not None
        self.ui.flagsLabel.text = flags_text(flags_in(state.nodes.flags)) if state.light else ""
        self.ui.flagsLabel.visible = bool(state.light)


def lightText(light: str) -> str:
    """What a traffic light of OsteoScreenLib.mrml.flags_table means, in the user's language."""
    texts = {
        "": _("This volume has not been checked."),
        "green": _("Green: no check speaks against this scan."),
        "amber": _("Amber: the scan can be used with the cautions below."),
        "red": _("Red: no bone status can be given from this scan."),
    }
    return texts[light]

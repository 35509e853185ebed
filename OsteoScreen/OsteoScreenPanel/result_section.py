"""Result: what was measured, what it means for the user, and where it is in the views."""

import qt
from slicer.i18n import tr as _

from OsteoScreenLib.mrml.density_view import can_be_shown, is_shown, set_shown
from OsteoScreenLib.mrml.density_words import calibration_text, details_text, scan_text, status_text
from OsteoScreenLib.mrml.femur_focus import sides_found
from OsteoScreenLib.report.density_section import density_section
from OsteoScreenPanel.ruler_picture import showRuler
from OsteoScreenPanel.section import PanelState, Section

REASONS_COLUMN = 3
"""Of the table of measures."""


class ResultSection(Section):
    """The measures of each side."""

    FORM = "ResultSection.ui"

    def setup(self) -> None:
        ui = self.ui
        self.parts = (
            (ui.leftStatusLabel, ui.leftRulerLabel, ui.leftDetailsLabel),
            (ui.rightStatusLabel, ui.rightRulerLabel, ui.rightDetailsLabel),
        )
        self.ui.showLeftButton.connect("clicked(bool)", self.onShowLeftButton)
        self.ui.showRightButton.connect("clicked(bool)", self.onShowRightButton)
        self.ui.showDensityCheckBox.connect("clicked(bool)", self.onShowDensity)
        self.ui.showAfterScreeningCheckBox.checked = self.panel.views.automatic
        self.ui.showAfterScreeningCheckBox.connect("toggled(bool)", self.onShowAfterScreening)

    def onShowLeftButton(self) -> None:
        """Turn the views to the left femur."""
        self.panel.views.show("left")

    def onShowRightButton(self) -> None:
        """Turn the views to the right femur."""
        self.panel.views.show("right")

    def onShowDensity(self, visible: bool) -> None:
        """Show or hide regions and landmarks."""
        set_shown(self.panel.state().volumeNode, visible)

    def onShowAfterScreening(self, automatic: bool) -> None:
        """Whether a screening turns the views."""
        self.panel.views.setAutomatic(automatic)

    def update(self, state: PanelState) -> None:
        self.ui.resultLabel.text = resultText(state.result)
        self.showDensity(None if state.result is None else density_section(state.result))
        self.ui.measuresTableView.visible = bool(state.result and state.result.femurs)
        self.ui.measuresTableView.setMRMLTableNode(state.nodes.measures if state.result else None)
        self.fitTable()
        self.ui.showDensityCheckBox.enabled = can_be_shown(state.volumeNode)
        self.ui.showDensityCheckBox.checked = is_shown(state.volumeNode)
        found = sides_found(state.result)
        self.ui.showLeftButton.enabled = "left" in found
        self.ui.showRightButton.enabled = "right" in found

    def showDensity(self, section) -> None:
        """Class, ruler and reasons of each side, and how the scan was calibrated."""
        parts = [] if section is None else section.parts
        for number, (status, ruler, details) in enumerate(self.parts):
            part = parts[number] if number < len(parts) else None
            showText(status, "" if part is None else status_text(part))
            showRuler(ruler, None if part is None else part.ruler, {} if part is None else part.probabilities)
            showText(details, "" if part is None else details_text(part))
        showText(self.ui.scanDensityLabel, "" if section is None else scan_text(section))
        self.ui.calibrationTextLabel.text = "" if section is None else calibration_text(section)
        self.ui.calibrationCollapsibleButton.visible = bool(parts)

    def fitTable(self) -> None:
        """The sides as wide as they are, since a number that is cut is another one; the names have the rest.

        The reasons are too long for the panel, which tells them beside each side's status.
        """
        table = self.ui.measuresTableView
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        if header.count():
            header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
            table.setColumnHidden(REASONS_COLUMN, True)
        table.resizeRowsToContents()
        table.updateGeometry()


def showText(label, text: str) -> None:
    """A label that takes no room where there is nothing to say."""
    label.text = text
    label.visible = bool(text)


def resultText(result) -> str:
    """What the result means for the user."""
    if result is None:
        return _("This volume has not been screened.")
    if result.withheld:
        return _("A bone status is withheld for this scan; the red flags say why.")
    if result.densitometry is None:
        return _("The femora were outlined and measured; no bone density and no bone status were asked for.")
    return _("The femora were outlined and measured. Status and scores come from the CT; they are not those of DXA.")

"""Result: what was measured, what it means for the user, and where it is in the views."""

import qt
from slicer.i18n import tr as _

from OsteoScreenLib.mrml.density_words import density_text
from OsteoScreenLib.mrml.femur_focus import sides_found
from OsteoScreenPanel.section import PanelState, Section


class ResultSection(Section):
    """The measures of each side."""

    FORM = "ResultSection.ui"

    def setup(self) -> None:
        self.ui.showLeftButton.connect("clicked(bool)", self.onShowLeftButton)
        self.ui.showRightButton.connect("clicked(bool)", self.onShowRightButton)
        self.ui.showAfterScreeningCheckBox.checked = self.panel.views.automatic
        self.ui.showAfterScreeningCheckBox.connect("toggled(bool)", self.onShowAfterScreening)

    def onShowLeftButton(self) -> None:
        """Turn the views to the left femur."""
        self.panel.views.show("left")

    def onShowRightButton(self) -> None:
        """Turn the views to the right femur."""
        self.panel.views.show("right")

    def onShowAfterScreening(self, automatic: bool) -> None:
        """Whether a screening turns the views."""
        self.panel.views.setAutomatic(automatic)

    def update(self, state: PanelState) -> None:
        self.ui.resultLabel.text = resultText(state.result)
        self.ui.densityLabel.text = density_text(state.result)
        self.ui.densityLabel.visible = bool(self.ui.densityLabel.text)
        self.ui.measuresTableView.visible = bool(state.result and state.result.femurs)
        self.ui.measuresTableView.setMRMLTableNode(state.nodes.measures if state.result else None)
        self.fitTable()
        found = sides_found(state.result)
        self.ui.showLeftButton.enabled = "left" in found
        self.ui.showRightButton.enabled = "right" in found

    def fitTable(self) -> None:
        """The names as wide as they are, the sides share the rest; as high as the rows."""
        table = self.ui.measuresTableView
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        if header.count():
            header.setSectionResizeMode(0, qt.QHeaderView.ResizeToContents)
        table.resizeRowsToContents()
        table.updateGeometry()


def resultText(result) -> str:
    """What the result means for the user."""
    if result is None:
        return _("This volume has not been screened.")
    if result.withheld:
        return _("A bone status is withheld for this scan; the red flags say why.")
    if result.densitometry is None:
        return _("The femora were outlined and measured; no bone density and no bone status were asked for.")
    return _("The femora were outlined and measured. Status and scores come from the CT; they are not those of DXA.")

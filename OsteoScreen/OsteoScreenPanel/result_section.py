"""Result: what was measured, and what it means for the user."""

from slicer.i18n import tr as _

from OsteoScreenPanel.section import PanelState, Section


class ResultSection(Section):
    """The measures of each side."""

    FORM = "ResultSection.ui"

    def update(self, state: PanelState) -> None:
        self.ui.resultLabel.text = resultText(state.result)
        self.ui.measuresTableView.visible = bool(state.result and state.result.femurs)
        self.ui.measuresTableView.setMRMLTableNode(state.nodes.measures if state.result else None)
        self.ui.measuresTableView.resizeColumnsToContents()
        self.ui.measuresTableView.resizeRowsToContents()


def resultText(result) -> str:
    """What the result means for the user."""
    if result is None:
        return _("This volume has not been screened.")
    if result.withheld:
        return _("A bone status is withheld for this scan; the red flags say why.")
    return _("The femora were outlined and measured. This version measures no density and gives no bone status.")

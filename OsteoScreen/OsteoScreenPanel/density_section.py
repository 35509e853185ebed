"""Bone density: what the user knows of the patient, and how HU become density."""

from dataclasses import replace

import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.mrml.patient_facts import CALIBRATIONS, age_in, facts_of, note_facts
from OsteoScreenPanel.section import PanelState, Section

SEXES = (None, "F", "M")
CONTRASTS = (None, True, False)


class DensitySection(Section):
    """Facts that go before the scan's own; what stays open is taken from the scan, and never assumed."""

    FORM = "DensitySection.ui"

    def setup(self) -> None:
        for text in (_("As the scan says"), _("Female"), _("Male")):
            self.ui.sexComboBox.addItem(text)
        for text in (_("As the scan says"), _("Given"), _("Not given")):
            self.ui.contrastComboBox.addItem(text)
        for text in (_("The best that can be had"), _("The patient's own tissues"), _("Fixed by tube voltage (weak)")):
            self.ui.calibrationComboBox.addItem(text)
        self.ui.sexComboBox.connect("activated(int)", lambda n: self.note(sex=SEXES[n]))
        self.ui.contrastComboBox.connect("activated(int)", lambda n: self.note(contrast=CONTRASTS[n]))
        self.ui.calibrationComboBox.connect("activated(int)", self.onCalibrationChosen)
        self.ui.ageEdit.connect("editingFinished()", self.onAgeTyped)

    def note(self, **known) -> None:
        """Keep something that the user knows."""
        volumeNode = self.panel.state().volumeNode
        if volumeNode is not None:
            note_facts(replace(facts_of(volumeNode), **known), volumeNode)
        self.panel.updatePanel()

    def onAgeTyped(self) -> None:
        """An age was typed; one that is wrong is refused and what was there before stands again."""
        try:
            self.note(age_years=age_in(self.ui.ageEdit.text))
        except UsageError as error:
            self.panel.updatePanel()
            slicer.util.errorDisplay(str(error))

    def onCalibrationChosen(self, position: int) -> None:
        """Another calibration."""
        self.panel.logic.getParameterNode().calibration = CALIBRATIONS[position]
        self.panel.updatePanel()

    def update(self, state: PanelState) -> None:
        chosen = self.panel.logic.getParameterNode().calibration
        self.ui.calibrationComboBox.currentIndex = CALIBRATIONS.index(chosen) if chosen in CALIBRATIONS else 0
        self.ui.calibrationComboBox.enabled = state.idle
        for widget in (self.ui.sexComboBox, self.ui.ageEdit, self.ui.contrastComboBox):
            widget.enabled = state.idle and state.volumeNode is not None
        if state.volumeNode is None:
            return
        facts = facts_of(state.volumeNode)
        self.ui.sexComboBox.currentIndex = SEXES.index(facts.sex)
        self.ui.contrastComboBox.currentIndex = CONTRASTS.index(facts.contrast)
        self.ui.ageEdit.text = "" if facts.age_years is None else f"{facts.age_years:g}"

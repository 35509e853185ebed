"""Bone density: what the user knows of the patient, how HU become density, and the files of a site."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml.density_order import AUTO, CALIBRATIONS, FIXED, INTERNAL, SITE, DensityOrder
from OsteoScreenLib.mrml.patient_facts import age_in, facts_in_scan, facts_of, measured_with_others, note_facts
from OsteoScreenPanel.section import PanelState, Section

SEXES = (None, "F", "M")
CONTRASTS = (None, True, False)
"""Of the entries of the boxes, in their order; the first of each: not said by the user."""


class DensitySection(Section):
    """Facts that go before the scan's own; what stays open is taken from the scan, and never assumed."""

    FORM = "DensitySection.ui"

    def setup(self) -> None:
        ui = self.ui
        self._inScan = PatientFacts()
        ui.otherFactsLabel.styleSheet = "font-weight: bold"
        for text in ("", _("Female"), _("Male")):
            ui.sexComboBox.addItem(text)
        for text in ("", _("Given"), _("Not given")):
            ui.contrastComboBox.addItem(text)
        for calibration in CALIBRATIONS:
            ui.calibrationComboBox.addItem(calibrationText(calibration))
        ui.sexComboBox.connect("activated(int)", self.onSexChosen)
        ui.contrastComboBox.connect("activated(int)", self.onContrastChosen)
        ui.calibrationComboBox.connect("activated(int)", self.onCalibrationChosen)
        ui.ageEdit.connect("editingFinished()", self.onAgeTyped)
        ui.siteLinesButton.connect("clicked(bool)", self.onSiteLinesButton)
        ui.siteLinesClearButton.connect("clicked(bool)", self.onSiteLinesClearButton)
        ui.siteSettingsButton.connect("clicked(bool)", self.onSiteSettingsButton)
        ui.siteSettingsClearButton.connect("clicked(bool)", self.onSiteSettingsClearButton)

    def followVolume(self) -> None:
        """Another volume: its header says other things."""
        volumeNode = self.panel.logic.getParameterNode().inputVolume
        try:
            self._inScan = facts_in_scan(self.panel.logic.acquisition(volumeNode))
        except OsteoScreenError:  # such as a package that is not installed yet; the screening will ask for it
            self._inScan = PatientFacts()

    def onSexChosen(self, position: int) -> None:
        """The patient's sex, or that the user does not say it."""
        self.note(sex=SEXES[position])

    def onContrastChosen(self, position: int) -> None:
        """Whether a contrast agent was given, or that the user does not say it."""
        self.note(contrast=CONTRASTS[position])

    def onAgeTyped(self) -> None:
        """An age was typed; one that is wrong is refused and what was there before stands again."""
        with slicer.util.tryWithErrorDisplay(_("The age could not be taken.")):
            try:
                self.note(age_years=age_in(self.ui.ageEdit.text))
            except OsteoScreenError:
                self.panel.updatePanel()
                raise

    def note(self, **known: Any) -> None:
        """Keep something that the user knows with the volume that it is known of."""
        volumeNode = self.panel.logic.getParameterNode().inputVolume
        if volumeNode is not None:
            note_facts(replace(facts_of(volumeNode), **known), volumeNode)
        self.panel.updatePanel()

    def onCalibrationChosen(self, position: int) -> None:
        """Another calibration."""
        self.panel.logic.getParameterNode().calibration = CALIBRATIONS[position]
        self.panel.updatePanel()

    def onSiteLinesButton(self) -> None:
        """Choose the site's lines for scanner, tube voltage and kernel."""
        path = self.fileChosen(_("The site's calibration lines"))
        if path:
            self.panel.logic.getParameterNode().siteLines = path
            self.panel.updatePanel()

    def onSiteLinesClearButton(self) -> None:
        """Do without the site's lines."""
        self.panel.logic.getParameterNode().siteLines = ""
        self.panel.updatePanel()

    def onSiteSettingsButton(self) -> None:
        """Choose the site's own values in the place of shipped ones."""
        path = self.fileChosen(_("The site's settings"))
        if path:
            self.panel.logic.getParameterNode().siteSettings = path
            self.panel.updatePanel()

    def onSiteSettingsClearButton(self) -> None:
        """Go back to the shipped values."""
        self.panel.logic.getParameterNode().siteSettings = ""
        self.panel.updatePanel()

    def fileChosen(self, title: str) -> str:
        """What the user chooses; empty where nothing."""
        return qt.QFileDialog.getOpenFileName(self.widget, title, "", _("Files of a site (*.json)")) or ""

    def update(self, state: PanelState) -> None:
        order = densityOrderOf(self.panel.logic.getParameterNode(), state.volumeNode)
        self.showFacts(order.facts, state)
        self.showCalibration(order, state)

    def showFacts(self, facts: Any, state: PanelState) -> None:
        """What the user says; else what the scan says, or that nobody knows."""
        ui, inScan = self.ui, self._inScan
        ui.sexComboBox.setItemText(0, fromScan({"F": _("Female"), "M": _("Male")}.get(inScan.sex)))
        ui.contrastComboBox.setItemText(0, fromScan({True: _("Given")}.get(inScan.contrast)))
        ui.ageEdit.placeholderText = fromScan(None if inScan.age_years is None else f"{inScan.age_years:g}")
        ui.sexComboBox.currentIndex = SEXES.index(facts.sex)
        ui.contrastComboBox.currentIndex = CONTRASTS.index(facts.contrast)
        ui.ageEdit.text = "" if facts.age_years is None else f"{facts.age_years:g}"
        ui.otherFactsLabel.visible = measured_with_others(state.result, facts, inScan)
        for widget in (ui.sexComboBox, ui.ageEdit, ui.contrastComboBox):
            widget.enabled = state.idle and state.volumeNode is not None

    def showCalibration(self, order: Any, state: PanelState) -> None:
        """The calibration, the files of the site, and what is wrong with them."""
        ui = self.ui
        ui.calibrationComboBox.currentIndex = CALIBRATIONS.index(order.calibration)
        ui.siteLinesButton.text = fileText(order.site_lines)
        ui.siteSettingsButton.text = fileText(order.site_values)
        usesLines = order.calibration in (AUTO, SITE)
        ui.calibrationComboBox.enabled = state.idle
        ui.siteLinesButton.enabled = state.idle and usesLines
        ui.siteLinesClearButton.enabled = state.idle and order.site_lines is not None
        ui.siteSettingsButton.enabled = state.idle
        ui.siteSettingsClearButton.enabled = state.idle and order.site_values is not None
        problem = problemOf(order)
        ui.densityProblemLabel.text = problem
        ui.densityProblemLabel.visible = bool(problem)


def densityOrderOf(chosen: Any, volumeNode: Any) -> DensityOrder:
    """What is chosen now; a saved scene may name a calibration that is not there any more.

    Args:
        chosen: the parameter node.
        volumeNode: whose patient is meant; None: nothing is known of any.
    """
    return DensityOrder(
        facts=PatientFacts() if volumeNode is None else facts_of(volumeNode),
        calibration=chosen.calibration if chosen.calibration in CALIBRATIONS else AUTO,
        site_lines=Path(chosen.siteLines) if chosen.siteLines else None,
        site_values=Path(chosen.siteSettings) if chosen.siteSettings else None,
    )


def problemOf(order: DensityOrder) -> str:
    """Why the files of the site cannot be used; empty where they can."""
    try:
        order.options()
    except OsteoScreenError as error:
        return str(error)
    return ""


def fromScan(fact: str | None) -> str:
    """A fact that the scan tells, or that nobody does."""
    return _("Not known") if fact is None else _("{fact} (from the scan)").format(fact=fact)


def fileText(path: Path | None) -> str:
    """A chosen file's name on its button."""
    return _("Choose a file...") if path is None else path.name


def calibrationText(calibration: str) -> str:
    """A calibration of OsteoScreenLib.mrml.density_order in the user's language."""
    return {
        AUTO: _("Automatic"),
        INTERNAL: _("The patient's own tissues"),
        SITE: _("The site's own lines"),
        FIXED: _("By tube voltage only (weak)"),
    }[calibration]

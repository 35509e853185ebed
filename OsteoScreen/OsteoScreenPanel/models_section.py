"""Models: which networks there are, whether they are sound, what they are; installing and removing them."""

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml.models_logic import ModelsLogic
from OsteoScreenPanel.model_installer import ModelInstaller
from OsteoScreenPanel.quiet_job import QuietJob
from OsteoScreenPanel.rows import chosenRow, showRows
from OsteoScreenPanel.section import PanelState, Section


class ModelsSection(Section):
    """The list of models and what can be done with one. It is read when the section is first opened."""

    FORM = "ModelsSection.ui"

    def setup(self) -> None:
        ui = self.ui
        self.logic = ModelsLogic()
        self._rows = ()
        self._states = {}
        ui.modelCardBrowser.visible = False
        ui.modelsCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        ui.modelsTable.connect("itemSelectionChanged()", self.onRowChosen)
        ui.verifyModelButton.connect("clicked(bool)", self.onVerifyButton)
        ui.modelCardButton.connect("clicked(bool)", self.onCardButton)
        ui.removeModelButton.connect("clicked(bool)", self.onRemoveButton)
        ui.installModelFileButton.connect("clicked(bool)", self.onInstallFileButton)
        ui.installModelFolderButton.connect("clicked(bool)", self.onInstallFolderButton)
        self.quiet = QuietJob(self.updateButtons)
        self.installer = ModelInstaller(self.quiet, self.say, self.showInstalled)
        self.say("")
        self.updateButtons()

    def cleanup(self) -> None:
        self.quiet.stop()

    def update(self, state: PanelState) -> None:
        self.updateButtons()

    def onCollapsed(self, collapsed: bool) -> None:
        """The section was opened or closed."""
        if not collapsed:
            self.showModels()

    def modelsChanged(self) -> None:
        """Read the list anew where it is seen."""
        if not self.ui.modelsCollapsibleButton.collapsed:
            self.showModels()

    def showModels(self) -> None:
        """Read the list anew."""
        self._rows = self.logic.rows()
        self._states = {row.folder: self._states[row.folder] for row in self._rows if row.folder in self._states}
        states = [self.stateOf(row) for row in self._rows]
        texts = [
            (row.model_id, row.version, text, yesNo(row.demonstration), originText(row), row.task)
            for row, (_light, text) in zip(self._rows, states, strict=True)
        ]
        showRows(self.ui.modelsTable, texts, [light for light, _text in states], lightColumn=2)
        self.ui.modelsTable.resizeColumnsToContents()
        self.updateButtons()

    def stateOf(self, row):
        """Light and words for what is known of a model's soundness."""
        if row.problem:
            return "red", _("cannot be used: {problem}").format(problem=row.problem)
        return self._states.get(row.folder, ("", _("not yet verified")))

    def chosen(self):
        """The chosen model, or None."""
        number = chosenRow(self.ui.modelsTable)
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def onRowChosen(self) -> None:
        """Another model was chosen: a card of the last one would mislead."""
        self.ui.modelCardBrowser.visible = False
        self.updateButtons()

    def updateButtons(self) -> None:
        """Enable what can be done now."""
        ui, row, idle = self.ui, self.chosen(), self.quiet.idle
        ui.verifyModelButton.enabled = idle and row is not None
        ui.modelCardButton.enabled = idle and row is not None and not row.problem
        ui.removeModelButton.enabled = idle and row is not None and not row.shipped
        ui.installModelFileButton.enabled = idle
        ui.installModelFolderButton.enabled = idle
        ui.modelFolderLabel.text = "" if row is None else row.where
        ui.modelFolderLabel.visible = row is not None

    def onVerifyButton(self) -> None:
        """Compare the chosen model's files with their checksums."""
        row = self.chosen()
        self.say(_("Verifying ..."))
        self.quiet.start(
            lambda: self.logic.verify(row),
            lambda sha256: self.noteState(row, "green", _("verified"), digestText(sha256)),
            lambda error: self.noteState(row, "red", _("damaged"), str(error)),
        )

    def noteState(self, row, light: str, text: str, words: str) -> None:
        """Remember what verifying found."""
        self._states[row.folder] = (light, text)
        self.say(f"{row.model_id} {row.version}: {text}. {words}")
        self.showModels()

    def onCardButton(self) -> None:
        """Show the chosen model's card."""
        row = self.chosen()
        self.quiet.start(lambda: self.logic.card(row), self.showCard, self.showFailure)

    def showCard(self, html: str) -> None:
        """The card was made."""
        self.ui.modelCardBrowser.html = html
        self.ui.modelCardBrowser.visible = True

    def onRemoveButton(self) -> None:
        """Remove the chosen model after a question."""
        row = self.chosen()
        question = _("Remove {model} from {folder}? This cannot be undone.")
        if not slicer.util.confirmOkCancelDisplay(
            question.format(model=f"{row.model_id} {row.version}".strip(), folder=row.where)
        ):
            return
        try:
            self.logic.remove(row)
        except OsteoScreenError as error:
            self.showFailure(error)
        else:
            self._states.pop(row.folder, None)
            self.say(_("{model} was removed.").format(model=f"{row.model_id} {row.version}".strip()))
        self.panel.modelsChanged()

    def onInstallFileButton(self) -> None:
        """Install a zip file."""
        kinds = _("Model bundles (*.zip)")
        self.installer.install(qt.QFileDialog.getOpenFileName(self.widget, _("Model to install"), "", kinds))

    def onInstallFolderButton(self) -> None:
        """Install a folder."""
        self.installer.install(qt.QFileDialog.getExistingDirectory(self.widget, _("Model to install"), ""))

    def showInstalled(self, bundle) -> None:
        """A model was installed; its files were compared with their checksums."""
        self._states[bundle.folder] = ("green", _("verified"))
        self.panel.modelsChanged()

    def showFailure(self, error: BaseException) -> None:
        """Say what went wrong."""
        self.say("")
        slicer.util.errorDisplay(str(error))

    def say(self, text: str) -> None:
        """A line under the buttons; an empty one takes it away."""
        self.ui.modelsStatusLabel.text = text
        self.ui.modelsStatusLabel.visible = bool(text)


def digestText(sha256: str) -> str:
    """A digest in two lines: a label does not break it, and the panel would be as wide as it is long."""
    return _("SHA-256:\n{first}\n{second}").format(first=sha256[:32], second=sha256[32:])


def originText(row) -> str:
    """Where a model came from."""
    return _("OsteoScreen") if row.shipped else _("you")


def yesNo(value) -> str:
    """Yes, no, or nothing where that is not known."""
    return {True: _("yes"), False: _("no"), None: ""}[value]

"""Training: bone-status models from a cohort table, in a process beside Slicer."""

from pathlib import Path
from types import SimpleNamespace

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.requirements import ensure_requirements
from OsteoScreenLib.mrml.training_job import TrainingJob
from OsteoScreenLib.mrml.training_order import CLASSIFIERS, DATE, GIVEN, RANDOM, SITE, SPLITS, TrainingOrder
from OsteoScreenLib.mrml.training_outcome import outcome_text
from OsteoScreenLib.training.packages import missing_packages
from OsteoScreenPanel.model_installer import ModelInstaller
from OsteoScreenPanel.quiet_job import QuietJob
from OsteoScreenPanel.result_section import showText
from OsteoScreenPanel.section import PanelState, Section
from OsteoScreenPanel.work import Work


class StatusTrainingSection(Section):
    """Takes table, folder and choices, follows the training, and installs what it made. The scene is not touched."""

    FORM = "StatusTrainingSection.ui"

    def setup(self) -> None:
        ui = self.ui
        self._outcome = None
        self._missing = ()
        for split in SPLITS:
            ui.trainingSplitComboBox.addItem(splitText(split))
        for classifier in CLASSIFIERS:
            ui.trainingClassifierComboBox.addItem(classifierText(classifier))
        of_work = {
            "progressBar": ui.trainingProgressBar,
            "cancelButton": ui.trainingCancelButton,
            "statusLabel": ui.trainingStatusLabel,
        }
        self.work = Work(SimpleNamespace(**of_work), self.updateButtons)
        self.quiet = QuietJob(self.updateButtons)
        self.installer = ModelInstaller(self.quiet, self.work.say, lambda bundle: self.panel.modelsChanged())
        ui.statusTrainingCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        ui.trainingPackagesButton.connect("clicked(bool)", self.onPackagesButton)
        ui.trainingTableButton.connect("clicked(bool)", self.onTableButton)
        ui.trainingFeaturesButton.connect("clicked(bool)", self.onFeaturesButton)
        ui.trainingOutputButton.connect("clicked(bool)", self.onOutputButton)
        for edit in (ui.trainingTableEdit, ui.trainingOutputEdit):
            edit.connect("textChanged(QString)", self.onPathEdit)
        ui.trainingSplitComboBox.connect("currentIndexChanged(int)", self.onSplitChosen)
        ui.trainingStartButton.connect("clicked(bool)", self.onStartButton)
        ui.trainedInstallButton.connect("clicked(bool)", self.onInstallButton)
        ui.trainingOpenButton.connect("clicked(bool)", self.onOpenButton)
        self.onSplitChosen(0)
        self.showOutcome(None)

    def cleanup(self) -> None:
        """Slicer closes: the training must not outlive it. Features that were measured are kept."""
        self.work.stop()
        self.quiet.stop()

    def update(self, state: PanelState) -> None:
        self.updateButtons()

    def onCollapsed(self, collapsed: bool) -> None:
        """The section was opened or closed. What it needs is looked for when it is seen."""
        if not collapsed:
            self.lookForPackages()

    def lookForPackages(self) -> None:
        """Say what is missing, and how to get it."""
        self._missing = missing_packages()
        self.updateButtons()

    def onPackagesButton(self) -> None:
        """Install what is missing, after Slicer's question."""
        with slicer.util.tryWithErrorDisplay(_("The packages could not be installed.")):
            try:
                ensure_requirements(self.panel.resourcePath("requirements-training.txt"))
            finally:
                self.lookForPackages()

    def onTableButton(self) -> None:
        """Choose the cohort table, and propose a folder beside it where none is named."""
        kinds = _("Tables (*.csv *.tsv *.txt *.xlsx *.parquet)")
        chosen = qt.QFileDialog.getOpenFileName(self.widget, _("Cohort table"), self.ui.trainingTableEdit.text, kinds)
        if not chosen:
            return
        self.ui.trainingTableEdit.text = chosen
        if not self.ui.trainingOutputEdit.text:
            path = Path(chosen)
            self.ui.trainingOutputEdit.text = str(path.with_name(f"{path.stem} training"))

    def onFeaturesButton(self) -> None:
        """Choose a table of features; an empty line means that they are measured in the images."""
        kinds = _("Tables (*.csv *.tsv *.txt *.xlsx *.parquet)")
        title, before = _("Table of features"), self.ui.trainingFeaturesEdit.text
        chosen = qt.QFileDialog.getOpenFileName(self.widget, title, before, kinds)
        if chosen:
            self.ui.trainingFeaturesEdit.text = chosen

    def onOutputButton(self) -> None:
        """Choose the folder of the training."""
        title, before = _("Folder of the training"), self.ui.trainingOutputEdit.text
        chosen = qt.QFileDialog.getExistingDirectory(self.widget, title, before)
        if chosen:
            self.ui.trainingOutputEdit.text = chosen

    def onPathEdit(self) -> None:
        """A path was chosen or typed."""
        self.updateButtons()

    def onSplitChosen(self, position: int) -> None:
        """Another split; two of them want to be told more."""
        edit = self.ui.trainingDetailEdit
        hint = {SITE: _("Sites, with semicolons between them"), DATE: _("First day, such as 2024-01-31")}
        edit.placeholderText = hint.get(SPLITS[position], "")
        edit.visible = SPLITS[position] in hint
        self.ui.trainingDetailLabel.visible = SPLITS[position] in hint

    def order(self) -> TrainingOrder:
        """What is chosen now."""
        ui = self.ui
        features = ui.trainingFeaturesEdit.text.strip()
        return TrainingOrder(
            table=Path(ui.trainingTableEdit.text.strip()),
            out=Path(ui.trainingOutputEdit.text.strip()),
            features=Path(features) if features else None,
            split=SPLITS[max(0, ui.trainingSplitComboBox.currentIndex)],
            detail=ui.trainingDetailEdit.text,
            classifier=CLASSIFIERS[max(0, ui.trainingClassifierComboBox.currentIndex)],
            name=ui.trainingNameEdit.text.strip(),
            demonstration=ui.trainingDemonstrationCheckBox.checked,
        )

    def onStartButton(self) -> None:
        """Begin the training, or go on with it."""
        order = self.order()
        with slicer.util.tryWithErrorDisplay(_("The training could not be started.")):
            ensure_requirements(self.panel.resourcePath("requirements.txt"))
            order.check()
            self.showOutcome(None)
            self.work.start(
                lambda *callbacks: TrainingJob(order, *callbacks, directory=slicer.app.temporaryPath),
                self.showOutcome,
                self.showFailure,
            )

    def showOutcome(self, outcome) -> None:
        """What was made; None: nothing yet."""
        self._outcome = outcome
        self.work.say("")
        showText(self.ui.trainingOutcomeLabel, "" if outcome is None else outcome_text(outcome))
        self.ui.trainedModelsComboBox.clear()
        for folder in () if outcome is None else outcome.bundles.values():
            self.ui.trainedModelsComboBox.addItem(folder.name)
        self.updateButtons()

    def showFailure(self, error: BaseException) -> None:
        """The training ended early, on request or by an error."""
        if isinstance(error, CancelledError):
            self.work.say(_("Stopped. Features that were measured are kept; Train goes on with the others."))
        else:
            self.work.say("")
            slicer.util.errorDisplay(str(error))

    def onInstallButton(self) -> None:
        """Install the chosen model."""
        folders = list(self._outcome.bundles.values())
        self.installer.install(str(folders[max(0, self.ui.trainedModelsComboBox.currentIndex)]))

    def onOpenButton(self) -> None:
        """Let the system open the folder; say where it is if it will not."""
        folder = self._outcome.report.parent
        if not folder.is_dir() or not qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder))):
            slicer.util.errorDisplay(_("This folder could not be opened: {path}").format(path=folder))

    def updateButtons(self) -> None:
        """Enable what can be done now."""
        ui, idle = self.ui, self.work.idle
        showText(ui.trainingPackagesLabel, packagesText(self._missing))
        ui.trainingPackagesButton.visible = bool(self._missing)
        named = bool(ui.trainingTableEdit.text.strip() and ui.trainingOutputEdit.text.strip())
        ui.trainingStartButton.enabled = idle and named and not self._missing
        for widget in (ui.trainedModelsComboBox, ui.trainedInstallButton, ui.trainingOpenButton):
            widget.visible = self._outcome is not None
        ui.trainedInstallButton.enabled = idle and self.quiet.idle


def packagesText(missing) -> str:
    """What is missing and how to get it; empty where nothing is."""
    if not missing:
        return ""
    text = _(
        "Training needs Python packages that are not installed: {packages}. Install them with the button, or in the"
        " Python console with slicer.util.pip_install({console}) and open this section again."
    )
    return text.format(packages=", ".join(missing), console=repr(" ".join(missing)))


def splitText(split: str) -> str:
    """A split of OsteoScreenLib.mrml.training_order in the user's language."""
    return {
        GIVEN: _("As the table says"),
        RANDOM: _("Random, 7:3"),
        SITE: _("By site"),
        DATE: _("By date"),
    }[split]


def classifierText(classifier: str) -> str:
    """A classifier in the user's language."""
    return {
        "forest": _("Random forest"),
        "logistic": _("Logistic regression"),
        "svm": _("Support vector machine"),
        "boosting": _("Gradient boosting"),
    }[classifier]

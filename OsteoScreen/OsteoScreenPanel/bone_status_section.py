"""Bone status: which models are asked, and what they say of each femur."""

from slicer.i18n import tr as _

from OsteoScreenLib.mrml.bone_status_logic import BoneStatusLogic
from OsteoScreenLib.mrml.bone_status_order import ALL, NONE
from OsteoScreenLib.mrml.bone_status_words import HOW_TO_READ, why_none
from OsteoScreenPanel.bone_status_cards import ModelCards
from OsteoScreenPanel.result_section import showText
from OsteoScreenPanel.section import PanelState, Section


class BoneStatusSection(Section):
    """Nothing is calculated here: what the result holds is what is shown."""

    FORM = "BoneStatusSection.ui"

    def setup(self) -> None:
        self.logic = BoneStatusLogic()
        self.cards = ModelCards(self.ui.modelAnswersWidget)
        self._keys = []
        self._choices = {}
        self.ui.statusModelsComboBox.connect("activated(int)", self.onModelsChosen)
        self.modelsChanged()

    def enter(self) -> None:
        """Models may have been installed meanwhile, by the command line."""
        self.modelsChanged()

    def modelsChanged(self) -> None:
        """Read anew which models there are; an update follows."""
        self._choices = {choice.model_id: choice for choice in self.logic.choices()}

    def onModelsChosen(self, position: int) -> None:
        """Other models."""
        self.panel.logic.getParameterNode().statusModels = self._keys[position]
        self.panel.updatePanel()

    def update(self, state: PanelState) -> None:
        self.showChoices(self.panel.logic.getParameterNode().statusModels, state.idle)
        self.showAnswers(state.result)

    def showChoices(self, wanted: str, idle: bool) -> None:
        """What can be asked, what is, and what is to be known of that."""
        box = self.ui.statusModelsComboBox
        keys = [ALL, NONE, *self._choices]
        keys += [] if wanted in keys else [wanted]  # a saved scene may name what is not there any more
        texts = [self.entryText(key) for key in keys]
        if texts != [box.itemText(number) for number in range(box.count)]:
            box.clear()
            for text in texts:
                box.addItem(text)
        self._keys = keys
        box.currentIndex = keys.index(wanted)
        box.enabled = idle
        showText(self.ui.statusModelsLabel, self.noteText(wanted))

    def entryText(self, key: str) -> str:
        """An entry of the box."""
        if key in (ALL, NONE):
            return _("All that you installed") if key == ALL else _("None")
        choice = self._choices.get(key)
        if choice is None:
            return _("{model} (not installed)").format(model=key)
        name = f"{choice.model_id} {choice.version}"
        return _("{model} (demonstration)").format(model=name) if choice.demonstration else name

    def noteText(self, wanted: str) -> str:
        """What is to be known of the models that are asked; empty where nothing."""
        if wanted == ALL and all(choice.only_by_name for choice in self._choices.values()):
            return _("No bone-status model of yours is installed. Install one under Models, or train one.")
        choice = self._choices.get(wanted)
        if choice is not None and choice.demonstration:
            return _("A demonstration: its answers say nothing of a patient.")
        return ""

    def showAnswers(self, result) -> None:
        """Every model that was asked, and why others were not."""
        section = self.logic.section(result)
        showText(self.ui.boneStatusLabel, HOW_TO_READ if section.cards else why_none(result))
        self.cards.show(section.cards)
        showText(self.ui.statusNotesLabel, "\n".join(section.notes))

"""Femora: the segmentation, what outlines it, and which sides it shows."""

from slicer.i18n import tr as _

from OsteoScreenLib.mrml.femur_choices import engine_choices, position_of, source_choices
from OsteoScreenLib.mrml.panel_words import sides_text
from OsteoScreenPanel.section import PanelState, Section


class FemoraSection(Section):
    """The outlines of the femora."""

    FORM = "FemoraSection.ui"

    def setup(self) -> None:
        self.sources, self.engines = source_choices(), engine_choices()
        for choice in self.sources:
            self.ui.sourceComboBox.addItem(entryText(choice))
        for choice in self.engines:
            self.ui.engineComboBox.addItem(entryText(choice))
        self.ui.sourceComboBox.connect("activated(int)", self.onSourceChosen)
        self.ui.engineComboBox.connect("activated(int)", self.onEngineChosen)

    def onSourceChosen(self, position: int) -> None:
        """Another source of outlines."""
        self.panel.logic.getParameterNode().femurSource = self.sources[position].key
        self.panel.updatePanel()

    def onEngineChosen(self, position: int) -> None:
        """Another program that computes the networks."""
        self.panel.logic.getParameterNode().engine = self.engines[position].key
        self.panel.updatePanel()

    def update(self, state: PanelState) -> None:
        self.ui.sidesLabel.text = sides_text(state.result)
        self.ui.sidesLabel.visible = state.result is not None
        self.showChoices(state.idle)

    def showChoices(self, idle: bool) -> None:
        """What the scene remembers of the choices, and what this machine lacks for them."""
        remembered = self.panel.logic.getParameterNode()
        source = position_of(remembered.femurSource, self.sources)
        engine = position_of(remembered.engine, self.engines)
        by_networks = source == 0
        self.ui.sourceComboBox.currentIndex = source
        self.ui.engineComboBox.currentIndex = engine
        self.ui.sourceComboBox.enabled = idle
        self.ui.engineComboBox.enabled = idle and by_networks
        missing = self.engines[engine].missing if by_networks else self.sources[source].missing
        self.ui.missingLabel.text = missing
        self.ui.missingLabel.visible = bool(missing)


def entryText(choice) -> str:
    """A choice in the user's language; a name of a program is the same in all of them."""
    names = {
        "vbnet": _("OsteoScreen's networks"),
        "totalsegmentator": "TotalSegmentator",
        "auto": _("Automatic"),
        "onnxruntime": "ONNX Runtime",
        "openvino": "OpenVINO",
    }
    name = names.get(choice.key, choice.key)
    return _("{name} (not ready on this machine)").format(name=name) if choice.missing else name

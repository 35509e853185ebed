"""CaseRunner: screens, checks and re-scores the chosen volume beside the window, and shows what was found."""

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic
from OsteoScreenLib.mrml.measures_table import result_for_volume
from OsteoScreenLib.mrml.panel_words import changes_text
from OsteoScreenLib.mrml.requirements import ensure_requirements


class CaseRunner:
    """What the buttons of several sections start.

    Args:
        panel: the :class:`OsteoScreenWidget`.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel

    def screen(self) -> None:
        """Check the scan, outline the femora and measure them."""
        self._start(lambda state: FemurSegmentationLogic().segmenter)

    def check(self) -> None:
        """Check the scan only."""
        self._start(lambda state: None)

    def rescore(self) -> None:
        """Measure the segments as they are now."""
        self._start(lambda state: self.panel.logic.segmenterOf(state.nodes.segmentation, state.volumeNode))

    def _start(self, segmenterFor: Callable[[Any], Any]) -> None:
        state, logic = self.panel.state(), self.panel.logic
        volumeNode = state.volumeNode
        with slicer.util.tryWithErrorDisplay(_("The scan could not be screened.")):
            ensure_requirements(self.panel.resourcePath("requirements.txt"))
            try:
                segmenter = segmenterFor(state)
                ct = logic.read(volumeNode)
            except Exception:
                logic.forget(volumeNode, state.nodes)
                self.panel.updatePanel()
                raise
            self.panel.work.start(
                lambda *callbacks: BackgroundJob(
                    lambda progress, cancelled: logic.compute(ct, segmenter, progress, cancelled), *callbacks
                ),
                lambda case: self._show(case, volumeNode),
                lambda error: self._showFailure(error, volumeNode),
            )

    def _show(self, case: Any, volumeNode: Any) -> None:
        """Put what was found into the scene, unless the volume is gone."""
        if volumeNode.GetScene() is None:
            self.panel.work.say(_("The volume was removed from the scene while it was screened."))
            return
        nodes = self.panel.state().nodes
        before = result_for_volume(nodes.measures, volumeNode)
        self.panel.setNodes(self.panel.logic.showCase(case, volumeNode, nodes))
        self.panel.work.say(changes_text(before, case.result))

    def _showFailure(self, error: BaseException, volumeNode: Any) -> None:
        """The work ended early: on request, the scene is as it was; by an error, no old answer stands."""
        if not isinstance(error, CancelledError) and volumeNode.GetScene() is not None:
            self.panel.logic.forget(volumeNode, self.panel.state().nodes)
        self.panel.work.showFailure(error)

"""CaseRunner: screens, checks and re-scores the chosen volume in a process of its own, and shows what was found."""

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.bone_status_order import BoneStatusOrder
from OsteoScreenLib.mrml.child_screening import ChildScreening
from OsteoScreenLib.mrml.density_order import DensityOrder
from OsteoScreenLib.mrml.femur_choices import engine_choices, position_of, source_choices
from OsteoScreenLib.mrml.requirements import ensure_requirements
from OsteoScreenLib.mrml.screening_files import CHECKS_ONLY, ScreeningOrder
from OsteoScreenLib.mrml.segmentation_node import read_masks
from OsteoScreenPanel.density_section import densityOrderOf


class CaseRunner:
    """What the buttons of several sections start.

    Args:
        panel: the :class:`OsteoScreenWidget`.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel

    def screen(self) -> None:
        """Check the scan, outline the femora and measure them."""
        self._start(self._chosen)

    def check(self) -> None:
        """Check the scan only."""
        self._start(lambda state: ScreeningOrder(CHECKS_ONLY))

    def rescore(self) -> None:
        """Measure the segments as they are now."""
        self._start(
            lambda state: ScreeningOrder(
                "given",
                labels=read_masks(state.nodes.segmentation, state.volumeNode),
                density=self.densityOrder(state),
                models=self.statusOrder(),
            )
        )

    def _chosen(self, state: Any) -> ScreeningOrder:
        """Networks or another source, as the user chose; a saved scene may name what is not there any more."""
        remembered, sources, engines = self.panel.logic.getParameterNode(), source_choices(), engine_choices()
        return ScreeningOrder(
            sources[position_of(remembered.femurSource, sources)].key,
            engine=engines[position_of(remembered.engine, engines)].key,
            density=self.densityOrder(state),
            models=self.statusOrder(),
        )

    def densityOrder(self, state: Any) -> DensityOrder:
        """What the user knows of the patient and wants of bone density; a file that cannot be used is an error."""
        order = densityOrderOf(self.panel.logic.getParameterNode(), state.volumeNode)
        order.options()
        return order

    def statusOrder(self) -> BoneStatusOrder:
        """The bone-status models to ask; one that is not installed here is an error."""
        order = BoneStatusOrder(self.panel.logic.getParameterNode().statusModels)
        order.check()
        return order

    def _start(self, orderFor: Callable[[Any], ScreeningOrder]) -> None:
        state, logic = self.panel.state(), self.panel.logic
        volumeNode = state.volumeNode
        with slicer.util.tryWithErrorDisplay(_("The scan could not be screened.")):
            ensure_requirements(self.panel.resourcePath("requirements.txt"))
            try:
                order = orderFor(state)
                ct = logic.read(volumeNode)
            except Exception:
                logic.forget(volumeNode, state.nodes)
                self.panel.updatePanel()
                raise
            self.panel.work.start(
                lambda *callbacks: ChildScreening(ct, order, *callbacks, directory=slicer.app.temporaryPath),
                lambda case: self._show(case, volumeNode),
                lambda error: self._showFailure(error, volumeNode),
            )

    def _show(self, case: Any, volumeNode: Any) -> None:
        """Put what was found into the scene, unless the volume is gone."""
        if volumeNode.GetScene() is None:
            self.panel.work.say(_("The volume was removed from the scene while it was screened."))
            return
        nodes = self.panel.state().nodes
        self.panel.setNodes(self.panel.logic.showCase(case, volumeNode, nodes))
        self.panel.work.say("")
        self.panel.views.afterWork(case.result)

    def _showFailure(self, error: BaseException, volumeNode: Any) -> None:
        """The work ended early: on request, the scene is as it was; by an error, no old answer stands."""
        if not isinstance(error, CancelledError) and volumeNode.GetScene() is not None:
            self.panel.logic.forget(volumeNode, self.panel.state().nodes)
        self.panel.work.showFailure(error)

"""What Slicer sets up around a scene in C++: logics of its modules, items of the subject hierarchy."""

from __future__ import annotations

import tempfile
from types import SimpleNamespace
from typing import Any

LOGICS = {
    "Colors": "vtkSlicerColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
}


class Scene:
    """A real scene with real logics.

    Attributes:
        scene: ``vtkMRMLScene``.
        modules: what ``slicer.modules`` holds: each with ``logic()``.
    """

    def __init__(self) -> None:
        import slicer
        import vtk

        self.scene = slicer.vtkMRMLScene()
        self.temporary = tempfile.TemporaryDirectory(prefix="slicer-host-")
        self.application = slicer.vtkSlicerApplicationLogic()
        self.application.SetTemporaryPath(self.temporary.name)
        self.application.SetMRMLScene(self.scene)
        self.application.SetSliceLogics(vtk.vtkCollection())
        self.application.SetViewLogics(vtk.vtkCollection())
        self._keep_files_of_bundles()
        self.modules = SimpleNamespace()
        for name, kind in LOGICS.items():
            logic = getattr(slicer, kind)()
            logic.SetMRMLApplicationLogic(self.application)
            logic.SetMRMLScene(self.scene)
            self.application.SetModuleLogic(name, logic)
            setattr(self.modules, name.lower(), SimpleNamespace(logic=lambda logic=logic: logic))
        self._follow_nodes()

    def close(self) -> None:
        """Let the logic of the colours take its nodes out of the scene while all others are alive.

        It does so when it goes at the latest. Python lets go of the logics in any order when a process ends, and it
        would then call some that are gone.
        """
        self.modules.colors.logic().SetMRMLScene(None)
        self.temporary.cleanup()  # a worker that is ended would leave it

    def _keep_files_of_bundles(self) -> None:
        """A scene bundle (.mrb) is read and written through a cache."""
        import slicer

        self._cache, self._io = slicer.vtkCacheManager(), slicer.vtkDataIOManager()
        self._cache.SetRemoteCacheDirectory(self.temporary.name)
        self._io.SetCacheManager(self._cache)
        self._io_logic = slicer.vtkDataIOManagerLogic()
        self._io_logic.SetMRMLApplicationLogic(self.application)
        self._io_logic.SetAndObserveDataIOManager(self._io)
        self.scene.SetDataIOManager(self._io)

    def _follow_nodes(self) -> None:
        """Slicer's subject hierarchy plugins give each data node an item."""
        import slicer
        import vtk

        def added(caller: Any, event: str, node: Any) -> None:
            hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.scene)
            wanted = node is not None and node.IsA("vtkMRMLDisplayableNode") and not node.GetHideFromEditors()
            if wanted and not self.scene.IsImporting() and not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

        added.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]
        self.scene.AddObserver(self.scene.NodeAddedEvent, added)

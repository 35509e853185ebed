"""The views of a layout, drawn off screen: real slice and 3D nodes, logics and displayable managers, no window."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from slicer_host.pythonqt import wrap
from slicer_host.slice_widget import qMRMLSliceWidget

if sys.platform.startswith("linux"):
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # there may be no X server

OF_SLICES = (
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
)
OF_3D = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
)
SKY = ((0.45, 0.47, 0.74), (0.76, 0.76, 0.91))
"""Colours of a 3D view, bottom and top."""


class Views:
    """Slicer's layout over a real scene; ``slicer.app.layoutManager()`` gives it.

    Slicer's own layout logic makes the slice and view nodes. Each slice node gets a real ``vtkMRMLSliceLogic``, and
    with it a composite node; pictures are drawn by Slicer's own displayable managers only when asked for.

    Args:
        around: the :class:`Scene` of the host.
    """

    def __init__(self, around: Any) -> None:
        import slicer

        self._around = around
        self._layout = slicer.vtkMRMLLayoutLogic()
        self._layout.SetMRMLApplicationLogic(around.application)
        self._layout.SetMRMLScene(around.scene)
        self._slices: dict[str, Any] = {}
        self._widgets: dict[str, qMRMLSliceWidget] = {}
        self._drawn: dict[str, _View] = {}
        self._cameras = slicer.vtkSlicerCamerasModuleLogic()
        self._cameras.SetMRMLApplicationLogic(around.application)
        self._cameras.SetMRMLScene(around.scene)
        self.setLayout(int(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView))
        self._add_slice_logics()

    @property
    def layout(self) -> int:
        return int(self._layout.GetLayoutNode().GetViewArrangement())

    def setLayout(self, layout: int) -> None:
        self._layout.GetLayoutNode().SetViewArrangement(layout)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> Any:
        """The widget of a slice view; what it does not know raises AttributeError."""
        if name not in self._widgets:
            self._widgets[name] = qMRMLSliceWidget(self._slices[name])
        return wrap(self._widgets[name])

    def mrmlSliceLogics(self) -> Any:
        """The logics of the slice views, a ``vtkCollection``."""
        return self._around.application.GetSliceLogics()

    def show(self, volume: Any) -> None:
        """Show a volume in every slice view, as Slicer does with one that was just loaded."""
        selection = self._around.application.GetSelectionNode()
        selection.SetActiveVolumeID(volume.GetID())
        self._around.application.PropagateVolumeSelection(1)

    def draw_slice(self, name: str, path: Path, size: tuple[int, int]) -> None:
        """Write a slice view as a PNG of so many pixels (width, height)."""
        if name not in self._drawn:
            self._drawn[name] = _SliceView(self._slices[name], self._around.application)
        self._drawn[name].write(path, size)

    def draw_3d(self, path: Path, size: tuple[int, int]) -> None:
        """Write the first 3D view as a PNG of so many pixels (width, height)."""
        self.open_3d()
        self._drawn["3D"].write(path, size)

    def open_3d(self) -> None:
        """Make the 3D view, and with it its camera, as Slicer does when its window opens."""
        if "3D" not in self._drawn:
            node = self._around.scene.GetFirstNodeByClass("vtkMRMLViewNode")
            self._drawn["3D"] = _View3D(node, self._around.application)

    def _add_slice_logics(self) -> None:
        import slicer

        scene, application = self._around.scene, self._around.application
        for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
            node = scene.GetNthNodeByClass(number, "vtkMRMLSliceNode")
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(application)
            logic.SetMRMLScene(scene)
            logic.SetSliceNode(node)
            application.GetSliceLogics().AddItem(logic)
            self._slices[node.GetLayoutName()] = logic


class _View:
    """A render window that is never shown, with the displayable managers of one view node."""

    def __init__(self) -> None:
        import vtk

        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.renderer = vtk.vtkRenderer()
        self.window.AddRenderer(self.renderer)
        self.window.SetMultiSamples(4)
        self._interactor = vtk.vtkRenderWindowInteractor()
        self._interactor.SetRenderWindow(self.window)
        self._interactor.EnableRenderOff()
        self._interactor.Initialize()
        self._group: Any = None

    def add_managers(self, factory: Any, names: tuple[str, ...], node: Any, application: Any) -> None:
        import slicer

        factory.SetMRMLApplicationLogic(application)
        for name in names:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.SetRenderer(self.renderer)
        self._group.Initialize(factory, self.renderer)
        self._group.SetMRMLDisplayableNode(node)

    def prepare(self, size: tuple[int, int]) -> None:
        """What a view must do before it is drawn at a size."""

    def write(self, path: Path, size: tuple[int, int]) -> None:
        import vtk

        self.window.SetSize(*size)
        self.prepare(size)
        self.window.Render()
        pixels = vtk.vtkWindowToImageFilter()
        pixels.SetInput(self.window)
        pixels.ReadFrontBufferOff()
        writer = vtk.vtkPNGWriter()
        writer.SetInputConnection(pixels.GetOutputPort())
        writer.SetFileName(str(path))
        writer.Write()


class _SliceView(_View):
    """A slice view: the pixels that its logic makes of the volumes, and what the managers draw on them."""

    def __init__(self, logic: Any, application: Any) -> None:
        import slicer
        import vtk

        super().__init__()
        self._logic = logic
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        self._pixels = vtk.vtkActor2D()
        self._pixels.SetMapper(mapper)
        self._pixels.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(self._pixels)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self.add_managers(factory, OF_SLICES, logic.GetSliceNode(), application)

    def prepare(self, size: tuple[int, int]) -> None:
        node = self._logic.GetSliceNode()
        if tuple(node.GetDimensions()[:2]) != size:
            self._logic.ResizeSliceNode(*size)
        self._logic.UpdatePipeline()
        source = self._logic.GetImageDataConnection()
        self._pixels.SetVisibility(source is not None)
        self._pixels.GetMapper().SetInputConnection(source)


class _View3D(_View):
    """A 3D view without its box."""

    def __init__(self, node: Any, application: Any) -> None:
        import slicer

        super().__init__()
        node.SetBoxVisible(0)
        node.SetAxisLabelsVisible(0)
        self.renderer.SetBackground(*SKY[0])
        self.renderer.SetBackground2(*SKY[1])
        self.renderer.SetGradientBackground(True)
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self.add_managers(factory, OF_3D, node, application)

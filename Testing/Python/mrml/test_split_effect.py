"""The Segment Editor effect "Split proximal femur", played by clicks on real MRML in the test host."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from factory.editor_case import BOXES, N_VOXELS, EditorCase, labels_of
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.mrml import femur_split

pytestmark = IN_THE_HOST

REGIONS = ("head", "neck", "trochanteric", "intertrochanteric", "shaft")


@pytest.fixture
def case(host: Any, repository: Path) -> Any:
    case = EditorCase(host, repository)
    yield case
    case.close()


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """In place of the geometry: the mask in five slabs from top to bottom. Holds what it was called with."""
    calls: list[Any] = []

    def split(mask: np.ndarray, geometry: Any, side: str) -> Any:
        calls.append(SimpleNamespace(mask=mask, geometry=geometry, side=side))
        z = np.flatnonzero(mask.any(axis=(1, 2)))[::-1]
        labels = np.zeros(mask.shape, np.uint8)
        for number, part in enumerate(np.array_split(z, 5), start=1):
            labels[part] = number * mask[part]
        return SimpleNamespace(labels=labels, incomplete={})

    monkeypatch.setattr(femur_split, "own_splitter", lambda: split)
    return calls


def add_femur(case: EditorCase, side: str = "left", name: str = "Left femur") -> str:
    """A segment that holds a box."""
    from OsteoScreenLib.mrml.segment_labelmap import write_modifier

    segment_id = case.add_segment(name)
    effect = case.editor.effectByName("SplitProximalFemur")
    modifier = effect.defaultModifierLabelmap()
    write_modifier(labels_of(side) > 0, case.volume, case.segmentation, modifier)
    effect.modifySelectedSegmentByLabelmap(modifier, effect.ModificationModeSet)
    return segment_id


def split(case: EditorCase) -> Any:
    """Click on the effect and on Split; the effect."""
    effect = case.choose("SplitProximalFemur")
    case.host.click(effect.ui.applyButton)
    return effect


def test_a_femur_becomes_five_segments_and_stays_itself(case, slices):
    femur = add_femur(case)
    effect = split(case)
    regions = [f"{femur}_{region}" for region in REGIONS]
    assert case.ids() == [femur, *regions]
    assert [case.name(segment_id) for segment_id in regions] == [f"Left femur: {region}" for region in REGIONS]
    masks = [case.mask(segment_id) for segment_id in regions]
    assert np.array_equal(np.sum(masks, axis=0), labels_of("left") > 0)  # each voxel in one region
    assert [np.argwhere(mask)[:, 0].mean() for mask in masks] == sorted(
        (np.argwhere(mask)[:, 0].mean() for mask in masks), reverse=True
    )
    assert case.mask(femur).sum() == N_VOXELS
    assert effect.ui.statusLabel.text == "5 regions."
    assert [call.side for call in slices] == ["left"]


def test_the_regions_are_coded_by_structure_and_side(case, slices):
    import slicer
    import vtk

    femur = add_femur(case, "right", "Right femur")
    split(case)
    for region, code in (("head", "2812003"), ("neck", "29627003"), ("shaft", "41111004")):
        tag = vtk.reference("")
        segment = case.segmentation.GetSegmentation().GetSegment(f"{femur}_{region}")
        assert segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), tag)
        assert f"SCT^{code}^" in str(tag)
        assert "SCT^24028007^Right" in str(tag)


def test_undo_takes_the_regions_back_and_redo_brings_them_again(case, slices):
    femur = add_femur(case)
    split(case)
    case.host.click(case.button("UndoButton"))
    assert case.ids() == [femur]
    assert case.mask(femur).sum() == N_VOXELS
    case.host.click(case.button("RedoButton"))
    assert case.ids() == [femur, *(f"{femur}_{region}" for region in REGIONS)]
    assert case.mask(f"{femur}_neck").any()


def test_a_second_split_replaces_the_regions_of_the_first(case, slices):
    femur = add_femur(case)
    split(case)
    case.editor.setCurrentSegmentID(femur)
    split_again = case.editor.activeEffect().self()
    case.host.click(split_again.ui.applyButton)
    assert len(case.ids()) == 6


def test_the_side_is_asked_for_where_the_segment_does_not_say_it(case, slices):
    add_femur(case, "right", "Bone")
    effect = split(case)
    assert "does not say whether it is the left or the right femur" in case.host.dialogs[0][1]
    assert len(case.ids()) == 1
    case.host.choose(effect.ui.sideSelector, "right")
    case.host.click(effect.ui.applyButton)
    assert [call.side for call in slices] == ["right"]
    assert len(case.ids()) == 6


def test_the_mask_comes_with_its_place_in_the_patient(case, slices):
    import vtk

    transform = case.host.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, 30.0)
    transform.SetMatrixTransformToParent(matrix)
    case.segmentation.SetAndObserveTransformNodeID(transform.GetID())
    case.volume.SetAndObserveTransformNodeID(transform.GetID())
    add_femur(case)
    split(case)
    (call,) = slices
    assert np.array_equal(call.mask, labels_of("left") > 0)  # on the whole scan's grid
    z, y, x = (part.start for part in BOXES["left"])
    assert call.geometry.to_physical((x, y, z)) == pytest.approx((-147.5 + 5 * x, -100 + 5 * y, -60 + 5 * z + 30))


def test_an_empty_segment_and_a_form_that_is_no_femur_are_told_in_words(case):
    case.add_segment("Left femur")
    split(case)
    assert "The segment is empty" in case.host.dialogs[0][1]
    case.host.click(case.button("RemoveButton"))
    add_femur(case)
    case.host.click(case.editor.activeEffect().self().ui.applyButton)
    assert "No region of 'Left femur' could be told." in case.host.dialogs[1][1]
    assert len(case.ids()) == 1


def test_a_segmentation_under_a_shear_is_refused(case, slices):
    import vtk

    add_femur(case)
    transform = case.host.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 1, 0.5)
    transform.SetMatrixTransformToParent(matrix)
    case.segmentation.SetAndObserveTransformNodeID(transform.GetID())
    split(case)
    assert "changes its form" in case.host.dialogs[0][1]
    assert slices == []


def test_the_femur_of_a_digital_patient_is_split_by_the_real_geometry(host, repository):
    from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient
    from OsteoScreenLib.phantom.labels import LABEL
    from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

    patient = make_digital_patient(draw_patient(1), spacing_xyz_mm=(3.0, 3.0, 3.0), with_truth=False)
    labels = np.select([patient.labels == LABEL["femur_left"], patient.labels == LABEL["femur_right"]], [1, 2])
    present = FemurFinding("present")
    masks = FemurMasks(labels.astype(np.uint8), {"left": present, "right": present}, "given")
    case = EditorCase(host, repository, patient.ct)
    FemurSegmentationLogic().show(masks, case.volume, case.segmentation)
    for side in ("left", "right"):
        case.editor.setCurrentSegmentID(f"femur_{side}")
        effect = case.editor.effectByName("SplitProximalFemur")
        case.editor.setActiveEffect(effect)
        host.pump()
        host.click(effect.self().ui.applyButton)
        volumes = {region: case.mask(f"femur_{side}_{region}").sum() * 0.027 for region in REGIONS}
        assert all(volume > 1.0 for volume in volumes.values()), volumes
        heights = {region: np.argwhere(case.mask(f"femur_{side}_{region}"))[:, 0].mean() for region in REGIONS}
        assert heights["head"] > heights["neck"] > heights["intertrochanteric"] > heights["shaft"]
    assert host.dialogs == []
    case.close()

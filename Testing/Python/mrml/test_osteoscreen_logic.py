"""The logic checks a volume node on a real scene, synchronously and without a window."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, InputError
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.pipeline import screen

pytestmark = pytest.mark.needs_module("slicer")


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body()


@pytest.fixture
def body_node(body, new_node):
    node = new_node("vtkMRMLScalarVolumeNode", "Geometric body")
    write_volume_node(body, node)
    return node


def codes(result: CaseResult) -> list[tuple[str, Severity]]:
    return [(flag.code, flag.severity) for flag in result.quality]


def test_the_scene_gives_the_flags_that_the_same_voxels_give_outside_it(body, body_node):
    outside = screen(body, "body").result
    inside = OsteoScreenLogic().check(body_node)
    assert codes(inside) == codes(outside)
    assert inside.geometry == body.geometry


def test_the_result_is_named_after_the_node_and_can_be_written(body_node):
    result = OsteoScreenLogic().check(body_node)
    written = json.loads(result.to_json())
    assert result.case_id == "Geometric_body"
    assert written["input"]["kind"] == "scene"
    assert written["input"]["sha256"] is None


def test_checking_leaves_the_node_as_it_was(body, body_node):
    import slicer.util

    before = body_node.GetMTime()
    OsteoScreenLogic().check(body_node)
    assert body_node.GetMTime() == before
    assert np.array_equal(slicer.util.arrayFromVolume(body_node), body.hu)


def test_a_volume_of_air_is_withheld_and_the_geometric_body_is_not_for_that_reason(body, body_node, new_node):
    from dataclasses import replace

    air = new_node("vtkMRMLScalarVolumeNode", "air")
    write_volume_node(replace(body, hu=np.full_like(body.hu, -1000)), air)
    withheld = OsteoScreenLogic().check(air)
    reasons_of_body = OsteoScreenLogic().check(body_node).reasons
    assert withheld.withheld
    assert not set(withheld.reasons) & set(reasons_of_body)


def test_the_flags_arrive_in_the_table_one_row_each(body_node, new_node):
    logic = OsteoScreenLogic()
    table = new_node("vtkMRMLTableNode", "flags")
    result = logic.check(body_node)
    logic.writeFlagsTable(result, table, body_node)
    assert [table.GetCellText(row, 2) for row in range(table.GetNumberOfRows())] == [f.code for f in result.quality]
    assert table.GetNumberOfRows() == len(result.quality) > 0
    logic.clearFlagsTable(table)
    assert table.GetNumberOfRows() == 0


def test_progress_ends_at_one_and_a_request_to_stop_is_obeyed(body_node):
    told: list[float] = []
    OsteoScreenLogic().check(body_node, progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(CancelledError):
        OsteoScreenLogic().check(body_node, cancelled=lambda: True)


def test_no_volume_is_an_error_with_a_next_step():
    with pytest.raises(InputError) as refused:
        OsteoScreenLogic().check(None)
    assert refused.value.code == "no_volume"
    assert refused.value.next_step


def test_the_logic_uses_neither_dialogs_nor_widgets(body_node):
    OsteoScreenLogic().check(body_node)
    assert not {"qt", "ctk", "PythonQt"} & sys.modules.keys()


@pytest.mark.parametrize("case", ["STS_036", "STS_012"])
def test_a_real_ct_loaded_by_slicer_equals_simpleitks_reading_of_the_same_file(case, shared_data: Path, load):
    import SimpleITK as sitk

    from OsteoScreenLib.mrml.volume import volume_from_node

    path = shared_data / "hip_ct" / f"{case}_CT.nii.gz"
    if not path.is_file():
        pytest.skip(f"the shared data lack {path.name}")
    read = sitk.ReadImage(str(path))
    ct = volume_from_node(load(path))
    voxels = sitk.GetArrayFromImage(read)
    origin, direction = read.GetOrigin(), np.array(read.GetDirection()).reshape(3, 3)
    if np.linalg.det(direction) < 0:  # Slicer turns the slices of a left-handed image around as it loads it
        origin = read.TransformIndexToPhysicalPoint((0, 0, read.GetSize()[2] - 1))
        voxels, direction = voxels[::-1], direction * [1, 1, -1]
    assert np.array_equal(ct.hu, voxels)
    np.testing.assert_allclose(ct.geometry.spacing_xyz_mm, read.GetSpacing(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(ct.geometry.origin_lps_mm, origin, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ct.geometry.matrix, direction, rtol=0, atol=1e-12)

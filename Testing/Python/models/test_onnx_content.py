"""The look into an ONNX file: self-contained networks pass, others do not, broken ones end in an error."""

from __future__ import annotations

import time

import pytest
from factory.networks import MINIMAL, SmallNetwork, with_external_weights
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models import onnx_content
from OsteoScreenLib.models.onnx_content import check_onnx

with_onnx = pytest.mark.needs_module("onnx")


def code_of(data: bytes) -> str | None:
    try:
        check_onnx(data, "a.onnx")
    except ModelError as error:
        return error.code
    return None


def field(number: int, content: bytes) -> bytes:
    """A field with bytes, shorter than 128."""
    return bytes([number << 3 | 2]) + bytes([len(content)]) + content


@with_onnx
@pytest.mark.parametrize("half", [False, True])
def test_a_self_contained_network_passes(half: bool) -> None:
    assert code_of(SmallNetwork.drawn().onnx(half=half)) is None
    assert code_of(MINIMAL) is None


@with_onnx
def test_weights_in_another_file_are_found() -> None:
    assert code_of(with_external_weights(SmallNetwork.drawn().onnx(), "../x")) == "unsafe_network"


@with_onnx
def test_weights_in_another_file_are_found_in_attributes_and_in_graphs_within_graphs() -> None:
    from onnx import TensorProto, helper

    tensor = TensorProto(data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    inner = helper.make_graph([constant], "inner", [], [])
    branch = helper.make_node("If", ["flag"], ["o"], then_branch=inner, else_branch=inner)
    for node in (constant, branch):
        assert (
            code_of(helper.make_model(helper.make_graph([node], "g", [], [])).SerializeToString()) == "unsafe_network"
        )
    tensor.ClearField("data_location")
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    assert code_of(helper.make_model(helper.make_graph([constant], "g", [], [])).SerializeToString()) is None


@with_onnx
def test_operators_that_are_not_part_of_onnx_are_found() -> None:
    assert code_of(SmallNetwork.drawn().onnx(domain="com.example")) == "unsafe_network"
    assert code_of(SmallNetwork.drawn().onnx(domain="com.microsoft")) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"not a network", b"\x80\x04\x95pickle", MINIMAL[:1], b"\x3a\x05\x00", b"\xff" * 40, b"\x38\x01", bytes(2)],
)
def test_what_is_no_network_is_called_damaged(data: bytes) -> None:
    assert code_of(data) == "damaged"


@with_onnx
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_network_that_is_cut_off_is_called_damaged(part: float) -> None:
    data = SmallNetwork.drawn().onnx()
    assert code_of(data[: int(part * len(data))]) == "damaged"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(data: bytes) -> None:
    assert code_of(data) in (None, "damaged", "unsafe_network")
    assert code_of(MINIMAL + data) in (None, "damaged", "unsafe_network")


def test_graphs_in_graphs_without_end_are_refused() -> None:
    data = b""
    for _ in range(9):
        data = field(1, field(5, field(6, data)))  # graph <- attribute <- node
    assert code_of(field(7, data)) == "damaged"
    assert code_of(field(7, field(1, field(5, field(6, b""))))) is None


def test_fields_without_end_are_refused_soon(monkeypatch) -> None:
    monkeypatch.setattr(onnx_content, "MAX_FIELDS", 100_000)
    started = time.perf_counter()
    assert code_of(b"\x08\x01" * 500_000) == "damaged"
    assert time.perf_counter() - started < 5

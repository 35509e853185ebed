"""A look into an ONNX file before an engine opens it: it must bring all its numbers with it and no foreign operators.

ONNX may keep weights in other files and name those by path. An engine would follow that path, so a hostile network
could make it read any file of the user's. This reads only the structure (protocol buffers' wire format: a sequence of
numbered fields), never the weights. Field numbers: onnx.proto of the ONNX project, IR version 3 and later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

from OsteoScreenLib.errors import ModelError

MAX_FIELDS = 1_000_000
"""Own choice: the networks of this project have about ten thousand; parsing as many as this takes a second or two."""
MAX_DEPTH = 24
KNOWN_DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml", b"com.microsoft"})

# What is looked into: (message, field number) -> message of that field.
_INSIDE: Mapping[tuple[str, int], str] = {
    ("model", 7): "graph",
    ("model", 25): "function",
    ("model", 20): "training",
    ("training", 1): "graph",
    ("training", 2): "graph",
    ("graph", 1): "node",
    ("graph", 5): "tensor",
    ("graph", 15): "sparse",
    ("function", 7): "node",
    ("function", 11): "attribute",
    ("node", 5): "attribute",
    ("attribute", 5): "tensor",
    ("attribute", 6): "graph",
    ("attribute", 10): "tensor",
    ("attribute", 11): "graph",
    ("attribute", 22): "sparse",
    ("attribute", 23): "sparse",
    ("sparse", 1): "tensor",
    ("sparse", 2): "tensor",
}
_EXTERNAL_DATA, _DATA_LOCATION, _NODE_DOMAIN = ("tensor", 13), ("tensor", 14), ("node", 7)
_ADVICE = "Ask the maker of the model for a self-contained ONNX file."


def check_onnx(data: bytes, name: str) -> None:
    """Check that a network is self-contained and uses operators that engines bring along.

    Args:
        data: content of the ONNX file.
        name: of the file, for the message.

    Raises:
        ModelError: ``unsafe_network`` (weights in other files, unknown operators) or ``damaged``.
    """
    waiting = [("model", 0, len(data), 0)]
    count, graphs = 0, 0
    while waiting:
        message, start, end, depth = waiting.pop()
        graphs += message == "graph"
        if depth > MAX_DEPTH:
            _damaged(name)
        for field, value, first, last in _fields(data, start, end, name):
            count += 1
            if count > MAX_FIELDS:
                _damaged(name)
            key = (message, field)
            if key == _EXTERNAL_DATA or (key == _DATA_LOCATION and value != 0):
                _unsafe(name, "keeps its weights in another file")
            if key == _NODE_DOMAIN and data[first:last] not in KNOWN_DOMAINS:
                _unsafe(name, "uses operators that are not part of ONNX")
            if key in _INSIDE:
                if value is not None:
                    _damaged(name)
                waiting.append((_INSIDE[key], first, last, depth + 1))
    if graphs == 0:
        _damaged(name)


def _fields(data: bytes, position: int, end: int, name: str) -> Iterator[tuple[int, int | None, int, int]]:
    """The fields of a message: number, value (None for a field with bytes), and where its bytes lie."""
    while position < end:
        key, position = _varint(data, position, end, name)
        field, kind = key >> 3, key & 7
        value: int | None = None
        first = position
        if kind == 0:
            value, position = _varint(data, position, end, name)
        elif kind in (1, 5):
            value, position = 0, position + (8 if kind == 1 else 4)
        elif kind == 2:
            size, first = _varint(data, position, end, name)
            position = first + size
        else:
            _damaged(name)
        if field == 0 or position > end:
            _damaged(name)
        yield field, value, first, position


def _varint(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """An integer of up to ten bytes, seven bits in each, and the position behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            _damaged(name)
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    _damaged(name)


def _damaged(name: str) -> NoReturn:
    raise ModelError("This is not an ONNX network, or a damaged one", path=name, next_step=_ADVICE, code="damaged")


def _unsafe(name: str, what: str) -> NoReturn:
    raise ModelError(f"The network {what}; it was not opened", path=name, next_step=_ADVICE, code="unsafe_network")

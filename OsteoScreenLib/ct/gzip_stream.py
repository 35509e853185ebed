"""Unpacking gzip into memory that is there already.

In large pieces: after each, a thread must wait for whichever other one holds Python's lock.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

import numpy as np

_PACKED_BYTES, _PART_BYTES = 1 << 19, 1 << 20
_WITH_GZIP_HEADER = 31


def unpack(stream: BinaryIO, content: np.ndarray) -> int:
    """Unpack a gzip stream of one member or more into an array of bytes, and no further.

    Where the array holds all that is there, the checksum is met too.

    Returns:
        How many bytes were found.

    Raises:
        EOFError: the stream ends within a member. zlib.error: it is damaged, or is no gzip stream.
    """
    found, packed, member = 0, b"", zlib.decompressobj(_WITH_GZIP_HEADER)
    begun = False
    while True:
        packed = packed or stream.read(_PACKED_BYTES)
        if not packed:
            if begun:
                raise EOFError("the stream ends within a member")
            return found
        begun = True
        part = member.decompress(packed, max(1, min(_PART_BYTES, len(content) - found)))
        if len(part) > len(content) - found:
            return found  # there is more than was asked for
        content[found : found + len(part)] = np.frombuffer(part, dtype=np.uint8)
        found += len(part)
        packed = member.unconsumed_tail
        if member.eof:
            packed = _without_padding(member.unused_data, stream)
            member, begun = zlib.decompressobj(_WITH_GZIP_HEADER), False


def _without_padding(rest: bytes, stream: BinaryIO) -> bytes:
    """What follows a member, less the zeros that some programs pad with."""
    rest = rest.lstrip(b"\0")
    while not rest and (more := stream.read(_PACKED_BYTES)):
        rest = more.lstrip(b"\0")
    return rest

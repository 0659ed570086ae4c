"""A film of JPEG pictures in an AVI file, which players know without a codec of their own."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["film"]

_HAS_INDEX = _KEY_FRAME = 0x10


def film(pictures: Sequence[bytes], width: int, height: int, fps: float) -> bytes:
    """Join JPEG pictures of one size to a film.

    Parameters
    ----------
    pictures
        JPEG files.
    width, height
        Of each in pixels.
    fps
        Pictures per second.

    Source: Microsoft, "AVI RIFF file reference", with an index as of AVI 1.0.
    """
    count, largest = len(pictures), max(map(len, pictures))
    main = struct.pack(
        "<14I", round(1e6 / fps), round(largest * fps), 0, _HAS_INDEX, count, 0, 1, largest, width,
        height, 0, 0, 0, 0,
    )  # fmt: skip
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H", b"vids", b"MJPG", 0, 0, 0, 0, 1000, round(1000 * fps), 0, count,
        largest, 0xFFFFFFFF, 0, 0, 0, width, height,
    )  # fmt: skip
    picture = struct.pack(
        "<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0
    )
    head = _list(b"hdrl", _chunk(b"avih", main) + _list(
        b"strl", _chunk(b"strh", stream) + _chunk(b"strf", picture)))  # fmt: skip
    held, places, at = [], [], 4
    for data in pictures:
        held.append(_chunk(b"00dc", data))
        places.append(struct.pack("<4sIII", b"00dc", _KEY_FRAME, at, len(data)))
        at += len(held[-1])
    body = head + _list(b"movi", b"".join(held)) + _chunk(b"idx1", b"".join(places))
    return _chunk(b"RIFF", b"AVI " + body)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)

"""Prophesee DAT: records of 8 bytes, a time of 32 bits and an address.

The lines with ``%`` are followed by the type of the events and the size of a record, a byte each.
Version 1, of old ATIS cameras, packs addresses closer. N-CARS files are of this format and tell no
size of the sensor.

Source: openeb (Apache-2), tools for DAT files.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ...numerics.compiling import njit
from ..events import CameraEvents, Events
from . import percent_header
from .base import Header
from .words import BASE, HEIGHT, OUTSIDE, OWN, SLACK, WIDTH, WordFormat

__all__ = ["FORMAT"]

_EVENTS, _RECORD = (0, 12), 8
_OTHERS = {14: "triggers", 40: "optical flow"}
_LOOP, _HALF = 1 << 32, 1 << 31
_LAST, _OLD = OWN, OWN + 1


class Dat(WordFormat):
    """Prophesee DAT."""

    name = "dat"
    summary = "Prophesee DAT: 8 bytes for each event"
    suffixes = (".dat",)
    word = np.dtype("<i8")
    widest = 1 << 14
    highest = 1 << 14

    def matches(self, head: bytes, suffix: str) -> bool:
        """Whether type and size of records follow lines that name no encoding of RAW."""
        keys, end = percent_header.parse(head)
        kind = head[end : end + 2]
        return (
            end > 0
            and not ({"evt", "format"} & set(keys))
            and len(kind) == 2
            and kind[0] in (*_EVENTS, *_OTHERS)
            and kind[1] == _RECORD
        )

    def header(self, file: BinaryIO) -> Header:
        """Read the lines and the two bytes."""
        keys, end = percent_header.read(file)
        file.seek(end)
        kind, size = (*file.read(2), -1, -1)[:2]
        if kind not in _EVENTS or size != _RECORD:
            what = _OTHERS.get(kind, f"type {kind}, {size} bytes each")
            raise FileFormatError(f"a DAT file of {what}; events of a camera have type 0 or 12")
        return Header(percent_header.geometry(keys), CameraEvents, keys, end + 2)

    def begin(self, header: Header) -> np.ndarray:
        """The state before the first record."""
        state = super().begin(header)
        state[_OLD] = percent_header.integer(header.about, "Version") == 1
        return state

    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """Each record is an event."""
        return len(words)

    def decode(self, words: np.ndarray, state: np.ndarray, into: tuple[np.ndarray, ...]) -> int:
        """Decode."""
        return int(_decode(words, state, *into))

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write version 2; the clock of 32 bits must not miss a wrap."""
        self.check_settings(settings)
        self.check(events)
        self._check_gaps(events)
        keys = {
            "Version": "2",
            "Height": str(events.height),  # type: ignore[attr-defined]
            "Width": str(events.width),  # type: ignore[attr-defined]
        }
        first = b"% Data file containing CD events.\n"
        file.write(first + percent_header.text(keys, end=False) + bytes((_EVENTS[1], _RECORD)))
        self.write_words(file, events, np.zeros(1, np.int64))

    def _check_gaps(self, events: Events) -> None:
        gaps = np.diff(events.t, prepend=0)
        if len(gaps) and gaps.max() >= _HALF:
            at = int(gaps.argmax())
            raise ValidationError(
                "write_events, format 'dat'",
                f"{gaps[at] / 1e6:.0f} s pass before event {at}",
                f"at most {_HALF / 1e6:.0f} s, which its clock of 32 bits can tell",
                "events.shifted(offset) moves the first one; 'evt3' holds longer silence",
            )

    def encode(self, columns: tuple[np.ndarray, ...], state: np.ndarray, words: np.ndarray) -> int:
        """Encode."""
        return int(_encode(*columns, words))

    def room(self, events: int, microseconds: int) -> int:
        """A record each."""
        return events


@njit(cache=True, nogil=True)
def _decode(words, state, t, x, y, p):  # type: ignore[no-untyped-def]
    n, outside = 0, 0
    base, last, old = state[BASE], state[_LAST], state[_OLD]
    width, height = state[WIDTH], state[HEIGHT]
    xs, ys = (9, 8) if old else (14, 14)
    sign, signs = (17, 1) if old else (28, 15)
    for i in range(min(len(words), len(t) - SLACK)):
        word = words[i]
        now = word & 0xFFFFFFFF
        if last - now > _HALF:
            base += _LOOP
        elif now - last > _HALF and base > 0:
            base -= _LOOP
        last = now
        column = (word >> 32) & ((1 << xs) - 1)
        row = (word >> (32 + xs)) & ((1 << ys) - 1)
        t[n] = base + now
        x[n] = column
        y[n] = row
        p[n] = (word >> (32 + sign)) & signs != 0
        inside = (column < width) & (row < height)
        n += inside
        outside += not inside
    state[BASE], state[_LAST] = base, last
    state[OUTSIDE] += outside
    return n


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, words):  # type: ignore[no-untyped-def]
    for i in range(len(t)):
        address = (np.int64(p[i]) << 28) | (np.int64(y[i]) << 14) | np.int64(x[i])
        words[i] = (address << 32) | (t[i] & 0xFFFFFFFF)
    return len(t)


FORMAT = Dat()

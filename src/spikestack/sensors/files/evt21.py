"""Prophesee EVT 2.1: 64-bit words, each up to 32 events of a row.

The upper half is a word of EVT 2.0, with the column that the first of the 32 bits of the lower half
stands for. With ``endianness=legacy`` the halves are swapped in the file.

Source: openeb (Apache-2), decoders of the hardware layer.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..events import Events
from . import percent_header
from .base import Header
from .bits import first_bit, ones
from .evt2 import write_time_high
from .words import BASE, HEIGHT, OUTSIDE, OWN, SLACK, STARTED, WIDTH, RawFormat

__all__ = ["FORMAT"]

_TIME_HIGH = 8
_LOOP = 1 << 34
_WRAPS = _LOOP - 64 - (10 << 6)
_HIGH, _SWAPPED = OWN, OWN + 1
_ORDERS = ("little", "legacy")
_PROBE = 4096


class Evt21(RawFormat):
    """Prophesee EVT 2.1, in both orders of its halves.

    Where the header does not tell the order, the words of time do: their mask is empty.
    """

    name = "evt21"
    summary = "Prophesee RAW, EVT 2.1: 8 bytes for up to 32 events of a row"
    suffixes = (".evt21.raw",)
    version = "2.1"
    word = np.dtype("<i8")

    def header(self, file: BinaryIO) -> Header:
        """Read the lines before the words; find out the order of the halves."""
        plain = super().header(file)
        order = percent_header.options(plain.about).get("endianness")
        if order not in _ORDERS:
            file.seek(plain.offset)
            data = file.read(_PROBE)
            halves = np.frombuffer(data[: len(data) // 8 * 8], "<u4").reshape(-1, 2)
            times = (halves >> 28 == _TIME_HIGH) & (halves[:, ::-1] == 0)
            order = _ORDERS[int(times[:, 0].sum() > times[:, 1].sum())]
        return Header(plain.geometry, plain.kind, {**plain.about, "order": order}, plain.offset)

    def begin(self, header: Header) -> np.ndarray:
        """The state before the first word."""
        state = super().begin(header)
        state[_SWAPPED] = header.about["order"] == "legacy"
        return state

    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """Bits set in the words of events."""
        return int(_count(words, state[_SWAPPED]))

    def decode(self, words: np.ndarray, state: np.ndarray, into: tuple[np.ndarray, ...]) -> int:
        """Decode."""
        return int(_decode(words, state, *into))

    def write(
        self, file: BinaryIO, events: Events, endianness: str = "little", **settings: Any
    ) -> None:
        """Write events; `endianness` is ``"little"`` or ``"legacy"``."""
        if endianness not in _ORDERS:
            raise ValidationError(
                "write_events, endianness", f"got {shorten(endianness)}", f"{list(_ORDERS)}"
            )
        self.check_settings(settings)
        self.check(events)
        self._write(file, events, f"endianness={endianness};", int(endianness == "legacy"))

    def encode(self, columns: tuple[np.ndarray, ...], state: np.ndarray, words: np.ndarray) -> int:
        """Encode."""
        return int(_encode(*columns, state, words))

    def room(self, events: int, microseconds: int) -> int:
        """An event needs two words at most, a wrap of the clock two more."""
        return 2 * events + 2 * (microseconds // _LOOP + 2)


@njit(cache=True, nogil=True)
def _swap(word):  # type: ignore[no-untyped-def]
    return ((word >> 32) & 0xFFFFFFFF) | (word << 32)


@njit(cache=True, nogil=True)
def _count(words, swapped):  # type: ignore[no-untyped-def]
    n = 0
    for stored in words:
        word = _swap(stored) if swapped else stored
        if (word >> 61) & 7 == 0:
            n += ones(word & 0xFFFFFFFF)
    return n


@njit(cache=True, nogil=True)
def _decode(words, state, t, x, y, p):  # type: ignore[no-untyped-def]
    n, room, outside = 0, len(t) - SLACK, 0
    base, high, started = state[BASE], state[_HIGH], state[STARTED]
    width, height, swapped = state[WIDTH], state[HEIGHT], state[_SWAPPED]
    for stored in words:
        word = _swap(stored) if swapped else stored
        kind = (word >> 60) & 15
        if n > room:
            break
        if kind == _TIME_HIGH:
            now = ((word >> 32) & 0xFFFFFFF) << 6
            if started and high - now >= _WRAPS:
                base += _LOOP
            high, started = now, 1
        elif kind <= 1 and started:
            first, row = (word >> 43) & 0x7FF, (word >> 32) & 0x7FF
            mask = word & 0xFFFFFFFF
            while mask:
                column = first + first_bit(mask)
                mask &= mask - 1
                t[n] = base + high + ((word >> 54) & 63)
                x[n] = column
                y[n] = row
                p[n] = kind
                inside = (column < width) & (row < height)
                n += inside
                outside += not inside
    state[BASE], state[_HIGH], state[STARTED] = base, high, started
    state[OUTSIDE] += outside
    return n


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, state, words):  # type: ignore[no-untyped-def]
    n, i, high, swapped = 0, 0, state[_HIGH], state[_SWAPPED]
    halves = np.empty(2 * (t[-1] // _LOOP - max(high, 0) // (_LOOP >> 6)) + 3, np.int64)
    while i < len(t):
        if t[i] >> 6 != high:
            for k in range(write_time_high(halves, 0, high, t[i] >> 6, _TIME_HIGH)):
                words[n] = halves[k] if swapped else halves[k] << 32
                n += 1
            high = t[i] >> 6
        first = np.int64(x[i]) & ~31
        upper = (np.int64(p[i]) << 28) | ((t[i] & 63) << 22) | (first << 11) | np.int64(y[i])
        mask, last = 0, -1
        while (
            i < len(t)
            and t[i] == (high << 6) | ((upper >> 22) & 63)
            and y[i] == upper & 0x7FF
            and p[i] == upper >> 28
            and last < x[i] < first + 32
            and x[i] >= first
        ):
            last = np.int64(x[i])
            mask |= 1 << (last - first)
            i += 1
        words[n] = upper | (mask << 32) if swapped else (upper << 32) | mask
        n += 1
    state[_HIGH] = high
    return n


FORMAT = Evt21()

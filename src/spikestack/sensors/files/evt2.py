"""Prophesee EVT 2.0: 32-bit words, one for each event.

The upper four bits are the type: 0 and 1 an event OFF and ON with the lowest 6 bits of its time,
8 the other 28 bits of the time. Words before the first time are dropped. The clock wraps at 2**34.

Source: openeb (Apache-2), decoders of the hardware layer.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from .words import BASE, HEIGHT, OUTSIDE, OWN, SLACK, STARTED, WIDTH, RawFormat

__all__ = ["FORMAT", "write_time_high"]

_TIME_HIGH = 8
_LOOP = 1 << 34
#: A fall of the time by as much is a wrap of the clock: the full range less a step of ten.
_WRAPS = _LOOP - 64 - (10 << 6)
_HIGH = OWN


class Evt2(RawFormat):
    """Prophesee EVT 2.0."""

    name = "evt2"
    summary = "Prophesee RAW, EVT 2.0: 4 bytes for each event"
    suffixes = (".evt2.raw",)
    version = "2.0"
    word = np.dtype("<u4")

    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """Words of events."""
        return int(_count(words))

    def decode(self, words: np.ndarray, state: np.ndarray, into: tuple[np.ndarray, ...]) -> int:
        """Decode."""
        return int(_decode(words, state, *into))

    def encode(self, columns: tuple[np.ndarray, ...], state: np.ndarray, words: np.ndarray) -> int:
        """Encode."""
        return int(_encode(*columns, state, words))

    def room(self, events: int, microseconds: int) -> int:
        """An event needs two words at most, a wrap of the clock two more."""
        return 2 * events + 2 * (microseconds // _LOOP + 2)


@njit(cache=True, nogil=True)
def _count(words):  # type: ignore[no-untyped-def]
    n = 0
    for word in words:
        n += (word >> np.uint32(29)) == 0
    return n


@njit(cache=True, nogil=True)
def _decode(words, state, t, x, y, p):  # type: ignore[no-untyped-def]
    n, i, room = 0, 0, len(t) - SLACK
    base, high, outside = state[BASE], state[_HIGH], 0
    width, height = np.uint32(state[WIDTH]), np.uint32(state[HEIGHT])
    if not state[STARTED]:
        while i < len(words) and words[i] >> np.uint32(28) != _TIME_HIGH:
            i += 1
        if i < len(words):
            state[STARTED] = 1
            high = np.int64(words[i] & np.uint32(0xFFFFFFF)) << 6
    while i < len(words) and n <= room:
        word = words[i]
        i += 1
        kind = word >> np.uint32(28)
        if kind <= 1:
            column = (word >> np.uint32(11)) & np.uint32(0x7FF)
            row = word & np.uint32(0x7FF)
            t[n] = base + high + np.int64((word >> np.uint32(22)) & np.uint32(0x3F))
            x[n] = column
            y[n] = row
            p[n] = kind
            inside = (column < width) & (row < height)
            n += inside
            outside += not inside
        elif kind == _TIME_HIGH:
            now = np.int64(word & np.uint32(0xFFFFFFF)) << 6
            if high - now >= _WRAPS:
                base += _LOOP
            high = now
    state[BASE], state[_HIGH] = base, high
    state[OUTSIDE] += outside
    return n


@njit(cache=True, nogil=True)
def write_time_high(words, n, before, now, kind):  # type: ignore[no-untyped-def]
    """Words of type `kind` for the time >> 6 to go from `before` to `now`, through all wraps."""
    before = max(before, 0)
    while before >> 28 != now >> 28:
        words[n] = (kind << 28) | 0xFFFFFFF
        words[n + 1] = kind << 28
        n += 2
        before = ((before >> 28) + 1) << 28
    words[n] = (kind << 28) | (now & 0xFFFFFFF)
    return n + 1


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, state, words):  # type: ignore[no-untyped-def]
    n, high = 0, state[_HIGH]
    for i in range(len(t)):
        if t[i] >> 6 != high:
            n = write_time_high(words, n, high, t[i] >> 6, _TIME_HIGH)
            high = t[i] >> 6
        words[n] = (
            (np.int64(p[i]) << 28) | ((t[i] & 63) << 22) | (np.int64(x[i]) << 11) | np.int64(y[i])
        )
        n += 1
    state[_HIGH] = high
    return n


FORMAT = Evt2()

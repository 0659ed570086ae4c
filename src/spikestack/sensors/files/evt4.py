"""Prophesee EVT 4.0: 32-bit words; an event, or a base followed by a mask of 32.

Source: openeb (Apache-2), decoders of the hardware layer.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from .bits import first_bit, ones
from .evt2 import write_time_high
from .words import BASE, HEIGHT, OUTSIDE, OWN, SLACK, STARTED, WIDTH, RawFormat

__all__ = ["FORMAT"]

_OFF, _ON, _ROW_OFF, _ROW_ON, _TIME_HIGH = 0xA, 0xB, 0xC, 0xD, 0xE
_LOOP = 1 << 34
#: A fall of the time by half its range is a wrap of the clock.
_WRAPS = _LOOP >> 1
#: The word of a row whose mask comes next, -1 for none.
_HIGH, _PENDING = OWN, OWN + 1
#: From so many events on, a base and a mask are shorter.
_WORTH = 3


class Evt4(RawFormat):
    """Prophesee EVT 4.0."""

    name = "evt4"
    summary = "Prophesee RAW, EVT 4.0: 4 bytes for an event, 8 for up to 32 of a row"
    suffixes = (".evt4.raw",)
    version = "4.0"
    word = np.dtype("<u4")

    def begin(self, header):  # type: ignore[no-untyped-def]
        """The state before the first word."""
        state = super().begin(header)
        state[_PENDING] = -1
        return state

    def unfinished(self, state: np.ndarray) -> bool:
        """Whether a mask is missing."""
        return bool(state[_PENDING] >= 0)

    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """Words of events, and bits set in masks."""
        return int(_count(words, state))

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
def _count(words, state):  # type: ignore[no-untyped-def]
    n, pending = 0, state[_PENDING]
    for stored in words:
        word = np.int64(stored)
        if pending >= 0:
            n += ones(word)
            pending = -1
            continue
        kind = word >> 28
        if kind in (_OFF, _ON):
            n += 1
        elif kind in (_ROW_OFF, _ROW_ON):
            pending = word
    state[_PENDING] = pending
    return n


@njit(cache=True, nogil=True)
def _decode(words, state, t, x, y, p):  # type: ignore[no-untyped-def]
    n, room, outside = 0, len(t) - SLACK, 0
    base, high, started = state[BASE], state[_HIGH], state[STARTED]
    width, height, pending = state[WIDTH], state[HEIGHT], state[_PENDING]
    for stored in words:
        word = np.int64(stored)
        kind, mask = word >> 28, 1
        if n > room:
            break
        if pending >= 0:
            word, mask, pending = pending, word, -1
        elif kind == _TIME_HIGH:
            now = (word & 0xFFFFFFF) << 6
            if started and high - now >= _WRAPS:
                base += _LOOP
            high, started = now, 1
            continue
        elif kind in (_ROW_OFF, _ROW_ON):
            pending = word
            continue
        elif kind not in (_OFF, _ON):
            continue
        if not started:
            continue
        first, row = (word >> 11) & 0x7FF, word & 0x7FF
        while mask:
            column = first + first_bit(mask)
            mask &= mask - 1
            t[n] = base + high + ((word >> 22) & 63)
            x[n] = column
            y[n] = row
            p[n] = (word >> 28) & 1
            inside = (column < width) & (row < height)
            n += inside
            outside += not inside
    state[BASE], state[_HIGH], state[STARTED], state[_PENDING] = base, high, started, pending
    state[OUTSIDE] += outside
    return n


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, state, words):  # type: ignore[no-untyped-def]
    n, i, high = 0, 0, state[_HIGH]
    while i < len(t):
        if t[i] >> 6 != high:
            n = write_time_high(words, n, high, t[i] >> 6, _TIME_HIGH)
            high = t[i] >> 6
        event = ((t[i] & 63) << 22) | (np.int64(x[i]) << 11) | np.int64(y[i])
        mask, j = 1, i + 1
        while (
            j < len(t)
            and t[j] == t[i]
            and y[j] == y[i]
            and p[j] == p[i]
            and x[j - 1] < x[j] < np.int64(x[i]) + 32
        ):
            mask |= 1 << (np.int64(x[j]) - np.int64(x[i]))
            j += 1
        if j - i >= _WORTH:
            words[n] = ((_ROW_OFF + np.int64(p[i])) << 28) | event
            words[n + 1] = mask
            n, i = n + 2, j
        else:
            words[n] = ((_OFF + np.int64(p[i])) << 28) | event
            n, i = n + 1, i + 1
    state[_HIGH] = high
    return n


FORMAT = Evt4()

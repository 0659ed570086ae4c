"""Prophesee EVT 3.0: 16-bit words that change a state, or give events of it.

Row, time in two halves, and the base of a mask are words of their own. The clock of 24 bits wraps
every 16.8 s, noticed by its upper half falling by more than a half of its range; through longer
silence a writer repeats words of time. Masks are written in threes of 12, 12 and 8 bits, as the
vendor's decoders want them, and read in any number.

Source: openeb (Apache-2), decoders of the hardware layer.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from .bits import ones
from .words import BASE, HEIGHT, OUTSIDE, OWN, SLACK, STARTED, WIDTH, RawFormat

__all__ = ["FORMAT"]

_ADDR_Y, _ADDR_X, _BASE_X, _VECT_12, _VECT_8, _TIME_LOW, _TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
#: The types that nearly all words are of.
_COMMON = (1 << _ADDR_Y) | (1 << _ADDR_X) | (1 << _TIME_LOW)
_LOOP, _HALF = 1 << 24, 2048
_HIGH, _LOW, _ROW, _FIRST, _SIGN = OWN, OWN + 1, OWN + 2, OWN + 3, OWN + 4
#: A mask of 32 takes four words with its base, as many as four events.
_WORTH = 4


class Evt3(RawFormat):
    """Prophesee EVT 3.0."""

    name = "evt3"
    summary = "Prophesee RAW, EVT 3.0: 2 to 6 bytes for each event, less in rows"
    suffixes = (".raw",)
    version = "3.0"
    word = np.dtype("<u2")

    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """Words of events, and bits set in masks."""
        return int(_count(words))

    def decode(self, words: np.ndarray, state: np.ndarray, into: tuple[np.ndarray, ...]) -> int:
        """Decode."""
        return int(_decode(words, state, *into))

    def encode(self, columns: tuple[np.ndarray, ...], state: np.ndarray, words: np.ndarray) -> int:
        """Encode."""
        return int(_encode(*columns, state, words))

    def room(self, events: int, microseconds: int) -> int:
        """An event needs four words at most, silence one each 8.4 s."""
        return 4 * events + (microseconds >> 23) + 8


@njit(cache=True, nogil=True)
def _count(words):  # type: ignore[no-untyped-def]
    n = 0
    for stored in words:
        word = np.uint32(stored)
        kind = word >> np.uint32(12)
        mask = (word & np.uint32(0xFFF)) * (kind == _VECT_12)
        mask += (word & np.uint32(0xFF)) * (kind == _VECT_8)
        n += ones(np.int64(mask)) + (kind == _ADDR_X)
    return n


@njit(cache=True, nogil=True)
def _decode(words, state, t, x, y, p):  # type: ignore[no-untyped-def]
    n, i, room, outside = 0, 0, len(t) - SLACK, 0
    base, high, low = state[BASE], state[_HIGH], state[_LOW]
    row, first, sign = state[_ROW], state[_FIRST], state[_SIGN]
    width, height = state[WIDTH], state[HEIGHT]
    if not state[STARTED]:
        while i < len(words) and words[i] >> 12 != _TIME_HIGH:
            i += 1
        if i < len(words):
            state[STARTED], high = 1, np.int64(words[i] & 0xFFF)
    now = base + (high << 12) + low
    while i < len(words) and n <= room:
        word = np.int64(words[i])
        i += 1
        kind, value = word >> 12, word & 0xFFF
        if (_COMMON >> kind) & 1:
            # without branches: which of the three comes next is what a processor cannot foretell
            column = value & 0x7FF
            row = column if kind == _ADDR_Y else row
            low = value if kind == _TIME_LOW else low
            now = base + (high << 12) + low
            t[n] = now
            x[n] = column
            y[n] = row
            p[n] = value >> 11
            event = kind == _ADDR_X
            inside = event & (column < width) & (row < height)
            n += inside
            outside += event ^ inside
        elif kind in (_VECT_12, _VECT_8):
            bits = 12 if kind == _VECT_12 else 8
            for k in range(bits):
                t[n] = now
                x[n] = first + k
                y[n] = row
                p[n] = sign
                inside = (first + k < width) & (row < height)
                n += inside & (value >> k)
                outside += (not inside) & (value >> k)
            first += bits
        elif kind == _BASE_X:
            first, sign = value & 0x7FF, value >> 11
        elif kind == _TIME_HIGH:
            if high >= value + _HALF:
                base += _LOOP
            low = 0 if value != high else low
            high = value
            now = base + (high << 12) + low
    state[BASE], state[_HIGH], state[_LOW] = base, high, low
    state[_ROW], state[_FIRST], state[_SIGN] = row, first, sign
    state[OUTSIDE] += outside
    return n


@njit(cache=True, nogil=True)
def _write_time(words, n, before, now):  # type: ignore[no-untyped-def]
    """Words of the time >> 12, from `before` to `now` in steps that leave no wrap unnoticed."""
    if before < 0 and now > 4095:
        before = 0
        words[n] = _TIME_HIGH << 12
        n += 1
    while before >= 0 and now - before > _HALF:
        before += _HALF
        words[n] = (_TIME_HIGH << 12) | (before & 0xFFF)
        n += 1
    words[n] = (_TIME_HIGH << 12) | (now & 0xFFF)
    return n + 1


@njit(cache=True, nogil=True)
def _row_of(t, x, y, p, i):  # type: ignore[no-untyped-def]
    """Events from `i` on that fit one mask of 32 bits: the first behind them, and the mask."""
    j, mask = i, 0
    while (
        j < len(t)
        and t[j] == t[i]
        and y[j] == y[i]
        and p[j] == p[i]
        and x[j] < np.int64(x[i]) + 32
        and (j == i or x[j] > x[j - 1])
    ):
        mask |= 1 << (np.int64(x[j]) - np.int64(x[i]))
        j += 1
    return j, mask


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, state, words):  # type: ignore[no-untyped-def]
    n, i = 0, 0
    high, low, row, first, sign = (
        state[_HIGH],
        state[_LOW],
        state[_ROW],
        state[_FIRST],
        state[_SIGN],
    )
    while i < len(t):
        if t[i] >> 12 != high:
            n = _write_time(words, n, high, t[i] >> 12)
            high, low = t[i] >> 12, -1
        if t[i] & 0xFFF != low:
            low = t[i] & 0xFFF
            words[n] = (_TIME_LOW << 12) | low
            n += 1
        if y[i] != row:
            row = np.int64(y[i])
            words[n] = (_ADDR_Y << 12) | row
            n += 1
        address = (np.int64(p[i]) << 11) | np.int64(x[i])
        j, mask = _row_of(t, x, y, p, i)
        based = x[i] == first and p[i] == sign
        if j - i > _WORTH - based:
            if not based:
                words[n] = (_BASE_X << 12) | address
                n += 1
            words[n] = (_VECT_12 << 12) | (mask & 0xFFF)
            words[n + 1] = (_VECT_12 << 12) | ((mask >> 12) & 0xFFF)
            words[n + 2] = (_VECT_8 << 12) | (mask >> 24)
            n += 3
            first, sign = np.int64(x[i]) + 32, np.int64(p[i])
            i = j
        else:
            words[n] = (_ADDR_X << 12) | address
            n += 1
            i += 1
    state[_HIGH], state[_LOW], state[_ROW], state[_FIRST], state[_SIGN] = (
        high,
        low,
        row,
        first,
        sign,
    )
    return n


FORMAT = Evt3()

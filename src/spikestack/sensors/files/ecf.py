"""The ECF codec of Prophesee's HDF5 files: up to 65,535 events in one block of bytes.

Times are steps with a count, four bits each; rows are runs; columns are masks of six with runs of
polarity, or columns and polarity, or all three, are packed into 12 or 24 bits. All numbers are
little endian, wherever they stand.

Source: hdf5_ecf, the codec's publication (Prophesee, 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import FileFormatError
from ...numerics.compiling import njit

__all__ = ["MOST", "decode", "encode"]

#: Events of a block at most.
MOST = 65_535
#: Columns that a mask may run over the end: writers need not clear its last bits.
_SLACK = 8
_DAMAGED = -1
_HEAD = 12


def decode(block: bytes) -> dict[str, np.ndarray]:
    """Columns of the events in a block.

    Raises
    ------
    FileFormatError
        If it is damaged.
    """
    data = np.frombuffer(block, np.uint8)
    head = int.from_bytes(block[:4], "little")
    n = head >> 2
    if n and (n > MOST or len(data) < _HEAD):
        raise FileFormatError(f"a block of {len(data)} bytes is said to hold {n} events")
    t, p = np.empty(n, np.int64), np.empty(n + _SLACK, np.uint8)
    x, y = np.empty(n + _SLACK, np.uint16), np.empty(n + _SLACK, np.uint16)
    if n and _decode(data, head & 3, t, x, y, p) == _DAMAGED:
        raise FileFormatError(f"a block of {n} events is damaged")
    return {"t": t, "x": x[:n], "y": y[:n], "p": p[:n]}


def encode(columns: Sequence[np.ndarray]) -> bytes:
    """A block of up to MOST events: columns t ascending, x and y below 2048, p."""
    n = len(columns[0])
    smallest = None
    for packed in range(3):
        # a step of time has 16 digits at most, and then three bytes with its count
        data = np.empty(_HEAD + n * (19 + 12) + 16, np.uint8)
        size = int(_encode(*columns, packed, data))
        if smallest is None or size < len(smallest):
            smallest = data[:size]
    return b"" if smallest is None else smallest.tobytes()


@njit(cache=True, nogil=True)
def _get(data, at, size):  # type: ignore[no-untyped-def]
    """The number of `size` bytes at a place, of which there must be as many."""
    value = 0
    for k in range(size):
        value |= np.int64(data[at + k]) << (8 * k)
    return value


@njit(cache=True, nogil=True)
def _put(data, at, size, value):  # type: ignore[no-untyped-def]
    for k in range(size):
        data[at + k] = (value >> (8 * k)) & 0xFF
    return at + size


@njit(cache=True, nogil=True)
def _decode(data, packed, t, x, y, p):  # type: ignore[no-untyped-def]
    n = len(t)
    at = _times(data, t)
    if at == _DAMAGED:
        return at
    if packed & 2:
        return _all_packed(data, at, n, x, y, p)
    at = _runs(data, at, 2, 5, y, n)
    if at == _DAMAGED:
        return at
    if packed & 1:
        return _x_packed(data, at, n, x, p)
    at = _x_masked(data, at, n, x)
    return at if at == _DAMAGED else _runs(data, at, 1, 7, p, n)


@njit(cache=True, nogil=True)
def _times(data, t):  # type: ignore[no-untyped-def]
    now, i, at = _get(data, 4, 8), 0, 12
    step, shift = 0, 0
    while i < len(t):
        if at >= len(data):
            return _DAMAGED
        by, count = np.int64(data[at]) >> 4, np.int64(data[at]) & 15
        at += 1
        if by == 15:
            if shift > 60:
                return _DAMAGED
            step |= count << shift
            shift += 4
            continue
        now += step + by
        step, shift = 0, 0
        if count == 15:
            if at + 2 > len(data):
                return _DAMAGED
            count = _get(data, at, 2)
            at += 2
        if count > len(t) - i:
            return _DAMAGED
        t[i : i + count] = now
        i += count
    return at


@njit(cache=True, nogil=True)
def _runs(data, at, size, bits, column, n):  # type: ignore[no-untyped-def]
    """Runs: a number of `size` bytes, whose lower bits are a count; all set, the next 16 are."""
    i, most = 0, (1 << bits) - 1
    while i < n:
        if at + size > len(data):
            return _DAMAGED
        value = _get(data, at, size)
        count = value & most
        at += size
        if count == most:
            if at + 2 > len(data):
                return _DAMAGED
            count = _get(data, at, 2)
            at += 2
        if count > n - i:
            return _DAMAGED
        column[i : i + count] = value >> bits
        i += count
    return at


@njit(cache=True, nogil=True)
def _x_masked(data, at, n, x):  # type: ignore[no-untyped-def]
    i = 0
    while i < n:
        if at + 2 > len(data):
            return _DAMAGED
        value = _get(data, at, 2)
        at += 2
        x[i] = value >> 5
        i += 1
        for j in range(5):
            x[i] = (value >> 5) + j + 1
            i += (value >> (4 - j)) & 1
    return at


@njit(cache=True, nogil=True)
def _x_packed(data, at, n, x, p):  # type: ignore[no-untyped-def]
    if at + 6 * ((n + 3) // 4) > len(data):
        return _DAMAGED
    for i in range(0, n, 4):
        a, b, c = _get(data, at, 2), _get(data, at + 2, 2), _get(data, at + 4, 2)
        four = (a >> 4, (a & 15) | (b >> 8 << 4), (b & 255) | (c >> 12 << 8), c & 0xFFF)
        for j in range(4):
            x[i + j] = four[j] >> 1
            p[i + j] = four[j] & 1
        at += 6
    return at


@njit(cache=True, nogil=True)
def _all_packed(data, at, n, x, y, p):  # type: ignore[no-untyped-def]
    if at + 12 * ((n + 3) // 4) > len(data):
        return _DAMAGED
    for i in range(0, n, 4):
        a, b, c = _get(data, at, 4), _get(data, at + 4, 4), _get(data, at + 8, 4)
        four = (
            a >> 8,
            (a & 0xFF) | (b >> 16 << 8),
            (b & 0xFFFF) | (c >> 24 << 16),
            c & 0xFFFFFF,
        )
        for j in range(4):
            y[i + j] = (four[j] >> 12) & 0x7FF
            x[i + j] = (four[j] >> 1) & 0x7FF
            p[i + j] = four[j] & 1
        at += 12
    return at


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, packed, data):  # type: ignore[no-untyped-def]
    at = _put(data, 0, 4, (len(t) << 2) | packed)
    if len(t) == 0:
        return at
    at = _write_times(data, t)
    if packed == 2:
        return _pack_all(data, at, x, y, p)
    at = _write_runs(data, at, 2, 5, y)
    if packed == 1:
        return _pack_x(data, at, x, p)
    at = _mask_x(data, at, x)
    return _write_runs(data, at, 1, 7, p)


@njit(cache=True, nogil=True)
def _write_times(data, t):  # type: ignore[no-untyped-def]
    at, now, i = _put(data, 4, 8, t[0]), t[0], 0
    while i < len(t):
        by = t[i] - now
        if by >= 15:
            while by:
                data[at] = 0xF0 | (by & 15)
                at, by = at + 1, by >> 4
        now, count = t[i], 1
        while i + count < len(t) and t[i + count] == now:
            count += 1
        at = _put(data, at, 1, (by << 4) | min(count, 15))
        if count >= 15:
            at = _put(data, at, 2, count)
        i += count
    return at


@njit(cache=True, nogil=True)
def _write_runs(data, at, size, bits, column):  # type: ignore[no-untyped-def]
    i, most = 0, (1 << bits) - 1
    while i < len(column):
        count = 1
        while i + count < len(column) and column[i + count] == column[i]:
            count += 1
        at = _put(data, at, size, (np.int64(column[i]) << bits) | min(count, most))
        if count >= most:
            at = _put(data, at, 2, count)
        i += count
    return at


@njit(cache=True, nogil=True)
def _mask_x(data, at, x):  # type: ignore[no-untyped-def]
    i = 0
    while i < len(x):
        first, mask = np.int64(x[i]), 0
        i += 1
        while i < len(x) and x[i] > x[i - 1] and x[i] <= first + 5:
            mask |= 1 << (5 - (np.int64(x[i]) - first))
            i += 1
        at = _put(data, at, 2, (first << 5) | mask)
    return at


@njit(cache=True, nogil=True)
def _pack_x(data, at, x, p):  # type: ignore[no-untyped-def]
    for i in range(0, len(x), 4):
        a, b, c, d = 0, 0, 0, 0
        for j in range(4):
            value = 0
            if i + j < len(x):
                value = (np.int64(x[i + j]) << 1) | np.int64(p[i + j])
            a, b, c, d = b, c, d, value
        at = _put(data, at, 2, (a << 4) | (b & 15))
        at = _put(data, at, 2, (b >> 4 << 8) | (c & 255))
        at = _put(data, at, 2, (c >> 8 << 12) | d)
    return at


@njit(cache=True, nogil=True)
def _pack_all(data, at, x, y, p):  # type: ignore[no-untyped-def]
    for i in range(0, len(x), 4):
        a, b, c, d = 0, 0, 0, 0
        for j in range(4):
            value = 0
            if i + j < len(x):
                value = (np.int64(y[i + j]) << 12) | (np.int64(x[i + j]) << 1) | np.int64(p[i + j])
            a, b, c, d = b, c, d, value
        at = _put(data, at, 4, (a << 8) | (b & 0xFF))
        at = _put(data, at, 4, (b >> 8 << 16) | (c & 0xFFFF))
        at = _put(data, at, 4, (c >> 16 << 24) | d)
    return at

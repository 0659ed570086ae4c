"""Event Stream (.es) of the two other kinds: colours of pixels, and messages of any bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import ValidationError
from ...numerics.compiling import njit
from ..other_events import ColourEvents, MessageEvents
from .base import Columns, Header, Truncated

__all__ = ["colours", "messages", "write_colours", "write_messages"]

_COLOUR, _BLOCK = 8, 1 << 20
#: A byte of 0xFF is a pause of so long; 0xFE a mark that means nothing.
_PAUSE, _PAUSES = 254, 1 << 24


def colours(file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
    """Decode colours: a byte of time, x, y, red, green, blue."""
    file.seek(header.offset)
    height, rest, state = header.geometry["height"], b"", np.zeros(3, np.int64)
    while data := file.read(_COLOUR * most):
        given = np.frombuffer(rest + data, np.uint8)
        n = len(given) // _COLOUR
        t, table = np.empty(n, np.int64), np.empty((n, 7), np.uint8)
        _colours(given, t, table, state)
        k = int(state[2])
        cells = table[:k, :4].copy().view("<u2")
        y = (height - 1 - cells[:, 1].astype(np.int64)).astype(np.uint16)
        made: dict[str, np.ndarray] = {"t": t[:k], "x": cells[:, 0].astype(np.uint16), "y": y}
        yield made | {name: table[:k, 4 + i].copy() for i, name in enumerate("rgb")}
        rest = given[state[1] :].tobytes()
    if rest:
        raise Truncated(f"it ends {len(rest)} bytes into an event of {_COLOUR}")


def messages(file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
    """Decode messages: a byte of time, a length in groups of seven bits, so many bytes."""
    file.seek(header.offset)
    rest, now, block = b"", 0, _BLOCK
    while data := file.read(block):
        given = rest + data
        n = min(most, len(given))
        t, starts, stops = (np.empty(n, np.int64) for _ in range(3))
        state = np.array([now, 0, 0, 0])
        while True:
            _messages(np.frombuffer(given, np.uint8), t, starts, stops, state)
            k = int(state[2])
            held = np.empty(k, np.object_)
            held[:] = [given[a:b] for a, b in zip(starts[:k].tolist(), stops[:k].tolist())]
            if k:
                yield {"t": t[:k].copy(), "data": held}
            if not state[3]:
                break
        now, rest = int(state[0]), given[state[1] :]
        # A message longer than the block: read more at once, so that it is not copied too often.
        block = max(_BLOCK, len(rest))
    if rest:
        raise Truncated(f"it ends {len(rest)} bytes into a message")


def write_colours(file: BinaryIO, events: ColourEvents) -> None:
    """What stands behind the header, of colours."""
    _check_times(events.t)
    pauses, before = _pauses(events.t)
    y = (events.height - 1 - events.y.astype(np.int64)).astype("<u2")
    rows = np.empty((len(events), _COLOUR), np.uint8)
    rows[:, 0] = before
    rows[:, 1:5] = np.stack([events.x.astype("<u2"), y], 1).view(np.uint8)
    rows[:, 5:] = np.stack([events.r, events.g, events.b], 1)
    for row, pause in zip(rows, pauses.tolist()):
        file.write(b"\xff" * pause + row.tobytes())


def write_messages(file: BinaryIO, events: MessageEvents) -> None:
    """What stands behind the header, of messages."""
    _check_times(events.t)
    pauses, before = _pauses(events.t)
    for data, pause, step in zip(events.data.tolist(), pauses.tolist(), before.tolist()):
        length, size = len(data), bytearray()
        while True:
            size.append((length & 127) << 1 | (length > 127))
            length >>= 7
            if not length:
                break
        file.write(b"\xff" * pause + bytes((step,)) + bytes(size) + data)


def _pauses(t: Any) -> tuple[np.ndarray, np.ndarray]:
    steps = np.diff(t, prepend=0)
    return steps // _PAUSE, steps % _PAUSE


def _check_times(t: Any) -> None:
    if len(t) and (t[0] < 0 or t[-1] // _PAUSE > _PAUSES + len(t)):
        raise ValidationError(
            "event-stream, t",
            f"goes from {t[0]} to {t[-1]} us",
            f"from 0 on; a byte is written for every {_PAUSE} us",
            "shift the events to begin at 0: events.shifted(-events.t[0] / 1000)",
        )


@njit(cache=True, nogil=True)
def _colours(data, t, table, state):  # type: ignore[no-untyped-def]
    now, at, k, end = state[0], 0, 0, len(data)
    while at < end:
        byte = data[at]
        if byte >= 0xFE:
            now += 254 * (byte & 1)
            at += 1
            continue
        if at + 8 > end:
            break
        now += byte
        t[k] = now
        for i in range(7):
            table[k, i] = data[at + 1 + i]
        k += 1
        at += 8
    state[0], state[1], state[2] = now, at, k


@njit(cache=True, nogil=True)
def _messages(data, t, starts, stops, state):  # type: ignore[no-untyped-def]
    """Find whole messages from state[1] on; state[3] says whether there may be more."""
    now, at, k, end = state[0], state[1], 0, len(data)
    more = 0
    while at < end:
        byte = data[at]
        if byte >= 0xFE:
            now += 254 * (byte & 1)
            at += 1
            continue
        if k == len(t):
            more = 1
            break
        length, shift, place, whole = 0, 0, at + 1, False
        while place < end and not whole:
            # Beyond 62 bits no file is that long; the message is then never whole.
            if shift < 56:
                length |= np.int64(data[place] >> 1) << shift
            elif data[place] >> 1:
                length = np.int64(1) << 61
            shift += 7
            whole = data[place] & 1 == 0
            place += 1
        if not whole or length > end - place:
            break
        now += byte
        t[k], starts[k], stops[k] = now, place, place + length
        k += 1
        at = place + length
    state[0], state[1], state[2], state[3] = now, at, k, more

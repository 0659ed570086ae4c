"""Event Stream (.es), version 2: one byte of time, and what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ...numerics.compiling import njit
from ..events import CameraEvents, Events
from ..other_events import ColourEvents, MessageEvents
from . import event_stream_kinds as kinds
from .base import Columns, EventFormat, Header, Truncated

__all__ = ["FORMAT"]

_MAGIC = b"Event Stream"
_GENERIC, _DVS, _ATIS, _COLOUR = 0, 1, 2, 4
_KINDS = {_GENERIC: "generic", _DVS: "dvs", _ATIS: "atis", _COLOUR: "color"}
_RECORD = 5
#: Bytes that a writer may spend on pauses, of 127 us each: half an hour.
_PAUSES = 1 << 24


class EventStream(EventFormat):
    """Events of a DVS, or the changes in a stream of an ATIS; its exposures are skipped.

    The generic kind holds `MessageEvents`, the one of colours `ColourEvents`.

    Rows are counted from below in the file, and from above here. Source: the reader of A.
    Marcireau's event_stream.
    """

    name = "event-stream"
    summary = "Event Stream 2: of a DVS or ATIS, of colours, of any bytes"
    suffixes = (".es",)

    def matches(self, head: bytes, suffix: str) -> bool:
        """By its first twelve bytes."""
        return head.startswith(_MAGIC)

    def header(self, file: BinaryIO) -> Header:
        """Version, kind and size."""
        head = file.read(20)
        if not head.startswith(_MAGIC) or len(head) < 16:
            raise FileFormatError("no Event Stream: it should begin with 'Event Stream'")
        if head[12] != 2:
            raise FileFormatError(f"Event Stream of version {head[12]}, and version 2 is known")
        if head[15] not in _KINDS:
            known = list(_KINDS.values())
            raise FileFormatError(f"Event Stream of kind {head[15]}, and {known} are known")
        about = {"version": 2, "kind": _KINDS[head[15]]}
        if head[15] == _GENERIC:
            return Header({}, MessageEvents, about, 16)
        if len(head) < 20:
            raise FileFormatError("Event Stream that ends within its header")
        width, height = (int.from_bytes(head[i : i + 2], "little") for i in (16, 18))
        if not width or not height:
            raise FileFormatError(f"Event Stream of {width} x {height} pixels")
        size = {"width": width, "height": height}
        kind = ColourEvents if head[15] == _COLOUR else CameraEvents
        return Header(size, kind, about, 20)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode."""
        if header.kind is not CameraEvents:
            other = kinds.colours if header.kind is ColourEvents else kinds.messages
            yield from other(file, header, most)
            return
        file.seek(header.offset)
        decode = _decode_dvs if header.about["kind"] == "dvs" else _decode_atis
        state = np.zeros(3, np.int64)  # time, bytes used, events found
        height, rest = header.geometry["height"], b""
        while data := file.read(_RECORD * most):
            bytes_ = np.frombuffer(rest + data, np.uint8)
            n = min(most, len(bytes_) // _RECORD)
            t, p = np.empty(n, np.int64), np.empty(n, np.uint8)
            x, y = np.empty(n, np.uint16), np.empty(n, np.uint16)
            decode(bytes_, height, t, x, y, p, state)
            k = int(state[2])
            yield {"t": t[:k], "x": x[:k], "y": y[:k], "p": p[:k]}
            rest = bytes_[state[1] :].tobytes()
        _check_end(len(rest))

    def whole(self, file: BinaryIO, header: Header) -> Iterator[Columns]:
        """Decode all events at once; they are counted before, so that no array is too large."""
        if header.kind is not CameraEvents:
            yield from self.chunks(file, header, 1 << 20)
            return
        file.seek(header.offset)
        bytes_ = np.frombuffer(file.read(), np.uint8)
        dvs = header.about["kind"] == "dvs"
        n, rest = _count(bytes_, 0xFE if dvs else 0xFC, 0 if dvs else 1)
        t, p = np.empty(n, np.int64), np.empty(n, np.uint8)
        x, y = np.empty(n, np.uint16), np.empty(n, np.uint16)
        decode = _decode_dvs if dvs else _decode_atis
        decode(bytes_, header.geometry["height"], t, x, y, p, np.zeros(3, np.int64))
        yield {"t": t, "x": x, "y": y, "p": p}
        _check_end(rest)

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events of a camera as those of a DVS; colours and messages as what they are.

        Raises
        ------
        ValidationError
            If they are of another kind, begin before 0, or pause for half an hour or more.
        """
        if not isinstance(events, CameraEvents | ColourEvents | MessageEvents) or settings:
            what = "writes CameraEvents, ColourEvents or MessageEvents, without settings"
            raise ValidationError("event-stream", what)
        if isinstance(events, MessageEvents):
            file.write(_MAGIC + bytes((2, 0, 0, _GENERIC)))
            kinds.write_messages(file, events)
            return
        if max(events.width, events.height) > 65_535:
            raise ValidationError("event-stream", f"{events.width} x {events.height}", "<= 65535")
        size = events.width.to_bytes(2, "little") + events.height.to_bytes(2, "little")
        if isinstance(events, ColourEvents):
            file.write(_MAGIC + bytes((2, 0, 0, _COLOUR)) + size)
            kinds.write_colours(file, events)
            return
        if len(events) and (events.t[0] < 0 or events.t[-1] // 127 > _PAUSES + len(events)):
            raise ValidationError(
                "event-stream, t",
                f"goes from {events.t[0]} to {events.t[-1]} us",
                "from 0 on; a byte is written for every 127 us",
                "shift the events to begin at 0: events.shifted(-events.t[0] / 1000)",
            )
        file.write(_MAGIC + bytes((2, 0, 0, _DVS)) + size)
        before = 0
        for first in range(0, len(events), 1 << 18):
            part = events[first : first + (1 << 18)]
            pauses = int(np.sum(np.diff(part.t, prepend=before) // 127))
            out = np.empty(_RECORD * len(part) + pauses, np.uint8)
            used = _encode(part.t, part.x, part.y, part.p, events.height, before, out)
            file.write(out[:used].tobytes())
            before = int(part.t[-1])


FORMAT = EventStream()


def _check_end(rest: int) -> None:
    if rest:
        raise Truncated(f"it ends {rest} bytes into an event of {_RECORD}")


@njit(cache=True, nogil=True)
def _count(data, pause, skipped):  # type: ignore[no-untyped-def]
    """How many events there are, and how many bytes are left over."""
    at, n, end = 0, 0, len(data)
    while at < end:
        if data[at] >= pause:
            at += 1
        elif at + 5 > end:
            break
        else:
            n += (data[at] & skipped) == 0
            at += 5
    return n, end - at


@njit(cache=True, nogil=True)
def _decode_dvs(data, height, t, x, y, p, state):  # type: ignore[no-untyped-def]
    now, at, k, end = state[0], 0, 0, len(data)
    while at < end:
        byte = data[at]
        if byte >= 0xFE:
            now += 127 * (byte & 1)
            at += 1
            continue
        if at + 5 > end or k == len(t):
            break
        now += byte >> 1
        t[k] = now
        x[k] = np.uint16(data[at + 1]) | (np.uint16(data[at + 2]) << 8)
        y[k] = height - 1 - (np.uint16(data[at + 3]) | (np.uint16(data[at + 4]) << 8))
        p[k] = byte & 1
        k += 1
        at += 5
    state[0], state[1], state[2] = now, at, k


@njit(cache=True, nogil=True)
def _decode_atis(data, height, t, x, y, p, state):  # type: ignore[no-untyped-def]
    now, at, k, end = state[0], 0, 0, len(data)
    while at < end:
        byte = data[at]
        if byte >= 0xFC:
            now += 63 * (byte & 3)
            at += 1
            continue
        if at + 5 > end or k == len(t):
            break
        now += byte >> 2
        if byte & 1 == 0:
            t[k] = now
            x[k] = np.uint16(data[at + 1]) | (np.uint16(data[at + 2]) << 8)
            y[k] = height - 1 - (np.uint16(data[at + 3]) | (np.uint16(data[at + 4]) << 8))
            p[k] = (byte >> 1) & 1
            k += 1
        at += 5
    state[0], state[1], state[2] = now, at, k


@njit(cache=True, nogil=True)
def _encode(t, x, y, p, height, before, out):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(len(t)):
        step = t[i] - before
        before = t[i]
        while step >= 127:
            out[at] = 0xFF
            at += 1
            step -= 127
        row = height - 1 - y[i]
        out[at] = step << 1 | p[i]
        out[at + 1], out[at + 2] = x[i] & 255, x[i] >> 8
        out[at + 3], out[at + 4] = row & 255, row >> 8
        at += 5
    return at

"""AEDAT 3.1 (.aedat of cAER): packets of events of one kind; DVS-Gesture comes in it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ...numerics.compiling import njit
from ..events import CameraEvents, Events
from .base import Columns, EventFormat, Header, Truncated

__all__ = ["FORMAT"]

_MAGIC, _END = b"#!AER-DAT3.1", b"#!END-HEADER"
_PACKET = struct.Struct("<hhiiiiii")
_POLARITY = 1
_SIZES = {"128": (128, 128), "240": (240, 180), "346": (346, 260), "640": (640, 480)}
_EVENTS_PER_PACKET = 8192


class Aedat31(EventFormat):
    """Polarity packets; those of frames, motion and outer events are skipped."""

    name = "aedat3"
    summary = "AEDAT 3.1, of cAER"
    suffixes = (".aedat3",)

    def matches(self, head: bytes, suffix: str) -> bool:
        """By its first line."""
        return head.startswith(_MAGIC)

    def header(self, file: BinaryIO) -> Header:
        """Lines of text, down to ``#!END-HEADER``."""
        if not file.readline(64).startswith(_MAGIC):
            raise FileFormatError("no AEDAT 3.1: it should begin with '#!AER-DAT3.1'")
        lines: list[str] = []
        for _ in range(1000):
            line = file.readline(4096)
            if line.startswith(_END) and line.endswith(b"\n"):
                break
            if not line.startswith(b"#") or not line.endswith(b"\n"):
                raise FileFormatError("AEDAT 3.1 without the end of its header, '#!END-HEADER'")
            lines.append(line[1:].decode("utf-8", "replace").strip())
        else:
            raise FileFormatError("AEDAT 3.1 with a header of more than 1,000 lines")
        geometry = {}
        for line_ in lines:
            if camera := re.match(r"Source \S+ (?:DVS|DAVIS)(\d{1,5})(?:x(\d{1,5}))?", line_):
                width, height = camera.groups()
                known = (int(width), int(height)) if height else _SIZES.get(width, (0, 0))
                if all(known):
                    geometry = {"width": known[0], "height": known[1]}
                break
        return Header(geometry, about={"version": 3.1, "lines": lines}, offset=file.tell())

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode, several packets at a time."""
        parts: list[Columns] = []
        waiting = 0
        try:
            for first, n, overflow in _runs(file, header.offset, most):
                file.seek(first)
                parts.append(_decoded(file.read(8 * n), overflow))
                waiting += n
                if waiting >= most:
                    yield _joined(parts)
                    parts, waiting = [], 0
        except Truncated:
            if parts:
                yield _joined(parts)
            raise
        if parts:
            yield _joined(parts)

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events of a camera, times from 0 on.

        Raises
        ------
        ValidationError
            If they are of no camera, or do not fit: 15 bits for a pixel, 62 for a time.
        """
        if not isinstance(events, CameraEvents) or settings:
            raise ValidationError("aedat3", "writes CameraEvents, without settings")
        for name in ("x", "y"):
            if getattr(events, name).max(initial=0) > 32_767:
                raise ValidationError(f"aedat3, {name}", "does not fit", "0 to 32767")
        if len(events) and (events.t[0] < 0 or events.t[-1] >= 1 << 62):
            raise ValidationError(
                "aedat3, t", f"from {events.t[0]} to {events.t[-1]} us", "0 to 2^62"
            )
        known = {size: mark for mark, size in _SIZES.items()}
        camera = known.get((events.width, events.height), f"{events.width}x{events.height}")
        file.write(_MAGIC + f"\r\n#Format: RAW\r\n#Source 0: DVS{camera}\r\n".encode())
        file.write(_END + b"\r\n")
        # A packet has one count of overflows, so that it ends where the next begins.
        turns = np.flatnonzero(np.diff(events.t >> 31)) + 1
        steps = np.arange(0, len(events), _EVENTS_PER_PACKET)
        cuts = [*np.union1d(steps, turns).tolist(), len(events)]
        for first, last in pairwise(cuts):
            t = events.t[first:last]
            n = last - first
            words = np.empty((n, 2), np.uint32)
            x, y = events.x[first:last].astype(np.uint32), events.y[first:last].astype(np.uint32)
            words[:, 0] = x << 17 | y << 2 | events.p[first:last].astype(np.uint32) << 1 | 1
            words[:, 1] = (t & 0x7FFFFFFF).astype(np.uint32)
            file.write(_PACKET.pack(_POLARITY, 0, 8, 4, int(t[0] >> 31), n, n, n))
            file.write(words.astype("<u4").tobytes())


def _runs(file: BinaryIO, at: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Runs of at most `most` events: where they begin, how many, the overflows of their times."""
    end = file.seek(0, 2)
    while at < end:
        file.seek(at)
        head = file.read(_PACKET.size)
        if len(head) < _PACKET.size:
            raise Truncated(f"it ends {len(head)} bytes into the header of a packet")
        kind, _, size, _, overflow, capacity, number, _ = _PACKET.unpack(head)
        at += _PACKET.size
        if size <= 0 or capacity < 0 or not 0 <= number <= capacity or overflow < 0:
            raise FileFormatError(
                f"packet at byte {at - _PACKET.size} with {number} of {capacity} events of {size} "
                "bytes"
            )
        if kind == _POLARITY:
            if size != 8:
                raise FileFormatError(f"polarity events of {size} bytes, and 8 are known")
            there = min(number, (end - at) // 8)
            for first in range(0, there, most):
                n = min(most, there - first)
                yield at + first * 8, n, overflow
        at += capacity * size
        if at > end:
            raise Truncated(f"it ends {at - end} bytes before the end of a packet")


def _decoded(data: bytes, overflow: int) -> Columns:
    words = np.frombuffer(data, "<u4")
    n = len(words) // 2
    t, x, y = np.empty(n, np.int64), np.empty(n, np.uint16), np.empty(n, np.uint16)
    p = np.empty(n, np.uint8)
    k = _decode(words, overflow << 31, t, x, y, p)
    return {"t": t[:k], "x": x[:k], "y": y[:k], "p": p[:k]}


def _joined(parts: list[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@njit(cache=True, nogil=True)
def _decode(words, base, t, x, y, p):  # type: ignore[no-untyped-def]
    k = 0
    for i in range(len(words) // 2):
        word = np.int64(words[2 * i])
        if word & 1:
            t[k] = base + np.int64(np.int32(words[2 * i + 1]))
            x[k] = word >> 17
            y[k] = (word >> 2) & 0x7FFF
            p[k] = (word >> 1) & 1
            k += 1
    return k


FORMAT = Aedat31()

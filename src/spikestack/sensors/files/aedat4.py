"""AEDAT 4 (.aedat4 of DV): packets of FlatBuffers, plain or compressed, of several streams."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.etree import ElementTree

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...numerics.compiling import njit
from ..events import CameraEvents, Events
from .base import Columns, EventFormat, Header, Truncated
from .compression import compress, expand
from .flatbuffers import encode, root

__all__ = ["FORMAT"]

_MAGIC = b"#!AER-DAT4.0\r\n"
_COMPRESSIONS = {"none": 0, "lz4": 1, "zstd": 3}
_NAMES = ("none", "lz4", "lz4 high", "zstd", "zstd high")
_EVENT = np.dtype(
    {"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "u1"], "itemsize": 16}
)
_EVENTS_PER_PACKET = 1 << 14


@dataclass(frozen=True)
class Aedat4(EventFormat):
    """Events of one stream of a recording; frames, motion and triggers are skipped.

    Parameters
    ----------
    stream
        Its number; by default the first that holds events.
    """

    name = "aedat4"
    summary = "AEDAT 4, of DV; LZ4 and zstd with the extra 'aedat'"
    suffixes = (".aedat4",)

    stream: int | None = None

    def matches(self, head: bytes, suffix: str) -> bool:
        """By its first line."""
        return head.startswith(_MAGIC)

    def header(self, file: BinaryIO) -> Header:
        """Compression, streams, and where the table of packets stands."""
        if file.read(len(_MAGIC)) != _MAGIC:
            raise FileFormatError("no AEDAT 4: it should begin with '#!AER-DAT4.0'")
        start = file.tell()
        size = int.from_bytes(file.read(4), "little")
        left = file.seek(0, 2) - start - 4
        if not 0 < size <= left:
            raise FileFormatError(f"AEDAT 4 whose header has {size} bytes, of which {left} remain")
        file.seek(start + 4)
        table = root(file.read(size), b"IOHE", 0)
        compression = table.number(0, "<i", 0)
        if not 0 <= compression < len(_NAMES):
            raise FileFormatError(f"AEDAT 4 with compression {compression}, and 0 to 4 are known")
        streams = _streams(table.string(2))
        events = [number for number, about in streams.items() if about["kind"] == "EVTS"]
        if self.stream is None and not events:
            raise FileFormatError(f"AEDAT 4 without events; it holds {streams}")
        stream = events[0] if self.stream is None else self.stream
        if stream not in events:
            raise ValidationError("aedat4, stream", f"got {shorten(stream)}", f"one of {events}")
        geometry = {k: v for k, v in streams[stream].items() if k in {"width", "height"} and v > 0}
        about = {
            "compression": _NAMES[compression],
            "streams": streams,
            "stream": stream,
            "table_at": table.number(1, "<q", -1),
        }
        return Header(geometry if len(geometry) == 2 else {}, about=about, offset=start + 4 + size)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode, several packets at a time."""
        filling = _Filling(most)
        cut = ""
        for payload, cut in _payloads(file, header):
            events = _vector(payload, whole=not cut)
            at = 0
            while at < len(events):
                at = filling.take(events, at)
                if filling.n == most:
                    yield filling.given()
        if filling.n:
            yield filling.given()
        if cut:
            raise Truncated(cut)

    def write(
        self, file: BinaryIO, events: Events, compression: str = "none", **settings: Any
    ) -> None:
        """Write events of a camera.

        Parameters
        ----------
        file, events
            As always.
        compression
            ``"none"``, ``"lz4"`` or ``"zstd"``.

        Raises
        ------
        ValidationError
            If they are of no camera, or a pixel lies beyond 32,767.
        MissingExtraError
            Without the library for the compression.
        """
        if not isinstance(events, CameraEvents) or settings:
            raise ValidationError("aedat4", "writes CameraEvents; its setting is compression")
        if compression not in _COMPRESSIONS:
            known = f"one of {list(_COMPRESSIONS)}"
            raise ValidationError("aedat4, compression", f"got {shorten(compression)}", known)
        if max(events.width, events.height) > 32_768:
            raise ValidationError("aedat4", f"{events.width} x {events.height}", "<= 32768")
        kind = _COMPRESSIONS[compression]
        start = file.tell()
        file.write(_head(kind, 0, events))
        rows = []
        for first in range(0, len(events), _EVENTS_PER_PACKET):
            part = events[first : first + _EVENTS_PER_PACKET]
            table = np.zeros(len(part), _EVENT)
            for name in ("t", "x", "y", "p"):
                table[name] = getattr(part, name)
            packet = compress(encode(b"EVTS", [(len(part), table.tobytes())]), kind)
            rows.append((file.tell() - start + 8, len(packet), len(part), part.t[0], part.t[-1]))
            file.write(struct.pack("<ii", 0, len(packet)) + packet)
        end = file.tell()
        file.write(compress(_table(rows), kind))
        file.seek(start)
        file.write(_head(kind, end - start, events))
        file.seek(0, 2)


class _Filling:
    """Columns being filled, up to `most` events."""

    def __init__(self, most: int) -> None:
        self.most, self.n = most, 0

    def take(self, events: np.ndarray, at: int) -> int:
        """Take events from `at` on, as many as there is room for; return where to go on."""
        if not self.n:
            self.columns = tuple(
                np.empty(self.most, kind) for kind in CameraEvents.columns.values()
            )
        k = min(len(events) - at, self.most - self.n)
        if _decode(events[at : at + k], self.n, *self.columns) < k:
            raise FileFormatError("AEDAT 4 with an event of a negative pixel")
        self.n += k
        return at + k

    def given(self) -> Columns:
        """What was filled."""
        columns, n = self.columns, self.n
        self.n = 0
        return {name: c[:n] for name, c in zip(CameraEvents.columns, columns)}


def _payloads(file: BinaryIO, header: Header) -> Iterator[tuple[bytes, str]]:
    """Payloads of the stream's packets, each with what cut it off, if anything did."""
    end = file.seek(0, 2)
    kind = _NAMES.index(header.about["compression"])
    table, at = header.about["table_at"], header.offset
    last = min(end, table) if table >= at else end
    while at < last:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            yield b"", f"it ends {len(head)} bytes into the head of a packet"
            return
        stream, size = struct.unpack("<ii", head)
        if size < 0:
            raise FileFormatError(f"packet at byte {at} of {size} bytes")
        at += 8 + size
        cut = f"it ends {at - end} bytes before the end of a packet" if at > end else ""
        if stream == header.about["stream"]:
            payload, whole = _expanded(file.read(size), kind, bool(cut))
            if not whole and not cut:
                raise FileFormatError(f"packet at byte {at - 8 - size} is compressed in part only")
            yield payload, cut
        elif cut:
            yield b"", cut
        if cut:
            return
    if table >= header.offset:
        file.seek(table)
        payload, whole = _expanded(file.read(), kind, True)
        if not whole or len(payload) < max(12, 4 + int.from_bytes(payload[:4], "little")):
            yield b"", "its table of packets is cut off"


def _expanded(frame: bytes, kind: int, cut: bool) -> tuple[bytes, bool]:
    """What a frame holds, and whether it is whole; of one that is cut off, what there is."""
    if not frame:
        return b"", False
    try:
        return expand(frame, kind)
    except FileFormatError:
        if not cut:
            raise
        return b"", False


def _vector(payload: bytes, whole: bool) -> np.ndarray:
    """Events of a packet, or of the beginning of one."""
    try:
        at, n = root(payload, b"EVTS", 4).vector(0)
    except FileFormatError:
        if whole:
            raise
        return np.zeros(0, _EVENT)
    there = max(0, len(payload) - at) // 16
    if there < n and whole:
        raise FileFormatError(f"packet of {n} events that holds {there}")
    return np.frombuffer(payload, _EVENT, min(n, there), min(at, len(payload)))


def _streams(text: str) -> dict[int, dict[str, Any]]:
    """What the recording says of each stream: ``kind``, ``width``, ``height``, ``source``."""
    if "<!" in text:
        raise FileFormatError("AEDAT 4 whose description declares entities")
    try:
        tree = ElementTree.fromstring(text.rstrip("\0"))
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise FileFormatError(f"AEDAT 4 whose description cannot be read: {error}") from error
    streams = {}
    for node in tree.iterfind("node[@name='outInfo']/node"):
        name = node.get("name", "")
        if not (name.isascii() and name.isdigit() and len(name) < 9):
            continue
        own = {a.get("key"): (a.text or "") for a in node.iterfind("attr")}
        info = {a.get("key"): (a.text or "") for a in node.iterfind("node[@name='info']/attr")}
        streams[int(name)] = {
            "kind": own.get("typeIdentifier", ""),
            "width": _size(info.get("sizeX", "")),
            "height": _size(info.get("sizeY", "")),
            "source": info.get("source", ""),
        }
    return streams


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _head(kind: int, table_at: int, events: CameraEvents) -> bytes:
    name = ("NONE", "LZ4", "", "ZSTD")[kind]

    def node(name: str, path: str, *inner: str) -> str:
        return f'<node name="{name}" path="{path}">{"".join(inner)}</node>'

    def attr(key: str, value: object, type_: str = "string") -> str:
        return f'<attr key="{key}" type="{type_}">{value}</attr>'

    path = "/mainloop/Recorder/outInfo/"
    sizes = attr("sizeX", events.width, "int") + attr("sizeY", events.height, "int")
    info = node("info", f"{path}0/info/", sizes, attr("source", "spikestack"))
    about = attr("compression", name), attr("originalOutputName", "events")
    stream = node("0", f"{path}0/", *about, attr("typeIdentifier", "EVTS"), info)
    text = f'<dv version="2.0">{node("outInfo", path, stream)}</dv>'.encode()
    return _MAGIC + encode(b"IOHE", [("<i", kind), ("<q", table_at), (len(text), text)])


def _table(rows: list[tuple[int, int, int, int, int]]) -> bytes:
    """The table of packets: for each its place, stream, size, events, first and last time."""
    # A vector of tables: FlatBuffers hold offsets to them, each from its own place on.
    # They share a vtable. Each has 44 bytes and 4 between: longs stand at multiples of 8.
    offsets, tables = bytearray(), bytearray()
    pad = 0 if len(rows) % 2 else 4
    vtable = struct.pack("<7H", 14, 44, 12, 4, 20, 28, 36) + bytes(2)
    for i, (at, size, count, first, last) in enumerate(rows):
        offsets += struct.pack("<I", 4 * (len(rows) - i) + pad + 16 + 48 * i)
        place = 16 + 48 * i
        tables += struct.pack("<iiiqqqq4x", place, 0, size, at, count, first, last)
    body = bytes(offsets) + bytes(pad) + vtable + bytes(tables)
    return encode(b"FTAB", [(len(rows), body)])


@njit(cache=True, nogil=True)
def _decode(events, at, t, x, y, p):  # type: ignore[no-untyped-def]
    for i in range(len(events)):
        if events[i].x < 0 or events[i].y < 0:
            return i
        t[at + i] = events[i].t
        x[at + i] = events[i].x
        y[at + i] = events[i].y
        p[at + i] = events[i].p != 0
    return len(events)


FORMAT = Aedat4()

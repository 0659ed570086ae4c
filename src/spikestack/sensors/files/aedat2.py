"""AEDAT 1 and 2 (.aedat, .dat of jAER): an address and a time for each event, big endian."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError
from ..events import Events
from .base import Columns, EventFormat, Header
from .bit_layouts import BitLayout, Clock, records

__all__ = ["FORMAT", "LAYOUTS"]

_MAGIC = b"#!AER-DAT"
_END = b"#End Of ASCII Header"
_LONGEST_LINE, _LONGEST_HEADER = 4096, 1 << 20


def _davis(width: int, height: int) -> BitLayout:
    """Bit 31 of the address marks samples of brightness and motion, bit 10 outer events."""
    fields = {"t": (31, 0), "y": (62, 54), "x": (53, 44), "p": (43, 43)}
    marks = 1 << 63 | 1 << 42
    return BitLayout(8, fields, "big", width, height, 0, True, True, mask=marks, wraps=True)


def _dvs128(size: int) -> BitLayout:
    """ON is 0 here; bit 15 of the address marks outer events."""
    fields = {"t": (31, 0), "y": (46, 40), "x": (39, 33), "p": (32, 32)}
    return BitLayout(size, fields, "big", 128, 128, 0, True, True, 0, mask=1 << 47, wraps=True)


#: Addresses by camera, as jAER reads them, turned to count rows from above.
LAYOUTS = {
    "dvs128": _dvs128(8),
    "davis240": _davis(240, 180),
    "davis346": _davis(346, 260),
    "dvs640": BitLayout(
        8,
        {"t": (31, 0), "y": (52, 43), "x": (42, 33), "p": (32, 32)},
        "big",
        *(640, 480, 0, True, True),
        wraps=True,
    ),
}


@dataclass(frozen=True)
class Aedat2(EventFormat):
    """Recordings of jAER and of v2e.

    Parameters
    ----------
    layout
        What the addresses mean: ``"dvs128"``, ``"davis240"``, ``"davis346"``, ``"dvs640"``, or a
        `BitLayout` of the whole record of 8 bytes (6 in version 1), the time in its lowest 32 bits.
        By default as the file's ``AEChip`` says. Where it says nothing, it is taken as of a
        DVS128 if no address needs more than 16 bits, else of a DAVIS346, with a warning.
    """

    name = "aedat2"
    summary = "AEDAT 1 and 2, of jAER and v2e"
    suffixes = (".aedat2",)

    layout: BitLayout | str | None = None

    def matches(self, head: bytes, suffix: str) -> bool:
        """By its first line."""
        return head.startswith((_MAGIC + b"1.", _MAGIC + b"2."))

    def header(self, file: BinaryIO) -> Header:
        """Lines of text, each after a ``#``."""
        first = file.readline(64)
        if not first.startswith((_MAGIC + b"1.", _MAGIC + b"2.")) or not first.endswith(b"\n"):
            raise FileFormatError("no AEDAT 1 or 2: it should begin with '#!AER-DAT2.0'")
        version = int(first[len(_MAGIC) : len(_MAGIC) + 1])
        offset, lines = _lines(file, len(first))
        layout, name = self._layout(version, lines, file, offset)
        about = {"version": version, "layout": name, "lines": lines}
        return Header(layout.geometry, layout.kind, about, offset)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode; what is no event of a pixel is skipped."""
        layout = self.layout
        if not isinstance(layout, BitLayout):
            layout = _of_version(LAYOUTS[header.about["layout"]], header.about["version"])
        clock = Clock(layout)
        every = replace(layout, mask=0, value=0)
        for data in records(file, header.offset, layout.size, most):
            # The clock must see all times, or a wrap may go unseen.
            t = clock.microseconds(every.unpack(data)[0]["t"])
            fields, which = layout.unpack(data)
            yield {"t": t[which], **layout.pixels(fields)}

    def write(
        self,
        file: BinaryIO,
        events: Events,
        layout: BitLayout | str = "davis346",
        **settings: Any,
    ) -> None:
        """Write version 2.

        Raises
        ------
        ValidationError
            If the events do not fit the layout, begin before 0, or pause for 35 minutes.
        """
        name = layout if isinstance(layout, str) else ""
        layout = _known(layout)
        if not isinstance(events, layout.kind) or settings or layout.size != 8:
            raise ValidationError("aedat2", f"writes {layout.kind.__name__} in records of 8 bytes")
        data = layout.pack(events, Clock(layout).ticks(events.t, "aedat2"), "aedat2")
        chip = f"# AEChip: {name}\r\n".encode() if name else b""
        file.write(_MAGIC + b"2.0\r\n# Timestamps tick is 1 us\r\n" + chip + _END + b"\r\n")
        file.write(data.tobytes())

    def _layout(
        self, version: int, lines: list[str], file: BinaryIO, offset: int
    ) -> tuple[BitLayout, str]:
        if self.layout is not None:
            layout = _of_version(_known(self.layout), version)
            return layout, self.layout if isinstance(self.layout, str) else "given"
        for line in lines:
            if "aechip" in line.lower():
                chip = line.lower().rpartition(".")[2]
                for name, layout in LAYOUTS.items():
                    if name in chip:
                        return _of_version(layout, version), name
        name = "dvs128" if version == 1 or _are_short(file, offset) else "davis346"
        warnings.warn(
            f"the file does not say of which camera it is, taken as {name}; pass layout=, one of "
            f"{', '.join(LAYOUTS)}, or a BitLayout",
            stacklevel=6,
        )
        return _of_version(LAYOUTS[name], version), name


def _known(layout: BitLayout | str) -> BitLayout:
    if isinstance(layout, BitLayout):
        return layout
    if layout not in LAYOUTS:
        raise UnknownNameError("aedat2, layout", layout, LAYOUTS)
    return LAYOUTS[layout]


def _of_version(layout: BitLayout, version: int) -> BitLayout:
    if layout is LAYOUTS["dvs128"] and version == 1:
        return _dvs128(6)
    if layout.size != (6 if version == 1 else 8):
        raise FileFormatError(
            f"AEDAT {version} has records of {6 if version == 1 else 8} bytes, and the layout is "
            f"of {layout.size}"
        )
    return layout


def _lines(file: BinaryIO, offset: int) -> tuple[int, list[str]]:
    """Where events begin, and the lines before. An event may begin with the byte of a ``#``."""
    lines: list[str] = []
    while offset < _LONGEST_HEADER:
        line = file.readline(_LONGEST_LINE)
        text = line.rstrip(b"\r\n").replace(b"\t", b" ")
        if not line.startswith(b"#") or min(text) < 32:
            break
        if not line.endswith(b"\n"):
            if len(line) < _LONGEST_LINE:
                raise FileFormatError("AEDAT 1 or 2 that ends within its header")
            break
        offset += len(line)
        if line.startswith(_END):
            break
        lines.append(text[1:].strip().decode("utf-8", "replace"))
    return offset, lines


def _are_short(file: BinaryIO, offset: int) -> bool:
    """Whether the first addresses have 16 bits at most."""
    file.seek(offset)
    data = file.read(8 << 16)
    addresses = np.frombuffer(data, ">u4", len(data) // 8 * 2)[::2]
    return bool((addresses < 1 << 16).all())


FORMAT = Aedat2()

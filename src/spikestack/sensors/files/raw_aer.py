"""Raw address events: records of a bit layout that the caller declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...errors import UnknownNameError, ValidationError
from ..events import Events
from .base import Columns, EventFormat, Header
from .bit_layouts import BitLayout, Clock, records

__all__ = ["FORMAT", "LAYOUTS"]

#: Layouts by name, those of faery's and AEStream's datagrams.
LAYOUTS = {
    "t64_x16_y16_on8": BitLayout(
        13, {"t": (63, 0), "x": (79, 64), "y": (95, 80), "p": (103, 96)}, "little"
    ),
    "t32_x16_y15_on1": BitLayout(
        8, {"t": (31, 0), "x": (47, 32), "y": (63, 49), "p": (48, 48)}, "little", wraps=True
    ),
}


@dataclass(frozen=True)
class RawAer(EventFormat):
    """Words from a bus, a chip, a logger: nothing but the caller tells how they are to be read.

    Parameters
    ----------
    layout
        A `BitLayout`, or the name of one: ``"t64_x16_y16_on8"``, ``"t32_x16_y15_on1"``.
    skip
        Bytes before the first record.
    """

    name = "raw-aer"
    summary = "records of a declared bit layout"
    suffixes = (".aer",)

    layout: BitLayout | str | None = None
    skip: int = 0

    def matches(self, head: bytes, suffix: str) -> bool:
        """By the ending of its name."""
        return suffix in self.suffixes

    def header(self, file: BinaryIO) -> Header:
        """What the layout says."""
        layout = _known(self.layout)
        if not isinstance(self.skip, int) or self.skip < 0:
            raise ValidationError("raw_aer, skip", f"got {self.skip!r}", "bytes, 0 or more")
        return Header(layout.geometry, layout.kind, offset=self.skip)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode."""
        layout = _known(self.layout)
        clock = Clock(layout)
        for data in records(file, header.offset, layout.size, most):
            fields, _ = layout.unpack(data)
            yield {"t": clock.microseconds(fields["t"]), **layout.pixels(fields)}

    def write(
        self, file: BinaryIO, events: Events, layout: BitLayout | str | None = None, **settings: Any
    ) -> None:
        """Write events as records of a layout.

        Raises
        ------
        ValidationError
            If they do not fit.
        """
        layout = _known(layout)
        if not isinstance(events, layout.kind) or settings:
            raise ValidationError("raw_aer", f"writes {layout.kind.__name__} of this layout")
        ticks = Clock(layout).ticks(events.t, "raw_aer")
        file.write(layout.pack(events, ticks, "raw_aer").tobytes())


def _known(layout: BitLayout | str | None) -> BitLayout:
    if isinstance(layout, BitLayout):
        return layout
    if isinstance(layout, str):
        if layout not in LAYOUTS:
            raise UnknownNameError("raw_aer, layout", layout, LAYOUTS)
        return LAYOUTS[layout]
    raise ValidationError(
        "raw_aer, layout", "nothing in the file tells it", "a BitLayout, or the name of one"
    )


FORMAT = RawAer()

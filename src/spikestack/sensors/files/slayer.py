"""SLAYER's spike files (.bs1, .bs2, .bs3): units, pixels, and pixels of channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ..events import Events
from .base import Columns, EventFormat, Header
from .bit_layouts import BitLayout, records

__all__ = ["FORMATS"]

_TOO_MANY = "more polarities than two"


class Slayer(EventFormat):
    """One of the three; a file says nothing of itself, so that its name must.

    Source: ``spikeFileIO.py`` of slayerPytorch (S. Shrestha, G. Orchard).
    """

    def __init__(self, name: str, summary: str, layout: BitLayout) -> None:
        self.name, self.summary, self.layout = name, summary, layout  # type: ignore[misc]
        self.suffixes = (f".{name}",)  # type: ignore[misc]

    def matches(self, head: bytes, suffix: str) -> bool:
        """By the ending of its name."""
        return suffix in self.suffixes

    def header(self, file: BinaryIO) -> Header:
        """There is none."""
        return Header(kind=self.layout.kind)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode."""
        for data in records(file, 0, self.layout.size, most):
            fields, _ = self.layout.unpack(data)
            if "p" in fields and fields["p"].max(initial=0) > 1:
                raise FileFormatError(f"an event of channel {fields['p'].max()}: {_TOO_MANY}")
            yield {"t": fields["t"].astype(np.int64), **self.layout.pixels(fields)}

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events.

        Raises
        ------
        ValidationError
            If they are of another kind, or do not fit; a time has 23 or 24 bits.
        """
        if not isinstance(events, self.layout.kind) or settings:
            kind = self.layout.kind.__name__
            raise ValidationError(self.name, f"writes {kind}, without settings")
        file.write(self.layout.pack(events, events.t, self.name).tobytes())


FORMATS = (
    Slayer("bs1", "SLAYER: 16 bits of unit", BitLayout(5, {"unit": (39, 24), "t": (22, 0)})),
    Slayer(
        "bs2",
        "SLAYER: pixels of 8 bits each way",
        BitLayout(5, {"x": (39, 32), "y": (31, 24), "p": (23, 23), "t": (22, 0)}),
    ),
    Slayer(
        "bs3",
        "SLAYER: pixels of 12 bits each way",
        BitLayout(7, {"x": (55, 44), "y": (43, 32), "p": (31, 24), "t": (23, 0)}),
    ),
)

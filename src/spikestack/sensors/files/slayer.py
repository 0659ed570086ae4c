"""SLAYER's files: spikes of units, pixels and channels (.bs1, .bs2, .bs3), and counts (.bsn)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ..events import Events
from ..other_events import SpikeCounts
from .base import Columns, EventFormat, Header
from .bit_layouts import BitLayout, records

__all__ = ["FORMATS"]

_TOO_MANY = "more polarities than two"
_COUNTS = 10


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


class SlayerCounts(EventFormat):
    """How many spikes a unit has in an interval: unit 16 bits, begin and end 24, count 16.

    Times are in microseconds, as in the other three. Source: ``spikeFileIO.py`` of slayerPytorch.
    """

    name = "bsn"
    summary = "SLAYER: spike counts of units in intervals"
    suffixes = (".bsn",)

    def matches(self, head: bytes, suffix: str) -> bool:
        """By the ending of its name."""
        return suffix in self.suffixes

    def header(self, file: BinaryIO) -> Header:
        """There is none."""
        return Header(kind=SpikeCounts)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode."""
        for data in records(file, 0, _COUNTS, most):
            rows = data.reshape(-1, _COUNTS).astype(np.int64)
            t, end = (_number(rows[:, i : i + 3]) for i in (2, 5))
            if (end < t).any():
                at = int(np.argmax(end < t))
                raise FileFormatError(f"an interval from {t[at]} to {end[at]} us")
            unit, count = _number(rows[:, :2]).astype(np.uint32), _number(rows[:, 8:])
            yield {"t": t, "end": end, "unit": unit, "count": count.astype(np.uint16)}

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write counts.

        Raises
        ------
        ValidationError
            If they are of another kind, or do not fit: units have 16 bits, times 24.
        """
        if not isinstance(events, SpikeCounts) or settings:
            raise ValidationError(self.name, "writes SpikeCounts, without settings")
        fields: dict[str, tuple[np.ndarray, int]] = {
            "unit": (events.unit, 2),
            "t": (events.t, 3),
            "end": (events.end, 3),
        }
        made: list[np.ndarray] = []
        for name, (column, size) in {**fields, "count": (events.count, 2)}.items():
            most = (1 << 8 * size) - 1
            if len(column) and (column.min() < 0 or column.max() > most):
                bad = column.max() if column.max() > most else column.min()
                raise ValidationError(f"bsn, {name}", f"{bad} does not fit", f"0 to {most}")
            whole = column.astype(">u8").view(np.uint8).reshape(-1, 8)
            made.append(whole[:, 8 - size :])
        file.write(np.concatenate(made, axis=1).tobytes())


def _number(cells: np.ndarray) -> np.ndarray:
    """Whole numbers of bytes, the greatest first."""
    made: np.ndarray = np.zeros(len(cells), np.int64)
    for i in range(cells.shape[1]):
        made = made << 8 | cells[:, i]
    return made


FORMATS = (
    SlayerCounts(),
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

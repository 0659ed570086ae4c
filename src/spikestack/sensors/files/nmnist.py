"""N-MNIST, N-Caltech101 and their like (.bin): 40 bits an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import ValidationError
from ..events import CameraEvents, Events
from .base import Columns, EventFormat, Header
from .bit_layouts import BitLayout, records

__all__ = ["FORMAT", "LAYOUT"]

LAYOUT = BitLayout(5, {"x": (39, 32), "y": (31, 24), "p": (23, 23), "t": (22, 0)})
_OVERFLOW_ROW, _OVERFLOW = 240, 1 << 13


class NMnist(EventFormat):
    """N-MNIST. A file says nothing of itself: not even that it is one.

    An event of row 240 is none: it adds 2^13 us to all times that follow. Source: G. Orchard's page
    of the data set.
    """

    name = "nmnist"
    summary = "N-MNIST, N-Caltech101: 40 bits an event"
    suffixes = (".bin",)

    def matches(self, head: bytes, suffix: str) -> bool:
        """By the ending of its name."""
        return suffix in self.suffixes

    def header(self, file: BinaryIO) -> Header:
        """There is none."""
        return Header()

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode."""
        added = 0
        for data in records(file, 0, LAYOUT.size, most):
            fields, _ = LAYOUT.unpack(data)
            overflow = fields["y"] == _OVERFLOW_ROW
            t = fields["t"].astype(np.int64) + added + _OVERFLOW * np.cumsum(overflow)
            added += _OVERFLOW * int(overflow.sum())
            columns = {"t": t, **LAYOUT.pixels(fields)}
            yield {name: column[~overflow] for name, column in columns.items()}

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events of a camera of at most 256 x 240 pixels, times from 0 on.

        Raises
        ------
        ValidationError
            If they do not fit, or last for more than an hour.
        """
        if not isinstance(events, CameraEvents) or settings:
            raise ValidationError(self.name, "writes CameraEvents, without settings")
        if len(events) and (events.t[0] < 0 or events.t[-1] >= 3_600_000_000):
            raise ValidationError(
                "nmnist, t",
                f"from {events.t[0]} to {events.t[-1]} us",
                "from 0 to an hour",
                "shift the events to begin at 0: events.shifted(-events.t[0] / 1000)",
            )
        if len(events) and events.y.max() >= _OVERFLOW_ROW:
            raise ValidationError("nmnist, y", f"{events.y.max()} does not fit", "0 to 239")
        most = (1 << LAYOUT.bits("t")) - 1
        # How many overflow events there must be before each event.
        needed = np.maximum(0, -((most - events.t) // _OVERFLOW))
        packed = LAYOUT.pack(events, events.t - needed * _OVERFLOW, self.name).reshape(-1, 5)
        marks = np.diff(needed, prepend=0)
        at = np.arange(len(events)) + needed
        out = np.tile(np.array([0, _OVERFLOW_ROW, 0, 0, 0], np.uint8), (len(at) + marks.sum(), 1))
        out[at] = packed
        file.write(out.tobytes())


FORMAT = NMnist()

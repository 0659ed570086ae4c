"""Records of a fixed size whose bits are the fields of an event, read and written piece by piece.

Half of the formats are that: AEDAT 1 and 2, N-MNIST, SLAYER's, words from a chip's bus. What they
differ in is data: a `BitLayout`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.compiling import njit
from ..events import CameraEvents, Events, UnitEvents
from .base import Truncated

__all__ = ["BitLayout", "records"]

_WORD = (1 << 64) - 1
_CAMERA, _UNITS = ("t", "x", "y", "p"), ("t", "unit")


@dataclass(frozen=True)
class BitLayout:
    """Where the fields of an event stand in a record.

    Parameters
    ----------
    size
        Bytes of a record, 1 to 16.
    fields
        For each field its highest and lowest bit, bit 0 being the least significant of the record
        as one whole number: ``t``, ``x``, ``y``, ``p``, or ``t`` and ``unit``.
    byte_order
        ``"big"`` or ``"little"``.
    width, height, units
        Of the sensor; 0 where unknown.
    mirror_x, mirror_y
        Whether pixels are counted from the right, or from below; needs `width`, `height`.
    on
        The value of ``p``, 0 or 1, that means brighter.
    mask, value
        A record is an event only if record & mask == value; others are skipped.
    tick
        Microseconds of one unit of ``t``.
    wraps
        Whether ``t`` starts again at 0 after its greatest value: where it falls by half of its
        range or more, the range is added to what follows.

    Raises
    ------
    ValidationError
        If a field lies outside the record, or fields or sizes are missing.
    """

    size: int
    fields: Mapping[str, tuple[int, int]]
    byte_order: str = "big"
    width: int = 0
    height: int = 0
    units: int = 0
    mirror_x: bool = False
    mirror_y: bool = False
    on: int = 1
    mask: int = 0
    value: int = 0
    tick: float = 1.0
    wraps: bool = False

    def __post_init__(self) -> None:
        def refuse(what: str, problem: str, rule: str) -> None:
            raise ValidationError(f"BitLayout.{what}", problem, rule)

        if not isinstance(self.size, int) or not 1 <= self.size <= 16:
            refuse("size", f"got {shorten(self.size)}", "1 to 16 bytes")
        if set(self.fields) not in ({*_CAMERA}, {*_UNITS}):
            refuse("fields", f"got {sorted(self.fields)}", "t, x, y, p, or t, unit")
        widest = {"t": 64, "x": 16, "y": 16, "p": 8, "unit": 32}
        for name, (high, low) in self.fields.items():
            if not 0 <= low <= high < 8 * self.size:
                refuse(f"fields[{name!r}]", f"got {(high, low)}", "bits of the record, high first")
            if high - low + 1 > widest[name]:
                refuse(f"fields[{name!r}]", f"{high - low + 1} bits", f"<= {widest[name]}")
        if self.byte_order not in {"big", "little"}:
            refuse("byte_order", f"got {shorten(self.byte_order)}", "'big' or 'little'")
        if (self.mirror_x and not self.width) or (self.mirror_y and not self.height):
            refuse("mirror_x, mirror_y", "the size is not given", "width and height")
        if self.wraps and self.bits("t") > 40:
            refuse("wraps", f"t has {self.bits('t')} bits", "at most 40")
        if not (np.isfinite(self.tick) and 0 < self.tick <= 1e9):
            refuse("tick", f"got {shorten(self.tick)}", "above 0, at most 1e9 us")

    @property
    def names(self) -> tuple[str, ...]:
        """The fields, `t` first."""
        return _UNITS if "unit" in self.fields else _CAMERA

    @property
    def kind(self) -> type[Events]:
        """What its events are."""
        return UnitEvents if "unit" in self.fields else CameraEvents

    @property
    def geometry(self) -> dict[str, int]:
        """What is known of the sensor's size."""
        names = ("units",) if "unit" in self.fields else ("width", "height")
        known = {name: getattr(self, name) for name in names}
        return known if all(known.values()) else {}

    def bits(self, name: str) -> int:
        """How many bits a field has."""
        high, low = self.fields[name]
        return high - low + 1

    def unpack(self, data: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Fields of the records in `data` that are events, as uint64, and which these are."""
        n = len(data) // self.size
        found = np.empty((len(self.names), n), np.uint64)
        which = np.empty(n, np.int64)
        kept = _unpack(data, self.size, self.byte_order == "big", *self._plan(), found, which)
        return {name: found[i, :kept] for i, name in enumerate(self.names)}, which[:kept]

    def pixels(self, fields: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Columns, but for `t`, of the fields as they stand in records."""
        if "unit" in fields:
            return {"unit": fields["unit"].astype(np.uint32)}
        x, y = fields["x"].astype(np.int64), fields["y"].astype(np.int64)
        if self.mirror_x:
            x = self.width - 1 - x
        if self.mirror_y:
            y = self.height - 1 - y
        brighter = fields["p"] == self.on if self.bits("p") == 1 else fields["p"] != 0
        # One outside on the far side of a mirror becomes 65,535: outside still.
        return {"x": _pixel(x), "y": _pixel(y), "p": brighter.astype(np.uint8)}

    def pack(self, events: Events, ticks: np.ndarray, where: str) -> np.ndarray:
        """Records of events whose times are `ticks`, as bytes."""
        columns = {name: getattr(events, name).astype(np.int64) for name in self.names[1:]}
        columns["t"] = ticks
        limits = {"x": self.width, "y": self.height, "unit": self.units}
        for name, column in columns.items():
            most = min(1 << min(self.bits(name), 63), limits.get(name) or _WORD) - 1
            if len(column) and (column.min() < 0 or column.max() > most):
                bad = column.max() if column.max() > most else column.min()
                raise ValidationError(f"{where}, {name}", f"{bad} does not fit", f"0 to {most}")
        if self.mirror_x:
            columns["x"] = self.width - 1 - columns["x"]
        if self.mirror_y:
            columns["y"] = self.height - 1 - columns["y"]
        if "p" in columns and not self.on:
            columns["p"] = 1 - columns["p"]
        table = np.stack([columns[name].astype(np.uint64) for name in self.names])
        out = np.empty(len(ticks) * self.size, np.uint8)
        _pack(table, self.size, self.byte_order == "big", *self._plan(), out)
        return out

    def _plan(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low = np.array([self.fields[name][1] for name in self.names], np.int64)
        masks = np.array([(1 << self.bits(name)) - 1 for name in self.names], np.uint64)
        words = (self.mask & _WORD, self.mask >> 64, self.value & _WORD, self.value >> 64)
        return low, masks, np.array(words, np.uint64)


class Clock:
    """Makes microseconds of a layout's ticks, across pieces."""

    def __init__(self, layout: BitLayout) -> None:
        self.layout, self.base, self.last = layout, 0, 0

    def microseconds(self, field: np.ndarray) -> np.ndarray:
        """Times of the next records."""
        t = field.view(np.int64).copy()
        if self.layout.wraps and len(t):
            whole = 1 << self.layout.bits("t")
            falls = np.diff(t, prepend=self.last) <= -(whole // 2)
            self.last = int(t[-1])
            t += self.base + whole * np.cumsum(falls)
            self.base += whole * int(falls.sum())
        if self.layout.tick != 1.0:
            t = np.clip(np.rint(t * self.layout.tick), -(2.0**62), 2.0**62).astype(np.int64)
        return t

    def ticks(self, t: np.ndarray, where: str) -> np.ndarray:
        """Ticks of times, as they stand in records; of the nearest where they do not fit."""
        ticks = np.rint(t / self.layout.tick).astype(np.int64) if self.layout.tick != 1.0 else t
        if not self.layout.wraps:
            return ticks
        whole = 1 << self.layout.bits("t")
        steps = np.diff(ticks, prepend=0)
        if len(ticks) and (ticks[0] < 0 or steps.max() > whole // 2):
            raise ValidationError(
                f"{where}, t",
                f"a pause of {steps.max()} ticks, from 0 on",
                f"none above {whole // 2}, as the time has {self.layout.bits('t')} bits",
                "shift the events to begin at 0: events.shifted(-events.t[0] / 1000)",
            )
        return ticks % whole


def records(file: BinaryIO, offset: int, size: int, most: int) -> Iterator[np.ndarray]:
    """Whole records from `offset` on, about `most` at a time, as bytes.

    Raises
    ------
    Truncated
        After the last, if the file ends in the midst of one.
    """
    file.seek(offset)
    while data := file.read(size * most):
        whole = len(data) // size * size
        if whole:
            yield np.frombuffer(data, np.uint8, whole)
        if whole < len(data):
            raise Truncated(f"it ends {len(data) - whole} bytes into an event of {size}")


def _pixel(column: np.ndarray) -> np.ndarray:
    return np.where(column < 0, 65_535, column).astype(np.uint16)


@njit(cache=True, nogil=True)
def _unpack(data, size, big, low, masks, words, found, which):  # type: ignore[no-untyped-def]
    one = np.uint64(1)
    kept = 0
    for i in range(len(data) // size):
        lower, upper = np.uint64(0), np.uint64(0)
        for k in range(size):
            # Bytes from the least significant one on.
            byte = np.uint64(data[i * size + (size - 1 - k if big else k)])
            if k < 8:
                lower |= byte << np.uint64(8 * k)
            else:
                upper |= byte << np.uint64(8 * (k - 8))
        if (lower & words[0]) != words[2] or (upper & words[1]) != words[3]:
            continue
        for j in range(len(low)):
            if low[j] >= 64:
                field = upper >> np.uint64(low[j] - 64)
            elif low[j] == 0:
                field = lower
            else:
                field = (lower >> np.uint64(low[j])) | ((upper << one) << np.uint64(63 - low[j]))
            found[j, kept] = field & masks[j]
        which[kept] = i
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def _pack(table, size, big, low, masks, words, out):  # type: ignore[no-untyped-def]
    one = np.uint64(1)
    for i in range(table.shape[1]):
        lower, upper = words[2], words[3]
        for j in range(len(low)):
            field = table[j, i] & masks[j]
            if low[j] >= 64:
                upper |= field << np.uint64(low[j] - 64)
            else:
                lower |= field << np.uint64(low[j])
                if low[j] > 0:
                    upper |= (field >> one) >> np.uint64(63 - low[j])
        for k in range(size):
            word = lower if k < 8 else upper
            byte = np.uint8((word >> np.uint64(8 * (k % 8))) & np.uint64(255))
            out[i * size + (size - 1 - k if big else k)] = byte

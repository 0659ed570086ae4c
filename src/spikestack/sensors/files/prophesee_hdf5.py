"""Prophesee HDF5: a table of events in chunks, compressed by the ECF codec.

Chunks are read and written as they are stored, and coded here, so that no plug-in of HDF5 is
needed. Tables without that codec, plain or with a filter that h5py has, are read, too.

Source: openeb (Apache-2), writer of HDF5 event files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError
from ..events import CameraEvents, Events
from . import ecf, percent_header
from .base import Columns, EventFormat, Header, Truncated
from .hdf5_cut import lengths
from .hdf5_files import MAGIC, check_size, holds, library, opened, present
from .hdf5_texts import check_texts

__all__ = ["FORMAT"]

_EVENTS = "CD/events"
_FILTER = 0x8ECF
_CHUNK = 16_384
_RECORD = np.dtype(
    {
        "names": ["x", "y", "p", "t"],
        "formats": ["<u2", "<u2", "<i2", "<i8"],
        "offsets": [0, 2, 4, 8],
        "itemsize": 16,
    }
)
_INDEX = np.dtype([("id", "<u8"), ("ts", "<i8")])
#: Microseconds of a row of the index, and how many rows are worth it: 9 hours.
_SLOT, _SLOTS = 2000, 1 << 24
_WIDEST, _LARGEST_CHUNK, _LARGEST_ATTRIBUTE = 2048, 1 << 28, 1 << 16


class PropheseeHdf5(EventFormat):
    """Prophesee HDF5."""

    name = "prophesee-hdf5"
    summary = "Prophesee HDF5 with the ECF codec: 1 to 6 bytes for each event"
    suffixes = (".hdf5", ".h5")
    order = "clamp"

    def matches(self, head: bytes, suffix: str) -> bool:
        """Whether it is HDF5 at all."""
        return head.startswith(MAGIC)

    def confirms(self, file: BinaryIO) -> bool:
        """Whether it has the table of events."""
        return holds(file, _EVENTS)

    def header(self, file: BinaryIO) -> Header:
        """Read the attributes of the file."""
        with opened(file) as data:
            _table(data)
            check_texts(file, library().h5o.get_info(data.id).addr)
            about = _attributes(data.attrs)
        return Header(percent_header.geometry(about), CameraEvents, about)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode about `most` events at a time; of a file that is cut, whole chunks before that."""
        with opened(file) as data:
            parts: list[Columns] = []
            table = _table(data)
            total = present(file, table)
            for part in self._parts(file, table, total, most):
                parts.append(_inside(part, header))
                if sum(len(part["t"]) for part in parts) >= most:
                    yield _joined(parts)
                    parts = []
            if parts:
                yield _joined(parts)
            if total < len(table):
                raise Truncated(f"{lengths(file)}, and {total} of {len(table)} events")

    def _parts(self, file: BinaryIO, table: Any, total: int, most: int) -> Iterator[Columns]:
        """Columns as they come: a chunk, or a slice of a table that h5py itself can read."""
        if _FILTER not in _filters(table):
            check_size(file, table)
            size = min(most, 1 << 18)
            for first in range(0, total, size):
                yield _columns(table[first : min(first + size, total)])
            return
        if _filters(table) != [_FILTER]:
            raise FileFormatError(f"its events have filters {_filters(table)}, not ECF alone")
        size = table.chunks[0]
        if not 0 < size <= ecf.MOST:
            raise FileFormatError(f"chunks of {size} events; ECF holds up to {ecf.MOST}")
        if total == len(table) and -(-total // size) > table.id.get_num_chunks():
            raise FileFormatError("chunks of events are missing")
        for first in range(0, total, size):
            mask, block = table.id.read_direct_chunk((first,))
            part = _columns(np.frombuffer(block, _RECORD)) if mask & 1 else ecf.decode(block)
            if len(part["t"]) < min(size, total - first):
                raise FileFormatError(f"its block of events from {first} on holds too few")
            yield {name: column[: total - first] for name, column in part.items()}

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events in chunks of 16,384, with an index of a row for every 2 ms."""
        _check(events, settings, self.name)
        h5py = library()
        with h5py.File(file, "w") as opened:
            opened.attrs["version"] = "1.0"
            opened.attrs["format"] = "ECF"
            opened.attrs["geometry"] = f"{events.width}x{events.height}"  # type: ignore[attr-defined]
            _write_table(h5py, opened, events)
            _write_index(opened, events)


def _table(opened: Any) -> Any:
    table = opened[_EVENTS]
    names = getattr(getattr(table, "dtype", None), "names", None) or ()
    shape = getattr(table, "shape", None) or ()
    if not set(_RECORD.names or ()) <= set(names) or len(shape) != 1:
        raise FileFormatError(f"{_EVENTS!r} is no table of x, y, p and t")
    if any(table.dtype[name].kind not in "iu" for name in "xypt"):
        raise FileFormatError(f"{_EVENTS!r} holds something else than whole numbers")
    if table.dtype.itemsize * max(table.chunks or (1,)) > _LARGEST_CHUNK:
        raise FileFormatError(f"{_EVENTS!r} has chunks of {table.chunks[0]} events")
    return table


def _filters(table: Any) -> list[int]:
    made = table.id.get_create_plist()
    return [made.get_filter(i)[0] for i in range(made.get_nfilters())]


def _attributes(attrs: Any) -> dict[str, str]:
    """Attributes that are single texts or numbers; the size of others may be a damaged one."""
    single = [name for name in attrs if attrs.get_id(name).shape == ()]
    return {str(name): _plain(attrs[name]) for name in single if _small(attrs.get_id(name))}


def _small(attribute: Any) -> bool:
    """Whether it is a text or a number, and not long: damage makes lists that crash the library."""
    kinds = library().h5t
    plain = kinds.STRING, kinds.INTEGER, kinds.FLOAT
    known = attribute.get_type().get_class() in plain
    return known and bool(attribute.get_storage_size() <= _LARGEST_ATTRIBUTE)


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _columns(records: np.ndarray) -> Columns:
    kinds = CameraEvents.columns
    return {n: records[n].astype(kind) for n, kind in kinds.items() if n != "p"} | {
        "p": (records["p"] > 0).astype(np.uint8)
    }


def _inside(part: Columns, header: Header) -> Columns:
    size = header.geometry
    kept = (part["x"] < size.get("width", 1 << 16)) & (part["y"] < size.get("height", 1 << 16))
    return part if kept.all() else {name: column[kept] for name, column in part.items()}


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _check(events: Events, settings: dict[str, Any], name: str) -> None:
    where = f"write_events, format {name!r}"
    if settings:
        raise ValidationError(where, f"got {', '.join(map(repr, settings))}", "no such settings")
    if not isinstance(events, CameraEvents):
        raise ValidationError(where, f"got {type(events).__name__}", "CameraEvents")
    if max(events.width, events.height) > _WIDEST:
        raise ValidationError(
            where,
            f"the sensor has {events.width}x{events.height} pixels",
            f"at most {_WIDEST}x{_WIDEST}",
        )
    if len(events) and events.t[0] < 0:
        raise ValidationError(
            where, f"times begin at {events.t[0]} us", ">= 0", "events.shifted(offset) moves them"
        )


def _write_table(h5py: Any, opened: Any, events: Events) -> None:
    """The chunks; the last is filled up with its last event, as filters work on whole ones."""
    size = max(1, min(_CHUNK, len(events)))
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((size,))
    made.set_filter(_FILTER, h5py.h5z.FLAG_OPTIONAL, ())
    made.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple((len(events),), (h5py.h5s.UNLIMITED,))
    kind = h5py.h5t.py_create(_RECORD, logical=True)
    group = opened.create_group("CD")
    table = h5py.h5d.create(group.id, b"events", kind, space, made)
    for first in range(0, len(events), size):
        part = [getattr(events, n)[first : first + size] for n in CameraEvents.columns]
        missing = size - len(part[0])
        if missing:
            part = [np.pad(column, (0, missing), mode="edge") for column in part]
        table.write_direct_chunk((first,), ecf.encode(part), 0)


def _write_index(opened: Any, events: Events) -> None:
    """For every 2 ms the number of its first event and the time of it, -1 where there is none."""
    n = len(events)
    start = int(events.t[0]) if n else 0
    slots = (int(events.t[-1]) - start) // _SLOT + 1 if n else 0
    rows = np.zeros(slots if slots <= _SLOTS else 0, _INDEX)
    if len(rows):
        since = events.t - start
        starts = np.arange(len(rows) + 1) * _SLOT
        firsts = np.searchsorted(since, starts)
        rows["id"] = firsts[:-1]
        some = firsts[:-1] < firsts[1:]
        rows["ts"] = np.where(some, since[np.minimum(firsts[:-1], n - 1)], -1)
    index = opened["CD"].create_dataset(
        "indexes", data=rows, maxshape=(None,), chunks=(_CHUNK,), compression="gzip"
    )
    index.attrs["offset"] = str(-start)


FORMAT = PropheseeHdf5()

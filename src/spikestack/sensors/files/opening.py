"""Opening files of events: by contents, in pieces, with times in order."""

from __future__ import annotations

import importlib
import os
import pkgutil
import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError, shorten
from ..events import Events
from . import ordering
from .base import Columns, EventFormat, Header, Truncated
from .hdf5_cut import lengths

__all__ = ["EventFile", "formats", "open_events", "read_events", "write_events"]

ORDERS = ("clamp", "file", "sort")
_HEAD, _MOST = 4096, 1 << 20
_EARLIEST = -(1 << 63)


@cache
def formats() -> dict[str, EventFormat]:
    """All formats by name."""
    package = importlib.import_module(__package__)
    found = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{__package__}.{info.name}")
        for made in getattr(module, "FORMATS", (getattr(module, "FORMAT", None),)):
            if made is not None:
                found[made.name] = made
    return found


class EventFile:
    """A file of events. Iterating gives them piece by piece, in bounded memory.

    Parameters
    ----------
    path
        The file.
    format
        Its name; found by the contents unless given.
    order
        What becomes of times that go back: ``"clamp"`` sets them to the greatest so far, ``"sort"``
        sorts (only `read` does), ``"file"`` leaves them, which `read` refuses if there are any. By
        default as the format's own tools do.
    geometry
        What the file does not tell of its sensor, such as ``{"width": 304, "height": 240}``.
    settings
        The format's own, such as ``layout`` or ``sample``.

    Attributes
    ----------
    header
        What the file says of itself.
    out_of_order
        Events whose time went back, among those read so far.
    done
        The part of the file that was read so far, up to 1.

    Raises
    ------
    FileFormatError
        If it is of no known format, or damaged.
    OSError
        If it cannot be read.
    """

    def __init__(
        self,
        path: str | Path,
        format: str | None = None,
        order: str | None = None,
        geometry: Mapping[str, int] | None = None,
        **settings: Any,
    ) -> None:
        self.path = Path(path)
        kind = _detected(self.path) if format is None else _named(format)
        self.format = kind.configured(**settings)
        if order is not None and order not in ORDERS:
            raise ValidationError("open_events, order", f"got {shorten(order)}", f"{list(ORDERS)}")
        self.order = order or self.format.order
        with self.path.open("rb") as file:
            told: Header = self._told(lambda: self.format.header(file))
        self.header = replace(told, geometry={**(geometry or {}), **told.geometry})
        self.out_of_order = 0
        self.done = 0.0

    def pieces(self, most: int | None = _MOST) -> Iterator[Columns]:
        """Columns of about `most` events at a time, or of as many as is fastest, as in the file."""
        size = max(1, self.path.stat().st_size)
        with self.path.open("rb") as file:
            parts = iter(
                self.format.whole(file, self.header)
                if most is None
                else self.format.chunks(file, self.header, most)
            )
            try:
                while (part := self._told(lambda: next(parts, None))) is not None:
                    self.done = min(1.0, file.tell() / size)
                    yield part
            except Truncated as end:
                warnings.warn(f"{end}; the events before are given", stacklevel=3)
        self.done = 1.0

    def __iter__(self) -> Iterator[Events]:
        for columns in self._ordered(_MOST):
            yield self._events(columns)

    def read(self, progress: Callable[[float], None] | None = None) -> Events:
        """All events; `progress` is called with the part of the file that was read."""
        ordered, most = self.order != "sort", None if progress is None else _MOST
        parts = []
        for part in self._ordered(most) if ordered else self.pieces():
            parts.append(part)
            if progress is not None:
                progress(self.done)
        if ordered:
            return self._joined(parts)
        columns = self._columns(parts)
        self.out_of_order = int(ordering.count_back(columns["t"], _EARLIEST))
        order = np.argsort(columns["t"], kind="stable")
        return self._events({name: column[order] for name, column in columns.items()})

    def _ordered(self, most: int | None) -> Iterator[Columns]:
        """Pieces whose times are in order, none of them empty."""
        last = _EARLIEST
        self.out_of_order = 0
        for columns in self.pieces(most):
            t = columns["t"]
            if not len(t):
                continue
            if self.order == "file":
                back = int(ordering.count_back(t, last))
            else:
                t = t if t.flags.writeable else t.copy()
                back = int(ordering.clamp(t, last))
            self.out_of_order += back
            if back and self.order == "file":
                raise FileFormatError(
                    f"{self.path}: times go back; open it with order='clamp', or read it as a "
                    "whole with order='sort'"
                )
            last = int(t[-1])
            yield {**columns, "t": t}

    def _told(self, read: Callable[[], Any]) -> Any:
        """What `read` returns; errors in the file name the file."""
        try:
            return read()
        except FileFormatError as error:
            raise type(error)(f"{self.path}: {error}") from error

    def between(self, start: float, stop: float) -> Events:
        """Events from `start` ms on, before `stop` ms; what comes later is not read."""
        parts: list[Columns] = []
        for piece in self:
            cut = piece.between(start, stop)
            parts.append({n: getattr(cut, n) for n in cut.columns})
            if len(piece) and piece.t[-1] >= stop * 1000:
                break
        return self._joined(parts)

    def info(self) -> dict[str, Any]:
        """Format, size, geometry, number of events, first and last time; the file is read once."""
        count, first, last = 0, None, None
        for columns in self.pieces():
            t = columns["t"]
            if len(t):
                count, last = count + len(t), int(t.max() if last is None else max(last, t.max()))
                first = int(t.min() if first is None else min(first, t.min()))
        return {
            "path": str(self.path),
            "format": self.format.name,
            "bytes": self.path.stat().st_size,
            **self.header.geometry,
            "events": count,
            "first_us": first,
            "last_us": last,
            "about": dict(self.header.about),
        }

    def _columns(self, parts: list[Columns]) -> dict[str, np.ndarray]:
        kinds = self.header.kind.columns
        empty = {name: np.zeros(0, kind) for name, kind in kinds.items()}
        return {n: np.concatenate([empty[n], *(part[n] for part in parts)]) for n in kinds}

    def _joined(self, parts: list[Columns]) -> Events:
        return self._events(parts[0] if len(parts) == 1 else self._columns(parts))

    def _events(self, columns: Columns) -> Events:
        try:
            return self.header.kind(**columns, **self.header.geometry)  # type: ignore[arg-type]
        except ValidationError as error:
            raise FileFormatError(f"{self.path}: {error}") from error


def open_events(
    path: str | Path,
    format: str | None = None,
    order: str | None = None,
    geometry: Mapping[str, int] | None = None,
    **settings: Any,
) -> EventFile:
    """Open a file of events; see `EventFile`."""
    return EventFile(path, format, order, geometry, **settings)


def read_events(
    path: str | Path,
    format: str | None = None,
    order: str | None = None,
    geometry: Mapping[str, int] | None = None,
    **settings: Any,
) -> Events:
    """Read all events of a file; see `EventFile`."""
    return EventFile(path, format, order, geometry, **settings).read()


def write_events(
    path: str | Path, events: Events, format: str | None = None, **settings: Any
) -> Path:
    """Write events to a file, whole or not at all; return its path.

    Parameters
    ----------
    path
        The file.
    events
        What to write.
    format
        Its name; by the ending of the path unless given.
    settings
        The format's own.

    Raises
    ------
    UnknownNameError
        If there is no such format, or none for this ending.
    ValidationError
        If the format cannot hold these events.
    """
    path = Path(path)
    kind = _by_suffix(path) if format is None else _named(format)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("x+b") as file:
            kind.write(file, events, **settings)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _named(name: str) -> EventFormat:
    if name not in formats():
        raise UnknownNameError("event format", name, formats())
    return formats()[name]


def _by_suffix(path: Path) -> EventFormat:
    fits = {
        suffix: kind
        for kind in formats().values()
        for suffix in kind.suffixes
        if path.name.lower().endswith(suffix)
    }
    if fits:
        return fits[max(fits, key=len)]
    known = [suffix for kind in formats().values() for suffix in kind.suffixes]
    raise UnknownNameError("event format, ending of the path", path.suffix, known)


def _detected(path: Path) -> EventFormat:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        for kind in formats().values():
            if kind.matches(head, path.suffix.lower()):
                file.seek(0)
                if kind.confirms(file):
                    return kind
        size = lengths(file)
    cut = f"{size}, and is " if size.cut else ""
    raise FileFormatError(
        f"{path}: {cut}of no known format of events; known: {', '.join(formats())}; pass format= "
        "if it is one of them"
    )

"""What a file format of events is: how it is known, read piece by piece, and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError
from ..events import CameraEvents, Events

__all__ = ["Columns", "EventFormat", "Header", "Truncated"]

#: Columns of some events as they stand in a file, by name: in its order, of the types of `Events`.
Columns = Mapping[str, np.ndarray]


class Truncated(FileFormatError):
    """A file that ends in the midst of an event."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its events.

    Attributes
    ----------
    geometry
        Arguments of the events' constructor: ``width`` and ``height``, or ``units``; those that
        the file does not tell are missing.
    kind
        The class of its events.
    about
        Anything else worth telling, as plain data.
    offset
        Where events begin, in bytes.
    """

    geometry: Mapping[str, int] = field(default_factory=dict)
    kind: type[Events] = CameraEvents
    about: Mapping[str, Any] = field(default_factory=dict)
    offset: int = 0


class EventFormat(ABC):
    """One format. A module of this package declares a subclass and makes one of it, ``FORMAT``.

    Whatever a file holds, `header` and `chunks` raise nothing but FileFormatError, in time and
    memory bounded by the size of the file. A file that ends in the midst of an event gives the
    whole ones before, then `chunks` raises `Truncated`.
    """

    #: What it is called in calls and commands, and what it is.
    name: ClassVar[str]
    summary: ClassVar[str]
    #: Endings of file names, which decide only where contents do not.
    suffixes: ClassVar[tuple[str, ...]] = ()
    #: What becomes of times that go back, unless told: ``"clamp"``, ``"file"`` or ``"sort"``.
    order: ClassVar[str] = "file"

    @abstractmethod
    def matches(self, head: bytes, suffix: str) -> bool:
        """Whether a file that begins with `head` (up to 4,096 bytes) is of this format."""

    def confirms(self, file: BinaryIO) -> bool:
        """Whether a file that matches is of this format indeed, for what its head cannot tell."""
        return True

    def configured(self, **settings: Any) -> Self:
        """This format with settings for reading: a format that has any is a dataclass of them.

        Raises
        ------
        UnknownNameError
            If it has no such setting.
        """
        known = [f.name for f in fields(self)] if is_dataclass(self) else []
        for name in settings:
            if name not in known:
                raise UnknownNameError(f"event format {self.name!r}, setting", name, known)
        return replace(self, **settings) if settings else self  # type: ignore[type-var]

    @abstractmethod
    def header(self, file: BinaryIO) -> Header:
        """Read what stands before the events."""

    @abstractmethod
    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode the events, about `most` at a time, times as they stand in the file.

        The columns are the receiver's own, who may write them.
        """

    def whole(self, file: BinaryIO, header: Header) -> Iterator[Columns]:
        """Decode all events, in as few pieces as this is fastest with."""
        return self.chunks(file, header, 1 << 20)

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events; `settings` are the format's own.

        Raises
        ------
        ValidationError
            If the format cannot hold these events, or is only read.
        """
        raise ValidationError(
            f"event format {self.name!r}", "is read, but not written", "another format"
        )

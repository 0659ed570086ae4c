"""What formats of equal words share: counted, then decoded, through a small buffer."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ...errors import ValidationError
from ..events import CameraEvents, Events
from . import percent_header
from .base import Columns, EventFormat, Header, Truncated

__all__ = [
    "BASE",
    "HEIGHT",
    "OUTSIDE",
    "OWN",
    "SLACK",
    "STARTED",
    "WIDTH",
    "RawFormat",
    "WordFormat",
]

#: A decoder's state is int64[STATE]: these, then its own from OWN on.
BASE, WIDTH, HEIGHT, STARTED, OUTSIDE, OWN, STATE = 0, 1, 2, 3, 4, 5, 16
#: Rows of the columns beyond the counted ones: decoders write them, but do not keep them.
SLACK = 32
#: Times beyond have no place in RAW files, whose clocks wrap: 51 days.
LATEST = 1 << 42
_BUFFER, _FEWEST, _PIECE = 1 << 18, 64, 1 << 16
_WHOLE = 1 << 62


class WordFormat(EventFormat):
    """A header, then words of one size.

    Each block is read twice: events are counted, columns of just that size made, and filled. Words
    are taken through a small buffer, which stays in the processor's cache.
    """

    order = "clamp"
    word: ClassVar[np.dtype[Any]]
    #: Pixels that an address can name.
    widest: ClassVar[int] = 2048
    highest: ClassVar[int] = 2048

    @abstractmethod
    def count(self, words: np.ndarray, state: np.ndarray) -> int:
        """At least as many as `decode` will find in these words; follows the state."""

    @abstractmethod
    def decode(self, words: np.ndarray, state: np.ndarray, into: tuple[np.ndarray, ...]) -> int:
        """Write the events to columns, which have room for SLACK more; return how many."""

    def unfinished(self, state: np.ndarray) -> bool:
        """Whether a word still misses its second half."""
        return False

    def begin(self, header: Header) -> np.ndarray:
        """The state before the first word."""
        state = np.zeros(STATE, np.int64)
        state[WIDTH] = header.geometry.get("width", self.widest)
        state[HEIGHT] = header.geometry.get("height", self.highest)
        return state

    def whole(self, file: BinaryIO, header: Header) -> Iterator[Columns]:
        """All events at once."""
        return self.chunks(file, header, _WHOLE)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Decode about `most` events at a time; those outside of the sensor are left out."""
        state, at = self.begin(header), header.offset
        buffer = np.empty(_BUFFER // self.word.itemsize, self.word)
        size, more = 0, True
        while more:
            count, size, more = self._counted(file, at, state.copy(), buffer, most)
            columns = self._decoded(file, at, state, buffer, size, count)
            at += size
            yield columns
        if state[OUTSIDE]:
            warnings.warn(
                f"{state[OUTSIDE]} events outside of {state[WIDTH]}x{state[HEIGHT]} pixels are "
                "left out",
                stacklevel=2,
            )
        rest = size % self.word.itemsize
        if rest or self.unfinished(state):
            raise Truncated(f"it ends in the midst of an event, at byte {at}")

    def _counted(
        self, file: BinaryIO, at: int, state: np.ndarray, buffer: np.ndarray, most: int
    ) -> tuple[int, int, bool]:
        """Events in the bytes from `at` on, how many bytes these are, and if more may follow."""
        file.seek(at)
        count = size = 0
        while count < most:
            wanted = min(buffer.nbytes, max(_FEWEST, most - count) * self.word.itemsize)
            got = _fill(file, buffer, wanted)
            count += self.count(buffer[: got // self.word.itemsize], state)
            size += got
            if got < wanted:
                return count, size, False
        return count, size, True

    def _decoded(
        self,
        file: BinaryIO,
        at: int,
        state: np.ndarray,
        buffer: np.ndarray,
        size: int,
        count: int,
    ) -> Columns:
        file.seek(at)
        kinds = CameraEvents.columns
        columns = {name: np.empty(count + SLACK, kind) for name, kind in kinds.items()}
        n = 0
        while size > 0:
            got = _fill(file, buffer, min(size, buffer.nbytes))
            into = tuple(column[n:] for column in columns.values())
            n += self.decode(buffer[: got // self.word.itemsize], state, into)
            size = size - got if got else 0
        sparse = n < count // 2
        return {k: v[:n].copy() if sparse else v[:n] for k, v in columns.items()}

    def encode(self, columns: tuple[np.ndarray, ...], state: np.ndarray, words: np.ndarray) -> int:
        """Write words of the events; return how many words."""
        raise NotImplementedError(self.name)

    def room(self, events: int, microseconds: int) -> int:
        """At most so many words stand for so many events over this time."""
        raise NotImplementedError(self.name)

    def write_words(self, file: BinaryIO, events: Events, state: np.ndarray) -> None:
        """Write all events; `state` is the encoder's."""
        last = 0
        for first in range(0, len(events), _PIECE):
            part = tuple(getattr(events, n)[first : first + _PIECE] for n in CameraEvents.columns)
            t = part[0]
            words = np.empty(self.room(len(t), int(t[-1]) - last), self.word)
            last = int(t[-1])
            file.write(words[: self.encode(part, state, words)].data)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Raise ValidationError if there are any that nobody has taken."""
        if settings:
            raise ValidationError(
                f"write_events, format {self.name!r}",
                f"got {', '.join(map(repr, settings))}",
                "no such settings",
            )

    def check(self, events: Events) -> None:
        """Raise ValidationError unless the format can hold these events."""
        where = f"write_events, format {self.name!r}"
        if not isinstance(events, CameraEvents):
            raise ValidationError(where, f"got {type(events).__name__}", "CameraEvents")
        if events.width > self.widest or events.height > self.highest:
            raise ValidationError(
                where,
                f"the sensor has {events.width}x{events.height} pixels",
                f"at most {self.widest}x{self.highest}",
            )
        if len(events) and not 0 <= events.t[0] <= events.t[-1] < LATEST:
            raise ValidationError(
                where,
                f"times go from {events.t[0]} to {events.t[-1]} us",
                f"0 to {LATEST - 1}",
                "events.shifted(offset) moves them",
            )


class RawFormat(WordFormat):
    """Prophesee's RAW: a header of lines with ``%``, then words of one of the encodings EVT."""

    #: What the header calls it.
    version: ClassVar[str]

    def matches(self, head: bytes, suffix: str) -> bool:
        """Whether the header names this encoding, or a system that used it."""
        return percent_header.encoding(percent_header.parse(head)[0]) == self.name

    def header(self, file: BinaryIO) -> Header:
        """Read the lines before the words."""
        keys, offset = percent_header.read(file)
        return Header(percent_header.geometry(keys), CameraEvents, keys, offset)

    def begin(self, header: Header) -> np.ndarray:
        """The state before the first word; ``t0`` of the header is added to all times."""
        state = super().begin(header)
        state[BASE] = max(0, percent_header.integer(header.about, "t0"))
        return state

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write header and words."""
        self.check_settings(settings)
        self.check(events)
        self._write(file, events)

    def _write(self, file: BinaryIO, events: Any, more: str = "", own: int = -1) -> None:
        """Write `more` of the format's options; the encoder's state has `own` beside the time."""
        w, h = events.width, events.height
        name = "EVT" + self.version.removesuffix(".0").replace(".", "")
        keys = {
            "evt": self.version,
            "format": f"{name};{more}height={h};width={w}",
            "geometry": f"{w}x{h}",
        }
        file.write(percent_header.text(keys))
        state = np.full(STATE, -1)
        state[OWN + 1] = own
        self.write_words(file, events, state)


def _fill(file: BinaryIO, buffer: np.ndarray, size: int) -> int:
    """Read up to `size` bytes; fewer only at the end of the file."""
    view = buffer.view(np.uint8).data[:size]
    done = 0
    while done < size:
        got = file.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            break
        done += got
    return done

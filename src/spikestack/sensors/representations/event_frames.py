"""Event frames: how many events each pixel had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError
from ..events import CameraEvents
from .base import Representation, add_counts, check_time, check_whole, instants, space

__all__ = ["EventFrames"]


@dataclass(frozen=True)
class EventFrames(Representation):
    """Counts of events in windows of equal time, or of equal number of events.

    Window k begins ``k*(duration - overlap)`` after `start` and lasts `duration`; or it begins with
    event ``k*(count - overlap)`` and has `count` events. There are as many windows as cover all
    events (from `start` on), at least one; the last may reach beyond.

    Parameters
    ----------
    duration
        ms.
    count
        Events; give this or `duration`.
    overlap
        Of a window and the next: ms, or events. Below `duration` or `count`.
    signed
        Whether one number, ON minus OFF, stands for two counts.
    start
        ms at which the first window of equal time begins; the first event by default.
    """

    duration: Any = None
    count: int | None = None
    overlap: Any = 0
    signed: bool = False
    start: Any = None

    def __post_init__(self) -> None:
        if (self.duration is None) == (self.count is None):
            raise ValidationError("EventFrames", "needs either duration or count", "one of them")
        if self.count is not None:
            check_whole(self, ["count"], 1, 2**40)
            check_whole(self, ["overlap"], 0, self.count - 1)
            if self.start is not None:
                raise ValidationError("EventFrames.start", "given with count", "with duration only")
            return
        length = check_time(self, "duration")
        if not 0 <= self._overlap() < length:
            raise ValidationError(
                "EventFrames.overlap", f"got {self.overlap} ms", f"from 0 to below {self.duration}"
            )

    def _overlap(self) -> int:
        return int(instants(self.overlap, "EventFrames.overlap")[0])

    def windows(self, events: CameraEvents) -> Iterator[slice]:
        """Which events each window has."""
        if self.count is not None:
            step = self.count - self.overlap
            for first in range(0, max(len(events) - self.overlap, 1), step):
                yield slice(first, min(first + self.count, len(events)))
            return
        begin, length, step = self._times(events)
        for k in range(self.number(events)):
            low, high = np.searchsorted(
                events.t, (begin + k * step, begin + k * step + length)
            ).tolist()
            yield slice(low, high)

    def number(self, events: CameraEvents) -> int:
        """How many windows there are."""
        if self.count is not None:
            step = self.count - self.overlap
            return max(-(-(len(events) - self.overlap) // step), 1)
        begin, length, step = self._times(events)
        last = int(events.t[-1]) if len(events) else begin
        return max(-(-(last + 1 - begin - length) // step), 0) + 1

    def _times(self, events: CameraEvents) -> tuple[int, int, int]:
        length = round(self.duration * 1000)
        if self.start is not None:
            begin = int(instants(self.start, "EventFrames.start")[0])
        else:
            begin = int(events.t[0]) if len(events) else 0
        return begin, length, length - self._overlap()

    def each(self, events: CameraEvents) -> Iterator[npt.NDArray[np.int32]]:
        """The frames one after the other, in the memory of one."""
        events = self._checked(events)
        for window in self.windows(events):
            counts = np.zeros((2, events.height, events.width), np.int32)
            add_counts(events.x[window], events.y[window], events.p[window], counts)
            yield counts[1] - counts[0] if self.signed else counts

    def __call__(self, events: CameraEvents) -> npt.NDArray[np.int32]:
        """All frames: int32[frames, 2, height, width], or [frames, height, width] if signed.

        Raises
        ------
        MemoryLimitError
            If they would not fit; `each` gives one at a time.
        """
        events = self._checked(events)
        one = (events.height, events.width) if self.signed else (2, events.height, events.width)
        out = space(self, (self.number(events), *one), np.int32)
        if self.signed:
            for k, frame in enumerate(self.each(events)):
                out[k] = frame
            return out
        for k, window in enumerate(self.windows(events)):
            add_counts(events.x[window], events.y[window], events.p[window], out[k])
        return out

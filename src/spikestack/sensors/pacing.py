"""Recordings at the pace at which they were made."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..errors import ValidationError, shorten
from .events import Events

__all__ = ["paced"]


def paced(events: Events, piece: float = 10.0, speed: float | None = 1.0) -> Iterator[Events]:
    """Give a recording piece by piece, each when its time is over.

    Parameters
    ----------
    events
        The recording.
    piece
        ms of the recording in a piece; silent ones come empty.
    speed
        How many times as fast as it was recorded; None for as fast as possible.

    Raises
    ------
    ValidationError
        If a number is not > 0.
    """
    if not piece > 0 or not (speed is None or 0 < speed < float("inf")):
        raise ValidationError(
            "paced", f"pieces of {shorten(piece)} ms, speed {shorten(speed)}", "numbers > 0"
        )
    if not len(events):
        return
    begin, started = float(events.t[0]) / 1000.0, time.perf_counter()
    count = int(events.duration // piece) + 1
    for k in range(count):
        if speed is not None:
            due = started + (k + 1) * piece / speed * 1e-3
            time.sleep(max(due - time.perf_counter(), 0.0))
        yield events.between(begin + k * piece, begin + (k + 1) * piece)

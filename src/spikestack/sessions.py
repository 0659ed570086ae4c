"""Sessions: a simulation in equal pieces, as a plain or an asynchronous loop, paced if asked."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

from .errors import ValidationError, shorten
from .feeding import injected, was_set, whole_steps
from .program.live import Live
from .program.program import Program
from .recording import Recording

__all__ = ["Deadlines", "Session"]


class Deadlines(NamedTuple):
    """How a paced session kept up with the clock.

    Attributes
    ----------
    met, missed
        Pieces that were ready in time, and too late.
    worst
        The greatest lateness in ms; 0 if nothing was late.
    """

    met: int = 0
    missed: int = 0
    worst: float = 0.0


class Pace:
    """The clock of one loop: what is simulated by t ms is due t ms after the loop began.

    The schedule is absolute: a late piece does not move those after it, so a session that fell
    behind catches up where it can.
    """

    def __init__(self, wanted: bool, begin: float) -> None:
        self.wanted, self.begin = wanted, begin
        self.started = time.perf_counter()

    def left(self, now: float) -> float:
        """Seconds until what ends at `now` ms is due; negative if it is late, 0 if not paced."""
        if not self.wanted:
            return 0.0
        return self.started + (now - self.begin) * 1e-3 - time.perf_counter()

    def count(self, before: Deadlines, left: float) -> Deadlines:
        """`before` and one piece more, that was ready with `left` seconds to go."""
        if not self.wanted:
            return before
        if left >= 0:
            return before._replace(met=before.met + 1)
        worst = max(before.worst, -left * 1e3)
        return Deadlines(before.met, before.missed + 1, worst)


class Session(ABC):
    """What a `Simulation` offers for closed loops; it says itself how to go on."""

    program: Program
    dt: float

    #: How `steps` and `stream` kept up with the clock, where they were paced.
    deadlines = Deadlines()

    def _open_session(self, program: Program, live: Live, step: int = 0) -> None:
        """Begin to take what is fed in; it acts after `step`."""
        self.program, self._live, self._horizon = program, live, step
        self._feeding = threading.Lock()

    @property
    @abstractmethod
    def time(self) -> float:
        """Simulated time in ms."""

    @abstractmethod
    def forward(self, steps: int) -> bool:
        """Go on by a number of steps; False if Ctrl-C ended it early."""

    @abstractmethod
    def drain(self) -> Recording:
        """Take what was recorded."""

    def inject(
        self, name: str, ids: Any, times: Any = None, *, counts: Any = None, trial: Any = None
    ) -> None:
        """Bring spikes to the neurons of an `ExternalSpikes` drive.

        Parameters
        ----------
        name
            Of the drive.
        ids
            Places in the driven view: a whole number or a flat array of them; one that stands
            there twice gets two spikes.
        times
            ms, later than `time`, rounded to the grid: a number or one for each id. By default
            they act at the end of the next step.
        counts
            How many spikes each stands for, by default 1: numbers, not only whole ones.
        trial
            In which trial; in all by default.

        Raises
        ------
        UnknownNameError
            If no such drive takes spikes.
        ValidationError
            If something is out of range, or a neuron would get more in a step than the drive's
            `most`. Nothing has changed then.
        """
        with self._feeding:
            self._live = injected(
                self.program, self._live, self._horizon, name, ids, times, counts, trial
            )

    def set(self, name: str, value: Any, *, trial: Any = None) -> None:
        """Set a current or a rate from the next step on, until it is set again.

        Parameters
        ----------
        name
            Of an `ExternalCurrent`, `ConstantCurrent` (nA) or `Poisson` (Hz) drive.
        value
            A number, or one for each driven neuron.
        trial
            In which trial; in all by default.

        Raises
        ------
        UnknownNameError
            If no such drive takes a number.
        ValidationError
            If the value has the wrong shape, is not finite, or is a rate beyond what the drive
            declares. Nothing has changed then.
        """
        with self._feeding:
            self._live = was_set(self.program, self._live, self._horizon, name, value, trial)

    def steps(
        self, piece: Any, duration: Any = None, *, real_time: bool = False
    ) -> Iterator[Recording]:
        """Go on piece by piece: each turn of the loop brings what the last piece recorded.

        Parameters
        ----------
        piece
            Length of a piece in ms.
        duration
            ms in all; without end by default.
        real_time
            Whether to wait until as much time has passed as was simulated; `deadlines` counts
            the pieces that were late.

        Yields
        ------
        Recording
            As `drain` gives it. What is injected or set in the loop acts in the next piece.

        Raises
        ------
        ValidationError
            If a length is no whole number of steps.
        """
        return _pieces(self, *self._lengths(piece, duration), real_time)

    def stream(
        self, piece: Any, duration: Any = None, *, real_time: bool = False
    ) -> AsyncIterator[Recording]:
        """As `steps`, for ``async for``: pieces run in a thread, the event loop stays free.

        What other tasks inject or set while a piece is running acts in the next one.
        """
        return _stream(self, *self._lengths(piece, duration), real_time)

    def _lengths(self, piece: Any, duration: Any) -> tuple[int, int | None]:
        length = whole_steps(piece, self.dt)
        if length == 0:
            raise ValidationError("steps, piece", f"got {shorten(piece)}", "at least one step")
        return length, None if duration is None else whole_steps(duration, self.dt)


def _plan(piece: int, total: int | None) -> Iterator[int]:
    done = 0
    while total is None or done < total:
        steps = piece if total is None else min(piece, total - done)
        yield steps
        done += steps


def _pieces(
    session: Session, piece: int, total: int | None, real_time: bool
) -> Iterator[Recording]:
    """See `Simulation.steps`; lengths are in steps."""
    pace = Pace(real_time, session.time)
    for steps in _plan(piece, total):
        went_on = session.forward(steps)
        left = pace.left(session.time)
        session.deadlines = pace.count(session.deadlines, left)
        if left > 0:
            time.sleep(left)
        yield session.drain()
        if not went_on:
            return


async def _stream(
    session: Session, piece: int, total: int | None, real_time: bool
) -> AsyncIterator[Recording]:
    """See `Simulation.stream`; lengths are in steps."""
    pace = Pace(real_time, session.time)
    for steps in _plan(piece, total):
        work = asyncio.ensure_future(asyncio.to_thread(session.forward, steps))
        try:
            went_on = await asyncio.shield(work)
        except asyncio.CancelledError:
            # A thread cannot be stopped: nobody must find the simulation in the midst of a piece.
            await asyncio.wait([work])
            raise
        left = pace.left(session.time)
        session.deadlines = pace.count(session.deadlines, left)
        await asyncio.sleep(max(left, 0.0))
        yield session.drain()
        if not went_on:
            return

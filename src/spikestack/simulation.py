"""A Simulation: a Program and a State that can advance, be read, saved and restored."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from .collecting import Collector, provenance
from .engines.base import AbstractEngine
from .engines.cpu.engine import CpuEngine
from .engines.reference import ReferenceEngine
from .engines.state import initial_state, load_state, save_state
from .errors import EngineError, UnknownNameError, ValidationError, shorten
from .machine import available_processors
from .network.network import Network
from .program.lower import PRECISIONS, lower
from .program.memory import check_memory, memory_needed
from .progress import InterruptGuard, Meter
from .recording import Recording
from .units import magnitude, parse_unit

__all__ = ["ENGINES", "Simulation"]

ENGINES: dict[str, type[AbstractEngine]] = {
    engine.name: engine for engine in (CpuEngine, ReferenceEngine)
}
#: Wall seconds between returns to Python, for the progress bar and for Ctrl-C.
_SLICE = 0.1
#: Steps in a piece, at least: what a return to Python costs must not show.
_LEAST = 64


class Simulation:
    """A network that is running, piece by piece.

    Parameters
    ----------
    network
        What to run; frozen by this.
    dt
        Step in ms.
    on
        ``"cpu"`` (compiled) or ``"reference"`` (plain NumPy, slow, the definition).
    threads
        How many threads may work; by default as many as there are processors, or one for small
        networks. The spikes do not depend on it.
    precision
        ``"float32"`` or ``"float64"``.
    trials
        Independent repetitions.

    Raises
    ------
    ValidationError
        If a setting is out of range or the network does not fit the grid.
    MemoryLimitError
        If it would not fit; nothing has been allocated then.

    Examples
    --------
    >>> sim = Simulation(net)                       # doctest: +SKIP
    >>> sim.advance(100.0); sim.save("state.spk")   # doctest: +SKIP
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: Any = 0.1,
        on: str = "cpu",
        threads: int | None = None,
        precision: str = "float32",
        trials: int = 1,
    ) -> None:
        self.network = network
        self.dt = _checked_dt(dt)
        if on not in ENGINES:
            raise UnknownNameError("run, on", on, ENGINES)
        if precision not in PRECISIONS:
            raise ValidationError(
                "run, precision", f"got {shorten(precision)}", f"{list(PRECISIONS)}"
            )
        self.trials = _count(trials, "run, trials")
        self.threads = (
            _default_threads(network, self.trials)
            if threads is None
            else _count(threads, "run, threads")
        )
        need = memory_needed(network, self.dt, precision, self.trials, on, self.threads)
        edges = sum(
            p.rule.expected_edges(p.pre.size, p.post.size) for p in network.projections.values()
        )
        check_memory(need, edges)
        started = time.perf_counter()
        with threadpool_limits(self.threads):
            self.program = lower(network, self.dt, precision, self.trials)
            self._engine_type = ENGINES[on]
            self.engine = self._engine_type(self.program, initial_state(self.program), self.threads)
        self.build_time = time.perf_counter() - started
        self.wall_time = 0.0
        self.step = 0
        self._collector = Collector(self.program, 0)
        self._broken = ""

    @property
    def time(self) -> float:
        """Simulated time in ms."""
        return self.step * self.dt

    def advance(self, duration: Any, progress: bool | None = None) -> bool:
        """Go on by `duration` ms.

        Parameters
        ----------
        duration
            ms, a whole number of steps.
        progress
            Whether to show a bar; by default only on a terminal, for runs of more than a second.

        Returns
        -------
        bool
            False if Ctrl-C ended it early: what was recorded is kept, and it can go on.

        Raises
        ------
        EngineError
            If the run could not go on; restore a saved state to use the simulation again.
        """
        steps = self._steps(duration)
        if self._broken:
            raise EngineError(
                f"this simulation ended in an error ({self._broken}); restore a state"
            )
        last = self.step + steps
        piece = _LEAST
        with (
            Meter(steps * self.dt, progress) as meter,
            InterruptGuard() as guard,
            threadpool_limits(self.threads),
        ):
            while self.step < last and not guard.interrupted:
                took = self._piece(min(piece, last - self.step))
                meter.show(steps * self.dt - (last - self.step) * self.dt)
                piece = max(_LEAST, min(4 * piece, int(piece * _SLICE / max(took, 1e-6))))
        if self.step < last:
            self._collector.interrupt(f"stopped by Ctrl-C at {self.time:g} ms")
        return self.step == last

    def recording(self) -> Recording:
        """Everything recorded since the start, or since the last `drain`."""
        return self._collector.recording(self.step, self._provenance())

    def drain(self) -> Recording:
        """Take what was recorded, and forget it here."""
        result = self.recording()
        self._collector = Collector(self.program, self.step)
        return result

    def save(self, path: str | Path) -> None:
        """Write the present state to a file, spikes in flight included, whole or not at all."""
        save_state(self.engine.state(), self.program, path)

    def restore(self, path: str | Path) -> None:
        """Go back (or forward) to a saved state; what was recorded so far is forgotten.

        Raises
        ------
        FileFormatError
            If the file is damaged or of another network, dt, precision or number of trials; the
            simulation is then as it was before.
        """
        state = load_state(self.program, path)
        self.engine = self._engine_type(self.program, state, self.threads)
        self.step = state.step
        self._broken = ""
        self._collector = Collector(self.program, self.step)

    def _piece(self, steps: int) -> float:
        started = time.perf_counter()
        try:
            chunk = self.engine.advance(steps)
        except EngineError as error:
            self._broken = str(error)
            raise
        took = time.perf_counter() - started
        self._collector.add(chunk)
        self.step += steps
        self.wall_time += took
        return took

    def _steps(self, duration: Any) -> int:
        ms = magnitude(duration, parse_unit("ms"), "run, duration")
        if not isinstance(ms, float) or not math.isfinite(ms) or ms < 0:
            raise ValidationError(
                "run, duration", f"got {shorten(duration)}", "a finite time >= 0 ms"
            )
        steps = ms / self.dt
        if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
            raise ValidationError(
                "run, duration",
                f"{ms} ms is {steps:g} steps of {self.dt} ms",
                "a whole number of steps",
            )
        return round(steps)

    def _provenance(self) -> dict[str, Any]:
        return provenance(self.program, self.engine, self.threads) | {
            "wall_time_s": self.wall_time,
            "build_time_s": self.build_time,
            "real_time_factor": self.wall_time / (self.time * 1e-3 * self.trials)
            if self.step
            else None,
        }


def _checked_dt(dt: Any) -> float:
    value = magnitude(dt, parse_unit("ms"), "run, dt")
    if not isinstance(value, float) or not 1e-6 <= value <= 1e3:
        raise ValidationError("run, dt", f"got {shorten(dt)}", "a time from 1e-6 to 1000 ms")
    return value


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 2**20:
        raise ValidationError(where, f"got {shorten(value)}", "a whole number >= 1")
    return value


def _default_threads(network: Network, trials: int) -> int:
    neurons = trials * sum(p.size for p in network.populations.values())
    edges = sum(
        p.rule.expected_edges(p.pre.size, p.post.size) for p in network.projections.values()
    )
    return available_processors() if neurons >= 5_000 or edges >= 1_000_000 else 1

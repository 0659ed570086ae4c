"""A Simulation: a Program and a State that can advance, be read, saved and restored."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController, threadpool_limits

from .collecting import Collector, integration, provenance
from .connections import Connections, connections_of
from .crossbars.realising import realised
from .engines.base import AbstractEngine, Options
from .engines.cpu.engine import CpuEngine
from .engines.reference import ReferenceEngine
from .engines.state import State, initial_state, load_state, save_state
from .errors import EngineError, UnknownNameError, ValidationError, shorten
from .feeding import whole_steps
from .learner import Learner
from .machine import available_processors
from .network.network import Network
from .profiling import Profile, build_seconds
from .program.lower import PRECISIONS, lower
from .program.memory import check_memory
from .program.program import Program
from .progress import InterruptGuard, Meter
from .recording import Recording
from .recording.columns import check_folder
from .restructuring import Restructuring
from .sampling import SynapseSamples
from .sessions import Session
from .settings import check_on_disk, check_plastic, checked_count, checked_dt, default_threads
from .streaming import DiskCollector

__all__ = ["ENGINES", "Simulation", "connections", "planned"]

ENGINES: dict[str, type[AbstractEngine]] = {e.name: e for e in (CpuEngine, ReferenceEngine)}
CONNECTIVITIES = ("stored", "procedural")
#: Wall seconds between returns to Python, for the progress bar and for Ctrl-C.
_SLICE = 0.1
#: Steps in a piece, at least: what a return to Python costs must not show.
_LEAST = 64


class Simulation(Learner, Session):
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
    connectivity
        ``"stored"``, or ``"procedural"``: synapses that follow rules are computed anew at every
        spike and take no memory, at a few times the cost; the spikes are the same.
    lazy
        Let neurons rest as soon as their states hardly move (see the docs on performance), not
        only when no bit of them changes; the spikes may then differ from those of other runs.
    profile
        Whether to time the phases of every step; `Recording.report` shows them.
    to
        A folder to record to while running, new or empty, for runs that outgrow memory: memory
        then does not grow with the run, `recording` maps the files, and a run that is killed can
        be read up to its last second with `open_recording`.
    overwrite
        Whether a recording that is in that folder already is replaced.
    start
        Makes the state to begin with: that at t = 0 by default.

    Raises
    ------
    ValidationError
        If a setting is out of range, the network does not fit the grid, or the folder is not free.
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
        connectivity: str = "stored",
        lazy: bool = False,
        profile: bool = False,
        to: str | Path | None = None,
        overwrite: bool = False,
        start: Callable[[Program], State] = initial_state,
    ) -> None:
        if to is not None:
            check_folder(to, overwrite)
            check_on_disk(network)
        self._to, self._overwrite = to, overwrite
        self.network = network
        self.dt = checked_dt(dt)
        if on not in ENGINES:
            raise UnknownNameError("run, on", on, ENGINES)
        if precision not in PRECISIONS:
            raise ValidationError(
                "run, precision", f"got {shorten(precision)}", f"{list(PRECISIONS)}"
            )
        self.trials = checked_count(trials, "run, trials")
        self.threads = (
            default_threads(network, self.trials)
            if threads is None
            else checked_count(threads, "run, threads")
        )
        if connectivity not in CONNECTIVITIES:
            raise ValidationError(
                "run, connectivity", f"got {shorten(connectivity)}", f"{list(CONNECTIVITIES)}"
            )
        self._connectivity = connectivity
        self._options = Options(procedural=connectivity == "procedural", lazy=bool(lazy))
        settings = (network, self.dt, precision, self.trials, on, self.threads)
        check_memory(*settings, procedural=self._options.procedural)
        started = time.perf_counter()
        if not ENGINES[on].is_prepared() and sys.stderr.isatty():
            print("compiling for this machine, once; this takes about 20 s ...", file=sys.stderr)
        with threadpool_limits(self.threads):
            self._realised = realised(network, self.dt)
            self.program = lower(self._realised, self.dt, precision, self.trials)
            check_plastic(self.program, self._options.procedural)
            lowering = time.perf_counter() - started
            self._engine_type = ENGINES[on]
            self.engine = self._make_engine(state := start(self.program))
            self._structure = Restructuring(self.program)
        self.build_time = time.perf_counter() - started
        self._built = build_seconds(lowering, self.build_time, self.engine.describe())
        self.wall_time = 0.0
        self.step = state.step
        self._profiled = profile
        self._begin()
        self._broken = ""
        self._pools = ThreadpoolController()
        self._running = threading.Lock()
        self._open_session(self.program, self.engine.live, self.step)

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
        MemoryLimitError
            If the samples that are to be recorded would not fit.
        OSError
            If they would not fit on the disk that they are recorded to.
        """
        return self.forward(whole_steps(duration, self.dt), progress)

    def forward(self, steps: int, progress: bool | None = False) -> bool:
        """Go on by a number of steps; see `advance`."""
        if not self._running.acquire(blocking=False):
            raise EngineError("this simulation is advancing in another thread; wait for it")
        try:
            return self._forward(steps, progress)
        finally:
            self._horizon = self.step
            self._running.release()

    def _feed(self) -> None:
        if self._live is not self.engine.live:
            self.engine.feed(self._live)

    def _forward(self, steps: int, progress: bool | None) -> bool:
        self._collector.check_room(steps)
        if self._broken:
            raise EngineError(
                f"this simulation ended in an error ({self._broken}); restore a state"
            )
        last = self.step + steps
        with self._feeding:
            self._feed()
            self._horizon = last
        piece = _LEAST
        with (
            Meter(steps * self.dt, progress) as meter,
            InterruptGuard() as guard,
            self._pools.limit(limits=self.threads),
        ):
            while self.step < last and not guard.interrupted:
                piece = min(piece, self._collector.most_steps)
                took = self._piece(min(piece, min(last, self._next_stop()) - self.step))
                meter.show(steps * self.dt - (last - self.step) * self.dt)
                piece = max(_LEAST, min(4 * piece, int(piece * _SLICE / max(took, 1e-6))))
        self._check_weights()
        if self.step < last:
            self._collector.interrupt(f"stopped by Ctrl-C at {self.time:g} ms")
        self._collector.settle()
        return self.step == last

    def recording(self) -> Recording:
        """Everything recorded since the start, or since the last `drain`."""
        made = self._collector.recording(self.step, self._provenance())
        object.__setattr__(made, "network", self.network)
        return made

    def drain(self) -> Recording:
        """Take what was recorded, and forget it here; not for a run that records to disk."""
        self._collector.check_restart("drain")
        result = self.recording()
        self._built = dict.fromkeys(self._built, 0.0)
        self._begin()
        return result

    def connections(
        self, name: str, pre: Any = None, post: Any = None, trial: int = 0
    ) -> Connections:
        """The synapses of one projection, as this simulation uses them now.

        Parameters
        ----------
        name
            Of the projection; ``"exc->inh"`` unless one was given.
        pre, post
            Only synapses from, or onto, these neurons: an index, a list or array of indices, a
            slice, a mask or a view.
        trial
            Whose weights, where they are plastic.

        Returns
        -------
        Connections
            With the columns ``pre``, ``post``, ``weight``, ``delay``, and ``matrix()``.

        Raises
        ------
        UnknownNameError
            If there is no such projection.
        ValidationError
            If a filter names neurons that there are not.
        """
        threads = max(self.threads, available_processors())
        learned = edges = None
        if not 0 <= trial < self.trials:
            raise ValidationError(
                "connections, trial", f"got {shorten(trial)}", f"0 to {self.trials - 1}"
            )
        for k, plastic in enumerate(self.program.plastic):
            if self.program.edges[plastic.edge].name == name:
                learned = self.engine.learned_weights(k, trial)
                edges = self.engine.learned(k).edges if plastic.structure else None
        chosen = (pre, post)
        return connections_of(self.network, self.program, name, threads, *chosen, learned, edges)

    def save(self, path: str | Path) -> None:
        """Write the present state to a file, spikes in flight included, whole or not at all."""
        self._feed()
        save_state(self.engine.state(), self.program, path)

    def restore(self, path: str | Path) -> None:
        """Go back (or forward) to a saved state; what was recorded so far is forgotten.

        Raises
        ------
        FileFormatError
            If the file is damaged or of another network or settings; nothing has changed then.
        """
        self._collector.check_restart("restore")
        state = load_state(self.program, path)
        self.engine = self._make_engine(state)
        self.step, self._broken = state.step, ""
        self._live, self._horizon = state.live, state.step
        self._begin()

    def _begin(self) -> None:
        """Begin a recording, and to count the time that it takes."""
        samples = SynapseSamples(self._realised, self.program)
        self._collector = (
            Collector(self.program, self.step, samples)
            if self._to is None
            else DiskCollector(self.program, self.step, self._to, self._overwrite, self._provenance)
        )
        self._structure.begin(self.engine, self.step)
        self._collector.structure = self._structure
        self._wall_before = self.wall_time
        self._profile = Profile(self.engine) if self._profiled else None

    def _make_engine(self, state: State) -> AbstractEngine:
        return self._engine_type(self.program, state, self.threads, self._options)

    def _piece(self, steps: int) -> float:
        started = time.perf_counter()
        try:
            chunk = self.engine.advance(steps)
            took = time.perf_counter() - started
            self._collector.add(chunk, self.step + steps)
        except EngineError as error:
            self._broken = str(error)
            raise
        self.step += steps
        self.wall_time += took
        self._between_pieces()
        if self._profile:
            self._profile.add(took, time.perf_counter() - started - took)
        return took

    def _provenance(self) -> dict[str, Any]:
        wall = self.wall_time - self._wall_before
        seconds = (self.step - self._collector.first) * self.dt * 1e-3
        about = provenance(self.program, self.engine, self.threads) | {
            "connectivity": self._connectivity,
            "lazy": self._options.lazy,
            "wall_time_s": wall,
            "build_time_s": sum(self._built.values()),
            "build_seconds": self._built,
            "real_time_factor": wall / (seconds * self.trials) if seconds else None,
        }
        if self._live.fed:
            about["fed"] = self._live.fed
        return about | ({"profile": self._profile.facts()} if self._profile else {})


def planned(
    network: Network,
    *,
    dt: Any = 0.1,
    on: str = "cpu",
    threads: int = 1,
    precision: str = "float32",
    trials: int = 1,
    connectivity: str = "stored",
) -> dict[str, Any]:
    """What a run would choose; nothing is built. For the settings, see `Simulation`.

    Returns
    -------
    dict
        ``populations``, with the integration of each variable; ``layout``, as the engine plans it,
        empty if it has nothing to choose.

    Raises
    ------
    ValidationError
        If the network does not fit the grid.
    """
    program = lower(realised(network, checked_dt(dt)), checked_dt(dt), precision, trials)
    return {
        "populations": integration(program),
        "layout": ENGINES[on].planned(program, threads, Options(connectivity == "procedural")),
    }


def connections(
    network: Network,
    name: str,
    *,
    pre: Any = None,
    post: Any = None,
    dt: Any = 0.1,
    precision: str = "float32",
) -> Connections:
    """The synapses of one projection, from the description; see `Network.connections`."""
    if precision not in PRECISIONS:
        raise ValidationError(
            "connections, precision", f"got {shorten(precision)}", f"{list(PRECISIONS)}"
        )
    program = lower(realised(network, checked_dt(dt)), checked_dt(dt), precision, 1)
    return connections_of(network, program, name, available_processors(), pre, post)

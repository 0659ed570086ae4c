"""The state of the simulator: what has been built, and the session that runs it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pyNN import common

from ..errors import ValidationError, shorten
from ..program.program import Program
from ..simulation import Simulation
from .carrying import State as Moment
from .carrying import carried, started
from .lowering import Lowered, lowered

__all__ = ["ID", "State", "name", "state"]

name = "Spikestack"


class ID(int, common.IDMixin):  # type: ignore[misc]
    """A neuron: its number among all, and through its population its parameters."""


class State(common.control.BaseState):  # type: ignore[misc]
    """Everything between one ``setup()`` and the next.

    Attributes
    ----------
    dt
        Step in ms.
    step
        Steps since t = 0.
    populations, projections
        In the order of their making.
    currents
        Sources of current, and the cells that each was injected into, in the order of injection.
    segment_counter
        How often ``reset()`` was called.
    """

    mpi_rank, num_processes = 0, 1

    def __init__(self) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {}
        self.rng_seed = 0
        self.max_delay: Any = "auto"
        self.dt, self.stated_min_delay = 0.1, "auto"
        self.spike_precision = "off_grid"
        self.clear()

    def clear(self) -> None:
        """Throw away all that was built."""
        self.recorders = set()
        self.write_on_end = []
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.currents: list[tuple[Any, np.ndarray]] = []
        self.id_counter = 1
        self.noise_sources = self.generators = 0
        self.segment_counter = -1
        self.reset()

    def reset(self) -> None:
        """Go back to t = 0 and to initial values, and begin a new segment."""
        self.running = False
        self.step, self.t_start = 0, 0
        self.segment_counter += 1
        self.session: Simulation | None = None
        self.lowered: Lowered | None = None
        self._stale = True
        for projection in self.projections:
            projection.forget_learned()

    @property
    def t(self) -> float:
        """Time in ms."""
        return round(self.step * self.dt, 9)

    @property
    def min_delay(self) -> float:
        """As given to ``setup()``; for ``"auto"`` the least delay there is, or a step."""
        if self.stated_min_delay != "auto":
            return float(self.stated_min_delay)
        delays = [p.least_delay() for p in self.projections if "delay" in p.columns]
        return min(delays, default=self.dt)

    @property
    def least_delay(self) -> float:
        """What connections get as a delay that are given none, in ms."""
        return self.dt if self.stated_min_delay == "auto" else float(self.stated_min_delay)

    def changed(self) -> None:
        """Something was built or changed: it acts from the next run on."""
        self._stale = True

    def attach(self, source: Any, cells: Any) -> None:
        """Let a source of current act on cells: a population, view, assembly or IDs."""
        given = cells.all_cells if hasattr(cells, "all_cells") else list(cells)
        for cell in given:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
        ids = np.array([int(cell) for cell in given], dtype=np.int64)
        self.currents.append((source, ids))
        self.changed()

    def run(self, simtime: float) -> None:
        """Go on by `simtime` ms."""
        self.run_until(self.t + simtime)

    def run_until(self, tstop: float) -> None:
        """Go on to `tstop` ms, rounded to a whole number of steps."""
        if not (isinstance(tstop, int | float | np.number) and math.isfinite(tstop)):
            raise ValidationError("run, time", f"got {shorten(tstop)}", "a finite number of ms")
        steps = math.floor(tstop / self.dt + 0.5) - self.step
        self.running = True
        if steps < 0 or not self.populations:
            self.step = max(self.step, self.step + steps)
            return
        self._stale |= any(getattr(type(source), "grows", False) for source, _ in self.currents)
        self._prepare(self.step + steps)
        assert self.session is not None and self.lowered is not None
        for recorder in self.recorders:
            recorder.sample_before(self.lowered, self.session)
        self.session.forward(steps)
        first, self.step = self.step, self.session.step
        piece = self.session.drain()
        for recorder in self.recorders:
            recorder.take(self.lowered, piece, first)

    def weights_now(self, projection: Any) -> np.ndarray | None:
        """The weights that a projection has learned, in its order; None if it has learned none."""
        if self.session is None or self.lowered is None:
            return None
        return self.lowered.learned(self.session, projection)

    def _prepare(self, until: int) -> None:
        """Build the network anew if anything was changed, and carry its state over."""
        if not self._stale and self.session is not None:
            return
        made, session, before = lowered(self, until), self.session, self.lowered

        def start(program: Program) -> Moment:
            if session is None or before is None:
                return started(made, program, self.step)
            return carried(made, program, session.program, session.engine.state())

        self.session = Simulation(made.network, dt=self.dt, start=start, **self.settings)
        self.lowered, self._stale = made, False
        for population in self.populations:
            population.pending.clear()
        for projection in self.projections:
            projection.weights_set = False


state = State()

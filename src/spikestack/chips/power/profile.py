"""What a run costs, step by step and core by core: energy, work, who had anything to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UnknownNameError
from ..limits import Limit
from ..pricing import Scope
from .laws import si

__all__ = ["Profile", "profile_of"]

#: Counted of a core in a step whether it had anything to do or not.
_ALWAYS = ("accesses", "idle updates", "busy cores", "host words out")


@dataclass(frozen=True)
class Profile:
    """A run by one price table, on the cores that it used.

    Attributes
    ----------
    title, scope
        Of the price table.
    energy
        Dynamic, J, (steps, cores).
    elsewhere
        Dynamic, J, of what is not counted by step.
    host
        J, of the host's traffic.
    work
        How long a core works in a step, s, (steps, cores).
    barrier
        How long all wait for each other after a step, s.
    step
        The least time that a step lasts, s.
    busy
        Whether a core had anything to do in a step, (steps, cores).
    driven
        Driven updates, (steps, cores).
    held, places
        Neurons on each core; how many it could hold.
    static
        W of all chips.
    idle_cores
        Cores of the same chips that hold nothing.
    events
        Synaptic events.
    biological
        How long the run lasted for the network, s.
    analog
        Whether neurons are circuits that run by themselves: their voltages are what they compute.
    """

    title: str
    scope: Scope
    energy: np.ndarray
    elsewhere: float
    host: float
    work: np.ndarray
    barrier: float
    step: float
    busy: np.ndarray
    driven: np.ndarray
    held: np.ndarray
    places: np.ndarray
    static: float
    idle_cores: int
    events: int
    biological: float
    analog: bool = False

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return self.energy.shape[0]

    @property
    def cores(self) -> int:
        """Cores in use."""
        return self.energy.shape[1]

    @property
    def dynamic(self) -> float:
        """All dynamic energy, J."""
        return float(self.energy.sum()) + self.elsewhere

    @property
    def static_of_core(self) -> float:
        """W of one core: static power is shared out alike, since no maker says how it divides."""
        return self.static / (self.cores + self.idle_cores)

    def activity(self, window: int, capacity: str = "core") -> np.ndarray:
        """Driven updates of the last steps over what the core could have done in them.

        Parameters
        ----------
        window
            How many steps, the present one the last of them.
        capacity
            One update of a step for every neuron that a core could hold (``"core"``), or for every
            one that it does hold (``"held"``).

        Returns
        -------
        float64 array of (steps, cores), 0 to 1
        """
        most = {"core": np.maximum(self.places, self.held), "held": self.held}
        if capacity not in most:
            raise UnknownNameError("activity, capacity", capacity, most)
        summed = np.cumsum(np.vstack([np.zeros((1, self.cores)), self.driven]), axis=0)
        ends = np.arange(1, self.steps + 1)
        starts = np.maximum(ends - window, 0)
        done = summed[ends] - summed[starts]
        return done / np.maximum((ends - starts)[:, None] * most[capacity], 1)


def profile_of(run: Any, table: str | None = None) -> Profile:
    """Take a run apart.

    Parameters
    ----------
    run
        A `ChipRun`.
    table
        Name of one of the chip's price tables; the first by default.
    """
    chip, ledger = run.mapped.chip, run.ledger
    prices, bill = chip.table(table), run.bill(table)
    steps, cores = ledger.total("steps"), len(run.mapped.cores)
    none = np.zeros((steps, cores))
    counted = {n: c for n, c in ledger.by_step.items() if c.shape == (steps, cores)}
    energy, elsewhere = none.copy(), 0.0
    for name, joules in bill.dynamic.items():
        if name in counted and prices.scope != Scope.ALL_IN:
            energy += counted[name] * si(prices.energy[name])
        else:
            elsewhere += joules
    work, barrier = _work(run, counted, none)
    busy = np.zeros((steps, cores), bool)
    for name, count in counted.items():
        if name not in _ALWAYS:
            busy |= count > 0
    held = np.array([sum(map(len, core.neurons.values())) for core in run.mapped.cores], float)
    most = _most(chip.limits, "neurons")
    return Profile(
        prices.title, prices.scope, energy, elsewhere, bill.host, work, barrier,
        _floor(run), busy, counted.get("driven updates", none), held,
        held if most is None else np.full(cores, float(most.most)),
        bill.static / bill.seconds if bill.seconds else 0.0,
        run.chips_used * int(chip.cores) - cores, events_of(ledger),
        steps * run.mapped.quantised.dt * 1e-3, chip.speedup is not None,
    )  # fmt: skip


def events_of(ledger: Any) -> int:
    """Synaptic events of all formats."""
    return sum(ledger.total(f"{n} events") for n in ("dense", "sparse", "convolutional"))


def _work(run: Any, counted: dict[str, np.ndarray], none: np.ndarray) -> tuple[np.ndarray, float]:
    """Seconds of work, (steps, cores), and of the barrier; nothing of analog circuits."""
    work = none.copy()
    if run.mapped.chip.speedup is not None or not len(none):
        return work, 0.0
    for name, figure in run.mapped.chip.table().time.items():
        if name in counted and figure.value is not None:
            work += counted[name] * si(figure)
    return work, max(float((run.step_seconds - work.max(axis=1)).min()), 0.0)


def _most(limits: tuple[Limit, ...], counts: str) -> Limit | None:
    found = [v for v in limits if v.counts == counts and v.per == "core"]
    return found[0] if found else None


def _floor(run: Any) -> float:
    """The least time that a step lasts, s."""
    chip = run.mapped.chip
    if chip.speedup is not None:
        return run.mapped.quantised.dt * 1e-3 / float(chip.speedup)  # type: ignore[no-any-return]
    return 0.0 if chip.step is None else si(chip.step)

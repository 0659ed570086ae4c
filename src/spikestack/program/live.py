"""What is fed into a running program: events to come, currents and rates that were set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from .inputs import joined_currents, poisson_keys, poisson_tables
from .program import CurrentDrive, CurrentProgram, PoissonProgram, Port, Program

__all__ = [
    "Events",
    "Live",
    "Setting",
    "currents_of",
    "events_of",
    "largest_count",
    "poisson_of",
    "with_rate",
]

#: A value that was set: since which step, and one number for each driven neuron.
Setting = tuple[int, np.ndarray]


def _none() -> np.ndarray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Events:
    """Injected events that are still to come, in no order.

    Attributes
    ----------
    steps, trials, ports, places : int64
        When, in which trial, through which port of the program, and to which driven neuron.
    sizes : float64
        How many events each stands for.
    """

    steps: np.ndarray = field(default_factory=_none)
    trials: np.ndarray = field(default_factory=_none)
    ports: np.ndarray = field(default_factory=_none)
    places: np.ndarray = field(default_factory=_none)
    sizes: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def after(self, step: int) -> Events:
        """Those of later steps."""
        keep = self.steps > step
        return self if keep.all() else Events(*(getattr(self, f.name)[keep] for f in fields(self)))

    def joined(self, other: Events) -> Events:
        """All of both."""
        names = [f.name for f in fields(self)]
        return Events(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class Live:
    """Everything fed so far that still matters; never changed, only replaced.

    Attributes
    ----------
    events
        What is to come.
    currents, rates
        By (trial, port): nA and Hz in force, and since when.
    fed
        How often something was fed in.
    """

    events: Events = field(default_factory=Events)
    currents: Mapping[tuple[int, int], Setting] = field(default_factory=dict)
    rates: Mapping[tuple[int, int], Setting] = field(default_factory=dict)
    fed: int = 0

    def after(self, step: int) -> Live:
        """What matters from `step` on."""
        events = self.events.after(step)
        return self if events is self.events else replace(self, events=events)


def events_of(
    program: Program, live: Live, trial: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Injected events of one trial, by step: steps, populations, receptors, ids, quanta (int64)."""
    e = live.events
    mine = np.flatnonzero(e.trials == trial)
    mine = mine[np.argsort(e.steps[mine], kind="stable")]
    found = [np.zeros(len(mine), dtype=np.int64) for _ in range(4)]
    for p in np.unique(e.ports[mine]):
        port, use = program.ports[p], e.ports[mine] == p
        places = e.places[mine][use]
        quanta = np.rint(port.weights[places] * e.sizes[mine][use])
        for array, values in zip(found, (port.population, port.receptor, port.ids[places], quanta)):
            array[use] = values
    return e.steps[mine], found[0], found[1], found[2], found[3]


def currents_of(program: Program, live: Live, trial: int) -> CurrentProgram:
    """All changes of injected current in one trial."""
    given = {
        program.ports[p].name: setting for (t, p), setting in live.currents.items() if t == trial
    }
    if not given:
        return program.currents
    since: dict[int, int] = {}
    for drive in program.current_drives:
        if drive.name in given:
            k = drive.population
            since[k] = max(since.get(k, 0), given[drive.name][0])
    sizes = [p.size for p in program.populations]
    c = program.currents
    rest = ~np.isin(c.populations, list(since))
    parts = [CurrentProgram(c.steps[rest], c.populations[rest], c.ids[rest], c.values[rest])]
    for population, first in since.items():
        drives = tuple(
            _as_set(d, given) for d in program.current_drives if d.population == population
        )
        parts.append(joined_currents(drives, sizes, first))
    names = [f.name for f in fields(CurrentProgram)]
    flat = [np.concatenate([getattr(p, name) for p in parts]) for name in names]
    order = np.argsort(flat[0], kind="stable")
    return CurrentProgram(*(array[order] for array in flat))


def _as_set(drive: CurrentDrive, given: Mapping[str, Setting]) -> CurrentDrive:
    if drive.name not in given:
        return drive
    step, values = given[drive.name]
    return replace(drive, steps=(step,), amplitudes=(values,))


def poisson_of(program: Program, live: Live, trial: int) -> tuple[PoissonProgram, ...]:
    """The Poisson drives of one trial, with the rates that were set."""
    given = {
        program.ports[p].name: setting[1] for (t, p), setting in live.rates.items() if t == trial
    }
    if not given:
        return program.poisson
    return tuple(
        with_rate(program, drive, given[drive.name]) if drive.name in given else drive
        for drive in program.poisson
    )


def with_rate(program: Program, drive: PoissonProgram, rates: np.ndarray) -> PoissonProgram:
    """The same drive at other rates (Hz, one for each driven neuron)."""
    draws, tables, table_of = poisson_tables(rates * 1e-3 * program.dt)
    keys = drive.keys
    if keys.shape[1] != draws:
        keys = poisson_keys(program.seed, drive.name, draws, program.trials)
    return replace(drive, tables=tables, table_of=table_of, keys=keys)


def largest_count(program: Program, port: Port, rates: np.ndarray) -> int:
    """The greatest count that a step can bring at these rates."""
    draws, tables, _ = poisson_tables(np.array([rates.max()]) * 1e-3 * program.dt)
    return draws * len(tables[0])

"""Lowering inputs: Poisson tables, events on the grid, changes of injected current."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..equations.edge_expression import Expression
from ..errors import ValidationError
from ..network.external import ExternalCurrent, ExternalSpikes
from ..network.inputs import ConstantCurrent, Poisson, SpikeTrains, StepCurrent
from ..network.network import Drive
from ..numerics.random import poisson_split, poisson_thresholds, stream_key
from .edge_values import draw_array
from .program import CurrentDrive, CurrentProgram, EventProgram, PoissonProgram, Port

__all__ = [
    "PoissonDraft",
    "current_drives",
    "event_program",
    "joined_currents",
    "largest_burst",
    "poisson_draft",
    "poisson_keys",
    "poisson_tables",
    "ports_of",
    "weights_of",
]

_MOST_STEPS = 2**62


def weights_of(drive: Drive, seed: int) -> np.ndarray:
    """The weight (coherent) of the events of each driven neuron."""
    assert drive.synapse is not None
    weight = drive.synapse.weight
    assert not isinstance(weight, Expression)
    key = stream_key(seed, drive.name, "weight")
    unit = drive.synapse.unit_of_weight()
    return draw_array(weight, drive.target.size, key) * unit.scale


class PoissonDraft:
    """Counts per step of one drive: tables of thresholds, and the largest count they give."""

    def __init__(self, drive: Drive, seed: int, dt: float) -> None:
        poisson = drive.input
        assert isinstance(poisson, Poisson)
        key = stream_key(seed, drive.name, "rate")
        means = draw_array(poisson.rate, drive.target.size, key) * 1e-3 * dt
        self.draws, self.tables, self.table_of = poisson_tables(means)
        self.largest = self.draws * max(len(table) for table in self.tables)
        if poisson.highest is not None:
            draws, (table,), _ = poisson_tables(np.array([poisson.highest * 1e-3 * dt]))
            self.largest = max(self.largest, draws * len(table))
        self.start = math.floor(poisson.start / dt + 0.5)
        self.stop = _MOST_STEPS if math.isinf(poisson.stop) else math.floor(poisson.stop / dt + 0.5)


def poisson_tables(means: np.ndarray) -> tuple[int, tuple[np.ndarray, ...], np.ndarray]:
    """For mean counts: how many draws make up each, the distinct tables, and whose is which."""
    distinct, table_of = np.unique(means, return_inverse=True)
    draws = max(poisson_split(float(mean))[0] for mean in distinct)
    tables = tuple(poisson_thresholds(float(mean) / draws) for mean in distinct)
    return draws, tables, table_of.astype(np.int64)


def poisson_keys(seed: int, name: str, draws: int, trials: int) -> np.ndarray:
    """Stream keys by trial and draw (uint64)."""
    return np.array(
        [
            [stream_key(seed, name, f"events {draw}", trial) for draw in range(draws)]
            for trial in range(trials)
        ],
        dtype=np.uint64,
    )


def poisson_draft(
    drive: Drive,
    draft: PoissonDraft,
    seed: int,
    trials: int,
    place: tuple[int, int],
    weights: np.ndarray,
) -> PoissonProgram:
    """Make the program of one Poisson drive; `place` is (population, receptor)."""
    return PoissonProgram(
        place[0],
        place[1],
        drive.target.ids,
        weights,
        draft.tables,
        draft.table_of,
        poisson_keys(seed, drive.name, draft.draws, trials),
        draft.start,
        draft.stop,
        drive.name,
    )


def event_steps(trains: SpikeTrains, dt: float) -> np.ndarray:
    """Times as steps, rounded; the earliest is the first step's end."""
    return np.maximum(np.floor(trains.times / dt + 0.5).astype(np.int64), 1)


def largest_burst(drive: Drive, dt: float) -> float:
    """The greatest sum of event sizes that one neuron gets in one step."""
    trains = drive.input
    if isinstance(trains, ExternalSpikes):
        return trains.most
    assert isinstance(trains, SpikeTrains)
    if not len(trains.ids):
        return 0
    trials = np.zeros_like(trains.ids) if trains.trials is None else trains.trials
    columns = (event_steps(trains, dt), trains.ids, trials)
    order = np.lexsort(columns)
    new = np.ones(len(order) + 1, bool)
    new[1:-1] = np.any([c[order[1:]] != c[order[:-1]] for c in columns], axis=0)
    return int(np.diff(np.flatnonzero(new)).max())


def event_program(
    parts: list[tuple[Drive, tuple[int, int], np.ndarray]], dt: float
) -> EventProgram:
    """Join the events of all drives; each part is (drive, (population, receptor), quanta)."""
    columns: dict[str, list[np.ndarray]] = {k: [] for k in ("s", "t", "p", "r", "i", "w")}
    for drive, (population, receptor), weights in parts:
        trains = drive.input
        assert isinstance(trains, SpikeTrains)
        n = len(trains.ids)
        columns["s"].append(event_steps(trains, dt))
        columns["t"].append(np.full(n, -1) if trains.trials is None else trains.trials)
        columns["p"].append(np.full(n, population))
        columns["r"].append(np.full(n, receptor))
        columns["i"].append(drive.target.ids[trains.ids])
        columns["w"].append(weights[trains.ids])
    joined = {k: np.concatenate([*v, np.zeros(0)]).astype(np.int64) for k, v in columns.items()}
    order = np.lexsort((joined["i"], joined["r"], joined["p"], joined["t"], joined["s"]))
    return EventProgram(*(joined[k][order] for k in ("s", "t", "p", "r", "i", "w")))


def current_drives(drives: list[tuple[Drive, int]], seed: int, dt: float) -> Any:
    """What each injected current is and when it changes, by name."""
    return tuple(
        CurrentDrive(d.name, population, d.target.ids, *_changes(d, seed, dt))
        for d, population in sorted(drives, key=lambda pair: pair[0].name)
    )


def joined_currents(
    drives: tuple[CurrentDrive, ...], sizes: Sequence[int], first: int = 0
) -> CurrentProgram:
    """Join injected currents into the changes, from step `first` on, of each neuron's sum."""
    steps, populations, ids, values = [], [], [], []
    for population in sorted({d.population for d in drives}):
        parts = [d for d in drives if d.population == population]
        changes = sorted({max(step, first) for d in parts for step in d.steps})
        for step in changes:
            total = np.zeros(sizes[population])
            for drive in parts:
                total[drive.ids] += drive.amplitude(step)
            steps.append(np.full(len(total), step))
            populations.append(np.full(len(total), population))
            ids.append(np.arange(len(total)))
            values.append(total)
    if not steps:
        empty = np.zeros(0, dtype=np.int64)
        return CurrentProgram(empty, empty, empty, np.zeros(0))
    flat = [np.concatenate(part) for part in (steps, populations, ids, values)]
    order = np.argsort(flat[0], kind="stable")
    s, p, i, v = (part[order] for part in flat)
    return CurrentProgram(s.astype(np.int64), p.astype(np.int64), i.astype(np.int64), v)


def _changes(drive: Drive, seed: int, dt: float) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Steps of the changes of one drive, and what it changes to."""
    given, size = drive.input, drive.target.size
    if isinstance(given, ExternalCurrent):
        return (0,), (0.0,)
    if isinstance(given, ConstantCurrent):
        key = stream_key(seed, drive.name, "amplitude")
        return (0,), (draw_array(given.amplitude, size, key),)
    assert isinstance(given, StepCurrent)
    steps = tuple(math.floor(t / dt + 0.5) for t in given.times)
    if len(set(steps)) != len(steps):
        raise ValidationError(
            f"Drive {drive.name!r}",
            f"two changes within one step of {dt} ms",
            "times at least a step apart",
            "use a smaller dt",
        )
    return steps, tuple(given.amplitudes.tolist())


def ports_of(
    drives: dict[str, Drive],
    place: Callable[[Drive], tuple[int, int]],
    weights: dict[str, np.ndarray],
    largest: dict[str, float],
) -> tuple[Port, ...]:
    """Where drives act, by name; `place` gives (population, receptor)."""
    kinds = {ExternalSpikes: "spikes", Poisson: "rate", SpikeTrains: "given"} | dict.fromkeys(
        (ExternalCurrent, ConstantCurrent), "current"
    )
    empty = np.zeros(0, dtype=np.int64)
    return tuple(
        Port(
            name,
            kinds[type(drive.input)],
            *place(drive),
            drive.target.ids,
            weights.get(name, empty),
            largest.get(name, 0.0),
        )
        for name, drive in sorted(drives.items())
        if type(drive.input) in kinds
    )

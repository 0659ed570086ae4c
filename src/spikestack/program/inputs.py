"""Lowering inputs: Poisson tables, events on the grid, changes of injected current."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..equations.edge_expression import Expression
from ..errors import ValidationError
from ..network.inputs import ConstantCurrent, Poisson, SpikeTrains, StepCurrent
from ..network.network import Drive
from ..numerics.random import poisson_split, poisson_thresholds, stream_key
from .edge_values import draw_array
from .program import CurrentProgram, EventProgram, PoissonProgram

__all__ = ["PoissonDraft", "current_program", "event_program", "poisson_draft", "weights_of"]

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
        distinct, self.table_of = np.unique(means, return_inverse=True)
        self.draws = max(poisson_split(float(mean))[0] for mean in distinct)
        self.tables = tuple(poisson_thresholds(float(mean) / self.draws) for mean in distinct)
        self.start = math.floor(poisson.start / dt + 0.5)
        self.stop = _MOST_STEPS if math.isinf(poisson.stop) else math.floor(poisson.stop / dt + 0.5)

    @property
    def largest(self) -> int:
        """The largest count that a step can bring."""
        return self.draws * max(len(table) for table in self.tables)


def poisson_draft(
    drive: Drive,
    draft: PoissonDraft,
    seed: int,
    trials: int,
    place: tuple[int, int],
    weights: np.ndarray,
) -> PoissonProgram:
    """Make the program of one Poisson drive; `place` is (population, receptor)."""
    keys = np.array(
        [
            [stream_key(seed, drive.name, f"events {draw}", trial) for draw in range(draft.draws)]
            for trial in range(trials)
        ],
        dtype=np.uint64,
    )
    return PoissonProgram(
        place[0],
        place[1],
        drive.target.ids,
        weights,
        draft.tables,
        draft.table_of.astype(np.int64),
        keys,
        draft.start,
        draft.stop,
    )


def event_steps(trains: SpikeTrains, dt: float) -> np.ndarray:
    """Times as steps, rounded; the earliest is the first step's end."""
    return np.maximum(np.floor(trains.times / dt + 0.5).astype(np.int64), 1)


def largest_burst(drive: Drive, dt: float) -> int:
    """The most events that one neuron gets in one step."""
    trains = drive.input
    assert isinstance(trains, SpikeTrains)
    if not len(trains.ids):
        return 0
    trials = np.zeros_like(trains.ids) if trains.trials is None else trains.trials
    rows = np.stack([event_steps(trains, dt), trains.ids, trials], axis=1)
    return int(np.unique(rows, axis=0, return_counts=True)[1].max())


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


def current_program(drives: list[tuple[Drive, int]], sizes: list[int], seed: int, dt: float) -> Any:
    """Join all injected currents into the changes of each neuron's sum."""
    steps, populations, ids, values = [], [], [], []
    for population in sorted({p for _, p in drives}):
        parts = [d for d, p in drives if p == population]
        changes = sorted({step for d in parts for step in _changes(d, dt)})
        for step in changes:
            total = np.zeros(sizes[population])
            for drive in sorted(parts, key=lambda d: d.name):
                total[drive.target.ids] += _amplitude(drive, step, seed, dt)
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


def _changes(drive: Drive, dt: float) -> list[int]:
    if isinstance(drive.input, ConstantCurrent):
        return [0]
    assert isinstance(drive.input, StepCurrent)
    steps = [math.floor(t / dt + 0.5) for t in drive.input.times]
    if len(set(steps)) != len(steps):
        raise ValidationError(
            f"Drive {drive.name!r}",
            f"two changes within one step of {dt} ms",
            "times at least a step apart",
            "use a smaller dt",
        )
    return steps


def _amplitude(drive: Drive, step: int, seed: int, dt: float) -> Any:
    given = drive.input
    if isinstance(given, ConstantCurrent):
        return draw_array(
            given.amplitude, drive.target.size, stream_key(seed, drive.name, "amplitude")
        )
    assert isinstance(given, StepCurrent)
    past = [a for t, a in zip(given.times, given.amplitudes) if math.floor(t / dt + 0.5) <= step]
    return past[-1] if past else 0.0

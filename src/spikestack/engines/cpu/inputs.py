"""One thread's share of the inputs and probes, as the step loop reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.live import Live, currents_of, events_of, poisson_of
from ...program.populations import INJECTED
from ...program.program import PoissonProgram, Program
from .driver import Events, Inputs, Probes
from .plan import Partition
from .poisson import Runs, split_table

__all__ = ["inputs_of", "probes_of", "refreshed"]


def _accumulators(part: Partition, population: int, receptor: int, ids: np.ndarray) -> np.ndarray:
    k = population
    return part.acc_base[k] + receptor * part.width[k] + ids - part.low[k]


def _runs(drives: tuple[PoissonProgram, ...], part: Partition, trial: int, whole: type) -> Runs:
    """Poisson drives cut into runs of neighbouring neurons that share a table."""
    names = ("acc", "index", "size", "weight", "table", "length", "common", "least")
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "key", "start", "stop")}
    thresholds, weights, table_at, weight_at = [np.zeros(0, np.int32)], [], 0, 0
    for drive in drives:
        k = drive.population
        split = [split_table(table) for table in drive.tables]
        places = np.cumsum([0, *(len(rest) for _, rest, _ in split)]) + table_at
        mine = np.flatnonzero((drive.ids >= part.low[k]) & (drive.ids < part.high[k]))
        acc, which = _accumulators(part, k, drive.receptor, drive.ids[mine]), drive.table_of[mine]
        breaks = (np.diff(acc) != 1) | (np.diff(mine) != 1) | (np.diff(which) != 0)
        starts = np.concatenate([[0], np.flatnonzero(breaks) + 1]) if len(mine) else []
        ends = np.append(starts[1:], len(mine)).astype(int)
        for key in drive.keys[trial]:
            for a, b in zip(starts, ends):
                least, rest, common = split[which[a]]
                place = (acc[a], mine[a], b - a, weight_at + a, places[which[a]])
                row = (*place, len(rest), common, least, key, drive.start, drive.stop)
                for column, value in zip(columns.values(), row):
                    column.append(value)
        thresholds += [rest for _, rest, _ in split]
        weights.append(drive.weights[mine])
        table_at, weight_at = int(places[-1]), weight_at + len(mine)
    return Runs(
        *(np.array(v, dtype=np.uint64 if k == "key" else np.int64) for k, v in columns.items()),
        np.concatenate(thresholds),
        np.concatenate([*weights, []]).astype(whole),
    )


def _events(program: Program, part: Partition, columns: tuple[np.ndarray, ...]) -> Events:
    """Of events (steps, populations, receptors, ids, quanta) those of one partition."""
    steps, k, receptors, i, quanta = columns
    mine = (i >= part.low[k]) & (i < part.high[k])
    steps, k, receptors, i, quanta = (column[mine] for column in columns)
    acc = part.acc_base[k] + receptors * part.width[k] + i - part.low[k]
    return Events(steps, acc, quanta.astype(program.accumulator))


def _currents(
    program: Program, live: Live, part: Partition, trial: int, values: tuple[np.ndarray, ...]
) -> dict[str, np.ndarray]:
    c = currents_of(program, live, trial)
    own = (c.ids >= part.low[c.populations]) & (c.ids < part.high[c.populations])
    rows = np.array(
        [
            v[trial, p.states.index(INJECTED)].ctypes.data if INJECTED in p.states else 0
            for p, v in zip(program.populations, values)
        ],
        dtype=np.int64,
    )
    address = rows[c.populations[own]] + np.dtype(program.dtype).itemsize * c.ids[own]
    return {
        "current_step": c.steps[own],
        "current_at": address,
        "current_value": c.values[own].astype(program.dtype),
    }


def inputs_of(
    program: Program, live: Live, part: Partition, trial: int, values: tuple[np.ndarray, ...]
) -> Inputs:
    """The inputs of one partition in one trial; `values` are the live states."""
    e, mine = program.events, program.events_of(trial)
    given = tuple(x[mine] for x in (e.steps, e.populations, e.receptors, e.ids, e.weights))
    return Inputs(
        _runs(poisson_of(program, live, trial), part, trial, program.accumulator),
        _events(program, part, given),
        _events(program, part, events_of(program, live, trial)),
        **_currents(program, live, part, trial, values),
    )


def refreshed(
    inputs: Inputs,
    before: Live,
    program: Program,
    live: Live,
    part: Partition,
    trial: int,
    values: tuple[np.ndarray, ...],
) -> Inputs:
    """The same inputs with what has been fed in since `before`; what is the same is kept."""
    changes: dict[str, Any] = {}
    if live.events is not before.events:
        changes["fed"] = _events(program, part, events_of(program, live, trial))
    if live.currents is not before.currents:
        changes |= _currents(program, live, part, trial, values)
    if live.rates is not before.rates:
        drives = poisson_of(program, live, trial)
        changes["poisson"] = _runs(drives, part, trial, program.accumulator)
    return inputs._replace(**changes)


def probes_of(
    program: Program,
    part: Partition,
    trial: int,
    values: tuple[np.ndarray, ...],
    done: int,
    out: np.ndarray,
    offsets: list[int],
) -> Probes:
    """Where one partition's samples come from and go to: `offsets` says where each probe begins."""
    begin, end, address, place = [], [], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    size, at = np.dtype(program.dtype).itemsize, 0
    for probe, offset in zip(program.probes, offsets):
        k = probe.population
        mine = np.flatnonzero((probe.ids >= part.low[k]) & (probe.ids < part.high[k]))
        row = values[k][trial, probe.state].ctypes.data
        address.append(row + size * probe.ids[mine])
        place.append(offset + mine)
        begin.append(at)
        at += len(mine)
        end.append(at)

    def whole(numbers: list[int]) -> np.ndarray:
        return np.array(numbers, dtype=np.int64)

    return Probes(
        whole([p.every for p in program.probes]),
        whole([done // p.every + 1 for p in program.probes]),
        whole(begin),
        whole(end),
        np.concatenate(address),
        np.concatenate(place),
        out,
        whole([len(p.ids) for p in program.probes]),
    )

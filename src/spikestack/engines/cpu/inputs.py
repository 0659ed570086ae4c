"""One thread's share of the inputs and probes, as the step loop reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.populations import INJECTED
from ...program.program import Program
from .driver import Inputs, Probes
from .plan import Partition
from .poisson import Runs, split_table

__all__ = ["inputs_of", "probes_of"]


def _accumulators(part: Partition, population: int, receptor: int, ids: np.ndarray) -> np.ndarray:
    k = population
    return part.acc_base[k] + receptor * part.width[k] + ids - part.low[k]


def _runs(program: Program, part: Partition, trial: int) -> Runs:
    """Poisson drives cut into runs of neighbouring neurons that share a table."""
    names = ("acc", "index", "size", "weight", "table", "length", "common", "least")
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "key", "start", "stop")}
    thresholds, weights, table_at, weight_at = [np.zeros(0, np.int32)], [], 0, 0
    for drive in program.poisson:
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
        np.concatenate([*weights, []]).astype(program.accumulator),
    )


def inputs_of(
    program: Program, part: Partition, trial: int, values: tuple[np.ndarray, ...]
) -> Inputs:
    """The inputs of one partition in one trial; `values` are the live states."""
    e = program.events
    mine = program.events_of(trial)
    k, i = e.populations[mine], e.ids[mine]
    mine = mine[(i >= part.low[k]) & (i < part.high[k])]
    k, i = e.populations[mine], e.ids[mine]
    acc = part.acc_base[k] + e.receptors[mine] * part.width[k] + i - part.low[k]
    c = program.currents
    own = (c.ids >= part.low[c.populations]) & (c.ids < part.high[c.populations])
    rows = np.array(
        [
            v[trial, p.states.index(INJECTED)].ctypes.data if INJECTED in p.states else 0
            for p, v in zip(program.populations, values)
        ],
        dtype=np.int64,
    )
    address = rows[c.populations[own]] + np.dtype(program.dtype).itemsize * c.ids[own]
    return Inputs(
        _runs(program, part, trial),
        e.steps[mine],
        acc,
        e.weights[mine].astype(program.accumulator),
        c.steps[own],
        address,
        c.values[own].astype(program.dtype),
    )


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

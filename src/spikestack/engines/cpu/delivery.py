"""Delivering spikes: the innermost loop, where a simulation spends most of its time.

What is due in a step is first listed, bucket by bucket; while the list is worked off, the buckets a
few places ahead are already on their way from memory.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .intrinsics import prefetch

__all__ = ["Table", "deliver", "new_due", "replay", "ring_row"]

#: By channel: its population, its groups of delays (``delays[first_group + g]`` is the shortest of
#: group g) and whether the first of them holds delay 0, where its rows begin (``rows[row_base + i *
#: n_groups + g]`` is the first synapse of neuron i for group g), how its synapses are stored, and
#: base and step of its weights. A word of `narrow` has the place in its low `place_bits` bits and
#: the weight's code above; a place is an accumulator's index, and above `index_bits` bits the delay
#: beyond the shortest of the group.
Table = namedtuple(
    "Table",
    "population n_groups first_group delays zero row_base rows narrow wide is_narrow carries base "
    "step index_bits place_bits ring_bits longest",
)
#: Buckets that are due: their rows, channels, and the values of their spikes.
Due = namedtuple("Due", "rows channels values")

_DUE = 512
_AHEAD = 4
_LINE = 16


@njit(cache=True)
def new_due() -> Any:
    """An empty list of buckets."""
    return Due(np.empty(_DUE, np.int64), np.empty(_DUE, np.int64), np.empty(_DUE, np.float64))


@njit(cache=True, inline="always")
def ring_row(table: Any, step: int) -> int:
    """Where the accumulators of a step begin."""
    return (step & ((1 << table.ring_bits) - 1)) << table.index_bits


@njit(cache=True, inline="always")
def _fetch(table: Any, due: Any, i: int) -> None:
    first, last = table.rows[due.rows[i]], table.rows[due.rows[i] + 1]
    if table.is_narrow[due.channels[i]]:
        for e in range(first, last, _LINE):
            prefetch(table.narrow, e)
    else:
        for e in range(2 * first, 2 * last, _LINE):
            prefetch(table.wide, e)


@njit(cache=True, error_model="numpy")
def _add(table: Any, acc: Any, row: int, due: Any, count: int) -> None:
    """Add the first `count` buckets of the list."""
    within = (np.uint64(1) << np.uint64(table.place_bits)) - np.uint64(1)
    ring = (np.uint64(1) << np.uint64(table.index_bits + table.ring_bits)) - np.uint64(1)
    shift, start = np.uint64(table.place_bits), np.uint64(row)
    for i in range(min(_AHEAD, count)):
        _fetch(table, due, i)
    for i in range(count):
        if i + _AHEAD < count:
            _fetch(table, due, i + _AHEAD)
        c = due.channels[i]
        first, last = table.rows[due.rows[i]], table.rows[due.rows[i] + 1]
        base, step = table.base[c], table.step[c]
        if table.carries[c]:
            for e in range(first, last):
                if table.is_narrow[c]:
                    word = np.uint64(table.narrow[e])
                    weight = base + step * np.int64(word >> shift)
                else:
                    word, weight = np.uint64(table.wide[e, 0]), np.int64(table.wide[e, 1])
                value = np.int64(np.rint(np.float64(weight) * due.values[i]))
                acc[((word & within) + start) & ring] += value
        elif table.is_narrow[c]:
            for e in range(first, last):
                word = np.uint64(table.narrow[e])
                acc[((word & within) + start) & ring] += base + step * np.int64(word >> shift)
        else:
            for e in range(first, last):
                place = (np.uint64(table.wide[e, 0]) + start) & ring
                acc[place] += table.wide[e, 1]


@njit(cache=True, error_model="numpy")
def deliver(table: Any, log: Any, acc: Any, row: int, slot: int, now: Any, due: Any) -> None:
    """Deliver what is due in the step logged in `slot`.

    `now` is (first, last): only what has no delay, of those populations, whose spikes of this very
    step are known; for (0, 0) everything else.
    """
    # Tuples of arrays are costly to pass on, so this is one function, and arrays have names.
    first, last = now
    population, n_groups, first_group = table.population, table.n_groups, table.first_group
    delays, starts, ids, rows = table.delays, log.starts, log.ids, table.rows
    due_rows, due_channels = due.rows, due.channels
    count = 0
    for c in range(len(population)):
        k, groups, carries = population[c], n_groups[c], table.carries[c]
        g0, g1 = (1, groups) if table.zero[c] else (0, groups)
        if last > 0:
            g0, g1 = (0, g0) if first <= k < last else (0, 0)
        for g in range(g0, g1):
            past = slot - delays[first_group[c] + g]
            base = table.row_base[c] + g
            for q in range(starts.shape[0]):
                for s in range(starts[q, past, k], starts[q, past, k + 1]):
                    bucket = base + np.int64(ids[q, s]) * groups
                    prefetch(rows, bucket)
                    due_rows[count], due_channels[count] = bucket, c
                    if carries:
                        due.values[count] = np.float64(log.values[q, s])
                    count += 1
                    if count == _DUE:
                        _add(table, acc, row, due, count)
                        count = 0
    if count > 0:
        _add(table, acc, row, due, count)


@njit(cache=True, error_model="numpy")
def replay(table: Any, log: Any, acc: Any, done: int, history: int) -> None:
    """Put into the ring what buckets delivered up to step `done` bring after it.

    A log holds `history` steps, of which the last is `done`.
    """
    within = (np.uint64(1) << np.uint64(table.place_bits)) - np.uint64(1)
    shift, index_bits = np.uint64(table.place_bits), np.int64(table.index_bits)
    ring = (np.int64(1) << (table.index_bits + table.ring_bits)) - 1
    for c in range(len(table.population)):
        k = table.population[c]
        for g in range(table.n_groups[c]):
            delay = table.delays[table.first_group[c] + g]
            for slot in range(1, history):
                due = done - (history - 1 - slot) + delay
                if due > done or due + (1 << table.ring_bits) <= done:
                    continue
                for q in range(log.starts.shape[0]):
                    for s in range(log.starts[q, slot, k], log.starts[q, slot, k + 1]):
                        bucket = table.row_base[c] + np.int64(log.ids[q, s]) * table.n_groups[c] + g
                        for e in range(table.rows[bucket], table.rows[bucket + 1]):
                            if table.is_narrow[c]:
                                word = np.uint64(table.narrow[e])
                                place = np.int64(word & within)
                                weight = table.base[c] + table.step[c] * np.int64(word >> shift)
                            else:
                                place, weight = (
                                    np.int64(table.wide[e, 0]),
                                    np.int64(table.wide[e, 1]),
                                )
                            if table.carries[c]:
                                weight = np.int64(
                                    np.rint(np.float64(weight) * np.float64(log.values[q, s]))
                                )
                            if due + (place >> index_bits) > done:
                                acc[(place + ring_row(table, due)) & ring] += weight

"""Delivering spikes: the innermost loop, where a simulation spends most of its time.

What is due in a step is first listed, bucket by bucket; while the list is worked off, the buckets a
few places ahead are already on their way from memory.
"""

# mypy: disable-error-code="call-arg"
from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from .intrinsics import prefetch

__all__ = ["N_COLUMNS", "Table", "deliver", "new_due", "replay", "ring_row"]

#: Columns of a table's channels: the population that its synapses leave, its groups of delays
#: (``delays[FIRST_GROUP + g]`` is the shortest of group g) and whether the first of them holds
#: delay 0, where its rows begin (``rows[FIRST_ROW + i * GROUPS + g]`` is neuron i's first synapse
#: for group g), whether its synapses are narrow and its spikes carry values, and base and step of
#: its weights.
POPULATION, GROUPS, FIRST_GROUP, ZERO, FIRST_ROW, NARROW, CARRIES, BASE, STEP = range(9)
N_COLUMNS = 9
#: One partition's synapses. A word of `narrow` has the place in its low `place_bits` bits and the
#: weight's code above; a place is an accumulator's index, and above `index_bits` bits the delay
#: beyond the shortest of the group. `wide` has places and weights.
Table = namedtuple(
    "Table", "channels delays rows narrow wide index_bits place_bits ring_bits longest"
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
    if table.channels[due.channels[i], NARROW]:
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
        c, channels = due.channels[i], table.channels
        first, last = table.rows[due.rows[i]], table.rows[due.rows[i] + 1]
        base, step = channels[c, BASE], channels[c, STEP]
        if channels[c, CARRIES]:
            for e in range(first, last):
                if channels[c, NARROW]:
                    word = np.uint64(table.narrow[e])
                    weight = base + step * np.int64(word >> shift)
                else:
                    word, weight = np.uint64(table.wide[e, 0]), np.int64(table.wide[e, 1])
                value = np.int64(np.rint(np.float64(weight) * due.values[i]))
                acc[((word & within) + start) & ring] += value
        elif channels[c, NARROW]:
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
    channels, delays, rows, starts, ids = (
        table.channels,
        table.delays,
        table.rows,
        log.starts,
        log.ids,
    )
    due_rows, due_channels = due.rows, due.channels
    count = 0
    for c in range(len(channels)):
        k, groups, carries = channels[c, POPULATION], channels[c, GROUPS], channels[c, CARRIES]
        g0, g1 = channels[c, ZERO], groups
        if last > 0:
            g0, g1 = (0, g0) if first <= k < last else (0, 0)
        for g in range(g0, g1):
            past = slot - delays[channels[c, FIRST_GROUP] + g]
            base = channels[c, FIRST_ROW] + g
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
    for c in range(len(table.channels)):
        facts = table.channels[c]
        population, groups, first_row = facts[POPULATION], facts[GROUPS], facts[FIRST_ROW]
        first_group, is_narrow, carries = facts[FIRST_GROUP], facts[NARROW], facts[CARRIES]
        base, step = facts[BASE], facts[STEP]
        for g in range(groups):
            delay = table.delays[first_group + g]
            for slot in range(1, history):
                due = done - (history - 1 - slot) + delay
                if due > done or due + (1 << table.ring_bits) <= done:
                    continue
                for q in range(log.starts.shape[0]):
                    for s in range(
                        log.starts[q, slot, population], log.starts[q, slot, population + 1]
                    ):
                        bucket = first_row + np.int64(log.ids[q, s]) * groups + g
                        value = np.float64(log.values[q, s]) if carries else 1.0
                        for e in range(table.rows[bucket], table.rows[bucket + 1]):
                            if is_narrow:
                                word = np.uint64(table.narrow[e])
                                place = np.int64(word & within)
                                weight = base + step * np.int64(word >> shift)
                            else:
                                place, weight = (
                                    np.int64(table.wide[e, 0]),
                                    np.int64(table.wide[e, 1]),
                                )
                            if carries:
                                weight = np.int64(np.rint(np.float64(weight) * value))
                            if due + (place >> index_bits) > done:
                                acc[(place + ring_row(table, due)) & ring] += weight

"""Plastic synapses in the compiled engine: by source for arrivals, by target for what comes back.

The synapses of a source stand together with their weights, ordered as spikes reach them; those of a
target are listed once more by their places, so that both kinds of events touch only the synapses
that they concern. Each thread has those onto its own neurons, so nobody else ever writes a weight.
"""

# mypy: disable-error-code="call-arg"
from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
from numba import carray, float32, float64, int64

from ...numerics.compiling import njit
from .intrinsics import call_kernel, pointer
from .rule_printer import CLOCK, CONTROL, DEGREES, KERNELS, SUMS

__all__ = ["COLUMNS", "Learning", "arrive", "depart"]

#: Columns of `Learning.facts`: places of both populations among those of the log, this thread's
#: share of sources and of targets, where the input of target 0 would be, steps of the past, pairs
#: of delays and the first of them, where rows and columns begin, sources; the modulator's place in
#: the log (-1: none) and its delay; how many rounds there are, and where they and the changes of
#: the signal begin.
(
    PRE, POST, LOW_PRE, HIGH_PRE, LOW_POST, HIGH_POST, INPUT, DEPTH, PAIRS, FIRST, ROWS, COLS,
    SOURCES, MODULATOR, LATE, ROUNDS, ROUND, SIGNAL, COLUMNS,
) = range(19)  # fmt: skip
(
    STEP_SOURCE, STEP_TARGET, STEP_MODULATOR, JUMP_SOURCE, JUMP_TARGET, JUMP_MODULATOR,
    ON_PRE, ON_POST, TOTAL, FIRST_ROUND,
) = range(len(KERNELS) + 1)  # fmt: skip

to_int64, to_float32, to_float64 = pointer(int64), pointer(float32), pointer(float64)

#: Of one thread and trial, all plastic projections: addresses of kernels (projections by kind; 0
#: for what does nothing) and of tables, facts, pairs of (total, dendritic) delay in steps, where
#: the synapses of each source and pair, and of each target and pair, begin; of each round, how many
#: steps are between two and whether it takes sums; and by signal steps and values of its changes,
#: which end with one that never comes, and how many are over.
Learning = namedtuple(
    "Learning", "kernels tables facts pairs rows cols rounds signal_step signal_value changed me"
)


@njit(cache=True, error_model="numpy")
def arrive(learning: Any, log: Any, acc: Any, row: int, step: int, slot: int) -> None:
    """Let traces pass a step, then deliver what arrives in it."""
    into = acc.ctypes.data + acc.itemsize * row
    for i in range(len(learning.tables)):
        f, table = learning.facts[i], learning.tables[i]
        carray(to_int64(carray(to_int64(table), CLOCK + 1)[CLOCK]), 1)[0] = step
        _pass(learning, i, step, acc.itemsize)
        if f[MODULATOR] >= 0:
            past, fired = slot - f[LATE], 0
            for q in range(log.starts.shape[0]):
                fired += log.starts[q, past, f[MODULATOR] + 1] - log.starts[q, past, f[MODULATOR]]
            for _ in range(fired):
                call_kernel(learning.kernels[i, JUMP_MODULATOR], table, 0, 0, 0, 0, 0)
        for r in range(f[ROUNDS]):
            if step % learning.rounds[f[ROUND] + r, 0] == 0:
                _round(learning, i, r, step)
        _deliver(learning, log, i, step, slot, into + acc.itemsize * f[INPUT])


@njit(cache=True, error_model="numpy")
def _pass(learning: Any, i: int, step: int, size: int) -> None:
    """Let traces pass a step, and the signal change."""
    f, table = learning.facts[i], learning.tables[i]
    now, at = step & (f[DEPTH] - 1), f[SIGNAL] + learning.changed[i]
    if learning.signal_step[at] < step:
        control = carray(to_int64(table), CONTROL + 1)[CONTROL]
        if size == 4:
            carray(to_float32(control), 2)[1] = learning.signal_value[at]
        else:
            carray(to_float64(control), 2)[1] = learning.signal_value[at]
        learning.changed[i] += 1
    for kernel, low, high in (
        (STEP_SOURCE, f[LOW_PRE], f[HIGH_PRE]),
        (STEP_TARGET, f[LOW_POST], f[HIGH_POST]),
        (STEP_MODULATOR, 0, 1),
    ):
        if learning.kernels[i, kernel] != 0:
            call_kernel(learning.kernels[i, kernel], table, low, high, now, 0, 0)


@njit(cache=True, error_model="numpy")
def _rows(learning: Any, i: int, pair: int, step: int) -> tuple[int, int, int]:
    """Total and dendritic delay of a pair, and which rows of the past concern it now."""
    depth = learning.facts[i, DEPTH]
    total, back = learning.pairs[learning.facts[i, FIRST] + pair]
    mine, theirs = (step - total) & (depth - 1), (step - 2 * back) & (depth - 1)
    return total, back, (mine * depth + theirs) * depth + ((step - back) & (depth - 1))


@njit(cache=True, error_model="numpy")
def _deliver(learning: Any, log: Any, i: int, step: int, slot: int, into: int) -> None:
    """The spikes of sources that arrive."""
    f, table = learning.facts[i], learning.tables[i]
    kernel, count = learning.kernels[i, ON_PRE], f[PAIRS]
    for pair in range(count):
        total, _, rows = _rows(learning, i, pair, step)
        past = slot - total
        for q in range(log.starts.shape[0]):
            for s in range(log.starts[q, past, f[PRE]], log.starts[q, past, f[PRE] + 1]):
                neuron = np.int64(log.ids[q, s])
                at = f[ROWS] + neuron * count + pair
                first, last = learning.rows[at], learning.rows[at + 1]
                if last > first:
                    call_kernel(kernel, table, first, last, neuron, rows, into)


@njit(cache=True, error_model="numpy")
def _round(learning: Any, i: int, r: int, step: int) -> None:
    """What happens to all synapses, by source; with a condition, by target."""
    f, table, kernels = learning.facts[i], learning.tables[i], learning.kernels[i]
    count, kernel, when = f[PAIRS], kernels[FIRST_ROUND + 2 * r], kernels[FIRST_ROUND + 2 * r + 1]
    if learning.rounds[f[ROUND] + r, 1] != 0:
        _sum(learning, i)
    for pair in range(count):
        _, _, rows = _rows(learning, i, pair, step)
        if when == 0:
            for neuron in range(f[SOURCES]):
                at = f[ROWS] + neuron * count + pair
                first, last = learning.rows[at], learning.rows[at + 1]
                if last > first:
                    call_kernel(kernel, table, first, last, neuron, rows, 0)
            continue
        for neuron in range(f[LOW_POST], f[HIGH_POST]):
            at = f[COLS] + (neuron - f[LOW_POST]) * count + pair
            first, last = learning.cols[at], learning.cols[at + 1]
            if last > first and call_kernel(when, table, neuron, rows, 0, 0, 0) != 0:
                call_kernel(kernel, table, first, last, neuron, rows, 0)


@njit(cache=True, error_model="numpy")
def _sum(learning: Any, i: int) -> None:
    """Sums and numbers of the weights onto each target."""
    f, table, count = learning.facts[i], learning.tables[i], learning.facts[i, PAIRS]
    places = carray(to_int64(table), DEGREES + 1)
    low, high = f[LOW_POST], f[HIGH_POST]
    sums, degrees = carray(to_int64(places[SUMS]), high), carray(to_int64(places[DEGREES]), high)
    for j in range(low, high):
        at = f[COLS] + (j - low) * count
        sums[j] = 0
        degrees[j] = learning.cols[at + count] - learning.cols[at]
    for at in range(f[ROWS], f[ROWS] + f[SOURCES] * count):
        first, last = learning.rows[at], learning.rows[at + 1]
        if last > first:
            call_kernel(learning.kernels[i, TOTAL], table, first, last, 0, 0, 0)


@njit(cache=True, error_model="numpy")
def depart(learning: Any, log: Any, step: int, slot: int) -> None:
    """Take in the spikes of a step, and those that are back at the synapses."""
    me, starts = learning.me, log.starts
    for i in range(len(learning.tables)):
        f, table, kernels = learning.facts[i], learning.tables[i], learning.kernels[i]
        count = f[PAIRS]
        for kernel, k in ((kernels[JUMP_SOURCE], f[PRE]), (kernels[JUMP_TARGET], f[POST])):
            if kernel != 0:
                for s in range(starts[me, slot, k], starts[me, slot, k + 1]):
                    call_kernel(kernel, table, np.int64(log.ids[me, s]), 0, 0, 0, 0)
        if kernels[ON_POST] == 0:
            continue
        for pair in range(count):
            _, back, rows = _rows(learning, i, pair, step)
            past = slot - 2 * back
            for s in range(starts[me, past, f[POST]], starts[me, past, f[POST] + 1]):
                neuron = np.int64(log.ids[me, s])
                at = f[COLS] + (neuron - f[LOW_POST]) * count + pair
                first, last = learning.cols[at], learning.cols[at + 1]
                if last > first:
                    call_kernel(kernels[ON_POST], table, first, last, neuron, rows, 0)

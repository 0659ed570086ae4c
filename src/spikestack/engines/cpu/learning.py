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

from ...numerics.compiling import njit
from .intrinsics import call_kernel

__all__ = ["COLUMNS", "Learning", "arrive", "depart"]

#: Columns of `Learning.facts`: places of both populations among those of the log, this thread's
#: share of sources and of targets, where the input of target 0 would be, steps of the past, pairs
#: of delays and the first of them, and where rows and columns begin.
PRE, POST, LOW_PRE, HIGH_PRE, LOW_POST, HIGH_POST, SUMS, DEPTH, PAIRS, FIRST, ROWS, COLS = range(12)
COLUMNS = 12
STEP_SOURCE, STEP_TARGET, JUMP_SOURCE, JUMP_TARGET, ON_PRE, ON_POST = range(6)

#: Of one thread and trial, all plastic projections: addresses of kernels (projections by kind) and
#: of tables, facts, pairs of (total, dendritic) delay in steps, and where the synapses of each
#: source and pair, and of each target and pair, begin.
Learning = namedtuple("Learning", "kernels tables facts pairs rows cols me")


@njit(cache=True, error_model="numpy")
def arrive(learning: Any, log: Any, acc: Any, row: int, step: int, slot: int) -> None:
    """Let traces pass a step, then deliver what arrives in it."""
    sums = acc.ctypes.data + acc.itemsize * row
    for i in range(len(learning.tables)):
        f, table = learning.facts[i], learning.tables[i]
        depth, count = f[DEPTH], f[PAIRS]
        now = step & (depth - 1)
        for kernel, low, high in (
            (STEP_SOURCE, f[LOW_PRE], f[HIGH_PRE]),
            (STEP_TARGET, f[LOW_POST], f[HIGH_POST]),
        ):
            call_kernel(learning.kernels[i, kernel], table, low, high, now, 0, 0)
        into = sums + acc.itemsize * f[SUMS]
        for pair in range(count):
            total, back = learning.pairs[f[FIRST] + pair]
            rows = ((step - total) & (depth - 1)) * depth + ((step - 2 * back) & (depth - 1))
            past = slot - total
            for q in range(log.starts.shape[0]):
                for s in range(log.starts[q, past, f[PRE]], log.starts[q, past, f[PRE] + 1]):
                    neuron = np.int64(log.ids[q, s])
                    at = f[ROWS] + neuron * count + pair
                    first, last = learning.rows[at], learning.rows[at + 1]
                    if last > first:
                        call_kernel(
                            *(learning.kernels[i, ON_PRE], table, first, last, neuron, rows, into)
                        )


@njit(cache=True, error_model="numpy")
def depart(learning: Any, log: Any, step: int, slot: int) -> None:
    """Take in the spikes of a step, and those that are back at the synapses."""
    me, starts = learning.me, log.starts
    for i in range(len(learning.tables)):
        f, table = learning.facts[i], learning.tables[i]
        depth, count = f[DEPTH], f[PAIRS]
        for s in range(starts[me, slot, f[PRE]], starts[me, slot, f[PRE] + 1]):
            call_kernel(
                *(learning.kernels[i, JUMP_SOURCE], table, np.int64(log.ids[me, s]), 0, 0, 0, 0)
            )
        for s in range(starts[me, slot, f[POST]], starts[me, slot, f[POST] + 1]):
            call_kernel(
                *(learning.kernels[i, JUMP_TARGET], table, np.int64(log.ids[me, s]), 0, 0, 0, 0)
            )
        for pair in range(count):
            total, back = learning.pairs[f[FIRST] + pair]
            rows = ((step - total) & (depth - 1)) * depth + ((step - 2 * back) & (depth - 1))
            past = slot - 2 * back
            for s in range(starts[me, past, f[POST]], starts[me, past, f[POST] + 1]):
                neuron = np.int64(log.ids[me, s])
                at = f[COLS] + (neuron - f[LOW_POST]) * count + pair
                first, last = learning.cols[at], learning.cols[at + 1]
                if last > first:
                    call_kernel(
                        *(learning.kernels[i, ON_POST], table, first, last, neuron, rows, 0)
                    )

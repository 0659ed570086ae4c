"""The step loop: one call per thread runs many steps, without coming back to Python.

Each thread owns a range of every population (its partition). In a step it adds the input of its
neurons, delivers every spike that is due to them, updates them, and logs their spikes; then all
meet at a barrier. The log of the last steps is what is in flight: a bucket, the synapses of a
source for a group of neighbouring delays, is delivered once, when the shortest of them is over.
Accumulators form a ring with a row for each of the coming steps that a group can reach.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
from numba import carray, float32, float64

from ...numerics.compiling import njit
from .delivery import deliver, new_due, ring_row
from .gaps import couple, publish
from .intrinsics import (
    add_atomic,
    call_kernel,
    clock,
    load_atomic,
    pointer,
    sleep_briefly,
    store_atomic,
    yield_processor,
)
from .learning import arrive, depart
from .poisson import add_poisson, new_scratch
from .queueing import chunks_needed, drain, enqueue

__all__ = ["ABORTED", "PHASES", "Events", "Inputs", "Log", "Probes", "Team", "run"]

to_float32, to_float64 = pointer(float32), pointer(float64)

#: What `run` returns when another thread failed.
ABORTED = -1
#: Places of the team's shared words, a cache line apart.
ARRIVED, GENERATION, ABORT, STOP = 0, 16, 32, 48
_SPINS, _FEW_SPINS = 4000, 500
#: Nanoseconds out of turn after a yield that only others' processes take; waits slept through then.
_LONG_TURN, _LEAST_SLEPT, _MOST_SLEPT = 1_000_000, 64, 4096

#: What a profile tells apart.
PHASES = ("input", "deliver", "update", "wait", "record")
INPUT, DELIVER, UPDATE, WAIT, RECORD = range(5)

#: Kernel addresses, tables, ranges and levels by population; nanoseconds by phase; how many waits
#: are still to be slept through, and how many were to be.
Team = namedtuple(
    "Team", "me size shared levels kernels tables low high level acc_base quiet profile crowded"
)
#: Spikes by thread: ids and values, and where those of each slot and population begin.
Log = namedtuple("Log", "ids values starts capacity")
#: Events by step: the accumulator that each adds to, and what it adds.
Events = namedtuple("Events", "step acc weight")
#: Poisson drives, given events and those fed in while running, changes of current.
Inputs = namedtuple("Inputs", "poisson given fed current_step current_at current_value")
#: Samples: where from, where to.
Probes = namedtuple("Probes", "every first begin end address place out row_size")


@njit(cache=True, inline="always")
def _barrier(team: Any) -> bool:
    """Wait for the others; False if one of them has failed."""
    if team.size == 1:
        return load_atomic(team.shared, ABORT) == 0
    generation = load_atomic(team.shared, GENERATION)
    if add_atomic(team.shared, ARRIVED, 1) == team.size - 1:
        store_atomic(team.shared, ARRIVED, 0)
        store_atomic(team.shared, GENERATION, generation + 1)
    else:
        _wait(team, generation)
    return load_atomic(team.shared, ABORT) == 0


@njit(cache=True, inline="always")
def _wait(team: Any, generation: int) -> None:
    """Wait until a generation is over or has failed.

    Who yields to a process of others may stay out for a whole turn of theirs, and so at every step.
    Once that has happened, the next waits are slept through; the more of them, the sooner it
    happens again.
    """
    left, length, spins = team.crowded[0], team.crowded[1], 0
    most = _SPINS if left == 0 else _FEW_SPINS
    while (
        load_atomic(team.shared, GENERATION) == generation and load_atomic(team.shared, ABORT) == 0
    ):
        spins += 1
        if spins > most and left > 0:
            sleep_briefly()
        elif spins > most:
            since = clock()
            yield_processor()
            if clock() - since > _LONG_TURN:
                length = min(max(2 * length, _LEAST_SLEPT), _MOST_SLEPT)
                left = length
    team.crowded[0] = max(left - 1, 0)
    if left == 0:
        team.crowded[1] = max(length - 1, 0)
    else:
        team.crowded[1] = length


@njit(cache=True, inline="always")
def _lap(team: Any, phase: int, since: int) -> int:
    """Book the time since `since` on a phase, if it is asked for; return the present time."""
    if len(team.profile) == 0:
        return 0
    now = clock()
    if since > 0:
        team.profile[phase] += now - since
    return now


@njit(cache=True, error_model="numpy")
def _next(inputs: Any, done: int) -> tuple[int, int, int]:
    """The first given event, fed event and change of current that acts after step `done`."""
    return (
        np.searchsorted(inputs.given.step, done + 1),
        np.searchsorted(inputs.fed.step, done + 1),
        np.searchsorted(inputs.current_step, done),
    )


@njit(cache=True, error_model="numpy")
def _given(events: Any, acc: Any, row: int, step: int, event: int) -> int:
    """Add the given events of this step; return the place of the next."""
    while event < len(events.step) and events.step[event] == step:
        acc[row + events.acc[event]] += events.weight[event]
        event += 1
    return event


@njit(cache=True, error_model="numpy")
def _change(inputs: Any, quiet: Any, step: int, change: int) -> int:
    """Set the injected currents that change at the beginning of this step; nobody rests then."""
    if inputs.current_step[change] < step:
        quiet[:] = 0
    while change < len(inputs.current_step) and inputs.current_step[change] < step:
        if inputs.current_value.itemsize == 4:
            carray(to_float32(inputs.current_at[change]), 1)[0] = inputs.current_value[change]
        else:
            carray(to_float64(inputs.current_at[change]), 1)[0] = inputs.current_value[change]
        change += 1
    return change


@njit(cache=True, error_model="numpy")
def _sample(probes: Any, step: int) -> None:
    for p in range(len(probes.every)):
        if step % probes.every[p] != 0:
            continue
        row = (step // probes.every[p] - probes.first[p]) * probes.row_size[p]
        for c in range(probes.begin[p], probes.end[p]):
            if probes.out.itemsize == 4:
                probes.out[probes.place[c] + row] = carray(to_float32(probes.address[c]), 1)[0]
            else:
                probes.out[probes.place[c] + row] = carray(to_float64(probes.address[c]), 1)[0]


@njit(cache=True, error_model="numpy")
def _update(team: Any, log: Any, acc: Any, row: int, k: int, slot: int) -> None:
    me, used = team.me, log.starts[team.me, slot, k]
    size = acc.itemsize
    made = call_kernel(
        team.kernels[k],
        team.tables[k],
        team.low[k],
        team.high[k],
        acc.ctypes.data + size * (row + team.acc_base[k]),
        log.ids[me].ctypes.data + 4 * used,
        log.values[me].ctypes.data + log.values.itemsize * used,
    )
    log.starts[me, slot, k + 1] = used + made


@njit(cache=True, error_model="numpy")
def _exchange(team: Any, gaps: Any) -> bool:
    """Sum the currents through gap junctions; False if another thread has failed."""
    publish(gaps)
    if not _barrier(team):
        return False
    couple(gaps)
    return True


@njit(cache=True, inline="always")
def _update_level(team: Any, log: Any, acc: Any, row: int, slot: int, level: int, k: int) -> int:
    """Update the populations of a level, of which `k` is the first; return that of the next."""
    while k < len(team.level) and team.level[k] == level:
        _update(team, log, acc, row, k, slot)
        k += 1
    return k


@njit(cache=True, nogil=True, error_model="numpy")
def run(
    team: Any, table: Any, log: Any, inputs: Any, probes: Any, acc: Any, queue: Any, rules: Any,
    gaps: Any, learning: Any, done: int, steps: int, history: int,
) -> int:  # fmt: skip
    """Run up to `steps` steps after step `done`; return how many were run, or `ABORTED`.

    It stops early, together with all other threads, when some thread's log or queue might not hold
    another step: the caller empties the logs, lets queues grow and calls again, so nothing is ever
    truncated. `queue` is None where spikes are delivered from buckets, `rules` where all synapses
    are stored, `gaps` where there are no gap junctions, `learning` where no synapse is plastic;
    each is compiled apart.
    """
    scratch, due = new_scratch(), new_due()
    event, fed, change = _next(inputs, done)
    n_populations, mine = len(team.level), (team.high - team.low).sum()
    since = _lap(team, INPUT, 0)
    for i in range(steps):
        step, slot, row = done + i + 1, history + i, ring_row(table, done + i + 1)
        if gaps is not None and not _exchange(team, gaps):
            return ABORTED
        # Calls that pass many arrays cost as much as a small step: they are made only with cause.
        if change < len(inputs.current_step):
            change = _change(inputs, team.quiet, step, change)
        if len(inputs.poisson.size) > 0:
            add_poisson(inputs.poisson, acc, row, step, scratch)
        if event < len(inputs.given.step):
            event = _given(inputs.given, acc, row, step, event)
        if fed < len(inputs.fed.step):
            fed = _given(inputs.fed, acc, row, step, fed)
        since = _lap(team, INPUT, since)
        if queue is None:
            deliver(table, log, acc, row, slot, (0, 0), due)
        else:
            enqueue(table, queue, rules, log, step, slot)
            drain(queue, acc, step)
        if learning is not None:
            arrive(learning, log, acc, row, step, slot)
        since = _lap(team, DELIVER, since)
        log.starts[team.me, slot, 0] = log.starts[team.me, slot - 1, n_populations]
        first = 0
        # What a level fires may reach the next ones within the step.
        for level in range(team.levels - 1):
            last = _update_level(team, log, acc, row, slot, level, first)
            since = _lap(team, UPDATE, since)
            if not _barrier(team):
                return ABORTED
            since = _lap(team, WAIT, since)
            deliver(table, log, acc, row, slot, (first, last), due)
            since = _lap(team, DELIVER, since)
            first = last
        _update_level(team, log, acc, row, slot, team.levels - 1, first)
        if log.capacity - log.starts[team.me, slot, n_populations] < mine:
            store_atomic(team.shared, STOP, step)
        if learning is not None:
            depart(learning, log, step, slot)
        since = _lap(team, UPDATE, since)
        if not _barrier(team):
            return ABORTED
        if queue is not None:
            if queue.free[1] < chunks_needed(table, queue, rules, log, slot):
                store_atomic(team.shared, STOP, step)
            if not _barrier(team):
                return ABORTED
        since = _lap(team, WAIT, since)
        if len(probes.every) > 0:
            _sample(probes, step)
        since = _lap(team, RECORD, since)
        if load_atomic(team.shared, STOP) == step:
            return i + 1
    return steps

"""Integrate-and-fire neurons event by event: a spike acts before the next event is looked at."""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["run_events"]


@njit(cache=True, nogil=True)
def run_events(
    given_at: np.ndarray, given: np.ndarray, steps: int, starts: np.ndarray, targets: np.ndarray,
    weights: np.ndarray, v: np.ndarray, low: np.ndarray, most: np.ndarray, theta: np.ndarray,
    taken: np.ndarray, subtracts: np.ndarray, core: np.ndarray, room: np.ndarray,
    queue: np.ndarray, kept: np.ndarray, at: np.ndarray, ids: np.ndarray, seen: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Run steps; each empties a queue that begins with its events from outside, in their order.

    Parameters
    ----------
    given_at, given
        Step, ascending, and number of each event from outside.
    steps
        How many.
    starts, targets, weights
        Synapses by source; every number that is no neuron of the chip has none onto it.
    v, low, most, theta, taken, subtracts
        Of each neuron: potential (changed), its range, threshold, what a spike takes off, and
        whether it does, or sets to 0.
    core, room
        Of each neuron; synaptic operations that a core manages in a step, below 0 for any number.
        An event that finds a core's spent is dropped there.
    queue
        Events that wait; what finds it full is dropped.
    kept
        Neurons whose potential is kept, step by step, in `seen` (steps, kept).
    at, ids
        Room for the spikes of neurons, in their order.

    Returns
    -------
    tuple
        Spikes, which are too many for `at` if more than it holds; events dropped.
    """
    found, dropped, first = 0, 0, 0
    spent = np.zeros(len(room), np.int64)
    open_ = np.zeros(len(room), np.bool_)
    hit = np.zeros(len(room), np.bool_)
    for t in range(steps):
        spent[:] = 0
        head, tail = 0, 0
        while first < len(given_at) and given_at[first] == t:
            if tail < len(queue):
                queue[tail] = given[first]
                tail += 1
            else:
                dropped += 1
            first += 1
        while head < tail:
            source = queue[head]
            head += 1
            for c in range(len(room)):
                open_[c] = room[c] < 0 or spent[c] < room[c]
                hit[c] = False
            for s in range(starts[source], starts[source + 1]):
                j = targets[s]
                c = core[j]
                if not open_[c]:
                    hit[c] = True
                    continue
                spent[c] += 1
                v[j] = min(max(v[j] + weights[s], low[j]), most[j])
                if v[j] >= theta[j]:
                    v[j] = v[j] - taken[j] if subtracts[j] else 0
                    if found < len(at):
                        at[found], ids[found] = t, j
                    found += 1
                    if head > 0 and tail == len(queue):
                        queue[: tail - head] = queue[head:tail].copy()
                        head, tail = 0, tail - head
                    if tail < len(queue):
                        queue[tail] = j
                        tail += 1
                    else:
                        dropped += 1
            for c in range(len(room)):
                dropped += hit[c]
        for k in range(len(kept)):
            seen[t, k] = v[kept[k]]
    return found, dropped

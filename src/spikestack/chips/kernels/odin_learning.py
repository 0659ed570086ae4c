"""ODIN's crossbar event by event, with synapses that learn by SDSP.

Neuron and synapse are those of `kernels.odin`, a neuron at a time; a spike acts before the next
event is looked at.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit

__all__ = ["run_learning_events"]


@njit(cache=True, nogil=True)
def _drifted(weight: int) -> int:
    if weight >= 4:
        return min(weight + 1, 7)
    return max(weight - 1, 0)


@njit(cache=True, nogil=True)
def run_learning_events(
    given_at: np.ndarray, given: np.ndarray, starts: np.ndarray, targets: np.ndarray,
    weights: np.ndarray, signs: np.ndarray, plastic: np.ndarray, v: np.ndarray, theta: np.ndarray,
    rule: np.ndarray, calcium: np.ndarray, waited: np.ndarray, references: np.ndarray,
    drifts: np.ndarray, queue: np.ndarray, kept: np.ndarray, at: np.ndarray, ids: np.ndarray,
    seen: np.ndarray, visited: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Run steps; each empties a queue that begins with its events from outside, in their order.

    Parameters
    ----------
    given_at, given
        Step, ascending, and number of each event from outside.
    starts, targets, weights, signs, plastic
        Synapses by source: weight, 0 to 7 (changed), 1 or -1, and whether it learns.
    v, theta
        Of each neuron: potential, 0 to 255 (changed), and threshold.
    rule
        Of each neuron: 1 if it keeps calcium, else 0; ``theta_mem``, ``theta_1``, ``theta_2``,
        ``theta_3``, time references until calcium falls; int64[neurons, 6].
    calcium, waited
        Of each neuron, and time references since it last fell (changed).
    references, drifts
        Of each step, whether a time reference, then a bistability event, end it.
    queue, kept, at, ids, seen
        As in `kernels.events.run_events`.
    visited
        Filled: plastic synapses that a spike has passed, of each step.

    Returns
    -------
    tuple
        Spikes, which are too many for `at` if more than it holds; events dropped.
    """
    found, dropped, first = 0, 0, 0
    for t in range(len(references)):
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
            for s in range(starts[source], starts[source + 1]):
                j = targets[s]
                r = rule[j]
                v[j] = min(max(v[j] + signs[s] * weights[s], 0), 255)
                if v[j] >= theta[j]:
                    v[j] = 0
                    calcium[j] = min(calcium[j] + r[0], 7)
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
                if plastic[s]:
                    visited[t] += 1
                    if r[0] and r[2] <= calcium[j]:
                        if v[j] >= r[1]:
                            weights[s] = min(weights[s] + (calcium[j] < r[4]), 7)
                        else:
                            weights[s] = max(weights[s] - (calcium[j] < r[3]), 0)
        if references[t]:
            for j in range(len(v)):
                if rule[j, 0] and rule[j, 5] > 0:
                    waited[j] = (waited[j] + 1) & 31
                    if waited[j] == rule[j, 5]:
                        waited[j] = 0
                        calcium[j] = max(calcium[j] - 1, 0)
        if drifts[t]:
            for s in range(len(weights)):
                if plastic[s]:
                    weights[s] = _drifted(weights[s])
        for k in range(len(kept)):
            seen[t, k] = v[kept[k]]
    return found, dropped

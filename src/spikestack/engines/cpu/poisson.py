"""Poisson input: one hash for each neuron and step, compared with the thresholds of its counts.

Every loop over neurons is short and plain, so that it becomes vector instructions: fusing the hash
with the first comparisons was measured to cost more than twice as much. Counts that hardly ever
occur among the neurons of a block are compared only where one occurs.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.random_compiled import hash32, step_words

__all__ = ["Runs", "add_poisson", "new_scratch", "split_table"]

#: By run of neighbouring neurons that share a table: the first accumulator, place in the drive,
#: number of neurons, first weight; its thresholds from `table` by `length`, of each of which a hash
#: must be greater, the first `common` of them not rare; a count that every neuron has; key, first
#: and last step.
Runs = namedtuple(
    "Runs", "acc index size weight table length common least key start stop thresholds weights"
)

_DRAWS = 1024
_TOGETHER = 4
_NEVER = 2**31 - 1
_ONE, _NONE = np.int32(1), np.int32(0)
#: Counts beyond the common thresholds are met in fewer blocks than this.
_RARE = 0.1


def split_table(table: np.ndarray) -> tuple[int, np.ndarray, int]:
    """Rewrite ``x >= t`` as ``x > t - 1``: the sure count, the other thresholds, the common ones.

    Thresholds are filled up to a multiple of four by one that nothing exceeds.
    """
    wide = table.astype(np.int64)
    sure = wide == -(2**31)
    above = wide[~sure] - 1
    padded = np.concatenate([above, np.full(-len(above) % _TOGETHER, _NEVER)])
    beyond = (2.0**31 - padded) / 2**32 * _DRAWS
    groups = int((beyond[::_TOGETHER] > _RARE).sum())
    return int(sure.sum()), padded.astype(np.int32), groups * _TOGETHER


@njit(cache=True)
def new_scratch() -> tuple[Any, Any]:
    """Room for hashes and counts."""
    return np.empty(_DRAWS, np.int32), np.empty(_DRAWS, np.int32)


@njit(cache=True, error_model="numpy")
def add_poisson(runs: Any, acc: Any, row: int, step: int, scratch: Any) -> None:
    """Draw the counts of one step and add their weights to the accumulators from `row` on."""
    signed, counts = scratch
    thresholds = runs.thresholds
    for r in range(len(runs.size)):
        if step <= runs.start[r] or step > runs.stop[r]:
            continue
        k0, k1 = step_words(runs.key[r], step)
        first, last = runs.table[r], runs.table[r] + runs.length[r]
        least = np.int32(runs.least[r])
        for base in range(0, runs.size[r], _DRAWS):
            n = min(_DRAWS, runs.size[r] - base)
            index = runs.index[r] + base
            for j in range(n):
                signed[j] = np.int32(hash32(np.uint32(index + j), k0, k1) ^ np.uint32(0x80000000))
                counts[j] = least
            common = first + runs.common[r]
            for t in range(first, last, _TOGETHER):
                if t >= common:
                    greatest = np.int32(-(2**31))
                    for j in range(n):
                        greatest = max(greatest, signed[j])
                    if greatest <= thresholds[t]:
                        break
                t0, t1, t2, t3 = (
                    thresholds[t],
                    thresholds[t + 1],
                    thresholds[t + 2],
                    thresholds[t + 3],
                )
                for j in range(n):
                    x = signed[j]
                    count = np.int32(counts[j] + (_ONE if x > t0 else _NONE))
                    count = np.int32(count + (_ONE if x > t1 else _NONE))
                    count = np.int32(count + (_ONE if x > t2 else _NONE))
                    counts[j] = np.int32(count + (_ONE if x > t3 else _NONE))
            at, w = row + runs.acc[r] + base, runs.weight[r] + base
            target, weights = acc[at : at + n], runs.weights[w : w + n]
            for j in range(n):
                target[j] += counts[j] * weights[j]

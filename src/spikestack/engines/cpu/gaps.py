"""Currents through gap junctions, from the potentials at the end of the previous step.

Every thread first publishes the potentials of its own neurons, then, when all have, sums the
currents into its own, in the order of the sources: no sum depends on how many threads there are.
"""

# mypy: disable-error-code="call-arg"
from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
from numba import carray, float32, float64

from ...numerics.compiling import njit
from ...program.program import Program
from .intrinsics import pointer
from .plan import Partition

__all__ = ["Gaps", "couple", "gaps_of", "publish"]

#: For every coupled population: the range of own neurons, addresses of their potentials and of
#: the currents, where they begin among all neurons; rows of (source, weight), all populations'
#: one after the other, `first` saying where each one's begin; the published potentials.
Gaps = namedtuple(
    "Gaps", "low high potential current offset first starts sources weights published"
)

to_float32, to_float64 = pointer(float32), pointer(float64)


def gaps_of(
    program: Program,
    part: Partition,
    trial: int,
    values: tuple[np.ndarray, ...],
    published: np.ndarray,
) -> Gaps | None:
    """One partition's share of the gap junctions; None where there are none."""
    if not program.gaps:
        return None
    edges = np.cumsum([0, *(len(g.sources) for g in program.gaps)])
    rows = np.cumsum([0, *(len(g.starts) for g in program.gaps)])

    def whole(numbers: list[int]) -> np.ndarray:
        return np.array(numbers, dtype=np.int64)

    return Gaps(
        whole([part.low[g.population] for g in program.gaps]),
        whole([part.high[g.population] for g in program.gaps]),
        whole([values[g.population][trial, g.potential].ctypes.data for g in program.gaps]),
        whole([values[g.population][trial, g.current].ctypes.data for g in program.gaps]),
        whole([program.populations[g.population].offset for g in program.gaps]),
        rows[:-1],
        np.concatenate([g.starts + at for g, at in zip(program.gaps, edges)]),
        np.concatenate([g.sources for g in program.gaps]),
        np.concatenate([g.weights for g in program.gaps]).astype(program.dtype),
        published,
    )


@njit(cache=True, error_model="numpy")
def publish(gaps: Any) -> None:
    """Make own potentials known to all threads."""
    for g in range(len(gaps.low)):
        size, high = gaps.published.itemsize, gaps.high[g]
        for i in range(gaps.low[g], high):
            if size == 4:
                v = carray(to_float32(gaps.potential[g] + size * i), 1)[0]
            else:
                v = carray(to_float64(gaps.potential[g] + size * i), 1)[0]
            gaps.published[gaps.offset[g] + i] = v


@njit(cache=True, error_model="numpy")
def couple(gaps: Any) -> None:
    """Sum the currents into own neurons."""
    size = gaps.published.itemsize
    for g in range(len(gaps.low)):
        for i in range(gaps.low[g], gaps.high[g]):
            own = gaps.published[gaps.offset[g] + i]
            total = own - own
            row = gaps.first[g] + i
            for e in range(gaps.starts[row], gaps.starts[row + 1]):
                total += gaps.weights[e] * (gaps.published[gaps.sources[e]] - own)
            if size == 4:
                carray(to_float32(gaps.current[g] + size * i), 1)[0] = total
            else:
                carray(to_float64(gaps.current[g] + size * i), 1)[0] = total

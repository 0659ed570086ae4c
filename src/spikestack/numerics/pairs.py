"""Edges by a rule of pairs: candidates from cell lists, a condition, a probability, a draw.

Neurons of one side are sorted into the cells of a regular grid. For each neuron of the other side,
the centre, only the cells that its mask's box touches are looked through, and of periodic images
only the nearest. Whether a pair is an edge is a function of the key and of the pair alone, so that
neither the cells nor the order of going through them can matter.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import njit
from .functions_compiled import log64
from .random_compiled import uniform
from .stack_machine import BLOCK, run_code

__all__ = ["Cells", "Search", "cells_of", "listed_values", "search", "transposed"]

_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]
_I32 = NDArray[np.int32]

#: Neurons in cells: the grid's low corner, cell size and number by dimension (3 each, unused ones
#: with one cell), where each cell begins, neurons in the order of cells, their coordinates (3, n),
#: and the period by dimension, 0 where space ends.
Cells = namedtuple("Cells", "low size number start ids at period")

#: What is sought: the box of the mask (2, 3) of displacements from source to target; 1 where
#: centres are sources, -1 where they are targets; place of each centre among the candidates, or
#: -1; key of the draws; how many partners each centre takes, or -1; whether the probabilities are
#: to be added up instead of being drawn; the condition and the probability; how deep their stack
#: is; and the tables of values of centres and candidates.
Search = namedtuple(
    "Search", "box sign own key degree estimate condition p depth centre_table candidate_table"
)

#: Cells along the box of a mask.
_CELLS_PER_BOX = 6


@njit(cache=True, error_model="numpy", nogil=True)
def _cell_numbers(at: _F64, low: _F64, size: _F64, number: _I64, period: _F64, out: _I64) -> None:
    for q in range(at.shape[1]):
        cell = 0
        for a in range(3):
            place = np.int64(np.floor((at[a, q] - low[a]) / size[a]))
            if period[a] > 0.0:
                place = place % number[a]
            cell = cell * number[a] + min(max(place, 0), number[a] - 1)
        out[q] = cell


def cells_of(at: _F64, low: _F64, extent: _F64, period: _F64, box: _F64) -> Any:
    """Sort neurons into cells.

    Parameters
    ----------
    at
        Coordinates, float64 (3, n), within ``[low, low + extent]`` where space ends.
    low, extent
        float64[3]: the part of space that holds them.
    period
        float64[3]: the extent where space is periodic, else 0.
    box
        float64 (2, 3): the box that will be asked for around a centre; infinite where unbounded.
    """
    span = box[1] - box[0]
    wanted = np.full(3, extent.max(initial=0.0))
    np.divide(span, _CELLS_PER_BOX, out=wanted, where=np.isfinite(span) & (span > 0))
    most = int(np.ceil(max(1, at.shape[1]) ** (1.0 / max(1, (extent > 0).sum()))))
    number = np.ones(3, np.int64)
    used = (extent > 0) & (wanted > 0)
    number[used] = np.clip(np.floor(extent[used] / wanted[used]), 1, most).astype(np.int64)
    size = np.where(extent > 0, extent, 1.0) / number
    cell = np.empty(at.shape[1], np.int64)
    _cell_numbers(at, low, size, number, period, cell)
    ids = np.argsort(cell, kind="stable").astype(np.int64)
    start = np.zeros(int(number.prod()) + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=len(start) - 1), out=start[1:])
    return Cells(low, size, number, start, ids, np.ascontiguousarray(at[:, ids]), period)


@njit(cache=True, error_model="numpy")
def _cell_range(low: float, high: float, cells: Any, a: int) -> tuple[int, int]:
    """First cell and number of cells that [low, high] touches, a little more for rounding."""
    slack = 1e-6 * cells.size[a]
    n = cells.number[a]
    first = max(min((low - slack - cells.low[a]) / cells.size[a], 1e9), -1e9)
    last = max(min((high + slack - cells.low[a]) / cells.size[a], 1e9), -1e9)
    i, j = np.int64(np.floor(first)), np.int64(np.floor(last))
    if cells.period[a] > 0:
        return (0, n) if j - i + 1 >= n else (i % n, j - i + 1)
    i, j = min(max(i, 0), n - 1), min(max(j, 0), n - 1)
    return i, j - i + 1


@njit(cache=True, error_model="numpy")
def _measure(n: int, geometry: _F64) -> None:
    for k in range(n):
        x, y, z = geometry[1, k], geometry[2, k], geometry[3, k]
        geometry[0, k] = np.sqrt(x * x + y * y + z * z)


@njit(cache=True, error_model="numpy", forceinline=True)
def _nearest(step: float, period: float) -> float:
    return step - period * np.rint(step / period) if period > 0.0 else step


@njit(cache=True, error_model="numpy")
def _in_box(
    q0: int, q1: int, at: _F64, cells: Any, what: Any, n: int, candidates: _I64, geometry: _F64
) -> int:
    """Append the neurons at places q0 to q1 - 1 that lie in the box; return how many there are."""
    x0, y0, z0 = at
    px, py, pz = cells.period
    sign = np.float64(what.sign)
    for q in range(q0, q1):
        x = _nearest(sign * (cells.at[0, q] - x0), px)
        y = _nearest(sign * (cells.at[1, q] - y0), py)
        z = _nearest(sign * (cells.at[2, q] - z0), pz)
        candidates[n] = cells.ids[q]
        geometry[1, n], geometry[2, n], geometry[3, n] = x, y, z
        inside = (what.box[0, 0] <= x) & (x <= what.box[1, 0])
        inside &= (what.box[0, 1] <= y) & (y <= what.box[1, 1])
        inside &= (what.box[0, 2] <= z) & (z <= what.box[1, 2])
        n += np.int64(inside)
    return n


@njit(cache=True, error_model="numpy")
def _allowed(c: int, what: Any, n: int, candidates: _I64, geometry: _F64, stack: _F64) -> int:
    """Keep the candidates that meet the condition and are not the centre itself."""
    _measure(n, geometry)
    conditional = len(what.condition.steps) > 0
    if conditional:
        run_code(
            what.condition, what.centre_table, what.candidate_table, c, candidates, geometry, n,
            stack,
        )  # fmt: skip
    kept = 0
    for k in range(n):
        candidates[kept] = candidates[k]
        for a in range(4):
            geometry[a, kept] = geometry[a, k]
        met = not conditional or stack[0, k] != 0.0
        kept += np.int64(met and candidates[kept] != what.own[c])
    return kept


@njit(cache=True, error_model="numpy", forceinline=True)
def _ordinal(c: int, other: int, sign: int) -> np.uint64:
    s, t = (c, other) if sign > 0 else (other, c)
    return (np.uint64(s) << np.uint64(32)) | np.uint64(t)


@njit(cache=True, error_model="numpy")
def _judge(
    c: int,
    what: Any,
    n: int,
    candidates: _I64,
    p: _F64,
    used: int,
    out: _I32,
    rank: _F64,
    report: _F64,
) -> int:
    """Take from a block what is drawn; return how much of `out` (and `rank`) is used."""
    for k in range(n):
        if np.isnan(p[k]):
            report[1:] = c, candidates[k]
        if what.estimate:
            report[0] += min(max(p[k], 0.0), 1.0)
            continue
        u = uniform(what.key, _ordinal(c, candidates[k], what.sign))
        out[used] = candidates[k]
        if what.degree < 0:
            used += np.int64(u < p[k])
        elif p[k] > 0.0:
            # The smallest of exponential times with rates p: draws without replacement.
            rank[used] = -log64(1.0 - u) / p[k]
            used += 1
    return used  # fmt: skip


@njit(cache=True, error_model="numpy")
def _nearest_ranks(degree: int, first: int, used: int, out: _I32, rank: _F64) -> int:
    """Keep the `degree` entries of least rank from `first` on; fewer where there are no more."""
    if used - first <= degree:
        return used
    limit = np.partition(rank[first:used], degree - 1)[degree - 1] if degree > 0 else -1.0
    ties = degree
    for k in range(first, used):
        ties -= np.int64(rank[k] < limit)
    kept = first
    for k in range(first, used):
        level = rank[k] == limit
        if rank[k] < limit or (level and ties > 0):
            ties -= np.int64(level)
            out[kept] = out[k]
            kept += 1
    return kept


@njit(cache=True, error_model="numpy", nogil=True)
def search(
    first: int,
    last: int,
    centres: _F64,
    cells: Any,
    what: Any,
    counts: _I64,
    out: _I32,
    report: _F64,
) -> tuple[int, int]:
    """Find the partners of centres `first` to `last` - 1, each centre's in ascending order.

    Parameters
    ----------
    first, last
        Range of centres.
    centres
        Coordinates of all of them, float64 (3, n).
    cells, what
        A `Cells` and a `Search`.
    counts
        int64[n]: gets the number of partners of each centre.
    out
        int32: gets the partners, one centre after the other.
    report
        float64[3]: the sum of probabilities, where they are estimated, is added to the first;
        the others get a centre and a candidate whose probability is not a number.

    Returns
    -------
    The first centre that was not finished, as `out` was too short, or `last`; and entries used.
    """
    candidates = np.empty(BLOCK + 1, np.int64)
    geometry, stack = np.empty((4, BLOCK + 1)), np.empty((what.depth, BLOCK))
    rank = np.empty(len(out) if what.degree >= 0 else 0)
    used = 0
    for c in range(first, last):
        begin = used
        at = (centres[0, c], centres[1, c], centres[2, c])
        low, high = what.box[0], what.box[1]
        if what.sign < 0:
            low, high = -what.box[1], -what.box[0]
        i0, ni = _cell_range(at[0] + low[0], at[0] + high[0], cells, 0)
        j0, nj = _cell_range(at[1] + low[1], at[1] + high[1], cells, 1)
        k0, nk = _cell_range(at[2] + low[2], at[2] + high[2], cells, 2)
        n, left = 0, ni * nj * nk
        for i in range(ni):
            for j in range(nj):
                row = ((i0 + i) % cells.number[0]) * cells.number[1]
                row = (row + (j0 + j) % cells.number[1]) * cells.number[2]
                for k in range(nk):
                    cell = row + (k0 + k) % cells.number[2]
                    q, end = cells.start[cell], cells.start[cell + 1]
                    left -= 1
                    while q < end or (left == 0 and n > 0):
                        step = min(end - q, BLOCK - n)
                        n = _in_box(q, q + step, at, cells, what, n, candidates, geometry)
                        q += step
                        if n < BLOCK and not (left == 0 and q == end):
                            continue
                        n = _allowed(c, what, n, candidates, geometry, stack)
                        if used + n >= len(out):
                            return c, begin
                        run_code(
                            what.p, what.centre_table, what.candidate_table, c, candidates,
                            geometry, n, stack,
                        )  # fmt: skip
                        used = _judge(c, what, n, candidates, stack[0], used, out, rank, report)
                        n = 0
        if what.degree >= 0:
            used = _nearest_ranks(what.degree, begin, used, out, rank)
        counts[c] = used - begin
        out[begin:used].sort()
    return last, used  # fmt: skip


@njit(cache=True, error_model="numpy", nogil=True)
def listed_values(
    first: int,
    last: int,
    starts: _I64,
    column: _I64,
    sources: _F64,
    targets: _F64,
    period: _F64,
    code: Any,
    depth: int,
    source_table: _F64,
    target_table: _F64,
    out: _F64,
) -> None:
    """Evaluate `code` for listed edges (CSR) of sources `first` to `last` - 1 into `out`."""
    geometry, stack = np.empty((4, BLOCK)), np.empty((depth, BLOCK))
    for s in range(first, last):
        for begin in range(starts[s], starts[s + 1], BLOCK):
            n = min(BLOCK, starts[s + 1] - begin)
            candidates = column[begin : begin + n]
            for k in range(n):
                for a in range(3):
                    step = targets[a, candidates[k]] - sources[a, s]
                    geometry[a + 1, k] = _nearest(step, period[a])
            _measure(n, geometry)
            run_code(code, source_table, target_table, s, candidates, geometry, n, stack)
            out[begin : begin + n] = stack[0, :n]  # fmt: skip


@njit(cache=True)
def transposed(counts: _I64, partners: _I32, n: int) -> tuple[_I64, _I32]:
    """Turn lists by target into lists by source (or the reverse), both ascending.

    Returns
    -------
    Where the list of each of the n others begins, int64[n + 1], and the lists, int32.
    """
    starts = np.zeros(n + 1, np.int64)
    for x in partners:
        starts[x + 1] += 1
    for k in range(n):
        starts[k + 1] += starts[k]
    free, out, at = starts[:-1].copy(), np.empty(len(partners), np.int32), 0
    for c in range(len(counts)):
        for _ in range(counts[c]):
            x = partners[at]
            out[free[x]] = c
            free[x] += 1
            at += 1
    return starts, out

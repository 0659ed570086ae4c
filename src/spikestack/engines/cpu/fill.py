"""Compiled passes over the edges of one projection: counting buckets, then filling them.

A pass takes sources one by one: their targets, delays and weights are found for the whole row in
loops that become vector instructions, and only then scattered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.rows import fill_row
from ...program.edge_values import CONSTANT, TABLE, draw, to_quanta, to_steps
from ...program.value_tables import draw_levels

__all__ = ["count_edges", "fill_edges", "row_codes", "row_steps"]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_steps(spec: Any, dt: float, ordinals: Any, count: int, levels: Any, steps: Any) -> None:
    kind, params, array, key, cut, alias = spec
    if kind == CONSTANT:
        constant = to_steps(params[0], dt)
        for j in range(count):
            steps[j] += constant
    elif kind == TABLE:
        draw_levels((key, np.uint64(params[5]), cut, alias), ordinals, count, levels)
        first = np.int64(params[0])
        for j in range(count):
            steps[j] += first + levels[j]
    else:
        for j in range(count):
            steps[j] += to_steps(draw(kind, params, array, key, ordinals[j]), dt)


@njit(cache=True, nogil=True, error_model="numpy")
def row_steps(
    delay: Any, dendritic: Any, dt: float, ordinals: Any, count: int, levels: Any, steps: Any
) -> None:
    """Write the delays, in steps, of one row of edges into `steps` (int64)."""
    for j in range(count):
        steps[j] = 0
    _add_steps(delay, dt, ordinals, count, levels, steps)
    _add_steps(dendritic, dt, ordinals, count, levels, steps)


@njit(cache=True, nogil=True, error_model="numpy")
def row_codes(spec: Any, coding: Any, ordinals: Any, count: int, levels: Any, codes: Any) -> None:
    """Write the codes of the weights of one row of edges into `codes` (int64).

    `coding` is (quantum, base, step, codes of the levels of a table).
    """
    kind, params, array, key, cut, alias = spec
    quantum, base, step, lookup = coding
    if kind == TABLE:
        draw_levels((key, np.uint64(params[5]), cut, alias), ordinals, count, levels)
        for j in range(count):
            codes[j] = lookup[levels[j]]
    elif kind == CONSTANT:
        for j in range(count):
            codes[j] = lookup[0]
    else:
        for j in range(count):
            quanta = to_quanta(draw(kind, params, array, key, ordinals[j]), quantum)
            codes[j] = (quanta - base) // step if step > 0 else 0


@njit(cache=True, nogil=True, error_model="numpy")
def count_edges(
    rule: Any,
    ids: Any,
    delays: Any,
    lows: Any,
    grouping: Any,
    sources: Any,
    widest: int,
    counts: Any,
    longest: Any,
) -> None:
    """Count the edges of some sources by partition and bucket.

    Parameters
    ----------
    rule
        `EdgeRule.flat`.
    ids
        (pre_ids, post_ids): views to populations; the latter is empty where they are the same.
    delays
        (delay, dendritic, dt), each of the first two a flat value.
    lows
        First neuron of each partition.
    grouping
        (first row, least delay, log2 of delays in a group, columns).
    sources
        (first, end).
    widest
        The longest row.
    counts
        int64[partitions, rows], added to.
    longest
        int64[1]: the longest delay that occurs.
    """
    pre_ids, post_ids = ids
    delay, dendritic, dt = delays
    first_row, least, width_bits, columns = grouping
    targets, ordinals = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    levels, steps = np.empty(widest, np.int64), np.empty(widest, np.int64)
    n_columns, n_parts, most = _number(columns), len(lows), np.int64(0)
    for s in range(sources[0], sources[1]):
        count = fill_row(*rule, s, targets, ordinals)
        row_steps(delay, dendritic, dt, ordinals, count, levels, steps)
        row = first_row + pre_ids[s] * n_columns
        for j in range(count):
            target = post_ids[targets[j]] if len(post_ids) > 0 else targets[j]
            p = np.int64(0)
            for q in range(1, n_parts):
                p += np.int64(target >= lows[q])
            most = max(most, steps[j])
            counts[p, row + columns[(steps[j] - least) >> width_bits]] += 1
    longest[0] = max(longest[0], most)


@njit(cache=True)
def _number(columns: Any) -> int:
    n = 0
    for c in columns:
        n = max(n, c + 1)
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def fill_edges(
    rule: Any,
    ids: Any,
    delays: Any,
    weight: Any,
    coding: Any,
    places: Any,
    grouping: Any,
    sources: Any,
    widest: int,
    cursor: Any,
    narrow: Any,
    wide: Any,
    load: Any,
) -> None:
    """Put the edges of some sources into their buckets.

    Parameters
    ----------
    weight, coding
        See `row_codes`.
    places
        (first neuron of each partition, first accumulator there, bits of a place in a row, bits of
        any place).
    cursor
        int64[partitions, rows]: where the next edge of a bucket goes; moved on.
    narrow, wide
        uint32[n] and whole[n, 2]; one of them is empty, the other is filled.
    load
        int64[partitions, accumulators]: summed magnitudes, added to.

    Other parameters are those of `count_edges`.
    """
    pre_ids, post_ids = ids
    delay, dendritic, dt = delays
    first_row, least, width_bits, columns = grouping
    lows, bases, index_bits, place_bits = places
    targets, ordinals = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    levels, steps = np.empty(widest, np.int64), np.empty(widest, np.int64)
    codes = np.empty(widest, np.int64)
    n_columns, n_parts, is_narrow = _number(columns), len(lows), len(narrow) > 0
    within = (np.int64(1) << width_bits) - 1
    for s in range(sources[0], sources[1]):
        count = fill_row(*rule, s, targets, ordinals)
        row_steps(delay, dendritic, dt, ordinals, count, levels, steps)
        row_codes(weight, coding, ordinals, count, levels, codes)
        row = first_row + pre_ids[s] * n_columns
        for j in range(count):
            target = post_ids[targets[j]] if len(post_ids) > 0 else targets[j]
            p = np.int64(0)
            for q in range(1, n_parts):
                p += np.int64(target >= lows[q])
            index, late = bases[p] + target - lows[p], steps[j] - least
            bucket = row + columns[late >> width_bits]
            place = ((late & within) << index_bits) | index
            at = cursor[p, bucket]
            cursor[p, bucket] = at + 1
            load[p, index] += abs(coding[1] + coding[2] * codes[j])
            if is_narrow:
                narrow[at] = np.uint32((codes[j] << place_bits) | place)
            else:
                wide[at, 0] = place
                wide[at, 1] = codes[j]

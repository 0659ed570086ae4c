"""Compiled passes over plastic synapses: counting sorts by source and by target."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit

__all__ = ["count_part", "gather", "mark_pairs", "number_pairs", "scatter", "sort_part", "turn"]


@njit(cache=True, nogil=True)
def mark_pairs(delays: Any, dendritic: Any, offsets: Any, width: int, seen: Any) -> None:
    """Mark in `seen` (bool) which pairs of delays occur; a column of no entries is constant.

    The place of a pair is ``(delay - offsets[0]) * width + dendritic - offsets[1]``.
    """
    for k in range(max(len(delays), len(dendritic))):
        at = (delays[k] - offsets[0]) * width if len(delays) > 0 else 0
        seen[at + (dendritic[k] - offsets[1] if len(dendritic) > 0 else 0)] = True


@njit(cache=True, nogil=True)
def number_pairs(
    delays: Any, dendritic: Any, offsets: Any, width: int, number: Any, pair_of: Any
) -> None:
    """Write which pair of delays each synapse has; `number` gives it by place."""
    for k in range(len(pair_of)):
        at = (delays[k] - offsets[0]) * width if len(delays) > 0 else 0
        at += dendritic[k] - offsets[1] if len(dendritic) > 0 else 0
        pair_of[k] = number[at]


@njit(cache=True, nogil=True)
def count_part(
    starts: Any, post: Any, pair_of: Any, count: int, low: int, high: int, rows: Any, cols: Any
) -> None:
    """Find where the synapses of each source and pair, and of each target and pair, begin.

    Parameters
    ----------
    starts, post
        Of `CompactEdges`.
    pair_of
        Which pair of delays each synapse has; empty where there is but one.
    count
        Number of pairs.
    low, high
        Targets to keep.
    rows, cols
        int64, zeros; one more than there are sources and pairs, targets and pairs.
    """
    for s in range(len(starts) - 1):
        for k in range(starts[s], starts[s + 1]):
            t = post[k]
            if low <= t < high:
                pair = pair_of[k] if len(pair_of) > 0 else 0
                rows[s * count + pair + 1] += 1
                cols[(t - low) * count + pair + 1] += 1
    for ends in (rows, cols):
        for i in range(1, len(ends)):
            ends[i] += ends[i - 1]


@njit(cache=True, nogil=True)
def sort_part(
    starts: Any,
    post: Any,
    pair_of: Any,
    count: int,
    low: int,
    high: int,
    rows: Any,
    posts: Any,
    index: Any,
) -> None:
    """Write targets and places in `post` of the kept synapses, by source and pair.

    `rows` is what `count_part` found.
    """
    cursor = np.empty(count, np.int64)
    for s in range(len(starts) - 1):
        for pair in range(count):
            cursor[pair] = rows[s * count + pair]
        for k in range(starts[s], starts[s + 1]):
            t = post[k]
            if low <= t < high:
                pair = pair_of[k] if len(pair_of) > 0 else 0
                at = cursor[pair]
                posts[at], index[at] = t, k
                cursor[pair] = at + 1


@njit(cache=True, nogil=True)
def turn(rows: Any, posts: Any, count: int, low: int, cols: Any, places: Any, pres: Any) -> None:
    """Write places in `posts` and sources by target and pair; `cols` is that of `count_part`."""
    cursor = cols.copy()
    for bucket in range(len(rows) - 1):
        s, pair = bucket // count, bucket % count
        for k in range(rows[bucket], rows[bucket + 1]):
            to = (np.int64(posts[k]) - low) * count + pair
            at = cursor[to]
            places[at], pres[at] = k, s
            cursor[to] = at + 1


@njit(cache=True, nogil=True)
def gather(values: Any, index: Any, out: Any) -> None:
    """``out[k] = values[index[k]]``."""
    for k in range(len(index)):
        out[k] = values[index[k]]


@njit(cache=True, nogil=True)
def scatter(values: Any, index: Any, out: Any) -> None:
    """``out[index[k]] = values[k]``."""
    for k in range(len(index)):
        out[index[k]] = values[k]

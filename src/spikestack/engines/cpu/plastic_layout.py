"""Where the compiled engine keeps the synapses of a plastic projection.

Each thread has those onto its own neurons, by source and pair of delays, and once more by target
and pair. Everything is found by counting sorts, in time proportional to the synapses; where a
thread has all of them and their delays are alike, the edges as they are listed are the layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...program.compact_edges import CompactEdges
from .aligned import aligned
from .plastic_fill import (
    count_part,
    gather,
    mark_pairs,
    number_pairs,
    scatter,
    sort_part,
    turn,
)

__all__ = ["PlasticPart", "in_order", "pairs_of", "plastic_parts", "share_of"]

_NONE = np.zeros(0, np.int32)
#: Places of a table of pairs that cost less than sorting, however few synapses there are.
_SMALL_TABLE = 2**16
#: Synapses from which on threads are worth starting.
_MANY = 500_000


@dataclass(frozen=True)
class PlasticPart:
    """The synapses onto one thread's neurons; shared by all trials.

    Attributes
    ----------
    posts : uint32
        Targets, by source, pair of delays, and place in the list of edges.
    rows : int64
        Where those of each source and pair begin, and where the last end.
    places, pres : uint32
        Places in `posts`, and sources, by target, pair of delays, and place.
    cols : int64
        Where those of each target and pair begin, and where the last end.
    index : uint32, int64 or None
        Place in the list of edges of each of `posts`; None where they are the same.
    """

    posts: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    pres: np.ndarray
    cols: np.ndarray
    index: np.ndarray | None


def plastic_parts(
    edges: CompactEdges, ranges: Sequence[tuple[int, int]], where: str = "plasticity"
) -> tuple[np.ndarray, list[PlasticPart]]:
    """Lay out the synapses of a projection for some threads; of many, each by its own.

    Parameters
    ----------
    edges
        All of them.
    ranges
        The first of each thread's targets, and the one after the last.
    where
        Of whom an error speaks.

    Returns
    -------
    pairs
        int64 (pairs, 2): the distinct pairs of whole and dendritic delay in steps, ascending.
    parts
        For each of `ranges`.

    Raises
    ------
    ValidationError
        If one has more synapses than a thread can number.
    """
    pairs, pair_of = pairs_of(edges)

    def made(low_high: tuple[int, int]) -> PlasticPart:
        return _part(edges, len(pairs), pair_of, *low_high, where)

    if len(ranges) == 1 or len(edges) < _MANY:
        return pairs, [made(one) for one in ranges]
    with ThreadPoolExecutor(len(ranges)) as pool:
        return pairs, list(pool.map(made, ranges))


def _part(
    edges: CompactEdges, count: int, pair_of: np.ndarray, low: int, high: int, where: str
) -> PlasticPart:
    rows = np.zeros((len(edges.starts) - 1) * count + 1, np.int64)
    cols = np.zeros((high - low) * count + 1, np.int64)
    listed = (edges.starts, edges.post, pair_of, count, low, high)
    count_part(*listed, rows, cols)
    n = int(rows[-1])
    if n >= 2**32:
        raise ValidationError(
            where,
            f"{n:,} synapses onto the neurons of one thread",
            "fewer than 2**32",
            "use more threads",
        )
    index = None
    if n == len(edges) and count == 1:
        posts = edges.post.view(np.uint32)
    else:
        posts = np.empty(n, np.uint32)
        index = np.empty(n, np.uint32 if len(edges) < 2**32 else np.int64)
        sort_part(*listed, rows, posts, index)
    places, pres = np.empty(n, np.uint32), np.empty(n, np.uint32)
    turn(rows, posts, count, low, cols, places, pres)
    return PlasticPart(posts, rows, places, pres, cols, index)


def pairs_of(edges: CompactEdges) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs of whole and dendritic delay, and which each synapse has.

    The latter (int32) is empty where there is but one.
    """
    if not len(edges):
        return np.array([[1, 0]]), _NONE
    (delays, first, last), (dendritic, near, far) = (
        _column(d) for d in (edges.delays, edges.dendritic)
    )
    width = far - near + 1
    table = (last - first + 1) * width
    if table == 1:
        return np.array([[first, near]]), _NONE
    if table > max(_SMALL_TABLE, len(edges)):
        return _sorted_pairs(edges)
    seen = np.zeros(table, np.bool_)
    columns = (delays, dendritic, (first, near), width)
    mark_pairs(*columns, seen)
    found = np.flatnonzero(seen)
    pairs = np.stack([first + found // width, near + found % width], axis=1)
    if len(pairs) == 1:
        return pairs, _NONE
    pair_of = np.empty(len(edges), np.int32)
    number_pairs(*columns, np.cumsum(seen, dtype=np.int32) - 1, pair_of)
    return pairs, pair_of


def _column(delays: Any) -> tuple[np.ndarray, int, int]:
    """The column, empty where it is one number; its least and greatest."""
    if isinstance(delays, int):
        return _NONE, delays, delays
    return delays, int(delays.min()), int(delays.max())


def _sorted_pairs(edges: CompactEdges) -> tuple[np.ndarray, np.ndarray]:
    """The same where delays lie so far apart that a table of all pairs would be larger."""
    key = np.full(len(edges), edges.delays, np.int64)
    key <<= 32
    key |= edges.dendritic
    found, pair_of = np.unique(key, return_inverse=True)
    pairs = np.stack([found >> 32, found & (2**32 - 1)], axis=1)
    return pairs, pair_of.astype(np.int32)


def share_of(part: PlasticPart, values: np.ndarray) -> np.ndarray:
    """A copy of one thread's share of values that are in the order of the list of edges."""
    made = aligned((len(part.posts),), values.dtype)
    if part.index is None:
        made[...] = values
    else:
        gather(values, part.index, made)
    return made


def in_order(parts: Sequence[PlasticPart], shares: Sequence[np.ndarray]) -> np.ndarray:
    """A copy of the values of all threads in the order of the list of edges."""
    for part, share in zip(parts, shares):
        if part.index is None:
            return share.copy()
    whole = np.empty(sum(len(share) for share in shares), shares[0].dtype)
    if len(whole) < _MANY:
        for part, share in zip(parts, shares):
            scatter(share, part.index, whole)
        return whole
    with ThreadPoolExecutor(len(parts)) as pool:
        futures = [
            pool.submit(scatter, share, part.index, whole) for part, share in zip(parts, shares)
        ]
        for future in futures:
            future.result()
    return whole

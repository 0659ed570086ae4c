"""Connectivity as flat data, and the listing of its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import rows
from .permutation import permute_range

__all__ = ["EdgeRule", "degrees", "expand", "expand_range", "expected_edges", "max_row"]


@dataclass(frozen=True, eq=False)
class EdgeRule:
    """One connectivity as flat data; made by the constructors of `edges`.

    Attributes
    ----------
    kind
        A constant of `rows`.
    n_pre, n_post
        Numbers of sources and targets.
    key
        Key of the draws of targets, uint64.
    ints
        int64: in-degree (SLOTS, PICKED_SOURCES) or number of edges (PICKED_PAIRS).
    row_start
        int64 of size n_pre + 1: first edge of each source (EXPLICIT, DRAWN, DISTINCT), first slot
        (SLOTS), first allowed pair (PICKED_PAIRS); else empty.
    column
        int64: targets (EXPLICIT); the source that each target itself is, or -1 (PICKED_SOURCES).
    own
        int64 of size n_pre.
    moved_slot, moved_source
        int64, sorted by source: slots that joined a neuron to itself and their new sources
        (SLOTS).
    """

    kind: int
    n_pre: int
    n_post: int
    key: np.uint64
    ints: NDArray[np.int64]
    row_start: NDArray[np.int64]
    column: NDArray[np.int64]
    own: NDArray[np.int64]
    moved_slot: NDArray[np.int64]
    moved_source: NDArray[np.int64]

    @property
    def flat(self) -> tuple[Any, ...]:
        """The fields in order: the leading arguments of `fill_row`."""
        return (
            *(self.kind, self.n_pre, self.n_post, self.key, self.ints, self.row_start),
            *(self.column, self.own, self.moved_slot, self.moved_source),
        )


def expected_edges(rule: EdgeRule) -> int:
    """Number of edges of a rule; exact, as the degrees of a rule are drawn when it is made."""
    if rule.kind == rows.ONE_TO_ONE:
        return rule.n_pre
    if rule.kind == rows.ALL_TO_ALL:
        return rule.n_pre * rule.n_post - int((rule.own >= 0).sum())
    if rule.kind == rows.PICKED_SOURCES:
        return int(rule.ints[0]) * rule.n_post
    if rule.kind == rows.PICKED_PAIRS:
        return int(rule.ints[0])
    return int(rule.row_start[-1])


def max_row(rule: EdgeRule) -> int:
    """Entries that the buffers of `fill_row` need, for any source.

    At most the largest number of edges of a source by more than those that SLOTS moves; a bound
    for the PICKED kinds.
    """
    if rule.kind == rows.ONE_TO_ONE:
        return min(rule.n_pre, 1)
    if rule.kind == rows.ALL_TO_ALL:
        return rule.n_post
    if rule.kind in (rows.PICKED_SOURCES, rows.PICKED_PAIRS):
        return min(rule.n_post, expected_edges(rule))
    gained = np.bincount(rule.moved_source, minlength=rule.n_pre)
    return int((np.diff(rule.row_start) + gained).max(initial=0))


def degrees(rule: EdgeRule) -> NDArray[np.int64]:
    """Edges of each source, without listing them; not for the PICKED kinds."""
    if rule.kind == rows.ONE_TO_ONE:
        return np.ones(rule.n_pre, np.int64)
    if rule.kind == rows.ALL_TO_ALL:
        return rule.n_post - (rule.own >= 0).astype(np.int64)
    found = np.diff(rule.row_start)
    if len(rule.moved_slot):
        # Every slot that joined a neuron to itself was taken from that neuron's row.
        itself = np.full(rule.n_post, -1, np.int64)
        itself[rule.own[rule.own >= 0]] = np.flatnonzero(rule.own >= 0)
        lost = itself[rule.moved_slot // rule.ints[0]]
        found = found - np.bincount(lost, minlength=rule.n_pre)
        found += np.bincount(rule.moved_source, minlength=rule.n_pre)
    return found


_Csr = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]


def expand(rule: EdgeRule) -> _Csr:
    """List all edges.

    Returns
    -------
    row_start
        int64 of size n_pre + 1.
    targets
        int64, by source, in the order of `fill_row`.
    ordinals
        uint64, the number that names each edge.
    """
    return expand_range(rule, 0, rule.n_pre)


def expand_range(rule: EdgeRule, s0: int, s1: int) -> _Csr:
    """List the edges of sources s0 to s1 - 1, as `expand` does; row_start begins at 0.

    The compiled part holds no lock, so that ranges can be listed by threads.
    """
    starts = np.zeros(s1 - s0 + 1, np.int64)
    pairs = (s1 - s0) * rule.n_post
    if expected_edges(rule) <= 4 * pairs:
        if rule.kind == rows.PICKED_SOURCES:
            return _by_target(rule, s0, starts)
        if rule.kind == rows.PICKED_PAIRS:
            return _by_pair(rule, s0, starts)
    room = _room(rule, s0, s1)
    targets, ordinals = np.empty(room, np.int64), np.empty(room, np.uint64)
    arguments = (*rule.flat, s0, starts, targets, ordinals)
    count = rows.fill_rows(*arguments)
    return starts, targets[:count], ordinals[:count]


def _room(rule: EdgeRule, s0: int, s1: int) -> int:
    if rule.kind == rows.ONE_TO_ONE:
        return s1 - s0
    if rule.kind in (rows.ALL_TO_ALL, rows.PICKED_SOURCES, rows.PICKED_PAIRS):
        return (s1 - s0) * rule.n_post
    gained = np.searchsorted(rule.moved_source, (s0, s1))
    return int(rule.row_start[s1] - rule.row_start[s0] + gained[1] - gained[0])


def _by_target(rule: EdgeRule, s0: int, starts: NDArray[np.int64]) -> _Csr:
    degree, none = int(rule.ints[0]), (np.empty(0, np.int64), np.empty(0, np.uint64))
    fixed = degree, rule.n_pre, rule.key, rule.column, s0
    rows.picked_sources(*fixed, starts, *none)
    count = int(starts.sum())
    starts[1:] = np.cumsum(starts)[:-1]
    targets, ordinals = np.empty(count, np.int64), np.empty(count, np.uint64)
    rows.picked_sources(*fixed, starts, targets, ordinals)
    return starts, targets, ordinals


def _by_pair(rule: EdgeRule, s0: int, starts: NDArray[np.int64]) -> _Csr:
    chosen = np.empty(int(rule.ints[0]), np.int64)
    permute_range(0, chosen.size, int(rule.row_start[-1]), rule.key, chosen)
    low, high = rule.row_start[s0], rule.row_start[s0 + starts.size - 1]
    chosen = np.sort(chosen[(low <= chosen) & (chosen < high)])
    targets, ordinals = np.empty(chosen.size, np.int64), np.empty(chosen.size, np.uint64)
    rows.picked_pairs(chosen, rule.row_start, rule.own, s0, starts, targets, ordinals)
    return starts, targets, ordinals

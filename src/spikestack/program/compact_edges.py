"""All edges of a projection in few bytes: the edges of `edge_list`, in the same order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..numerics import edges as enumerators
from ..numerics import rows
from .compact_fill import fill_compact
from .edge_values import CONSTANT, to_steps
from .program import EdgeProgram, ValueSpec

__all__ = ["CompactEdges", "compact_edges", "compact_weights"]

#: Kinds of rule whose rows are found many times faster all at once than one by one.
_AT_ONCE = (rows.PICKED_SOURCES, rows.PICKED_PAIRS)
_NONE = np.zeros(0, np.int32)
_UNLISTED = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))


@dataclass(frozen=True)
class CompactEdges:
    """Edges sorted by source.

    Attributes
    ----------
    starts : int64
        Where the edges of each neuron of the source population begin, and where the last end.
    post : int32
        Targets, by index in their population.
    delays, dendritic : int or int32
        Steps of the whole delay and of its dendritic part; one number where all are equal.
    """

    starts: np.ndarray
    post: np.ndarray
    delays: int | np.ndarray
    dendritic: int | np.ndarray

    @classmethod
    def of(
        cls, pre: np.ndarray, post: np.ndarray, size: int, delays: Any, dendritic: Any
    ) -> CompactEdges:
        """Edges from their columns, of which `pre` ascends; `size` neurons may be sources."""
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(pre, minlength=size), out=starts[1:])
        steps = [d if isinstance(d, int) else np.asarray(d, np.int32) for d in (delays, dendritic)]
        return cls(starts, np.ascontiguousarray(post, np.int32), *steps)

    def __len__(self) -> int:
        return len(self.post)

    @property
    def pre(self) -> np.ndarray:
        """Sources (int32), by index in their population; made anew each time."""
        ids = np.arange(len(self.starts) - 1, dtype=np.int32)
        return np.repeat(ids, np.diff(self.starts))


def compact_edges(edge: EdgeProgram, size: int, threads: int = 1) -> CompactEdges:
    """List every edge of a projection whose source population has `size` neurons.

    The result does not depend on `threads`.
    """
    rows_of = _Rows(edge, threads)
    n, lone = rows_of.count, edge.dendritic.kind == CONSTANT
    dendritic: Any = int(to_steps(edge.dendritic.params[0], edge.dt))
    delays: Any = int(to_steps(edge.delay.params[0], edge.dt)) + dendritic
    if not (lone and edge.delay.kind == CONSTANT):
        delays = np.empty(n, np.int32)
    if not lone:
        dendritic = np.empty(n, np.int32)
    post = np.empty(n, np.int32)
    rows_of.fill(post, *(_NONE if isinstance(d, int) else d for d in (delays, dendritic)), _NONE)
    starts = np.zeros(size + 1, np.int64)
    # A view may list a neuron twice.
    np.add.at(starts, edge.pre_ids[rows_of.order] + 1, np.diff(rows_of.starts))
    return CompactEdges(np.cumsum(starts), post, delays, dendritic)


def compact_weights(edge: EdgeProgram, dtype: Any, threads: int = 1) -> np.ndarray:
    """Weights of a projection, not rounded to quanta, in the order of `compact_edges`."""
    if edge.weight.kind == CONSTANT:
        return np.full(enumerators.expected_edges(edge.rule), edge.weight.params[0], dtype)
    rows_of = _Rows(edge, threads)
    weights = np.empty(rows_of.count, dtype)
    rows_of.fill(_NONE, _NONE, _NONE, weights)
    return weights


class _Rows:
    """The rows of a projection, by neuron."""

    def __init__(self, edge: EdgeProgram, threads: int) -> None:
        self.edge, rule = edge, edge.rule
        self.threads = threads if rule.n_pre >= 64 else 1
        self.order = np.argsort(edge.pre_ids, kind="stable").astype(np.int64)
        self.listed = enumerators.expand(rule) if rule.kind in _AT_ONCE else _UNLISTED
        found = np.diff(self.listed[0]) if len(self.listed[0]) else enumerators.degrees(rule)
        self.starts = np.concatenate([[0], np.cumsum(found[self.order])]).astype(np.int64)
        self.count = int(self.starts[-1])

    def fill(self, *columns: np.ndarray) -> None:
        """Write the columns of `fill_compact`."""
        edge = self.edge
        ids = edge.post_ids
        post_ids = ids[:0] if np.array_equal(ids, np.arange(len(ids))) else ids
        values = (*(_flat(v) for v in (edge.delay, edge.dendritic, edge.weight)), edge.dt)
        go: Any = fill_compact
        fixed = edge.rule.flat, self.order, self.listed, post_ids, values
        widest = max(1, enumerators.max_row(edge.rule))
        marks = self.count * np.arange(self.threads + 1) // self.threads
        bounds = np.searchsorted(self.starts, marks).tolist()
        bounds[0], bounds[-1] = 0, len(self.order)
        with ThreadPoolExecutor(self.threads) as pool:
            futures = [
                pool.submit(go, *(*fixed, part, widest, self.starts, *columns))
                for part in pairwise(bounds)
            ]
            for future in futures:
                future.result()


def _flat(spec: ValueSpec) -> tuple[Any, ...]:
    return (spec.kind, spec.params, spec.array, spec.key, spec.cut, spec.alias)

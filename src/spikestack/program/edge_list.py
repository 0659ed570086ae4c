"""All edges of a projection as arrays: the definition that other layouts are compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..numerics import edges as enumerators
from .edge_values import ARRAY, draw_many
from .program import EdgeProgram, ValueSpec

__all__ = ["EdgeList", "edge_list", "edge_weights", "listed_edges"]


@dataclass(frozen=True)
class EdgeList:
    """Edges sorted by source.

    Attributes
    ----------
    pre, post : int64
        Indices in the populations (not the views).
    weights : int64
        Quanta.
    delays : int64
        Steps, axonal and dendritic together.
    dendritic : int64
        Steps of the dendritic part.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    dendritic: np.ndarray

    def leaving(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Edges that leave the neurons `ids`: their places, and each one's place in `ids`."""
        first = np.searchsorted(self.pre, ids, side="left")
        count = np.searchsorted(self.pre, ids, side="right") - first
        place = np.repeat(np.arange(len(ids)), count)
        start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        return start + np.arange(len(place)), place


def edge_list(edge: EdgeProgram) -> EdgeList:
    """List every edge of a projection."""
    starts, targets, ordinals = enumerators.expand(edge.rule)
    source = np.repeat(np.arange(edge.rule.n_pre), np.diff(starts))
    dendritic = _steps(draw_many(edge.dendritic, ordinals), edge.dt)
    delays = _steps(draw_many(edge.delay, ordinals), edge.dt) + dendritic
    weights = np.rint(draw_many(edge.weight, ordinals) / edge.quantum).astype(np.int64)
    pre, post = edge.pre_ids[source], edge.post_ids[targets]
    order = np.argsort(pre, kind="stable")
    return EdgeList(pre[order], post[order], weights[order], delays[order], dendritic[order])


def edge_weights(edge: EdgeProgram) -> np.ndarray:
    """Weights of a projection, not rounded to quanta (float64), in the order of `edge_list`."""
    starts, _, ordinals = enumerators.expand(edge.rule)
    source = np.repeat(np.arange(edge.rule.n_pre), np.diff(starts))
    order = np.argsort(edge.pre_ids[source], kind="stable")
    return np.asarray(draw_many(edge.weight, ordinals)[order])


def listed_edges(edge: EdgeProgram, edges: EdgeList, sizes: tuple[int, int]) -> EdgeProgram:
    """The same projection with other edges, listed; populations have `sizes` neurons."""
    starts = np.searchsorted(edges.pre, np.arange(sizes[0] + 1))
    rule = enumerators.explicit(starts.astype(np.int64), edges.post, sizes[1])
    axonal, dendritic, weight = (
        ValueSpec(ARRAY, np.zeros(6), values, np.uint64(0))
        for values in (
            (edges.delays - edges.dendritic) * edge.dt,
            edges.dendritic * edge.dt,
            edges.weights * edge.quantum,
        )
    )
    return replace(
        edge,
        rule=rule,
        pre_ids=np.arange(sizes[0]),
        post_ids=np.arange(sizes[1]),
        weight=weight,
        delay=axonal,
        dendritic=dendritic,
        expected_edges=float(len(edges.pre)),
    )


def _steps(delays: np.ndarray, dt: float) -> np.ndarray:
    return np.floor(delays / dt + 0.5).astype(np.int64)

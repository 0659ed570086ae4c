"""In which order populations are computed, and which must be computed together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .links import Link

__all__ = ["rounds_of"]


def rounds_of(count: int, links: list[Link], levels: list[int]) -> list[tuple[int, ...]]:
    """Populations in the order of computing, those in one tuple step by step with each other.

    Parameters
    ----------
    count
        Populations.
    links
        Projections.
    levels
        In which round of a step each updates.
    """
    pre = np.array([link.pre for link in links], dtype=np.int64)
    post = np.array([link.post for link in links], dtype=np.int64)
    graph = coo_array((np.ones(len(pre)), (pre, post)), shape=(count, count))
    found, label = connected_components(graph, directed=True, connection="strong")
    after: list[set[int]] = [set() for _ in range(found)]
    for a, b in zip(label[pre], label[post]):
        if a != b:
            after[b].add(int(a))
    done: list[int] = []
    while len(done) < found:
        ready = [c for c in range(found) if c not in done and after[c] <= set(done)]
        done += ready
    members = [[k for k in range(count) if label[k] == c] for c in done]
    return [tuple(sorted(m, key=lambda k: (levels[k], k))) for m in members]

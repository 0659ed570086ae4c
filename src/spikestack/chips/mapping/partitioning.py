"""Neurons to cores: a hypergraph in many levels, annealed by exchange on each.

The cost is the rate of deliveries between cores: a spike is sent once to each other core that has
targets of it. Nodes are joined two by two, again and again; the smallest graph is dealt out at
random and annealed, then each larger one, less and less hot. Large graphs go to `spreading`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError
from ...numerics.random import stream_key
from .hypergraph import Hypergraph
from .spreading import spread
from .swapping import all_changes, count_touching, sweep

__all__ = ["Partition", "partition"]

#: Sweeps on each level, from the coarsest, and the first temperature in mean weights of nets.
_SCHEDULE = ((50, 240.0), (25, 60.0), (14, 18.0), (10, 6.0), (8, 3.0), (7, 1.2))
#: The share of sweeps during which the temperature falls to 0.
_COOLING = 0.8
#: With more nodes times parts, what a node would cost in every part is not kept; see `spreading`.
_MANY = 1 << 23
#: No more nodes than this times parts are dealt out at random.
_COARSEST = 8


@dataclass(frozen=True)
class Partition:
    """Which part each node is in (int32), and what that costs."""

    parts: np.ndarray
    n_parts: int
    cost: float


def partition(
    graph: Hypergraph, n_parts: int, places: int, limits: np.ndarray | None = None, seed: int = 1
) -> Partition:
    """Deal nodes out to parts so that few nets touch many parts.

    Parameters
    ----------
    graph
        Neurons and their nets.
    n_parts
        Number of parts.
    places
        Greatest number of nodes in a part.
    limits
        Of each resource of ``graph.loads``, in a part; None for none.
    seed
        Of what is left to chance.

    Raises
    ------
    ValidationError
        If there are more nodes than places.
    """
    if graph.size > n_parts * places:
        problem = f"{graph.size:,} neurons for {n_parts:,} cores of {places:,}"
        raise ValidationError("partition", problem, f"{n_parts * places:,} at most")
    rng = np.random.Generator(np.random.Philox(key=int(stream_key(seed, "partition", "order"))))
    bound = np.full(graph.loads.shape[1], np.inf) if limits is None else np.asarray(limits)
    if graph.size * n_parts > _MANY:
        parts = spread(graph, n_parts, places, bound.astype(np.float32), rng)
        return Partition(parts, n_parts, graph.cost(parts, n_parts))
    levels = _levels(graph.size, n_parts, places)
    graphs, pairs = [graph.padded(n_parts * (places >> levels << levels))], []
    for _ in range(levels):
        joined, pair = graphs[-1].paired(_order(rng, graphs[-1].size))
        graphs.append(joined)
        pairs.append(pair)
    parts = _order(rng, graphs[-1].size) % np.int32(n_parts)
    for level in range(levels, -1, -1):
        held = (places >> levels << levels) >> level if level else places
        sweeps, heat = _SCHEDULE[len(_SCHEDULE) - 1 - level]
        made = _Exchange(graphs[level], parts, n_parts, held, bound.astype(np.float32))
        made.anneal(sweeps, heat * float(graph.weights.mean()) if len(graph.weights) else 0.0, rng)
        parts = made.parts[pairs[level - 1]] if level else made.parts
    parts = parts[: graph.size]
    return Partition(parts, n_parts, graph.cost(parts, n_parts))


def _levels(size: int, n_parts: int, places: int) -> int:
    """How often nodes are joined: so that parts of whole clusters still hold all nodes."""
    levels = 0
    while levels < len(_SCHEDULE) - 1:
        more = levels + 1
        if places >> more < _COARSEST or n_parts * (places >> more << more) < size:
            break
        levels = more
    return levels


def _order(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.permutation(size).astype(np.int32)


class _Exchange:
    """A partition while it is made better."""

    def __init__(
        self, graph: Hypergraph, parts: np.ndarray, n_parts: int, places: int, limits: np.ndarray
    ) -> None:
        self.graph, self.limits = graph, limits
        self.parts = parts.astype(np.int32)
        self.members = np.full((n_parts, places), -1, np.int32)
        self.places = np.zeros(graph.size, np.int32)
        order = np.argsort(self.parts, kind="stable").astype(np.int32)
        begins = np.searchsorted(self.parts[order], np.arange(n_parts))
        self.places[order] = np.arange(graph.size) - begins[self.parts[order]]
        self.members[self.parts, self.places] = np.arange(graph.size)
        self.used = np.zeros((n_parts, graph.loads.shape[1]), np.float32)
        np.add.at(self.used, self.parts, graph.loads)
        self.touching = count_touching(graph.starts, graph.pins, self.parts, n_parts)
        self.flat = (graph.node_starts, graph.nets, graph.weights, graph.loads)
        self.changes = all_changes(self.parts, *self.flat[:3], self.touching)

    def anneal(self, sweeps: int, heat: float, rng: np.random.Generator) -> None:
        """Exchange, ever cooler; stop when nothing changes any more."""
        for k in range(sweeps):
            temperature = heat * max(0.0, 1.0 - k / (_COOLING * sweeps))
            order = _order(rng, self.graph.size)
            chances = rng.random(self.graph.size)
            state = (self.touching, self.parts, self.members, self.places, self.changes)
            _, done = sweep(order, chances, temperature, self.flat, *state, self.used, self.limits)
            if not done:
                break

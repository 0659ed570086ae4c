"""Neurons to very many cores: joined two by two to the end, dealt out so, then exchanged."""

from __future__ import annotations

import numpy as np

from .exchanging import exchange, recorded
from .hypergraph import Hypergraph

__all__ = ["spread"]

#: Sweeps on each level, from the one of least nodes to the neurons, and the first temperature in
#: mean weights of nets.
_SCHEDULE = ((16, 24.0), (8, 12.0), (6, 6.0), (4, 3.0), (3, 1.5), (3, 0.6))
#: The share of sweeps during which the temperature falls to 0.
_COOLING = 0.8
#: No fewer nodes of a level in a part than this.
_COARSEST = 8
#: Others that a node looks at before it chooses its pair.
_LOOKS = 512
#: All work that is done on large graphs, in parts of nets that are looked at; what looking up a net
#: costs in these; the share of it for the neurons themselves.
_WORK, _VISIT, _FINEST = 2.6e9, 8.0, 0.3
#: Nodes that have their turns about the same time, so that what they touch stays in the cache.
_GROUP = 2048
#: Of larger graphs only so many pins help to put nodes in order.
_PINS = 4_000_000


def spread(
    graph: Hypergraph, n_parts: int, places: int, limits: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The part of each node (int32); see `partitioning.partition`.

    It takes memory for the pins of the graph, not for nodes times parts, and work for pins times
    the parts that a net touches.
    """
    levels = 0
    while levels < len(_SCHEDULE) - 1 and places >> (levels + 1) >= _COARSEST:
        more = levels + 1
        if n_parts * (places >> more << more) < graph.size:
            break
        levels = more
    size = graph.size
    graph, old = graph.neighbourly()
    graphs, pairs = [graph.padded(n_parts * (places >> levels << levels))], []
    for _ in range(levels):
        joined, pair = graphs[-1].paired(_order(rng, graphs[-1].size), _LOOKS)
        graphs.append(joined)
        pairs.append(pair)
    coarsest = graphs[-1]
    parts = np.empty(coarsest.size, np.int32)
    most = places >> levels
    parts[_chain(coarsest, rng)] = np.arange(coarsest.size, dtype=np.int32) // np.int32(most)
    mean = float(graph.weights.mean()) if len(graph.weights) else 0.0
    for level in range(levels, -1, -1):
        sweeps, heat = _SCHEDULE[len(_SCHEDULE) - 1 - level]
        work = _WORK * (_FINEST if level == 0 else (1.0 - _FINEST) / levels)
        held = places >> level if level else places
        _anneal(graphs.pop(), parts, n_parts, held, limits, (sweeps, heat * mean, work), rng)
        parts = parts[pairs.pop()] if level else parts
    made = np.empty(size, np.int32)
    made[old] = parts[:size]
    return made


def _order(rng: np.random.Generator, size: int) -> np.ndarray:
    """All nodes, at random among their neighbours in memory, and these groups at random."""
    groups = rng.permutation(-(-size // _GROUP)).astype(np.float64)
    return np.argsort(np.repeat(groups, _GROUP)[:size] + rng.random(size)).astype(np.int32)


def _chain(graph: Hypergraph, rng: np.random.Generator) -> np.ndarray:
    """Nodes in an order in which those that share nets are near each other."""
    graph = graph.thinned(_PINS, rng)
    pairs = []
    while graph.size > 1:
        graph, pair = graph.paired(_order(rng, graph.size), _LOOKS)
        pairs.append(pair)
    rank = np.zeros(1, np.int64)
    for pair in reversed(pairs):
        order = np.argsort(rank[pair], kind="stable")
        rank = np.empty(len(pair), np.int64)
        rank[order] = np.arange(len(pair))
    return np.argsort(rank, kind="stable")


def _anneal(
    graph: Hypergraph,
    parts: np.ndarray,
    n_parts: int,
    places: int,
    limits: np.ndarray,
    schedule: tuple[int, float, float],
    rng: np.random.Generator,
) -> None:
    """Exchange, ever cooler, in place; stop when nothing changes any more, or the work is done."""
    sweeps, heat, work = schedule
    if not sweeps or not len(graph.nets):
        return
    nets = (graph.starts, graph.pins, graph.nets, graph.weights)
    records, where, touched = recorded(*nets, parts, n_parts)
    flat = (graph.node_starts, where, graph.loads)
    one = len(graph.pins) * (_VISIT + touched / (len(graph.starts) - 1))
    # Of the neurons themselves some have a turn at least.
    last = work == _WORK * _FINEST
    sweeps = min(sweeps, max(int(work / one), int(last)))
    share = min(1.0, work / one) if last else 1.0
    held = np.bincount(parts, minlength=n_parts).astype(np.int32)
    order = np.argsort(parts, kind="stable").astype(np.int32)
    begins = np.cumsum(held) - held
    at = np.empty(graph.size, np.int32)
    at[order] = np.arange(graph.size) - begins[parts[order]]
    members = np.full((n_parts, places), -1, np.int32)
    members[parts, at] = np.arange(graph.size)
    used = np.stack([np.bincount(parts, load, n_parts) for load in graph.loads.T], axis=1)
    used = used.astype(np.float32)
    heads = np.full(1 << max(1, graph.size - 1).bit_length(), -1, np.int32)
    links, wishes = np.full((graph.size, 2), -1, np.int32), np.full((graph.size, 2), -1, np.int32)
    gains = np.full((graph.size, 2), np.inf, np.float32)
    chains = (heads, links, wishes, gains)
    for k in range(sweeps):
        temperature = heat * max(0.0, 1.0 - (k + 0.4) / (_COOLING * sweeps - 0.4))
        order = _order(rng, graph.size)[: int(np.ceil(share * graph.size))]
        turn = (order, rng.random(graph.size), temperature)
        _, done = exchange(*turn, flat, records, parts, (members, at, held), chains, used, limits)
        if not done:
            break

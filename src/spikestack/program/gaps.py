"""Lowering gap junctions: for every neuron, which potentials it is coupled to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..network.network import Network, Projection
from ..numerics import edges as enumerators
from .edge_values import draw_many
from .edges import draft_edges
from .program import GAP, GapProgram, PopulationProgram

__all__ = ["coupled", "gap_programs"]


def coupled(network: Network) -> set[str]:
    """Names of the populations that have gap junctions."""
    return {
        view.population.name
        for p in network.projections.values()
        if p.synapse.continuous
        for view in (p.pre, p.post)
    }


def gap_programs(
    network: Network, populations: Mapping[str, PopulationProgram], dt: float
) -> tuple[GapProgram, ...]:
    """One program for each population with gap junctions, its rows sorted by source."""
    ends: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for _, projection in sorted(network.projections.items()):
        if not projection.synapse.continuous:
            continue
        pre, post, weights = _junctions(projection, network.seed, dt)
        names = projection.pre.population.name, projection.post.population.name
        first, second = (populations[name] for name in names)
        ends.setdefault(names[1], []).append((post, pre + first.offset, weights))
        ends.setdefault(names[0], []).append((pre, post + second.offset, weights))
    return tuple(
        _program(place, population, ends[population.name])
        for place, population in enumerate(populations.values())
        if population.name in ends
    )


def _junctions(projection: Projection, seed: int, dt: float) -> tuple[np.ndarray, ...]:
    draft = draft_edges(projection, seed, dt)
    starts, targets, ordinals = enumerators.expand(draft["rule"])
    source = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return (
        draft["pre_ids"][source],
        draft["post_ids"][targets],
        draw_many(draft["weight"], ordinals),
    )


def _program(
    place: int, population: PopulationProgram, ends: Sequence[tuple[np.ndarray, ...]]
) -> GapProgram:
    own, other, weights = (np.concatenate(column) for column in zip(*ends))
    order = np.lexsort((np.arange(len(own)), other, own))
    starts = np.zeros(population.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(own, minlength=population.size), out=starts[1:])
    states = population.states
    return GapProgram(
        place, states.index("v"), states.index(GAP), starts, other[order], weights[order]
    )

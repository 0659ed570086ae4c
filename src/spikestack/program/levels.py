"""The order of populations within a step, where projections have no delay."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..errors import ValidationError
from ..network.network import Network

__all__ = ["topological_levels"]


def topological_levels(network: Network, edges: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Return for each population the length of the longest zero-delay path that ends in it.

    Raises
    ------
    ValidationError
        If projections without delay form a cycle; the message names it.
    """
    sources: dict[str, dict[str, str]] = {name: {} for name in network.populations}
    for name, projection in network.projections.items():
        if name not in edges:
            continue
        if edges[name]["min_delay"] == 0 and edges[name]["expected_edges"] > 0:
            sources[projection.post.population.name][projection.pre.population.name] = name
    levels: dict[str, int] = {}
    for start in network.populations:
        _visit(start, sources, levels)
    return levels


def _visit(start: str, sources: dict[str, dict[str, str]], levels: dict[str, int]) -> None:
    """Depth-first, without recursion, so that a long chain is no trouble."""
    stack, path = [(start, iter(sources[start]))], [start]
    if start in levels:
        return
    while stack:
        name, remaining = stack[-1]
        for source in remaining:
            if source in path:
                _refuse([*path[path.index(source) :], source], sources)
            if source not in levels:
                stack.append((source, iter(sources[source])))
                path.append(source)
                break
        else:
            levels[name] = 1 + max((levels[s] for s in sources[name]), default=-1)
            stack.pop()
            path.pop()


def _refuse(cycle: list[str], sources: dict[str, dict[str, str]]) -> None:
    names = [sources[post][pre] for post, pre in pairwise(cycle)]
    raise ValidationError(
        "Network",
        f"projections without delay form a cycle: {', '.join(map(repr, reversed(names)))}",
        "a delay of at least one step somewhere in every cycle",
        "give one of them delay= at least dt (a random delay: low= at least dt)",
    )

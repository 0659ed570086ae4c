"""All edges of a projection, and values for every neuron, as numbers that can be stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import MemoryLimitError
from ...machine import available_memory
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network, Projection
from ...network.population import Population
from ...network.rules import Edges
from ...network.rules.given import ExplicitRule
from ...numerics.random import stream_key
from ...program.edge_list import edge_list, edge_weights
from ...program.edge_values import draw_array
from ...program.lower import lower
from ...program.program import EdgeProgram
from ...values import Distribution

__all__ = ["Expander", "PlainEdges"]

_BYTES_PER_EDGE = 120


@dataclass(frozen=True)
class PlainEdges:
    """Edges of a projection.

    Attributes
    ----------
    pre, post
        Indices in the populations: int64[n].
    weight, delay
        A float for all, or float64[n]; in the synapse's unit, and in ms.
    """

    pre: np.ndarray
    post: np.ndarray
    weight: Any
    delay: Any

    def __len__(self) -> int:
        return len(self.pre)

    def signs(self) -> set[int]:
        """The signs of the weights that are not 0."""
        return {int(s) for s in np.unique(np.sign(self.weight)) if s}


class Expander:
    """Turns what is drawn or ruled in a network into numbers.

    Parameters
    ----------
    network
        It is not changed, and not frozen.
    dt
        The step to which delays that are drawn are rounded, in ms.
    """

    def __init__(self, network: Network, dt: float) -> None:
        self.network, self.dt = network, dt

    def check_memory(self) -> None:
        """Raise MemoryLimitError if the edges would not fit."""
        count = sum(p.expected_edges for p in self.network.projections.values())
        need, there = _BYTES_PER_EDGE * count, available_memory()
        if need > there:
            raise MemoryLimitError(
                f"write: {count:,.0f} edges need about {need:,.0f} bytes; {there:,} are available"
            )

    @cached_property
    def _lowered(self) -> dict[str, EdgeProgram]:
        """Edges as engines have them, of a copy: lowering freezes a network."""
        copy = network_of(*plain_with_arrays(self.network))
        return {edge.name: edge for edge in lower(copy, self.dt, "float64", 1).edges}

    def edges(self, projection: Projection) -> PlainEdges:
        """The edges of a projection, in the order of its rule where that has one."""
        synapse, rule = projection.synapse, projection.rule
        plain = all(isinstance(v, float | np.ndarray) for v in (synapse.weight, synapse.delay))
        if plain and isinstance(rule, ExplicitRule) and _is_zero(synapse.dendritic_delay):
            found: Edges = rule.list_edges(projection.ends)
            weight = _flat(synapse.weight)
            weight = weight if found.weights is None else weight * found.weights
            pre, post = projection.pre.ids[found.pre], projection.post.ids[found.post]
            return PlainEdges(pre, post, weight, _flat(synapse.delay))
        edge = self._lowered[projection.name]
        listed = edge_list(edge)
        weight = _flat(synapse.weight) if isinstance(synapse.weight, float) else None
        if weight is None or edge.weight.kind != 0:
            weight = edge_weights(edge) / synapse.unit_of_weight().scale
        delay: Any = synapse.delay
        if not isinstance(delay, float) or not _is_zero(synapse.dendritic_delay):
            delay = np.round(listed.delays * self.dt, 9)
        return PlainEdges(listed.pre, listed.post, weight, delay)

    def parameter(self, population: Population, value: Any, name: str) -> Any:
        """A parameter as a float or float64[n]; `name` has the receptor's before it, if any."""
        if not isinstance(value, Distribution):
            return value
        key = stream_key(self.network.seed, population.name, f"parameter {name}")
        return draw_array(value, population.size, key)

    def initial(self, population: Population, state: str) -> Any:
        """The value of a state at the start, in its unit: a float or float64[n]."""
        model = population.model
        value = model.initial_values[state]
        if isinstance(value, str):
            return self.parameter(population, model.values[value], value)
        if not isinstance(value, Distribution):
            return value
        key = stream_key(self.network.seed, population.name, f"initial {state}", 0)
        return draw_array(value, population.size, key)


def _flat(value: Any) -> Any:
    return value.ravel() if isinstance(value, np.ndarray) else value


def _is_zero(value: Any) -> bool:
    return isinstance(value, float) and value == 0.0

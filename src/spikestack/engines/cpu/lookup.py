"""Values of synapses as compiled code takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.edge_values import CONSTANT, TABLE, to_quanta
from ...program.program import EdgeProgram, ValueSpec

__all__ = ["flat_value", "lookup_of", "place_of_targets"]


def flat_value(spec: ValueSpec) -> tuple[Any, ...]:
    """A value of edges as compiled code takes it."""
    return (spec.kind, spec.params, spec.array, spec.key, spec.cut, spec.alias)


def lookup_of(edge: EdgeProgram, base: int, step: int) -> np.ndarray:
    """The code of the weight of each level of a table; of a constant, its only one."""
    spec = edge.weight
    if spec.kind == CONSTANT:
        values = spec.params[:1]
    elif spec.kind == TABLE:
        values = (spec.params[0] + np.arange(len(spec.cut))) * spec.params[1]
    else:
        values = np.zeros(1)
    quanta = np.array([to_quanta(v, edge.quantum) for v in values], dtype=np.int64)
    return (quanta - base) // step if step else np.zeros_like(quanta)


def place_of_targets(edge: EdgeProgram) -> np.ndarray:
    """Indices in the population of a view's targets; empty where they are the same.

    Looking up what is the same would be a cache miss for every synapse of a large population.
    """
    ids = edge.post_ids
    return ids[:0] if np.array_equal(ids, np.arange(len(ids))) else ids

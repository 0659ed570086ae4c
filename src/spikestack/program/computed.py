"""Weights and delays that are computed from the pair of neurons: for lowering, and in advance."""

from __future__ import annotations

import numpy as np

from ..equations.edge_expression import Expression
from ..errors import ValidationError
from ..network.network import Projection
from ..network.pairing import values_of_edges
from ..network.rules.base import Ends
from ..numerics.edge_rule import EdgeRule
from ..numerics.random import bits64, uniform_index
from ..synapses.base import LONGEST_DELAY
from .program import ValueSpec
from .value_tables import ARRAY

__all__ = ["computed", "sampled_range"]

_SAMPLE = 256


def computed(
    expression: Expression, ends: Ends, edge_rule: EdgeRule, low: float, where: str
) -> ValueSpec:
    """The value of every listed edge.

    Parameters
    ----------
    expression, ends
        What to compute, and for whom.
    edge_rule
        Explicit.
    low
        What no value may fall below.
    where
        The projection and the value, for messages.

    Raises
    ------
    ValidationError
        If a value is not finite, is below `low`, or is a delay beyond all reason.
    """
    starts, post = edge_rule.row_start, edge_rule.column
    values = values_of_edges(expression, ends, starts, post)
    high = np.inf if where.endswith(".weight") else LONGEST_DELAY
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high)))
    if len(bad):
        edge = int(bad[0])
        source = int(np.searchsorted(starts, edge, side="right")) - 1
        allowed = "finite" if low == -np.inf else f"finite and >= {low:g}"
        raise ValidationError(
            where,
            f"{expression.text} is {values[edge]:g} for i = {source}, j = {post[edge]}",
            allowed if high == np.inf else f"{allowed}, at most {high:g} ms",
            "bound it by min, max or clip",
        )
    return ValueSpec(ARRAY, np.zeros(6), values, np.uint64(0))


def sampled_range(expression: Expression, projection: Projection) -> tuple[float, float]:
    """Least and greatest value in a sample of pairs; a guide to memory, no bound."""
    ends = projection.ends
    counter = np.arange(2 * _SAMPLE, dtype=np.uint64)
    drawn = bits64(ends.key("sample"), counter)
    pre = np.sort(uniform_index(drawn[:_SAMPLE], ends.n_pre).astype(np.int64))
    post = uniform_index(drawn[_SAMPLE:], ends.n_post).astype(np.int64)
    starts = np.searchsorted(pre, np.arange(ends.n_pre + 1)).astype(np.int64)
    values = values_of_edges(expression, ends, starts, post)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)

"""The compiled pass that lists edges compactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics.compiling import njit
from ..numerics.rows import fill_row
from .edge_values import draw, to_steps
from .value_tables import TABLE, draw_levels

__all__ = ["fill_compact"]


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_row(spec: Any, ordinals: Any, count: int, levels: Any, out: Any) -> None:
    """Write the values of one row of edges into `out` (float64)."""
    kind, params, array, key, cut, alias = spec
    if kind == TABLE:
        draw_levels((key, np.uint64(params[5]), cut, alias), ordinals, count, levels)
        for j in range(count):
            out[j] = (params[0] + levels[j]) * params[1]
    else:
        for j in range(count):
            out[j] = draw(kind, params, array, key, ordinals[j])


@njit(cache=True, nogil=True, error_model="numpy")
def fill_compact(
    rule: Any,
    order: Any,
    listed: Any,
    post_ids: Any,
    values: Any,
    sources: Any,
    widest: int,
    starts: Any,
    post: Any,
    delays: Any,
    dendritic: Any,
    weights: Any,
) -> None:
    """Write the edges of some sources into columns; those without entries are not asked for.

    Parameters
    ----------
    rule
        `EdgeRule.flat`.
    order
        int64: sources by their place in the view, in the order in which they are wanted.
    listed
        (row_start, targets, ordinals) as `expand` gives them, or empty, to take them from the rule.
    post_ids
        int64: the view of the targets; empty where it is the population.
    values
        (delay, dendritic delay, weight, dt), each of the first three a flat value.
    sources
        (first, end) of `order`.
    widest
        Entries that a row may need.
    starts
        int64: where the edges of each of `order` begin in the columns, and where the last end.
    post, delays, dendritic, weights
        int32, int32 (axonal and dendritic together), int32, float.
    """
    row_start, all_targets, all_ordinals = listed
    delay_of, dendritic_of, weight_of, dt = values
    targets, ordinals = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    levels, drawn = np.empty(widest, np.int64), np.empty(widest)
    for i in range(sources[0], sources[1]):
        s, at = order[i], starts[i]
        count = starts[i + 1] - at
        if len(row_start) > 0:
            targets[:count] = all_targets[row_start[s] : row_start[s + 1]]
            ordinals[:count] = all_ordinals[row_start[s] : row_start[s + 1]]
        else:
            fill_row(*rule, s, targets, ordinals)
        if len(post) > 0:
            for j in range(count):
                post[at + j] = post_ids[targets[j]] if len(post_ids) > 0 else targets[j]
        if len(delays) > 0:
            _draw_row(delay_of, ordinals, count, levels, drawn)
            for j in range(count):
                delays[at + j] = to_steps(drawn[j], dt)
            _draw_row(dendritic_of, ordinals, count, levels, drawn)
            for j in range(count):
                steps = to_steps(drawn[j], dt)
                delays[at + j] += steps
                if len(dendritic) > 0:
                    dendritic[at + j] = steps
        if len(weights) > 0:
            _draw_row(weight_of, ordinals, count, levels, drawn)
            for j in range(count):
                weights[at + j] = drawn[j]

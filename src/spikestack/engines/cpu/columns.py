"""Synapses read back: one compiled pass over the rows of a projection writes the columns asked for.

Several projections share the tables that the engine delivers from, and a word there does not say
whose it is, so synapses are enumerated again by the rule that built them: the same functions, the
same keys, the same rounded weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit
from ...numerics.rows import fill_row
from ...program.edge_values import CONSTANT, TABLE, draw, to_quanta
from ...program.value_tables import draw_levels
from .fill import row_steps

__all__ = ["count_kept", "fill_columns", "fill_listed"]


@njit(cache=True, nogil=True, error_model="numpy")
def count_kept(rule: Any, sources: Any, keep: Any, rows: Any, widest: int, counts: Any) -> None:
    """Count the edges of some sources whose targets are to be kept.

    Parameters
    ----------
    rule
        `EdgeRule.flat`.
    sources
        int64: the sources, by place in the view.
    keep
        bool, by target in the view; empty to keep all.
    rows
        (first, end) of `sources`.
    widest
        The longest row.
    counts
        int64, one for each of `sources`.
    """
    targets, ordinals = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    for i in range(rows[0], rows[1]):
        count = fill_row(*rule, sources[i], targets, ordinals)
        if len(keep) > 0:
            kept = 0
            for j in range(count):
                kept += 1 if keep[targets[j]] else 0
            count = kept
        counts[i] = count


@njit(cache=True, nogil=True, error_model="numpy")
def _write(
    count: int,
    values: Any,
    ordinals: Any,
    scratch: Any,
    at: int,
    weights: Any,
    delays: Any,
) -> None:
    """Write weights and delays of `count` edges from place `at` on, where they are asked for."""
    weight, delay, dendritic, dt, quantum, scale, lookup = values
    levels, steps = scratch
    kind, params, array, key, cut, alias = weight
    if len(weights) > 0:
        out = weights[at : at + count]
        if kind == TABLE:
            draw_levels((key, np.uint64(params[5]), cut, alias), ordinals, count, levels)
            for j in range(count):
                out[j] = lookup[levels[j]]
        elif kind == CONSTANT:
            out[:] = lookup[0]
        else:
            for j in range(count):
                quanta = to_quanta(draw(kind, params, array, key, ordinals[j]), quantum)
                out[j] = quanta * quantum / scale
    if len(delays) > 0:
        row_steps(delay, dendritic, dt, ordinals, count, levels, steps)
        out = delays[at : at + count]
        for j in range(count):
            out[j] = steps[j] * dt


@njit(cache=True, nogil=True, error_model="numpy")
def fill_columns(
    rule: Any,
    ids: Any,
    sources: Any,
    keep: Any,
    starts: Any,
    values: Any,
    rows: Any,
    widest: int,
    pre: Any,
    post: Any,
    weights: Any,
    delays: Any,
) -> None:
    """Write the edges of some sources into columns.

    Parameters
    ----------
    ids
        (pre_ids, post_ids): int32, views to populations; the latter is empty where they agree.
    starts
        int64: where the edges of each of `sources` begin in the columns.
    values
        (weight, delay, dendritic delay, dt, quantum, scale, weights of the levels of a table).
    pre, post, weights, delays
        int32, int32, float, float; those of no entries are not asked for.

    Other parameters are those of `count_kept`.
    """
    pre_ids, post_ids = ids
    targets, ordinals = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    scratch = (np.empty(widest, np.int64), np.empty(widest, np.int64))
    for i in range(rows[0], rows[1]):
        at = starts[i]
        count = fill_row(*rule, sources[i], targets, ordinals)
        if len(keep) > 0:
            kept = 0
            for j in range(count):
                target, ordinal = targets[j], ordinals[j]
                if keep[target]:
                    targets[kept], ordinals[kept] = target, ordinal
                    kept += 1
            count = kept
        if len(pre) > 0:
            pre[at : at + count] = pre_ids[sources[i]]
        if len(post) > 0:
            out = post[at : at + count]
            if len(post_ids) > 0:
                for j in range(count):
                    out[j] = post_ids[targets[j]]
            else:
                for j in range(count):
                    out[j] = np.int32(targets[j])
        _write(count, values, ordinals, scratch, at, weights, delays)


@njit(cache=True, nogil=True, error_model="numpy")
def fill_listed(
    ordinals: Any, values: Any, rows: Any, block: int, weights: Any, delays: Any
) -> None:
    """Write weights and delays of edges whose ordinals are known, `block` of them at a time."""
    scratch = (np.empty(block, np.int64), np.empty(block, np.int64))
    for at in range(rows[0], rows[1], block):
        count = min(block, rows[1] - at)
        _write(count, values, ordinals[at : at + count], scratch, at, weights, delays)

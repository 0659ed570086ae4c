"""Connectivity rules, enumerated from the source side.

A rule is flat data from which compiled code finds the targets of any one source without those of
the others, so that stored, procedural, threaded and distributed networks have the same edges. The
constructors check that what is asked for exists; `fill_row`, `expand` and `expand_range` list it.

Neurons that lie on both sides are told by `own`: ``own[s]`` is the index among the targets of the
neuron that source s is, or -1. A rule given `own` makes no edge from a neuron to itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ValidationError, shorten
from . import rows
from .edge_rule import EdgeRule, degrees, expand, expand_range, expected_edges, max_row
from .random import bits64, uniform_index
from .rows import fill_row
from .split import binomial_array, split

__all__ = [
    "EdgeRule",
    "all_to_all",
    "degrees",
    "expand",
    "expand_range",
    "expected_edges",
    "explicit",
    "fill_row",
    "fixed_in_degree",
    "fixed_out_degree",
    "fixed_probability",
    "fixed_total_number",
    "max_row",
    "one_to_one",
]

_MAX_SIDE = 2**32 - 1
_MAX_TOTAL = 2**62
_SPLIT, _TARGETS, _MOVES = 0, 1, 2


def _rule(kind: int, n_pre: int, n_post: int, key: Any = 0, **fields: Any) -> EdgeRule:
    names = ("ints", "row_start", "column", "own", "moved_slot", "moved_source")
    arrays = {name: np.ascontiguousarray(fields.get(name, ()), np.int64) for name in names}
    return EdgeRule(kind, n_pre, n_post, np.uint64(bits64(key, _TARGETS)), **arrays)


def _whole(where: str, what: str, value: Any, limit: int) -> int:
    if isinstance(value, (int, np.integer)) and 0 <= value <= limit:
        return int(value)
    raise ValidationError(
        where, f"{what} is {shorten(value)}", f"{what} is a whole number from 0 to {limit}"
    )


def _sides(where: str, n_pre: Any, n_post: Any, own: Any) -> tuple[int, int, NDArray[np.int64]]:
    n_pre = _whole(where, "the number of sources", n_pre, _MAX_SIDE)
    n_post = _whole(where, "the number of targets", n_post, _MAX_SIDE)
    if n_pre * n_post > _MAX_TOTAL:
        raise ValidationError(
            where, f"{n_pre} x {n_post} pairs", "at most 2**62", "use smaller populations"
        )
    if own is None:
        return n_pre, n_post, np.full(n_pre, -1, np.int64)
    own = np.maximum(np.array(own, dtype=np.int64), -1)
    named = own[own >= 0]
    if own.shape != (n_pre,) or (own >= n_post).any() or len(np.unique(named)) != len(named):
        raise ValidationError(
            where,
            f"own is {shorten(own)}",
            f"it holds, for each of {n_pre} sources, a different target below {n_post}, or -1",
            "views that list a neuron twice cannot exclude autapses",
        )
    return n_pre, n_post, own


def _allowed_targets(n_post: int, own: NDArray[np.int64]) -> NDArray[np.int64]:
    return n_post - (own >= 0).astype(np.int64)


def _starts(degrees: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(degrees, dtype=np.int64)])


def _require(where: str, asked: str, possible: bool, exists: str, remedy: str) -> None:
    if not possible:
        raise ValidationError(where, f"{asked} asked for", f"there are {exists}", remedy)


def _refuse_too_few(
    where: str, what: str, degree: int, fewest: int, side: str, multapses: bool
) -> None:
    needed = min(degree, 1) if multapses else degree
    distinct = "" if multapses else " distinct"
    _require(
        where,
        f"{what} {degree} with{distinct} {side}",
        fewest >= needed,
        f"only {fewest} allowed {side} for some neuron",
        f"lower the {what}, enlarge the population, or allow autapses or multapses",
    )


def one_to_one(n: int, *, where: str = "connection") -> EdgeRule:
    """Edge s -> s for each of n sources; ordinal s."""
    n, _, own = _sides(where, n, n, None)
    return _rule(rows.ONE_TO_ONE, n, n, own=own)


def all_to_all(n_pre: int, n_post: int, own: Any = None, *, where: str = "connection") -> EdgeRule:
    """Every allowed pair, targets ascending; ordinal ``s * n_post + t``."""
    n_pre, n_post, own = _sides(where, n_pre, n_post, own)
    return _rule(rows.ALL_TO_ALL, n_pre, n_post, own=own)


def explicit(row_start: Any, column: Any, n_post: int, *, where: str = "connection") -> EdgeRule:
    """Listed edges as CSR: targets ``column[row_start[s]:row_start[s + 1]]``; ordinal the index.

    Parameters
    ----------
    row_start, column
        Whole numbers, of sizes n_pre + 1 and the number of edges; copied as int64.
    n_post
        Number of targets.
    """
    row_start, column = np.array(row_start, np.int64), np.array(column, np.int64)
    if row_start.ndim != 1 or column.ndim != 1 or row_start.size == 0:
        raise ValidationError(where, "not a CSR structure", "row_start and column are vectors")
    n_pre, n_post, own = _sides(where, row_start.size - 1, n_post, None)
    if row_start[0] != 0 or row_start[-1] != column.size or (np.diff(row_start) < 0).any():
        raise ValidationError(
            where,
            f"row_start is {shorten(row_start)}",
            f"it ascends from 0 to the number of edges, {column.size}",
        )
    if column.size and not 0 <= column.min() <= column.max() < n_post:
        raise ValidationError(
            where,
            f"targets run from {column.min()} to {column.max()}",
            f"they lie between 0 and {n_post - 1}",
        )
    return _rule(rows.EXPLICIT, n_pre, n_post, row_start=row_start, column=column, own=own)


def fixed_probability(
    p: float, n_pre: int, n_post: int, key: Any, own: Any = None, *, where: str = "connection"
) -> EdgeRule:
    """Each allowed pair with probability p: binomial out-degrees, distinct targets.

    Ordinals are ``s << 32 | t``.
    """
    n_pre, n_post, own = _sides(where, n_pre, n_post, own)
    if not 0.0 <= (p := float(p)) <= 1.0:
        raise ValidationError(where, f"p is {p}", "a probability lies between 0 and 1")
    degrees = binomial_array(np.uint64(bits64(key, _SPLIT)), _allowed_targets(n_post, own), p)
    return _rule(rows.DISTINCT, n_pre, n_post, key, row_start=_starts(degrees), own=own)


def fixed_out_degree(
    k: int,
    n_pre: int,
    n_post: int,
    key: Any,
    own: Any = None,
    multapses: bool = True,
    *,
    where: str = "connection",
) -> EdgeRule:
    """k targets for each source, drawn independently or, without multapses, distinct.

    Ordinals are ``s << 32 | j`` for the j-th edge of s, without multapses ``s << 32 | t``.
    """
    n_pre, n_post, own = _sides(where, n_pre, n_post, own)
    k = _whole(where, "the out-degree", k, _MAX_SIDE)
    _whole(where, "the number of edges", k * n_pre, _MAX_TOTAL)
    fewest = int(_allowed_targets(n_post, own).min(initial=n_post)) if n_pre else k
    _refuse_too_few(where, "out-degree", k, fewest, "targets", multapses)
    kind = rows.DRAWN if multapses else rows.DISTINCT
    row_start = np.arange(n_pre + 1, dtype=np.int64) * k
    return _rule(kind, n_pre, n_post, key, row_start=row_start, own=own)


def fixed_total_number(
    n: int,
    n_pre: int,
    n_post: int,
    key: Any,
    own: Any = None,
    multapses: bool = True,
    *,
    where: str = "connection",
) -> EdgeRule:
    """n edges over the allowed pairs, drawn independently or, without multapses, distinct.

    Ordinals are ``s << 32 | j`` for the j-th edge of s, without multapses ``s << 32 | t``.
    """
    n_pre, n_post, own = _sides(where, n_pre, n_post, own)
    n = _whole(where, "the number of edges", n, _MAX_TOTAL)
    pair_start = _starts(_allowed_targets(n_post, own))
    pairs = int(pair_start[-1])
    _require(
        where,
        f"{n} edges {'' if multapses else 'between distinct pairs '}",
        pairs >= (min(n, 1) if multapses else n),
        f"{pairs} allowed pairs",
        "lower the number, enlarge a population, or allow autapses or multapses",
    )
    if not multapses:
        fields = {"ints": [n], "row_start": pair_start}
        return _rule(rows.PICKED_PAIRS, n_pre, n_post, key, own=own, **fields)
    row_start = split(n, pair_start, np.uint64(bits64(key, _SPLIT)))
    _whole(where, "the largest out-degree", int(np.diff(row_start).max(initial=0)), _MAX_SIDE)
    return _rule(rows.DRAWN, n_pre, n_post, key, row_start=row_start, own=own)


def fixed_in_degree(
    k: int,
    n_pre: int,
    n_post: int,
    key: Any,
    own: Any = None,
    multapses: bool = True,
    *,
    where: str = "connection",
) -> EdgeRule:
    """k sources for each target, drawn independently or, without multapses, distinct.

    Ordinals are ``s << 32 | j`` for the j-th edge of s, without multapses ``s << 32 | t``.
    """
    n_pre, n_post, own = _sides(where, n_pre, n_post, own)
    k = _whole(where, "the in-degree", k, _MAX_SIDE)
    slots = _whole(where, "the number of edges", k * n_post, _MAX_TOTAL)
    fewest = n_pre - int((own >= 0).any()) if n_post else k
    _refuse_too_few(where, "in-degree", k, fewest, "sources", multapses)
    if not multapses:
        own_source = np.full(n_post, -1, np.int64)
        own_source[own[own >= 0]] = np.flatnonzero(own >= 0)
        fields = {"ints": [k], "column": own_source, "own": own}
        return _rule(rows.PICKED_SOURCES, n_pre, n_post, key, **fields)
    prefix = np.arange(n_pre + 1, dtype=np.int64)
    row_start = split(slots, prefix, np.uint64(bits64(key, _SPLIT)))
    _whole(where, "the largest out-degree", int(np.diff(row_start).max(initial=0)), _MAX_SIDE)
    rule = _rule(rows.SLOTS, n_pre, n_post, key, ints=[k], row_start=row_start, own=own)
    moved = _moved(rule, bits64(key, _MOVES)) if k and (own >= 0).any() else {}
    fields = {"ints": [k], "row_start": row_start, "own": own} | moved
    return _rule(rows.SLOTS, n_pre, n_post, key, **fields)


def _moved(rule: EdgeRule, key: Any) -> dict[str, NDArray[np.int64]]:
    """Slots that join a neuron to itself, each given to another source drawn by its number."""
    degree = int(rule.ints[0])
    mean = degree * int((rule.own >= 0).sum()) / rule.n_pre
    room = int(mean + 6.0 * math.sqrt(mean)) + 8
    while True:
        slots, sources = np.empty((2, room), np.int64)
        found = rows.own_slots(
            degree, rule.n_post, rule.key, rule.row_start, rule.own, slots, sources
        )
        if found <= room:
            break
        room = found
    slots, sources = slots[:found], sources[:found]
    drawn = uniform_index(bits64(key, slots.astype(np.uint64)), rule.n_pre - 1).astype(np.int64)
    drawn += drawn >= sources
    order = np.lexsort((slots, drawn))
    return {"moved_slot": slots[order], "moved_source": drawn[order]}

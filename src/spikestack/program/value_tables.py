"""Distributions of synaptic values as tables: every draw is one of finitely many levels.

A delay is a whole number of steps anyway; a drawn weight is a multiple of a power of two no coarser
than a 64th of its spread, which adds less than a ten-thousandth of the variance. A level is then
found from 64 random bits without branches by the alias method (Walker 1977, ACM TOMS 3:253; tables
after Vose 1991, IEEE TSE 17:972), in whole numbers, so that every machine draws the same.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..numerics.compiling import njit
from ..numerics.random import bits64 as bits_of_array
from ..numerics.random_compiled import bits64
from ..values import normal_cdf
from .program import ValueSpec

__all__ = ["draw_levels", "levels_of_edges", "on_grid", "spacing_of"]

CONSTANT, ARRAY, UNIFORM, NORMAL, LOGNORMAL, TABLE = range(6)
#: Distributions that would take more levels are drawn directly.
MOST_LEVELS = 2**14
#: No 53-bit uniform lies further out in a normal than this many standard deviations.
FARTHEST = 8.3
_LEVELS_PER_SPREAD = 64
_UNIT = 2**32


def spacing_of(spec: ValueSpec) -> float:
    """The distance of neighbouring weights: a power of two, at most a 64th of the spread."""
    low, high = _support(spec)
    scale = (high - low) / math.sqrt(12.0)
    if spec.kind == NORMAL:
        scale = min(scale, spec.params[1])
    elif spec.kind == LOGNORMAL:
        scale = min(scale, math.exp(min(spec.params[0], 600.0)) * min(spec.params[1], 1.0))
    if not scale > 0:
        return 1.0
    return float(2.0 ** math.floor(math.log2(scale / _LEVELS_PER_SPREAD)))


def on_grid(spec: ValueSpec, spacing: float, inside: bool) -> ValueSpec:
    """The distribution rounded to multiples of `spacing`, as a table.

    Parameters
    ----------
    spec
        Any; constants and arrays are returned as they are, and so is what would take more than
        16,384 levels.
    spacing
        Distance of the levels.
    inside
        Whether no level may lie beyond the bounds of the distribution.

    Returns
    -------
    ValueSpec
        Of kind 5 (table), or 0 (constant) where one level holds everything.
    """
    if spec.kind in (CONSTANT, ARRAY, TABLE):
        return spec
    low, high = _support(spec)
    if low == high:
        return _constant(spec, low)
    if (high - low) / spacing > MOST_LEVELS - 2:
        return spec
    if inside:
        first, last = math.ceil(low / spacing), math.floor(high / spacing)
    else:
        first, last = math.floor(low / spacing + 0.5), math.floor(high / spacing + 0.5)
    table = _table(spec.kind, tuple(spec.params.tolist()), first, last, spacing)
    if len(table[1]) == 1:
        return _constant(spec, table[0][0] * spacing)
    return ValueSpec(TABLE, np.array(table[0]), spec.array, spec.key, table[1], table[2])


def _constant(spec: ValueSpec, value: float) -> ValueSpec:
    return ValueSpec(CONSTANT, np.array([value, 0, 0, 0, 0, 0.0]), spec.array, spec.key)


def _support(spec: ValueSpec) -> tuple[float, float]:
    p = spec.params
    if spec.kind == UNIFORM:
        return p[0], p[1]
    low, high = p[0] - FARTHEST * p[1], p[0] + FARTHEST * p[1]
    if spec.kind == LOGNORMAL:
        low, high = math.exp(min(low, 700.0)), math.exp(min(high, 700.0))
    return min(max(low, p[2]), p[3]), max(min(high, p[3]), p[2])


def _share_below(kind: int, p: tuple[float, ...], x: float) -> float:
    """The probability of a value up to x."""
    if kind == UNIFORM:
        share = (x - p[0]) / (p[1] - p[0])
    elif kind == LOGNORMAL and x <= 0:
        share = 0.0
    else:
        z = ((math.log(x) if kind == LOGNORMAL else x) - p[0]) / p[1]
        share = (normal_cdf(z) - p[4]) / (p[5] - p[4])
    return min(max(share, 0.0), 1.0)


@lru_cache(maxsize=256)
def _table(
    kind: int, params: tuple[float, ...], first: int, last: int, spacing: float
) -> tuple[tuple[float, ...], np.ndarray, np.ndarray]:
    """Parameters of a table, and its cuts and aliases."""
    edges = [_share_below(kind, params, (k + 0.5) * spacing) for k in range(first, last)]
    shares = np.diff([0.0, *edges, 1.0])
    possible = np.flatnonzero(shares * _UNIT >= 0.5)
    first, shares = first + int(possible[0]), shares[possible[0] : possible[-1] + 1]
    size = 1 << max(0, math.ceil(math.log2(len(shares))))
    total = size * _UNIT
    ends = np.rint(np.cumsum(shares) / shares.sum() * total).astype(np.int64)
    ends[-1] = total
    masses = np.concatenate([np.diff(ends, prepend=0), np.zeros(size - len(shares), np.int64)])
    cut, alias = _alias(masses.tolist())
    values = (first + np.arange(size)) * spacing
    weights = masses / total
    mean = float((weights * values).sum())
    facts = (
        float(first),
        spacing,
        float(len(shares)),
        float((weights * np.abs(values)).sum()),
        math.sqrt(max(float((weights * values**2).sum()) - mean**2, 0.0)),
        64.0 - math.log2(size),
    )
    return facts, cut, alias


def _alias(masses: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Columns of equal mass, each shared by two levels at most: cut and other level."""
    size = len(masses)
    cut, alias = [_UNIT - 1] * size, list(range(size))
    small = [k for k in range(size) if masses[k] < _UNIT]
    large = [k for k in range(size) if masses[k] > _UNIT]
    while small:
        less, more = small.pop(), large[-1]
        cut[less], alias[less] = masses[less], more
        masses[more] -= _UNIT - masses[less]
        if masses[more] <= _UNIT:
            large.pop()
            if masses[more] < _UNIT:
                small.append(more)
    return np.array(cut, dtype=np.uint32), np.array(alias, dtype=np.int32)


def levels_of_edges(spec: ValueSpec, ordinals: np.ndarray) -> np.ndarray:
    """The level (int64, from 0) of each edge."""
    bits = np.atleast_1d(np.asarray(bits_of_array(spec.key, ordinals)))
    column = (bits >> np.uint64(spec.params[5])).astype(np.int64)
    own = (bits & np.uint64(_UNIT - 1)) < spec.cut[column].astype(np.uint64)
    return np.where(own, column, spec.alias[column])


@njit(cache=True, nogil=True, error_model="numpy")
def draw_levels(spec: tuple[Any, ...], ordinals: Any, count: int, levels: Any) -> None:
    """Write the level of each of `count` edges into `levels` (int64).

    `spec` is (key, shift, cut, alias).
    """
    key, shift, cut, alias = spec
    low = np.uint64(0xFFFFFFFF)
    # Two loops, as the first becomes vector instructions only without the look-ups of the second.
    for j in range(count):
        levels[j] = np.int64(bits64(key, ordinals[j]))
    for j in range(count):
        bits = np.uint64(levels[j])
        column = np.int64(bits >> shift)
        other, share = np.int64(alias[column]), np.uint64(cut[column])
        levels[j] = column if (bits & low) < share else other

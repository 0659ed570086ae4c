"""Weights and delays of edges, drawn from each edge's own key."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..numerics.compiling import njit
from ..numerics.functions import exp
from ..numerics.functions_compiled import exp64
from ..numerics.random import normal_quantile as quantile_of_array
from ..numerics.random import stream_key
from ..numerics.random import uniform as uniform_of_array
from ..numerics.random_compiled import normal_quantile, uniform
from ..values import LogNormal, Normal, Uniform, Value, normal_cdf, standard_bounds
from .program import ValueSpec
from .value_tables import (
    ARRAY,
    CONSTANT,
    FARTHEST,
    LOGNORMAL,
    NORMAL,
    TABLE,
    UNIFORM,
    levels_of_edges,
)

__all__ = [
    "ARRAY",
    "CONSTANT",
    "TABLE",
    "draw",
    "draw_array",
    "draw_many",
    "greatest",
    "scaled_spec",
    "spec_of",
    "to_quanta",
    "to_steps",
]

_HALF = 2.0**-54


def spec_of(
    value: Value, seed: int, name: str, purpose: str, order: np.ndarray | slice | None
) -> ValueSpec:
    """Turn a weight or delay into flat data.

    Parameters
    ----------
    value
        As the user gave it, validated.
    seed, name, purpose
        What the random stream is keyed by.
    order
        For explicit edges: place in the given order of each edge in the enumerated order.
    """
    key = stream_key(seed, name, purpose)
    empty = np.zeros(0)
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        return ValueSpec(ARRAY, np.zeros(6), flat if order is None else flat[order], key)
    if isinstance(value, int | float):
        return ValueSpec(CONSTANT, np.array([value, 0, 0, 0, 0, 0], dtype=np.float64), empty, key)
    if isinstance(value, Uniform):
        return ValueSpec(UNIFORM, np.array([value.low, value.high, 0, 0, 0, 0.0]), empty, key)
    assert isinstance(value, LogNormal | Normal)
    lognormal = isinstance(value, LogNormal)
    centre, spread = (
        (value.mu, value.sigma) if isinstance(value, LogNormal) else (value.mean, value.sd)
    )
    low, high = value.bounds()
    from_u, to_u = 0.0, 1.0
    if value.outside == "redraw" and spread > 0:
        # Redrawing until it fits is the truncated distribution: one draw of its inverse will do.
        below, above = standard_bounds(value)
        from_u, to_u = normal_cdf(below), normal_cdf(above)
    params = np.array([centre, spread, low, high, from_u, to_u], dtype=np.float64)
    return ValueSpec(LOGNORMAL if lognormal else NORMAL, params, empty, key)


def scaled_spec(spec: ValueSpec, scale: float) -> ValueSpec:
    """The same values, times `scale`."""
    if spec.kind == 4:
        factors = np.array([1, 1, scale, scale, 1, 1.0])
        params = spec.params * factors
        params[0] += math.log(scale)
    else:
        params = spec.params * np.array([scale, scale, scale, scale, 1, 1])
    return ValueSpec(spec.kind, params, spec.array * scale, spec.key)


@njit(cache=True, error_model="numpy")
def draw(kind: int, params: Any, array: Any, key: Any, ordinal: Any) -> float:
    """The value of one edge; tables are drawn by `value_tables.draw_levels`."""
    if kind == CONSTANT:
        return params[0]
    if kind == ARRAY:
        return array[np.int64(ordinal)]
    u = uniform(key, ordinal)
    if kind == UNIFORM:
        return params[0] + (params[1] - params[0]) * u
    x = params[0] + params[1] * normal_quantile(params[4] + (params[5] - params[4]) * (u + _HALF))
    if kind == LOGNORMAL:
        x = exp64(x)
    return min(max(x, params[2]), params[3])


@njit(cache=True, error_model="numpy")
def to_steps(delay: float, dt: float) -> int:
    """A delay as whole steps, halves up."""
    return np.int64(math.floor(delay / dt + 0.5))


@njit(cache=True, error_model="numpy")
def to_quanta(weight: float, quantum: float) -> int:
    """A weight as a whole number of quanta, halves to even."""
    return np.int64(np.rint(weight / quantum))


def draw_array(value: Value, size: int, key: np.uint64) -> np.ndarray:
    """Values of `size` neurons (float64), drawn at counters 0 to size - 1."""
    spec = replace(spec_of(value, 0, "", "", None), key=key)
    return draw_many(spec, np.arange(size, dtype=np.uint64))


def draw_many(spec: ValueSpec, ordinals: np.ndarray) -> np.ndarray:
    """The value of each edge, as `draw` defines it, on NumPy arrays."""
    p = spec.params
    if spec.kind == CONSTANT:
        return np.full(len(ordinals), p[0])
    if spec.kind == ARRAY:
        return np.asarray(spec.array[ordinals.astype(np.int64)], dtype=np.float64)
    if spec.kind == TABLE:
        return (p[0] + levels_of_edges(spec, ordinals)) * p[1]
    u = np.asarray(uniform_of_array(spec.key, ordinals))
    if spec.kind == UNIFORM:
        return p[0] + (p[1] - p[0]) * u
    x = p[0] + p[1] * np.asarray(quantile_of_array(p[4] + (p[5] - p[4]) * (u + _HALF)))
    x = exp(x) if spec.kind == LOGNORMAL else x
    return np.minimum(np.maximum(x, p[2]), p[3])


def greatest(spec: ValueSpec) -> tuple[float, float, float, float]:
    """Least and greatest possible value, mean magnitude, and spread, for bounds of sums."""
    p = spec.params
    if spec.kind == CONSTANT:
        return p[0], p[0], abs(p[0]), 0.0
    if spec.kind == ARRAY:
        a = spec.array
        if not a.size:
            return 0.0, 0.0, 0.0, 0.0
        return float(a.min()), float(a.max()), float(np.abs(a).mean()), float(a.std())
    if spec.kind == TABLE:
        return p[0] * p[1], (p[0] + p[2] - 1) * p[1], p[3], p[4]
    if spec.kind == UNIFORM:
        return p[0], p[1], max(abs(p[0]), abs(p[1])), 0.0
    low, high = p[0] - FARTHEST * p[1], p[0] + FARTHEST * p[1]
    if spec.kind == NORMAL:
        low, high = max(low, p[2]), min(high, p[3])
        return low, high, min(abs(p[0]) + p[1], max(abs(low), abs(high))), p[1]
    low, high = max(math.exp(low), p[2]), min(math.exp(min(high, 700.0)), p[3])
    mean = math.exp(min(p[0] + p[1] ** 2 / 2, 700.0))
    spread = mean * math.sqrt(max(math.expm1(min(p[1] ** 2, 700.0)), 0.0))
    return low, high, min(mean, high), min(spread, high)

"""Connectors done for all connections at once instead of target by target.

Where random numbers are drawn, they are the same ones from the same generator in the same order as
PyNN's own connectors draw, so that connections are those of other simulators with the same seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.connectors import (
    AllToAllConnector,
    Connector,
    FixedNumberConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    FromListConnector,
    OneToOneConnector,
)
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.standardmodels import StandardSynapseType

from .generators import NativeRNG

__all__ = ["connect_at_once"]

#: Distributions of which one draw of many numbers brings those of many draws.
_STEADY = ("uniform", "normal", "lognormal", "exponential", "gamma")
#: Random numbers drawn at a time.
_BLOCK = 4_000_000

#: Of which self-connections are left out afterwards; the others keep their numbers.
_BY_PAIR = (AllToAllConnector, FixedProbabilityConnector)

Pairs = tuple[np.ndarray, np.ndarray]


def connect_at_once(connector: Connector, projection: Any) -> bool:
    """Make all connections, if that comes to the same as `connector.connect`; else False."""
    plain = connector.callback is None and connector.location_selector is None
    if not plain or not isinstance(projection.synapse_type, StandardSynapseType):
        return False
    if type(connector) is FromListConnector:
        return _from_list(connector, projection)
    pairs = _PAIRS.get(type(connector))
    if pairs is None or getattr(connector, "allow_self_connections", True) == "NoMutual":
        return False
    space = connector._parameters_from_synapse_type(projection)
    if not all(_is_plain(value) for value in space._parameters.values()):
        return False
    generators = [
        value.base_value.rng
        for value in space._parameters.values()
        if isinstance(value.base_value, RandomDistribution)
    ] + ([connector.rng] if hasattr(connector, "rng") else [])
    shared = len({id(rng) for rng in generators}) < len(generators)
    if shared and not all(isinstance(rng, NativeRNG) for rng in generators):
        return False
    found = pairs(connector, projection)
    if found is None:
        return False
    pre, post = found
    if isinstance(connector, _BY_PAIR) and not connector.allow_self_connections:
        pre, post = _without_self(projection, pre, post)
    columns = {name: _values(value, pre, post) for name, value in space.items()}
    if connector.safe and len(pre):
        for name, value in columns.items():
            projection._check(name, value)
    projection.set_connections(pre, post, columns)
    return True


def _is_plain(value: LazyArray) -> bool:
    """Whether a parameter is a number, a matrix, or random numbers of a steady kind."""
    base = value.base_value
    if isinstance(base, RandomDistribution):
        steady = base.name in _STEADY and isinstance(base.rng, NumpyRNG)
        return (steady or isinstance(base.rng, NativeRNG)) and not value.operations
    return bool(value.is_homogeneous) or (isinstance(base, np.ndarray) and not value.operations)


def _values(value: LazyArray, pre: np.ndarray, post: np.ndarray) -> Any:
    base = value.base_value
    if isinstance(base, RandomDistribution):
        return np.asarray(base.next(len(pre)), dtype=float).reshape(len(pre))
    if value.is_homogeneous:
        return float(value.evaluate(simplify=True))
    return np.asarray(np.broadcast_to(base, value.shape)[pre, post], dtype=float)


def _all_to_all(connector: AllToAllConnector, projection: Any) -> Pairs:
    n_pre, n_post = projection.shape
    pre = np.tile(np.arange(n_pre, dtype=np.int32), n_post)
    post = np.repeat(np.arange(n_post, dtype=np.int32), n_pre)
    return pre, post


def _without_self(projection: Any, pre: np.ndarray, post: np.ndarray) -> Pairs:
    """Pairs of which both are not the same neuron."""
    sides = projection.pre, projection.post
    first, second = (np.array(side.all_cells, dtype=np.int64) for side in sides)
    keep = first[pre] != second[post]
    return pre[keep], post[keep]


def _one_to_one(connector: OneToOneConnector, projection: Any) -> Pairs:
    both = np.arange(min(projection.shape), dtype=np.int32)
    return both, both


def _fixed_probability(connector: FixedProbabilityConnector, projection: Any) -> Pairs | None:
    if not (isinstance(connector.rng, NumpyRNG | NativeRNG) and connector.rng.parallel_safe):
        return None
    n_pre, n_post = projection.shape
    columns = max(1, _BLOCK // n_pre)
    found = []
    for first in range(0, n_post, columns):
        many = min(columns, n_post - first)
        drawn = connector.rng.next(n_pre * many, "uniform", {"low": 0, "high": 1})
        at = np.flatnonzero(drawn < connector.p_connect)
        found.append((at % n_pre, at // n_pre + first))
    return np.concatenate([p for p, _ in found]), np.concatenate([p for _, p in found])


def _fixed_total(connector: FixedTotalNumberConnector, projection: Any) -> Pairs | None:
    n_pre, n_post = projection.shape
    if isinstance(connector.rng, NativeRNG) and isinstance(connector.n, int):
        pre, post = (connector.rng.choice(size, connector.n) for size in (n_pre, n_post))
        order = np.argsort(post, kind="stable")
        return pre[order], post[order]
    if not isinstance(connector.rng, NumpyRNG) or not isinstance(connector.n, int):
        return None
    # PyNN splits the number among processes, at one draw for each; here there is one.
    connector.rng.next(None, "binomial", {"n": connector.n, "p": 1.0})
    drawn = connector.rng.rng.randint(0, np.tile([n_pre, n_post], connector.n))
    pre, post = drawn[::2], drawn[1::2]
    order = np.argsort(post, kind="stable")
    return pre[order], post[order]


def _fixed_number(connector: FixedNumberConnector, projection: Any) -> Pairs | None:
    """A number of sources for every target, or of targets for every source."""
    for_targets = isinstance(connector, FixedNumberPreConnector)
    several, each = projection.shape if for_targets else projection.shape[::-1]
    rng, n = connector.rng, connector.n
    but_self = not connector.allow_self_connections and projection.pre == projection.post
    if not isinstance(n, int) or not isinstance(rng, NumpyRNG | NativeRNG) or not several:
        return None
    if connector.with_replacement:
        if but_self:
            return None
        drawn = rng.next(n * each, "uniform_int", {"low": 0, "high": several})
    else:
        drawn = _distinct(rng, several, each, n, but_self)
    one = np.repeat(np.arange(each), n)
    if for_targets:
        return drawn, one
    order = np.argsort(drawn, kind="stable")
    return one[order], drawn[order]


def _distinct(rng: Any, several: int, each: int, n: int, but_self: bool) -> np.ndarray:
    """For each of `each` neurons, `n` of `several`: all of them before any a second time."""
    most = several - but_self
    if not most:
        return np.zeros(0, dtype=np.int64)
    full, rest = divmod(n, most)
    numbers = np.arange(most)
    rows = np.empty((each, n), dtype=np.int64)
    rows[:, : n - rest] = np.tile(numbers, full)
    if isinstance(rng, NativeRNG) and rest <= most // 2:
        rows[:, n - rest :] = rng.distinct(each, rest, most)
    elif rest:
        for row in rows:
            row[n - rest :] = rng.permutation(numbers)[:rest]
    if but_self:
        rows += rows >= np.arange(each)[:, None]
    return rows.ravel()


def _from_list(connector: FromListConnector, projection: Any) -> bool:
    synapse = projection.synapse_type
    known = synapse.get_parameter_names()
    for name in connector.column_names:
        if name not in known:
            raise ValueError(f"{name} is not a valid parameter for {type(synapse).__name__}")
    rows = np.asarray(connector.conn_list, dtype=float)
    if not rows.size:
        projection.set_connections(np.zeros(0, np.int32), np.zeros(0, np.int32), {})
        return True
    rest = [v for k, v in synapse.parameter_space.items() if k not in connector.column_names]
    if not all(value.is_homogeneous for value in rest):
        return False
    for column, (side, size) in enumerate(zip(("source", "target"), projection.shape)):
        if not ((rows[:, column] >= 0) & (rows[:, column] < size)).all():
            raise errors.ConnectionError(f"{side} index out of range")
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    space = deepcopy(synapse.parameter_space)
    space.shape = (len(rows),)
    space.update(**{name: rows[:, k] for k, name in enumerate(connector.column_names, 2)})
    space = synapse.translate(space)
    columns = {}
    for name, value in space.items():
        values = value.evaluate(simplify=True)
        columns[name] = float(values) if np.ndim(values) == 0 else np.asarray(values, dtype=float)
    projection.set_connections(rows[:, 0].astype(int), rows[:, 1].astype(int), columns)
    return True


_PAIRS: dict[type, Callable[[Any, Any], Pairs | None]] = {
    AllToAllConnector: _all_to_all,
    OneToOneConnector: _one_to_one,
    FixedProbabilityConnector: _fixed_probability,
    FixedTotalNumberConnector: _fixed_total,
    FixedNumberPreConnector: _fixed_number,
    FixedNumberPostConnector: _fixed_number,
}

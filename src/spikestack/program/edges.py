"""Lowering projections: rules to edge enumerators, weights to quanta, delays to steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.explicit import ExplicitRule
from ..network.network import Projection
from ..network.population import View
from ..network.rules import Rule
from ..numerics import edges as enumerators
from ..numerics.random import stream_key
from .edge_values import ARRAY, greatest, spec_of, to_steps
from .program import ValueSpec
from .value_tables import on_grid, spacing_of

__all__ = ["delay_steps", "draft_edges", "incoming_bound", "own_index"]


def own_index(pre: View, post: View) -> np.ndarray:
    """For every source its place among the targets, or -1 where it is not among them."""
    own = np.full(pre.size, -1, dtype=np.int64)
    if pre.population is post.population:
        place = np.full(pre.population.size, -1, dtype=np.int64)
        place[post.ids] = np.arange(post.size)
        own = place[pre.ids]
    return own


def _csr(rule: ExplicitRule, pre: View, post: View) -> tuple[np.ndarray, ...]:
    """Row starts, targets, order (enumerated to given), relative weights in enumerated order."""
    found = rule.edges(pre.shape, post.shape)
    order = np.lexsort((np.arange(len(found.pre)), found.pre))
    starts = np.zeros(pre.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(found.pre, minlength=pre.size), out=starts[1:])
    weights = np.ones(len(order)) if found.weights is None else found.weights[order]
    return starts, found.post[order].astype(np.int64), order, weights


def _random_rule(rule: Rule, pre: View, post: View, key: np.uint64, where: str) -> Any:
    """Call the enumerator that bears the rule's name with what it declares."""
    if rule.kind == "one_to_one":
        return enumerators.one_to_one(pre.size, where=where)
    settings = {k: v for k, v in rule.to_dict().items() if k != "kind"}
    none = np.full(pre.size, -1, dtype=np.int64)
    settings["own"] = none if settings.pop("autapses") else own_index(pre, post)
    make = getattr(enumerators, rule.kind)
    if rule.kind == "all_to_all":
        return make(pre.size, post.size, settings["own"], where=where)
    return make(n_pre=pre.size, n_post=post.size, key=key, where=where, **settings)


def draft_edges(projection: Projection, seed: int, dt: float) -> dict[str, Any]:
    """Everything of an `EdgeProgram` but its place in the program and its quantum.

    Raises
    ------
    ValidationError
        If the rule cannot be met, or a delay is out of range.
    """
    pre, post, rule, synapse = projection.pre, projection.post, projection.rule, projection.synapse
    where = f"Projection {projection.name!r}"
    order, relative = None, None
    if isinstance(rule, ExplicitRule):
        starts, column, order, relative = _csr(rule, pre, post)
        edge_rule = enumerators.explicit(starts, column, post.size)
    else:
        key = stream_key(seed, projection.name, "edges")
        edge_rule = _random_rule(rule, pre, post, key, where)
    values = {
        purpose: spec_of(getattr(synapse, attribute), seed, projection.name, purpose, order)
        for purpose, attribute in (
            ("weight", "weight"),
            ("delay", "delay"),
            ("dendritic", "dendritic_delay"),
        )
    }
    if relative is not None and not np.all(relative == 1.0):
        values["weight"] = _scaled(values["weight"], relative, where)
    scale = synapse.unit_of_weight().scale
    if scale != 1.0:
        values["weight"] = _coherent(values["weight"], scale)
    values["weight"] = on_grid(values["weight"], spacing_of(values["weight"]), inside=True)
    for purpose in ("delay", "dendritic"):
        values[purpose] = on_grid(values[purpose], dt, inside=False)
    low, high = delay_steps(values, dt, where)
    return {
        "name": projection.name,
        "rule": edge_rule,
        "pre_ids": pre.ids,
        "post_ids": post.ids,
        **values,
        "dt": dt,
        "min_delay": low,
        "max_delay": high,
        "expected_edges": rule.expected_edges(pre.size, post.size),
    }


def _scaled(spec: ValueSpec, relative: np.ndarray, where: str) -> ValueSpec:
    if spec.kind == ARRAY:
        return ValueSpec(ARRAY, spec.params, spec.array * relative, spec.key)
    if spec.kind != 0:
        raise ValidationError(
            f"{where}.weight",
            "a distribution with a rule that gives weights",
            "a number that scales them",
        )
    return ValueSpec(ARRAY, np.zeros(6), spec.params[0] * relative, spec.key)


def _coherent(spec: ValueSpec, scale: float) -> ValueSpec:
    if spec.kind == 4:
        factors = np.array([1, 1, scale, scale, 1, 1.0])
        params = spec.params * factors
        params[0] += math.log(scale)
    else:
        params = spec.params * np.array([scale, scale, scale, scale, 1, 1])
    return ValueSpec(spec.kind, params, spec.array * scale, spec.key)


def delay_steps(values: dict[str, ValueSpec], dt: float, where: str) -> tuple[int, int]:
    """The least and greatest total delay in steps that can occur."""
    low = high = 0
    for purpose in ("delay", "dendritic"):
        least, most, _, _ = greatest(values[purpose])
        if most / dt >= 2**24:
            raise ValidationError(
                f"{where}.{purpose}",
                f"may be {most:g} ms",
                "below 2**24 steps",
                "bound the distribution by high=",
            )
        low += int(to_steps(least, dt))
        high += int(to_steps(most, dt))
    return low, high


def incoming_bound(edge: dict[str, Any], projection: Projection) -> float:
    """A bound on the summed magnitude of weights that one target can receive in one step.

    Random in-degrees and weights enter by a bound that they exceed with a probability below 1e-12;
    engines hold the sums to it when they build.
    """
    spec: ValueSpec = edge["weight"]
    low, high, mean, spread = greatest(spec)
    largest = max(abs(low), abs(high))
    if spec.kind == ARRAY:
        _, targets, _ = enumerators.expand(edge["rule"])
        return float(np.bincount(targets, np.abs(spec.array)).max()) if len(targets) else 0.0
    degree = _in_degree_bound(edge, projection)
    return min(degree * largest, degree * mean + 12.0 * math.sqrt(degree) * spread + largest)


def _in_degree_bound(edge: dict[str, Any], projection: Projection) -> float:
    rule, n_pre = projection.rule, projection.pre.size
    if rule.kind == "explicit":
        return float(np.bincount(edge["rule"].column).max(initial=0))
    if rule.kind == "one_to_one":
        return 1.0
    if rule.kind == "fixed_in_degree":
        return float(rule.k)  # type: ignore[attr-defined]
    mean = edge["expected_edges"] / projection.post.size
    spread = mean + 12.0 * math.sqrt(mean) + 40.0
    single = rule.kind in ("all_to_all", "fixed_probability") or not getattr(
        rule, "multapses", True
    )
    return float(min(n_pre, spread)) if single else spread

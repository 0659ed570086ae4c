"""Lowering projections: rules to edge enumerators, weights to quanta, delays to steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..equations.edge_expression import Expression
from ..errors import ValidationError, shorten
from ..network.network import Projection
from ..network.rules.base import Ends, ListedRule, Rows, Rule
from ..numerics import edges as enumerators
from ..numerics.rows import EXPLICIT
from .computed import computed
from .edge_values import ARRAY, CONSTANT, draw_many, greatest, scaled_spec, spec_of, to_steps
from .plasticity import bounded
from .program import ValueSpec
from .value_tables import on_grid, spacing_of

__all__ = ["delay_steps", "draft_edges", "incoming_bound"]


def _listed(rule: ListedRule, ends: Ends, where: str) -> tuple[Any, ...]:
    """Row starts, targets, order (enumerated to given) and relative weights in that order.

    The last two are None where edges come in order, and where all weights are 1.
    """
    found = rule.list_edges(ends)
    if isinstance(found, Rows):
        return found.starts, found.post, None, None
    pre, post = np.asarray(found.pre), np.asarray(found.post)
    for ids, size, side in ((pre, ends.n_pre, "source"), (post, ends.n_post, "target")):
        whole = ids.ndim == 1 and (ids.dtype.kind in "iu" or not ids.size)
        if (
            not whole
            or len(pre) != len(post)
            or (ids.size and not 0 <= ids.min() <= ids.max() < size)
        ):
            raise ValidationError(
                f"{where}, {type(rule).__name__}",
                f"lists {side} indices {shorten(ids)}",
                f"as many sources as targets, {side}s from 0 to {size - 1}",
            )
    ascending = len(pre) < 2 or bool((pre[1:] >= pre[:-1]).all())
    order = None if ascending else np.lexsort((np.arange(len(pre)), pre))
    starts = np.zeros(ends.n_pre + 1, dtype=np.int64)
    np.cumsum(np.bincount(pre.astype(np.int64), minlength=ends.n_pre), out=starts[1:])
    if order is not None:
        post = post[order]
    weights = found.weights
    return starts, post, order, weights if weights is None or order is None else weights[order]


def _random_rule(rule: Rule, ends: Ends, where: str) -> Any:
    """Call the enumerator that bears the rule's name with what it declares."""
    if rule.kind == "one_to_one":
        return enumerators.one_to_one(ends.n_pre, where=where)
    settings = {k: v for k, v in rule.to_dict().items() if k != "kind"}
    none = np.full(ends.n_pre, -1, dtype=np.int64)
    settings["own"] = none if settings.pop("autapses") else ends.own
    make = getattr(enumerators, rule.kind)
    if rule.kind == "all_to_all":
        return make(ends.n_pre, ends.n_post, settings["own"], where=where)
    settings |= {"n_pre": ends.n_pre, "n_post": ends.n_post, "key": ends.key()}
    return make(where=where, **settings)


def draft_edges(projection: Projection, seed: int, dt: float) -> dict[str, Any]:
    """Everything of an `EdgeProgram` but its place in the program and its quantum.

    Raises
    ------
    ValidationError
        If the rule cannot be met, or a delay is out of range.
    """
    rule, synapse, ends = projection.rule, projection.synapse, projection.ends
    where = f"Projection {projection.name!r}"
    order, relative = None, None
    if isinstance(rule, ListedRule):
        starts, column, order, relative = _listed(rule, ends, where)
        edge_rule = enumerators.explicit(starts, column, ends.n_post)
    else:
        edge_rule = _random_rule(rule, ends, where)
    given = {"weight": synapse.weight, "delay": synapse.delay, "dendritic": synapse.dendritic_delay}
    formulas = {k: v for k, v in given.items() if isinstance(v, Expression)}
    values = {
        purpose: spec_of(value, seed, projection.name, purpose, order)
        for purpose, value in given.items()
        if not isinstance(value, Expression)
    }
    ordinals = None
    if formulas:
        edge_rule, ordinals = _with_listed_edges(edge_rule)
        for purpose, formula in formulas.items():
            low = 0.0 if purpose != "weight" or synapse.positive else -math.inf
            values[purpose] = computed(formula, ends, edge_rule, low, f"{where}.{purpose}")
    if relative is not None and not np.all(relative == 1.0):
        values["weight"] = _scaled(values["weight"], relative, where)
    scale = synapse.unit_of_weight().scale
    if scale != 1.0:
        values["weight"] = scaled_spec(values["weight"], scale)
    values["weight"] = on_grid(values["weight"], spacing_of(values["weight"]), inside=True)
    for purpose in ("delay", "dendritic"):
        values[purpose] = on_grid(values[purpose], dt, inside=False)
    if ordinals is not None:
        values = {k: _drawn(spec, ordinals) for k, spec in values.items()}
    low_steps, high_steps = delay_steps(values, dt, where)
    listed = edge_rule.kind == EXPLICIT
    return {
        "name": projection.name,
        "rule": edge_rule,
        "pre_ids": projection.pre.ids,
        "post_ids": projection.post.ids,
        **{purpose: values[purpose] for purpose in given},
        "dt": dt,
        "min_delay": low_steps,
        "max_delay": high_steps,
        "expected_edges": len(edge_rule.column) if listed else projection.expected_edges,
    }


def _with_listed_edges(edge_rule: Any) -> tuple[Any, np.ndarray | None]:
    """The same edges as a list, and what numbered them before, if they were none."""
    if edge_rule.kind == EXPLICIT:
        return edge_rule, None
    starts, targets, ordinals = enumerators.expand(edge_rule)
    return enumerators.explicit(starts, targets, edge_rule.n_post), ordinals


def _drawn(spec: ValueSpec, ordinals: np.ndarray) -> ValueSpec:
    """Values of edges that have been listed, as they would have been drawn before."""
    if spec.kind == CONSTANT:
        return spec
    if spec.kind == ARRAY and len(spec.array) == len(ordinals):
        return spec
    return ValueSpec(ARRAY, np.zeros(6), draw_many(spec, ordinals), spec.key)


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
    if (most := bounded(projection, spec)) is not None:
        grown = max((rule.most_sources() for rule in projection.structure), default=0.0)
        return most * max(_in_degree_bound(edge, projection), grown)
    low, high, mean, spread = greatest(spec)
    largest = max(abs(low), abs(high))
    if spec.kind == ARRAY:
        _, targets, _ = enumerators.expand(edge["rule"])
        return float(np.bincount(targets, np.abs(spec.array)).max()) if len(targets) else 0.0
    degree = _in_degree_bound(edge, projection)
    return min(degree * largest, degree * mean + 12.0 * math.sqrt(degree) * spread + largest)


def _in_degree_bound(edge: dict[str, Any], projection: Projection) -> float:
    rule, n_pre = projection.rule, projection.pre.size
    if edge["rule"].kind == EXPLICIT:
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

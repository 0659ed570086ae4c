"""What is put on a projection so that it learns: rules in their order, and what modulates them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..neurons.base import NeuronModel
from ..plasticity.base import PlasticityRule
from ..plasticity.structural import StructuralRule
from ..synapses.base import Synapse
from ..units import magnitude, parse_unit
from ..values import Distribution
from .population import Population, View
from .rules import Rule
from .rules.stencils import StencilRule

__all__ = ["Signal", "check_plasticity", "modulator_of", "rules_of"]


class Signal:
    """A signal that modulates plasticity: from ``times[k]`` on it is ``values[k]``, 0 before.

    Parameters
    ----------
    times
        ms, ascending.
    values
        Plain numbers, as many.

    Raises
    ------
    ValidationError
        If times do not ascend, or anything is not finite.
    """

    def __init__(self, times: Any, values: Any) -> None:
        ms = magnitude(times, parse_unit("ms"), "Signal.times")
        self.times = np.atleast_1d(np.asarray(ms, dtype=float))
        try:
            self.values = np.atleast_1d(np.asarray(values, dtype=float))
        except (TypeError, ValueError):
            raise ValidationError(
                "Signal.values", f"got {shorten(values)}", "numbers, one for each time"
            ) from None
        good = self.times.shape == self.values.shape and self.times.ndim == 1
        good = good and bool(np.isfinite(self.times).all() and np.isfinite(self.values).all())
        if not good or (np.diff(self.times) <= 0).any() or (self.times < 0).any():
            raise ValidationError(
                "Signal",
                f"times {shorten(self.times)}, values {shorten(self.values)}",
                "as many finite values as times, which ascend from 0 ms on",
            )

    def __repr__(self) -> str:
        return f"Signal({len(self.times)} changes)"


def rules_of(
    given: Any, where: str
) -> tuple[tuple[PlasticityRule, ...], tuple[StructuralRule, ...]]:
    """The rules of a projection in their order: those of weights, then those of structure."""
    rules = () if given is None else tuple(given) if isinstance(given, list | tuple) else (given,)
    for rule, following in zip(rules, (*rules[1:], None)):
        if not isinstance(rule, PlasticityRule | StructuralRule):
            raise ValidationError(
                f"{where}.plasticity", f"got {shorten(rule)}", "a rule such as AdditiveSTDP()"
            )
        if isinstance(rule, StructuralRule) and isinstance(following, PlasticityRule):
            raise ValidationError(
                f"{where}.plasticity",
                f"{rule.label} before {following.label}",
                "rules of weights first, then those of structure",
            )
    structural = tuple(rule for rule in rules if isinstance(rule, StructuralRule))
    return tuple(rule for rule in rules if isinstance(rule, PlasticityRule)), structural


def modulator_of(given: Any, rules: tuple[PlasticityRule, ...], where: str) -> Any:
    """What modulates the rules: a population, a signal or None."""
    if isinstance(given, View):
        if not given.is_whole:
            raise ValidationError(
                f"{where}.modulator", "part of a population", "a population of its own"
            )
        given = given.population
    if given is not None and not isinstance(given, Population | Signal):
        raise ValidationError(
            f"{where}.modulator", f"got {shorten(given)}", "a population or a Signal"
        )
    if given is not None and not rules:
        raise ValidationError(f"{where}.modulator", "nothing to modulate", "plasticity= beside it")
    if isinstance(given, Population) and not any(rule.is_modulated for rule in rules):
        raise ValidationError(
            f"{where}.modulator",
            f"population {given.name!r}, to whose spikes no rule listens",
            "a rule with modulator_spike, such as RewardSTDP",
        )
    return given


def check_plasticity(
    rules: tuple[PlasticityRule, ...],
    structure: tuple[StructuralRule, ...],
    source: NeuronModel,
    target: NeuronModel,
    synapse: Synapse,
    edges: Rule,
    where: str,
) -> None:
    """Raise ValidationError unless the rules can be put on a synapse between such neurons."""
    if isinstance(edges, StencilRule):
        raise ValidationError(
            f"{where}.plasticity",
            f"{type(edges).__name__} shares its weights among synapses",
            "synapses with weights of their own",
            "pass the arrays that net.connections(name) gives to FromArrays",
        )
    if source.emit_type != "none":
        raise ValidationError(
            f"{where}.plasticity",
            f"spikes of {source.label} carry values",
            "a source whose spikes carry none",
        )
    if synapse.continuous:
        raise ValidationError(
            f"{where}.plasticity", f"{synapse.label} takes no spikes", "a synapse that does"
        )
    for rule in rules:
        _check_rule(rule, target, synapse, where)
    for each in structure:
        _check_new(each, rules, synapse, where)


def _check_new(
    structural: StructuralRule, rules: tuple[PlasticityRule, ...], synapse: Synapse, where: str
) -> None:
    """Raise ValidationError unless a structural rule can be used, and its new weights may be."""
    structural.check_use(where)
    for rule in rules:
        for name in rule.synapse_units:
            if isinstance(rule.initial_values[name], Distribution | np.ndarray):
                raise ValidationError(
                    f"{where}, {rule.label}.{name}",
                    f"each synapse has its own, and {structural.label} forms new ones",
                    "one number for all synapses",
                )
    unit = synapse.unit_of_weight()
    for weight in structural.new_weights():
        if synapse.positive and weight < 0:
            raise ValidationError(
                f"{where}, {structural.label}.w_new", f"{weight:g} {unit} of a conductance", ">= 0"
            )
        for rule in rules:
            low, high = (rule.coherent(unit)[name] / unit.scale for name in ("w_min", "w_max"))
            if not low <= weight <= high:
                raise ValidationError(
                    f"{where}, {structural.label}.w_new",
                    f"{weight:g} {unit}, outside the bounds of {rule.label}",
                    f"{low:g} to {high:g} {unit} (w_min to w_max)",
                )


def _check_rule(rule: PlasticityRule, target: NeuronModel, synapse: Synapse, where: str) -> None:
    for name, unit in rule.read_units.items():
        there = target.block.units.get(name) if name in target.block.states else None
        if there is None or not there.fits(unit):
            raise ValidationError(
                f"{where}.plasticity",
                f"{rule.label} reads {name} ({unit}) of {target.label}, which has "
                + ("none" if there is None else f"one in {there}"),
                f"a target with such a variable; it has {', '.join(target.block.states)}",
            )
    unit = synapse.unit_of_weight()
    rule.check_quantities(unit, where)
    low, high = (rule.coherent(unit)[name] / unit.scale for name in ("w_min", "w_max"))
    if synapse.positive and low < 0:
        raise ValidationError(
            f"{where}.plasticity",
            f"w_min = {low:g} {unit} on a conductance",
            "w_min >= 0",
            "the sign comes from e_rev",
        )
    least, most = synapse.least_weight(), synapse.greatest_weight()
    if least < low or most > high:
        got = least if least < low else most
        raise ValidationError(
            f"{where}.weight",
            f"may be {got:g} {unit} at t = 0, outside the bounds of {rule.label}",
            f"{low:g} to {high:g} {unit} (w_min to w_max)",
            "bound the distribution by low= and high=, or set w_min= and w_max= of the rule",
        )

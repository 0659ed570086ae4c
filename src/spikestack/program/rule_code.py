"""Lowering rules: several on one projection become one set of traces and one code of each event."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..equations.block import Statement
from ..equations.builtins import NOISE, kind_of
from ..equations.expressions import Expr, Name, names_in, substitute
from ..errors import ValidationError
from ..network.links import Projection
from ..network.rules.base import ListedRule, Rows
from ..plasticity.base import PlasticityRule
from ..units import Unit
from ..values import Distribution
from .edge_values import scaled_spec, spec_of
from .integrators import System, choose, integrate, propagators
from .learning import RoundProgram, TraceProgram
from .program import ValueSpec
from .tac import Builder, Code

__all__ = ["LEARNING", "RuleCode"]

#: The parameter that freezes weights when it is 0.
LEARNING = "learning"
_SUMS = ("w_sum", "in_degree")
#: Names that mean the same to all rules of a projection.
_COMMON = {"w", "signal", *_SUMS}


class RuleCode:
    """Builds the code of all rules of one projection; it shares one list of parameters.

    Names of a rule's own are prefixed by its place.
    """

    def __init__(
        self,
        rules: Sequence[PlasticityRule],
        unit: Unit,
        dt: float,
        precision: str,
        where: str,
    ) -> None:
        self.rules, self.dt, self.precision, self.where = rules, dt, precision, where
        self.unit = unit
        self.constants: dict[str, float] = {LEARNING: 1.0}
        self.steps: list[int] = []
        for k, rule in enumerate(rules):
            found = rule.coherent(unit)
            self.steps.append(max(1, round(found["interval"] / dt)))
            found["interval"] = self.steps[-1] * dt
            self.constants |= {f"{k}.{name}": value for name, value in found.items()}
        self.params = {name: k for k, name in enumerate(self.constants)}
        self.values = [float(v) for v in self.constants.values()]
        self.reads = list(dict.fromkeys(name for rule in rules for name in rule.read_units))
        self.variables = [
            f"{k}.{name}" for k, rule in enumerate(rules) for name in rule.synapse_units
        ]
        self.draws: list[str] = []

    def initial(self, projection: Projection, edges: int) -> tuple[float | ValueSpec, ...]:
        """Values of variables of so many synapses at t = 0: numbers, or what tells each its own.

        Raises
        ------
        ValidationError
            If an array has another length, or the rule of connection is random.
        """
        order: Any = None
        made: list[float | ValueSpec] = []
        for prefixed in self.variables:
            place, _, name = prefixed.partition(".")
            rule = self.rules[int(place)]
            value = rule.initial_values[name]
            if not isinstance(value, Distribution | np.ndarray):
                made.append(self._initial(prefixed))
                continue
            if isinstance(value, np.ndarray):
                fixed = projection.rule.has_fixed_edges()
                if value.shape != (edges,) or not fixed:
                    raise ValidationError(
                        f"{self.where}, {rule.label}.{name}",
                        f"an array of shape {value.shape}" + ("" if fixed else ", a random rule"),
                        f"one value for each of {edges} synapses that are listed",
                    )
                order = _order_of(projection) if order is None else order
            of_weight = rule.synapse_units[name] is rule.weight_stand_in
            scale = self.unit.scale if of_weight else rule.synapse_units[name].scale
            names = projection.seed, projection.name, f"variable {prefixed}"
            made.append(scaled_spec(spec_of(value, *names, order), scale))
        return tuple(made)

    def traces(self, side: str) -> TraceProgram:
        """The traces of one side."""
        names = self._traces(side)
        steps, jumps = (self._builder(names) for _ in range(2))
        new = {name: steps.state(name) for name in names}
        new |= self._around(steps, side)
        after = {name: jumps.state(name) for name in names}
        for k, rule in enumerate(self.rules):
            own = getattr(rule, f"{side}_names")
            derivatives = {
                f"{k}.{name}": self._own(k, rule.block.derivatives[name])
                for name in own
                if name in rule.block.derivatives
            }
            if derivatives:
                held = tuple(name for name in new if name not in derivatives)
                system = System(derivatives, self.constants, held, (), (), False, self.where)
                plan = choose(system, "auto")
                for name, factor in propagators(system, plan, self.dt).items():
                    self.params[name] = len(self.values)
                    self.values.append(float(factor))
                new |= integrate(steps, system, plan, self.dt, new, -1)
            for name, rhs in rule.updates_of(own):
                new[f"{k}.{name}"] = steps.expr(self._own(k, rhs), new)
            for name, rhs in getattr(rule, f"{side}_statements"):
                after[f"{k}.{name}"] = jumps.expr(self._own(k, rhs), after)
        return TraceProgram(
            names,
            tuple(self._initial(name) for name in names),
            _code(steps, tuple(steps.flush(new[name]) for name in names)),
            _code(jumps, tuple(after[name] for name in names)),
            tuple(self._lag(name) for name in names),
        )

    def event(self, event: str) -> Code:
        """What a spike does to weight and variables; of ``"on_pre"``, what is delivered, too."""
        builder, values, old = self._at_synapse()
        for k, rule in enumerate(self.rules):
            self._apply(builder, values, k, event, getattr(rule, f"{event}_statements"))
        stores = self._stores(builder, values, old)
        return _code(
            builder, stores, self._sent(builder, values, stores[0]) if event == "on_pre" else None
        )

    def rounds(self) -> tuple[RoundProgram, ...]:
        """What happens to all synapses, by rule."""
        made = []
        for k, rule in enumerate(self.rules):
            if not rule.every_statements:
                continue
            builder, values, old = self._at_synapse()
            self._apply(builder, values, k, "every", rule.every_statements)
            condition = None
            if rule.every_condition is not None:
                test = self._builder(())
                seen = {n: test.put("target", data=i) for i, n in enumerate(self._traces("post"))}
                found = test.expr(self._own(k, rule.every_condition), seen)
                condition = _code(test, (found,))
            used = {name for _, rhs in rule.every_statements for name in names_in(rhs)}
            code = _code(builder, self._stores(builder, values, old))
            made.append(RoundProgram(self.steps[k], code, condition, not used.isdisjoint(_SUMS)))
        return tuple(made)

    def _traces(self, side: str) -> tuple[str, ...]:
        return tuple(
            f"{k}.{name}"
            for k, rule in enumerate(self.rules)
            for name in getattr(rule, f"{side}_names")
        )

    def _around(self, builder: Builder, side: str) -> dict[str, int]:
        """What steps of traces read besides traces."""
        if side == "modulator":
            return {"signal": builder.put("signal")}
        if side == "post":
            return {name: builder.put("neuron", data=k) for k, name in enumerate(self.reads)}
        return {}

    def _at_synapse(self) -> tuple[Builder, dict[str, int], dict[str, int]]:
        """A builder, all that code at a synapse may name, and what it may change."""
        names = ("w", *self.variables)
        builder = self._builder(names)
        old = {name: builder.state(name) for name in names}
        values = dict(old)
        for side, load in (("pre", "source"), ("post", "target"), ("modulator", "modulator")):
            values |= {n: builder.put(load, data=k) for k, n in enumerate(self._traces(side))}
        values["signal"] = builder.put("modulator", data=len(self._traces("modulator")))
        values |= {"w_sum": builder.put("sum"), "in_degree": builder.put("in_degree")}
        return builder, values, old

    def _apply(
        self,
        builder: Builder,
        values: dict[str, int],
        k: int,
        event: str,
        statements: Sequence[Statement],
    ) -> None:
        """Statements of one rule; the weight ends between its bounds."""
        for name, rhs in statements:
            self._draw(builder, values, k, event, rhs)
            target = name if name == "w" else f"{k}.{name}"
            values[target] = builder.expr(self._own(k, rhs), values)
        if any(name == "w" for name, _ in statements):
            low, high = (builder.param(f"{k}.{name}") for name in ("w_min", "w_max"))
            values["w"] = builder._clip(values["w"], low, high)

    def _draw(
        self, builder: Builder, values: dict[str, int], k: int, event: str, rhs: Expr
    ) -> None:
        """Give the draws that occur in an expression their streams."""
        for name in names_in(rhs):
            if name not in self.rules[k].builtins:
                continue
            stream = f"{k}.{event}.{name}"
            if stream not in self.draws:
                self.draws.append(stream)
            drawn = builder.put("uniform", data=self.draws.index(stream))
            if kind_of(name) == NOISE:
                scale = builder.const(1.0 / math.sqrt(self.constants[f"{k}.interval"]))
                drawn = builder.put("mul", builder.normal(drawn), scale)
            values[f"{k}.{name}"] = drawn

    def _stores(
        self, builder: Builder, values: Mapping[str, int], old: Mapping[str, int]
    ) -> tuple[int, ...]:
        w = values["w"]
        if w != old["w"]:
            frozen = builder.put("eq", builder.param(LEARNING), builder.const(0.0))
            w = builder.select(frozen, old["w"], w)
        return (w, *(values[name] for name in self.variables))

    def _sent(self, builder: Builder, values: dict[str, int], w: int) -> int:
        """What the rules, one after the other, make of the weight that is delivered."""
        values["w"] = sent = w
        for k, rule in enumerate(self.rules):
            if rule.transmit_expr is None:
                continue
            self._draw(builder, values, k, "transmit", rule.transmit_expr)
            values["w"] = sent = builder.expr(self._own(k, rule.transmit_expr), values)
        if sent != w:
            least, most = self.bounds()
            low, high = builder.const(min(least, 0.0)), builder.const(max(most, 0.0))
            sent = builder._clip(sent, low, high)
        return sent

    def bounds(self) -> tuple[float, float]:
        """Between which all weights ever are."""
        places = range(len(self.rules))
        least = min(self.constants[f"{k}.w_min"] for k in places)
        return least, max(self.constants[f"{k}.w_max"] for k in places)

    def _initial(self, prefixed: str) -> float:
        place, _, name = prefixed.partition(".")
        rule = self.rules[int(place)]
        value: Any = rule.initial_values[name]
        if isinstance(value, str):
            return self.constants[f"{place}.{value}"]
        of_weight = rule.synapse_units.get(name) is rule.weight_stand_in
        return float(value) * (self.unit.scale if of_weight else rule.block.units[name].scale)

    def _lag(self, prefixed: str) -> int:
        place, _, name = prefixed.partition(".")
        parameter = self.rules[int(place)].lag_names.get(name)
        return round(self.constants[f"{place}.{parameter}"] / self.dt) if parameter else 0

    def _own(self, k: int, expr: Expr) -> Expr:
        common = _COMMON | set(self.rules[k].read_units)
        return substitute(expr, lambda name: None if name in common else Name(f"{k}.{name}"))

    def _builder(self, states: Sequence[str]) -> Builder:
        return Builder(self.precision, self.params, {name: k for k, name in enumerate(states)})


def _order_of(projection: Projection) -> np.ndarray | slice:
    """Place in the given order of each edge in the enumerated one."""
    if not isinstance(projection.rule, ListedRule):
        return slice(None)
    found = projection.rule.list_edges(projection.ends)
    return slice(None) if isinstance(found, Rows) else np.argsort(found.pre, kind="stable")


def _code(builder: Builder, stores: tuple[int, ...], emit: int | None = None) -> Code:
    """The instructions that the stores need, renumbered."""
    needed = {i for i in (*stores, emit) if i is not None}
    for i in reversed(range(len(builder.instructions))):
        if i in needed:
            needed |= set(builder.instructions[i].args)
    place = {i: k for k, i in enumerate(sorted(needed))}
    kept = (builder.instructions[i] for i in sorted(needed))
    return Code(
        tuple(replace(ins, args=tuple(place[a] for a in ins.args)) for ins in kept),
        tuple(place[i] for i in stores),
        None,
        None if emit is None else place[emit],
    )

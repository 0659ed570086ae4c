"""Lowering plasticity: the traces and events of a rule become three-address code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..equations.block import Statement
from ..errors import ValidationError
from ..network.links import Projection
from ..numerics import edges as enumerators
from ..plasticity.base import PlasticityRule
from .edge_values import draw_many, greatest, to_steps
from .integrators import System, choose, integrate, propagators
from .program import EdgeProgram, PlasticProgram, TraceProgram
from .tac import Builder, Code

__all__ = ["bounded", "plastic_program"]


def bounded(projection: Projection) -> float | None:
    """The greatest magnitude that a plastic weight can reach, coherent; None of static ones."""
    rule = projection.plasticity
    if rule is None:
        return None
    values = rule.coherent(projection.synapse.unit_of_weight())
    return max(abs(values["w_min"]), abs(values["w_max"]))


def plastic_program(
    projection: Projection, place: int, edge: EdgeProgram, dt: float, precision: str
) -> PlasticProgram:
    """The plasticity of one projection, whose lowered edges are `edge`.

    Raises
    ------
    ValidationError
        If its spikes act without delay, or weights begin out of bounds.
    """
    rule, where = projection.plasticity, f"Projection {projection.name!r}"
    assert rule is not None
    if edge.min_delay < 1:
        raise ValidationError(
            f"{where}.plasticity",
            "spikes that may act without delay",
            f"delays of at least a step ({dt:g} ms) where weights change",
        )
    constants = rule.coherent(projection.synapse.unit_of_weight())
    _check_weights(edge, constants, where)
    names = list(constants)
    lower = _Rule(rule, constants, names, dt, precision, where)
    dendritic = int(to_steps(greatest(edge.dendritic)[1], dt))
    sources = lower.traces(rule.pre_names, rule.pre_statements)
    targets = lower.traces(rule.post_names, rule.post_statements)
    return PlasticProgram(
        place,
        rule.label,
        tuple(lower.values),
        sources,
        targets,
        lower.event(rule.on_pre_statements),
        lower.event(rule.on_post_statements),
        constants["w_min"],
        constants["w_max"],
        max(edge.max_delay, 2 * dendritic),
    )


def _check_weights(edge: EdgeProgram, constants: Mapping[str, float], where: str) -> None:
    low, high, _, _ = greatest(edge.weight)
    if low < constants["w_min"] or high > constants["w_max"]:
        # Bounds of distributions are wide; what counts is what was drawn.
        _, _, ordinals = enumerators.expand(edge.rule)
        drawn = draw_many(edge.weight, ordinals)
        low, high = float(drawn.min(initial=low)), float(drawn.max(initial=high))
        inside = len(drawn) == 0 or (
            drawn.min() >= constants["w_min"] and drawn.max() <= constants["w_max"]
        )
        if not inside:
            raise ValidationError(
                f"{where}.weight",
                f"runs from {drawn.min():g} to {drawn.max():g} (coherent units) at t = 0",
                f"{constants['w_min']:g} to {constants['w_max']:g} (w_min to w_max of the rule)",
                "bound the weights, or set w_min= and w_max= of the rule",
            )


class _Rule:
    """Builds the code of one rule; all of it shares the parameters."""

    def __init__(
        self,
        rule: PlasticityRule,
        constants: Mapping[str, float],
        names: list[str],
        dt: float,
        precision: str,
        where: str,
    ) -> None:
        self.rule, self.dt, self.precision, self.where = rule, dt, precision, where
        self.constants = constants
        self.names = names
        self.values = [float(constants[name]) for name in names]

    def traces(self, names: tuple[str, ...], jump: Sequence[Statement]) -> TraceProgram:
        """The traces of one side."""
        equations = {name: self.rule.block.derivatives[name] for name in names}
        system = System(equations, self.constants, (), (), (), False, self.where)
        plan = choose(system, "auto")
        for name, factor in propagators(system, plan, self.dt).items():
            self.names.append(name)
            self.values.append(float(factor))
        builder = self._builder(names)
        old = {name: builder.state(name) for name in names}
        new = integrate(builder, system, plan, self.dt, old, -1)
        step = self._code(builder, tuple(builder.flush(new[name]) for name in names))
        builder = self._builder(names)
        after = {name: builder.state(name) for name in names}
        for name, rhs in jump:
            after[name] = builder.expr(rhs, after)
        units = self.rule.block.units
        initial = []
        for name in names:
            value: Any = self.rule.initial_values[name]
            initial.append(
                self.constants[value] if isinstance(value, str) else value * units[name].scale
            )
        return TraceProgram(
            names, tuple(initial), step, self._code(builder, tuple(after[n] for n in names))
        )

    def event(self, statements: Sequence[Statement]) -> Code:
        """What a spike does to the weight, held between the bounds."""
        builder = self._builder(("w",))
        values = {"w": builder.state("w")}
        for side, names in (("source", self.rule.pre_names), ("target", self.rule.post_names)):
            values |= {name: builder.put(side, data=k) for k, name in enumerate(names)}
        for name, rhs in statements:
            values[name] = builder.expr(rhs, values)
        w = values["w"]
        if statements:
            w = builder._clip(w, builder.param("w_min"), builder.param("w_max"))
        return self._code(builder, (w,))

    def _builder(self, states: tuple[str, ...]) -> Builder:
        params = {name: k for k, name in enumerate(self.names)}
        return Builder(self.precision, params, {name: k for k, name in enumerate(states)})

    def _code(self, builder: Builder, stores: tuple[int, ...]) -> Code:
        """The instructions that the stores need, renumbered."""
        needed = set(stores)
        for i in reversed(range(len(builder.instructions))):
            if i in needed:
                needed |= set(builder.instructions[i].args)
        place = {i: k for k, i in enumerate(sorted(needed))}
        kept = (builder.instructions[i] for i in sorted(needed))
        return Code(
            tuple(replace(ins, args=tuple(place[a] for a in ins.args)) for ins in kept),
            tuple(place[i] for i in stores),
            None,
            None,
        )

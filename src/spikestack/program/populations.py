"""Lowering one population: its equations and its receptors' become one step of code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..equations.expressions import Expr, Name, Num, Op, substitute
from ..equations.model import AbstractModel
from ..errors import ValidationError
from ..network.population import Population
from ..numerics.random import stream_key
from ..synapses.base import Synapse
from ..units import Unit
from ..values import Distribution
from .edge_values import draw_array
from .integrators import System, choose, integrate, propagators
from .program import PopulationProgram, ReceptorProgram
from .tac import Builder, Code

__all__ = ["INJECTED", "Draft", "finish", "receptor_names"]

#: The state row that holds injected current.
INJECTED = "i_inj"


@dataclass(frozen=True)
class Draft:
    """What is known of a population before its code is made.

    `receptors` are its distinct synapses' receptors in a fixed order, by the names of
    `receptor_names`.
    """

    population: Population
    receptors: Mapping[str, Synapse]
    injected: bool
    seed: int
    dt: float
    trials: int
    precision: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"Population {self.population.name!r}"


def receptor_names(synapses: Sequence[Synapse]) -> dict[str, Synapse]:
    """Name the distinct receptors among `synapses`: by kind, numbered where there are several.

    The order depends on kinds and parameters only, not on the order of building.
    """
    distinct = {repr(s.receptor_key()): s for s in synapses}
    names: dict[str, Synapse] = {}
    for key in sorted(distinct):
        synapse = distinct[key]
        count = sum(s.label == synapse.label for s in names.values())
        names[synapse.label if not count else f"{synapse.label}_{count + 1}"] = synapse
    return names


def _coherent(draft: Draft, model: AbstractModel, prefix: str) -> dict[str, Any]:
    """Parameter values in coherent units: float, or float64 array where they differ."""
    found: dict[str, Any] = {}
    size = draft.population.size
    for name, given in model.values.items():
        value: Any = given
        scale = 1.0 if model.dimensionless else model.parameter_units[name].scale
        if isinstance(value, Distribution):
            purpose = f"parameter {prefix}{name}"
            key = stream_key(draft.seed, draft.population.name, purpose)
            value = draw_array(value, size, key)
            model.parameters[name].check(value, f"{draft.where}.{name}")
        found[prefix + name] = value * scale
    return found


def _prefixed(expr: Expr, model: AbstractModel, prefix: str) -> Expr:
    own = set(model.parameters) | set(model.block.states)
    return substitute(expr, lambda name: Name(prefix + name) if name in own else None)


def _equations(draft: Draft) -> tuple[dict[str, Expr], list[tuple[str, Expr]]]:
    """All differential equations and updates, receptors' currents put in place of i_syn."""
    model = draft.population.model
    total: Expr = Num(0.0, None)
    terms: list[Expr] = [Name(INJECTED)] if draft.injected else []
    derivatives: dict[str, Expr] = {}
    for name, synapse in draft.receptors.items():
        prefix = f"{name}."
        if synapse.current_expr is not None:
            terms.append(_prefixed(synapse.current_expr, synapse, prefix))
        for state, rhs in synapse.block.derivatives.items():
            derivatives[prefix + state] = _prefixed(rhs, synapse, prefix)
    for term in terms:
        total = term if isinstance(total, Num) else Op("add", (total, term))
    table = {"i_syn": total}
    own = {x: substitute(rhs, table) for x, rhs in model.block.derivatives.items()}
    updates = [(x, substitute(rhs, table)) for x, rhs in model.block.updates]
    for name, synapse in draft.receptors.items():
        updates += [
            (f"{name}.{x}", _prefixed(rhs, synapse, f"{name}.")) for x, rhs in synapse.block.updates
        ]
    return own | derivatives, updates


def finish(
    draft: Draft, offset: int, level: int, receptors: tuple[ReceptorProgram, ...]
) -> PopulationProgram:
    """Make the population's code and arrays.

    Raises
    ------
    EquationError
        If an equation needs a stated integration scheme.
    ValidationError
        If the refractory period is longer than 2**31 steps or a drawn parameter leaves its range.
    """
    model, where = draft.population.model, draft.where
    derivatives, updates = _equations(draft)
    constants = _coherent(draft, model, "")
    for name, synapse in draft.receptors.items():
        constants |= _coherent(draft, synapse, f"{name}.")
    discrete = tuple(dict.fromkeys(name for name, _ in updates))
    held = (*discrete, INJECTED) if draft.injected else discrete
    assert model.clamped is not None
    system = System(derivatives, constants, held, model.clamped, bool(model.refractory), where)
    plan = choose(system, model.method)
    params = constants | propagators(system, plan, draft.dt)
    states = (*derivatives, *discrete, *((INJECTED,) if draft.injected else ()))
    code, used = _code(draft, system, plan, updates, states, tuple(params))
    initial, units, scales = _initial(draft, states, constants)
    return PopulationProgram(
        draft.population.name,
        draft.population.size,
        offset,
        level,
        states,
        units,
        scales,
        initial,
        tuple(used),
        tuple(params[name] for name in used),
        receptors,
        _refractory_steps(draft),
        model.emit_type,
        code,
        plan.schemes | dict.fromkeys(discrete, "update"),
    )


def _code(
    draft: Draft,
    system: System,
    plan: Any,
    updates: list[tuple[str, Expr]],
    states: tuple[str, ...],
    params: tuple[str, ...],
) -> tuple[Code, list[str]]:
    """Steps 1 to 4 and 6 of the contract's section 1, in its order."""
    model = draft.population.model
    index = {name: k for k, name in enumerate(states)}
    builder = Builder(draft.precision, {name: k for k, name in enumerate(params)}, index)
    old = {name: builder.state(name) for name in states}
    refractory = builder.put("refractory") if model.refractory else -1
    new = dict(old) | integrate(builder, system, plan, draft.dt, old, refractory)
    for name, rhs in updates:
        new[name] = builder.expr(rhs, new)
    for k, (name, synapse) in enumerate(draft.receptors.items()):
        own = synapse.receives in synapse.block.units
        target = f"{name}.{synapse.receives}" if own else synapse.receives
        new[target] = builder.put("add", new[target], builder.put("arrivals", data=k))
    new = {x: value if x == INJECTED else builder.flush(value) for x, value in new.items()}
    if model.refractory:
        new |= {x: builder.select(refractory, old[x], new[x]) for x in system.clamped}
    spike = emit = None
    if model.threshold_expr is not None:
        spike = builder.expr(model.threshold_expr, new)
        if model.refractory:
            spike = builder.put("and", spike, builder.put("not", refractory))
        emit = _emit(builder, model, new)
        after = dict(new)
        for name, rhs in model.reset_statements:
            after[name] = builder.expr(rhs, after)
        new = {
            x: builder.select(spike, after[x], new[x]) if after[x] != new[x] else new[x]
            for x in new
        }
    return _pruned(builder, tuple(new[x] for x in states), spike, emit, params)


def _emit(builder: Builder, model: Any, values: Mapping[str, int]) -> int | None:
    if model.emit_expr is None:
        return None
    limit = builder.const(float(model.emit_limit))
    value = builder.expr(model.emit_expr, values)
    value = builder._clip(value, builder.put("neg", limit), limit)
    if model.emit_type == "int":
        value = builder.put("floor", builder.put("add", value, builder.const(0.5)))
    return value


def _pruned(
    builder: Builder,
    stores: tuple[int, ...],
    spike: int | None,
    emit: int | None,
    params: tuple[str, ...],
) -> tuple[Code, list[str]]:
    """Drop instructions that nothing uses, and number the parameters that are left."""
    needed = {i for i in (*stores, spike, emit) if i is not None}
    for i in reversed(range(len(builder.instructions))):
        if i in needed:
            needed |= set(builder.instructions[i].args)
    place, kept, used = {}, [], []
    for i in sorted(needed):
        ins = builder.instructions[i]
        data = ins.data
        if ins.op == "param":
            assert isinstance(data, int)
            used.append(params[data])
            data = len(used) - 1
        place[i] = len(kept)
        kept.append(type(ins)(ins.op, tuple(place[a] for a in ins.args), data))
    code = Code(
        tuple(kept),
        tuple(place[s] for s in stores),
        None if spike is None else place[spike],
        None if emit is None else place[emit],
    )
    return code, used


def _initial(
    draft: Draft, states: tuple[str, ...], constants: Mapping[str, Any]
) -> tuple[tuple, tuple, tuple]:
    """Initial values (coherent float64, by trial where random), units and scales."""
    initial, units, scales = [], [], []
    for state in states:
        if state == INJECTED:
            initial.append(0.0)
            units.append("nA")
            scales.append(1.0)
            continue
        prefix, dot, local = state.rpartition(".")
        model: AbstractModel = draft.receptors[prefix] if dot else draft.population.model
        unit: Unit = model.block.units[local]
        value: Any = model.initial_values[local]
        scale = unit.scale
        if isinstance(value, str):
            scale, value = 1.0, constants[prefix + dot + value]
        if isinstance(value, Distribution):
            keys = [
                stream_key(draft.seed, draft.population.name, f"initial {state}", trial)
                for trial in range(draft.trials)
            ]
            value = np.stack([draw_array(value, draft.population.size, key) for key in keys])
        initial.append(value * scale)
        units.append(str(unit))
        scales.append(unit.scale)
    return tuple(initial), tuple(units), tuple(scales)


def _refractory_steps(draft: Draft) -> Any:
    model = draft.population.model
    if not model.refractory:
        return None
    name = model.refractory
    period = _coherent(draft, model, "")[name]
    steps = np.floor(np.asarray(period) / draft.dt + 0.5)
    if (steps < 0).any() or (steps >= 2**31).any():
        raise ValidationError(
            f"{draft.where}.{name}", f"is {np.max(steps):g} steps", "0 to 2**31 - 1"
        )
    return steps.astype(np.int64) if steps.ndim else int(steps)

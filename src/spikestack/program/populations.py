"""Lowering one population: its equations and its receptors' become one step of code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..equations.builtins import COMMON, NOISE, kind_of
from ..equations.expressions import Expr, Name, Num, Op, substitute
from ..equations.linear import ZERO
from ..equations.model import AbstractModel
from ..errors import ValidationError
from ..network.currents.base import CurrentModel
from ..network.network import Drive
from ..network.population import Population
from ..numerics.random import stream_key
from ..synapses.base import Synapse
from ..units import Unit
from ..values import Distribution
from .coupling import (
    Equations,
    add_noise,
    draws_of,
    noise_factors,
    prefixed,
    split_noise,
    total,
)
from .edge_values import draw_array
from .integrators import Plan, System, choose, integrate, propagators
from .program import GAP, INJECTED, PopulationProgram, ReceptorProgram
from .pruning import pruned
from .rounding import RoundingBuilder, formats_of, told
from .tac import Builder, Code

__all__ = ["GAP", "INJECTED", "Draft", "finish", "receptor_names"]

#: The parameter that is 1 for the neurons of a driven view.
ON = "on"


@dataclass(frozen=True)
class Draft:
    """What is known of a population before its code is made.

    `receptors` are its distinct synapses' receptors in a fixed order, by the names of
    `receptor_names`; `currents` are the drives that are given by equations.
    """

    population: Population
    receptors: Mapping[str, Synapse]
    currents: Mapping[str, Drive]
    injected: bool
    gaps: bool
    seed: int
    dt: float
    trials: int
    precision: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"Population {self.population.name!r}"

    @property
    def parts(self) -> dict[str, AbstractModel]:
        """All that brings equations of its own: receptors, then currents."""
        currents = {name: drive.input for name, drive in self.currents.items()}
        return {**self.receptors, **currents}  # type: ignore[dict-item]

    @property
    def given_states(self) -> tuple[str, ...]:
        """States that engines set: injected current, current through gap junctions."""
        return (INJECTED,) * self.injected + (GAP,) * self.gaps

    def spread(self, drive: Drive | None, value: Any) -> Any:
        """Values of a driven view as values of the whole population, some valid one elsewhere."""
        if drive is None or np.ndim(value) == 0 or drive.target.is_whole:
            return value
        made = np.full(self.population.size, value[0])
        made[drive.target.ids] = value
        return made


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
    part = draft.currents.get(prefix[:-1])
    for name, given in model.values.items():
        value: Any = given
        scale = 1.0 if model.dimensionless else model.parameter_units[name].scale
        if isinstance(value, Distribution):
            size = draft.population.size if part is None else part.target.size
            owner = draft.population.name if part is None else part.name
            purpose = f"parameter {prefix if part is None else ''}{name}"
            value = draw_array(value, size, stream_key(draft.seed, owner, purpose))
            model.parameters[name].check(value, f"{draft.where}.{name}")
        found[prefix + name] = draft.spread(part, value) * scale
    if part is not None and not part.target.is_whole:
        found[prefix + ON] = np.zeros(draft.population.size)
        found[prefix + ON][part.target.ids] = 1.0
    return found


def _equations(draft: Draft) -> Equations:
    """All differential equations and updates, currents put in place of i_syn and its like."""
    model, made = draft.population.model, Equations()
    terms: dict[str, list[Expr]] = {name: [] for name in model.inputs()}
    if draft.injected:
        terms["i_syn"].append(Name(INJECTED))
    if draft.gaps:
        terms["i_syn"].append(Name(GAP))
    for name, synapse in draft.receptors.items():
        potential, current = model.place(synapse.compartment, draft.where)
        if synapse.current_expr is not None:
            there = substitute(synapse.current_expr, {"v": Name(potential)})
            terms[current].append(prefixed(there, synapse, f"{name}."))
    for name, drive in draft.currents.items():
        made.held[f"{name}.current"] = _switched(drive, f"{name}.")
        terms["i_syn"].append(Name(f"{name}.current"))
    table = {name: total(parts) for name, parts in terms.items()}
    made.derivatives |= {x: substitute(r, table) for x, r in model.block.derivatives.items()}
    made.updates += [(x, substitute(rhs, table)) for x, rhs in model.block.updates]
    for name, other in draft.parts.items():
        for x, rhs in other.block.derivatives.items():
            made.derivatives[f"{name}.{x}"] = prefixed(rhs, other, f"{name}.")
        made.updates += [
            (f"{name}.{x}", prefixed(rhs, other, f"{name}.")) for x, rhs in other.block.updates
        ]
    split_noise(made, draft.where)
    return made


def _switched(drive: Drive, prefix: str) -> Expr:
    """A drive's current, 0 outside its time; of a view, 0 outside the view."""
    model = drive.input
    assert isinstance(model, CurrentModel)
    expr = prefixed(model.current_expr, model, prefix)
    middle = Op("add", (Name("t"), Op("mul", (Num(0.5), Name("dt")))))
    tests = []
    if model.values["start"] != 0.0:
        tests.append(Op("ge", (middle, Name(prefix + "start"))))
    if model.values["stop"] != model.parameters["stop"].default:
        tests.append(Op("lt", (middle, Name(prefix + "stop"))))
    for test in tests:
        expr = Op("where", (test, expr, ZERO))
    return expr if drive.target.is_whole else Op("mul", (expr, Name(prefix + ON)))


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
    equations = _equations(draft)
    constants = _coherent(draft, model, "")
    for name, part in draft.parts.items():
        constants |= _coherent(draft, part, f"{name}.")
    discrete = tuple(dict.fromkeys(name for name, _ in equations.updates))
    given = draft.given_states
    assert model.clamped is not None
    system = System(
        equations.derivatives,
        constants,
        (*discrete, *given, *equations.held),
        model.clamped,
        ("v", *(potential for potential, _ in model.compartments.values())),
        bool(model.refractory),
        where,
    )
    plan = choose(system, model.method)
    params = constants | propagators(system, plan, draft.dt)
    params |= noise_factors(system, plan, equations.noise, draft.dt)
    states = (*equations.derivatives, *discrete, *given)
    code, used, draws = _code(draft, system, plan, equations, states, tuple(params))
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
        told(_schemes(plan, equations, discrete), model.state_format),
        _streams(draft, draws),
    )


def _schemes(plan: Plan, equations: Equations, discrete: tuple[str, ...]) -> dict[str, str]:
    noisy = {
        x: f"{plan.schemes[x]}, noise "
        + ("of exact variance" if x in plan.linear else "by Euler-Maruyama")
        for x in equations.noise
    }
    return plan.schemes | noisy | dict.fromkeys(discrete, "update")


def _streams(draft: Draft, draws: list[str]) -> np.ndarray:
    """Keys of the random streams, by trial and draw."""
    name = draft.population.name
    return np.array(
        [
            [stream_key(draft.seed, name, f"draw {draw}", trial) for draw in draws]
            for trial in range(draft.trials)
        ],
        dtype=np.uint64,
    ).reshape(draft.trials, len(draws))


def _code(
    draft: Draft,
    system: System,
    plan: Any,
    equations: Equations,
    states: tuple[str, ...],
    params: tuple[str, ...],
) -> tuple[Code, list[str], list[str]]:
    """Steps 1 to 4 and 6 of the contract's section 1, in its order."""
    model = draft.population.model
    index = {name: k for k, name in enumerate(states)}
    own_states = [x for x in states if x not in draft.given_states]
    formats = formats_of(model.state_format, own_states, draft.precision, draft.where)
    places = {name: k for k, name in enumerate(params)}
    builder = RoundingBuilder(draft.precision, places, index, formats)
    old = {name: builder.state(name) for name in states}
    refractory = builder.put("refractory") if model.refractory else -1
    models = {"": model} | {f"{name}.": part for name, part in draft.parts.items()}
    draws, around = _surroundings(builder, draws_of(models), draft.dt)
    around["t"] = builder.put("time", data=0)
    before = around | old
    before |= {name: builder.expr(rhs, before) for name, rhs in equations.held.items()}
    new = dict(before) | integrate(builder, system, plan, draft.dt, before, refractory)
    add_noise(builder, equations.noise, draws, before, new)
    for name, rhs in equations.updates:
        new[name] = builder.expr(rhs, new)
    reached: set[str] = set()
    for k, (name, synapse) in enumerate(draft.receptors.items()):
        own = synapse.receives in synapse.block.units
        at = model.place(synapse.compartment, draft.where)[0]
        outside = at if synapse.receives == "v" else synapse.receives
        target = f"{name}.{synapse.receives}" if own else outside
        # Chips round what they propagate, then add arrivals, which are whole multiples there.
        kept = new[target] if target in reached else builder.rounded(target, new[target])
        new[target] = builder.put("add", kept, builder.put("arrivals", data=k))
        reached.add(target)
    if model.after_statements:
        around["t"] = builder.put("time", data=1)
        for name, rhs in model.after_statements:
            new[name] = builder.expr(rhs, new | around)
    new = {x: new[x] if x in draft.given_states else builder.settled(x, new[x]) for x in states}
    if model.refractory:
        new |= {x: builder.select(refractory, old[x], new[x]) for x in system.clamped}
    spike = emit = None
    if model.threshold_expr is not None:
        around["t"] = builder.put("time", data=1)
        spike = builder.expr(model.threshold_expr, around | new)
        if model.refractory:
            spike = builder.put("and", spike, builder.put("not", refractory))
        emit = _emit(builder, model, around | new)
        after = around | new
        for name, rhs in model.reset_statements:
            after[name] = builder.expr(rhs, after)
        new = {
            x: builder.select(spike, builder.assigned(x, after[x]), new[x])
            if after[x] != new[x]
            else new[x]
            for x in new
        }
    return pruned(builder, tuple(new[x] for x in states), spike, emit, params, tuple(draws))


def _surroundings(
    builder: Builder, names: list[str], dt: float
) -> tuple[dict[str, int], dict[str, int]]:
    """Every draw as a number in (0, 1), and what the built-in names stand for in expressions."""
    draws, around = {}, {"dt": builder.const(dt)}
    for k, name in enumerate(names):
        kind = kind_of(name)
        draws[name] = builder.put("common" if kind == COMMON else "uniform", data=k)
        around[name] = draws[name]
        if kind == NOISE:
            scale = builder.const(1.0 / math.sqrt(dt))
            around[name] = builder.put("mul", builder.normal(draws[name]), scale)
    return draws, around


def _emit(builder: Builder, model: Any, values: Mapping[str, int]) -> int | None:
    if model.emit_expr is None:
        return None
    limit = builder.const(float(model.emit_limit))
    value = builder.expr(model.emit_expr, values)
    value = builder._clip(value, builder.put("neg", limit), limit)
    if model.emit_type == "int":
        value = builder.put("floor", builder.put("add", value, builder.const(0.5)))
    return value


def _initial(
    draft: Draft, states: tuple[str, ...], constants: Mapping[str, Any]
) -> tuple[tuple, tuple, tuple]:
    """Initial values (coherent float64, by trial where random), units and scales."""
    initial, units, scales = [], [], []
    for state in states:
        if state in draft.given_states:
            initial.append(0.0)
            units.append("nA")
            scales.append(1.0)
            continue
        prefix, dot, local = state.rpartition(".")
        model: AbstractModel = draft.parts[prefix] if dot else draft.population.model
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
        elif dot:
            value = draft.spread(draft.currents.get(prefix), value)
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

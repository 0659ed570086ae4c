"""Integrators, written as three-address code: exact, exponential Euler, Euler, Runge-Kutta."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import expm

from ..equations.evaluating import evaluate
from ..equations.expressions import Expr, Num
from ..equations.linear import affine, linear_subsystem
from ..errors import EquationError
from .tac import Builder

__all__ = ["System", "choose", "integrate", "propagators"]

Array = np.ndarray


@dataclass(frozen=True)
class System:
    """The coupled equations of a population: the neuron's own and those of its receptors.

    Attributes
    ----------
    derivatives
        Right-hand side of every differential equation, in 1/ms.
    constants
        Parameters (coherent units): float, or float64 array with one value per neuron.
    held
        Variables held over the step: injected currents, discrete variables.
    clamped
        Variables held while the neuron is refractory.
    potentials
        Membrane potentials, which exponential Euler advances last, with the new values of the rest.
    refractory
        Whether there is a refractory period at all.
    where
        The population, for messages.
    """

    derivatives: Mapping[str, Expr]
    constants: Mapping[str, float | Array]
    held: tuple[str, ...]
    clamped: tuple[str, ...]
    potentials: tuple[str, ...]
    refractory: bool
    where: str


@dataclass
class Plan:
    """How each variable is integrated.

    `linear` holds the coefficients of the exactly integrated ones; `matrices` names the propagator
    parameters; `schemes` is for reports.
    """

    method: str
    linear: dict[str, dict[str | None, Expr]] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)


def choose(system: System, method: str) -> Plan:
    """Choose a scheme for every variable.

    Raises
    ------
    EquationError
        For ``"auto"`` where an equation is neither part of a linear system nor linear in its own
        variable: then the scheme must be stated.
    """
    if method != "auto":
        return Plan(method, {}, dict.fromkeys(system.derivatives, method))
    linear = linear_subsystem(system.derivatives, system.constants, system.held)
    schemes = dict.fromkeys(linear, "exact")
    for name, rhs in system.derivatives.items():
        if name in linear:
            continue
        if affine(rhs, frozenset((name,))) is None:
            raise EquationError(
                f"{system.where}, equation of {name}",
                "cannot be integrated exactly nor by "
                "exponential Euler, as it is not linear in its own variable",
                "a stated scheme",
                "pass method='rk4' or method='euler'",
            )
        schemes[name] = "exponential Euler"
    return Plan(method, linear, schemes)


def propagators(system: System, plan: Plan, dt: float) -> dict[str, float | Array]:
    """Propagator entries of the linear part over `dt` ms, as extra parameters.

    The matrix exponential of the system with constants and held inputs appended (Rotter and
    Diesmann 1999), for every distinct neuron at once. Entries that are zero whatever the
    parameters are left out.
    """
    found: dict[str, float | Array] = {}
    for prefix, frozen in _variants(system, plan):
        columns = [*plan.linear, *_held_used(system, plan), None]
        entries = {
            (x, y): evaluate(c, system.constants)
            for x, parts in plan.linear.items()
            if x not in frozen
            for y, c in parts.items()
        }
        sizes = [np.size(value) for value in entries.values() if np.ndim(value)]
        batch = max(sizes, default=1)
        matrix = np.zeros((batch, len(columns), len(columns)))
        for (x, y), value in entries.items():
            matrix[:, columns.index(x), columns.index(y)] = value
        if not np.isfinite(matrix).all():
            raise EquationError(system.where, "a coefficient is not finite", "finite parameters")
        result = expm(matrix * dt)
        for x, y in _reachable(plan, frozen, columns):
            entry = result[:, columns.index(x), columns.index(y)]
            found[_entry(prefix, x, y)] = entry.copy() if sizes else float(entry[0])
    return found


def integrate(
    builder: Builder,
    system: System,
    plan: Plan,
    dt: float,
    values: Mapping[str, int],
    refractory: int,
) -> dict[str, int]:
    """Append one step; return the new value of every integrated variable.

    Exponential Euler takes what is integrated exactly at the middle of the step, and advances one
    variable after the other, membrane potentials last, each with the new values of those before:
    gates and potential leap over each other, which makes the scheme one of second order (Hines
    1984, Int J Biomed Comput 15:69).
    """
    if plan.method == "euler":
        return _euler(builder, system, dt, values, refractory)
    if plan.method == "rk4":
        return _rk4(builder, system, dt, values, refractory)
    new = _exact(builder, system, plan, values, refractory)
    rest = [name for name in system.derivatives if name not in plan.linear]

    def shown(name: str) -> int:
        """The new value as the other equations see it: the old one where it is held."""
        if system.refractory and name in system.clamped:
            return builder.select(refractory, values[name], new[name])
        return new[name]

    seen = dict(values) | {x: _middle(builder, values[x], shown(x)) for x in plan.linear}
    for name in sorted(rest, key=lambda name: name in system.potentials):
        new[name] = _exponential_euler(builder, name, system.derivatives[name], dt, seen)
        seen[name] = shown(name)
    return new


def _held_used(system: System, plan: Plan) -> list[str]:
    used = {y for parts in plan.linear.values() for y in parts}
    return [name for name in system.held if name in used]


def _variants(system: System, plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    """The propagators needed: the free one, and one for refractory neurons if others feel it."""
    variants: list[tuple[str, tuple[str, ...]]] = [("P", ())] if plan.linear else []
    clamped = tuple(x for x in system.clamped if x in plan.linear)
    felt = any(y in clamped and x not in clamped for x, parts in plan.linear.items() for y in parts)
    if system.refractory and felt:
        variants.append(("R", clamped))
    return variants


def _reachable(plan: Plan, frozen: tuple[str, ...], columns: list[str | None]) -> list[tuple]:
    """The entries of the exponential that can differ from 0, in a fixed order."""
    reach: dict[str, set[str | None]] = {
        x: {x, *(() if x in frozen else plan.linear[x])} for x in plan.linear
    }
    for _ in plan.linear:
        for found in reach.values():
            found |= {z for y in list(found) if y in reach for z in reach[y]}
    return [(x, y) for x in plan.linear if x not in frozen for y in columns if y in reach[x]]


def _entry(prefix: str, x: str, y: str | None) -> str:
    return f"{prefix}[{x},{y if y is not None else '1'}]"


def _exact(
    builder: Builder, system: System, plan: Plan, values: Mapping[str, int], refractory: int
) -> dict[str, int]:
    new: dict[str, int] = {}
    for prefix, frozen in _variants(system, plan):
        columns = [*plan.linear, *_held_used(system, plan), None]
        terms: dict[str, int] = {}
        for x, y in _reachable(plan, frozen, columns):
            factor = builder.param(_entry(prefix, x, y))
            term = factor if y is None else builder.put("mul", factor, values[y])
            terms[x] = builder.put("add", terms[x], term) if x in terms else term
        if prefix == "P":
            new = terms
        else:
            new = {
                x: builder.select(refractory, terms[x], new[x]) if x in terms else new[x]
                for x in new
            }
    return new


def _middle(builder: Builder, old: int, new: int) -> int:
    return builder.put("mul", builder.put("add", old, new), builder.const(0.5))


def _exponential_euler(
    builder: Builder, name: str, rhs: Expr, dt: float, values: Mapping[str, int]
) -> int:
    parts = affine(rhs, frozenset((name,)))
    assert parts is not None
    step, x = builder.const(dt), values[name]
    rest = builder.expr(parts.get(None, Num(0.0)), values)
    if name not in parts:
        return builder.put("add", x, builder.put("mul", rest, step))
    rate = builder.expr(parts[name], values)
    slope = builder.put("add", builder.put("mul", rate, x), rest)
    gain = builder.put("mul", step, builder._exprel(builder.put("mul", rate, step)))
    return builder.put("add", x, builder.put("mul", slope, gain))


def _slopes(
    builder: Builder, system: System, values: Mapping[str, int], refractory: int
) -> dict[str, int]:
    slopes = {}
    for name, rhs in system.derivatives.items():
        slope = builder.expr(rhs, values)
        if system.refractory and name in system.clamped:
            slope = builder.select(refractory, builder.const(0.0), slope)
        slopes[name] = slope
    return slopes


def _moved(
    builder: Builder, values: Mapping[str, int], slopes: Mapping[str, int], dt: float
) -> dict[str, int]:
    step = builder.const(dt)
    return {
        x: builder.put("add", values[x], builder.put("mul", k, step)) for x, k in slopes.items()
    }


def _euler(
    builder: Builder, system: System, dt: float, values: Mapping[str, int], refractory: int
) -> dict[str, int]:
    return _moved(builder, values, _slopes(builder, system, values, refractory), dt)


# Ralston's fourth-order Runge-Kutta scheme (1962, Math Comp 16:431), the one with the least bound
# on its truncation error: a quarter less than the classical one on an action potential.
_R = math.sqrt(5.0)
_STAGES = (
    (0.4,),
    ((-2889 + 1428 * _R) / 1024, (3785 - 1620 * _R) / 1024),
    (
        (-3365 + 2094 * _R) / 6040,
        (-975 - 3046 * _R) / 2552,
        (467040 + 203968 * _R) / 240845,
    ),
    (
        (263 + 24 * _R) / 1812,
        (125 - 1000 * _R) / 3828,
        1024 * (3346 + 1623 * _R) / 5924787,
        (30 - 4 * _R) / 123,
    ),
)


def _rk4(
    builder: Builder, system: System, dt: float, values: Mapping[str, int], refractory: int
) -> dict[str, int]:
    """Each stage starts from the old state plus a weighted sum of the slopes so far."""
    slopes: list[dict[str, int]] = []
    moved: dict[str, int] = {}
    for weights in _STAGES:
        slopes.append(_slopes(builder, system, {**values, **moved}, refractory))
        moved = {x: values[x] for x in system.derivatives}
        for weight, slope in zip(weights, slopes):
            moved = _moved(builder, moved, slope, dt * weight)
    return moved

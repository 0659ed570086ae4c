"""What enters a neuron's equations from outside: receptors' currents, injected ones, noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..equations.builtins import NOISE, kind_of
from ..equations.expressions import Expr, Name, Num, Op, names_in, substitute
from ..equations.linear import ZERO, affine
from ..equations.model import AbstractModel
from ..errors import EquationError
from .integrators import Plan, System
from .tac import Builder

__all__ = [
    "Equations",
    "add_noise",
    "draws_of",
    "noise_factors",
    "prefixed",
    "split_noise",
    "total",
]

Update = tuple[str, Expr]


@dataclass
class Equations:
    """The coupled equations of a population, receptors' and inputs' names prefixed.

    Attributes
    ----------
    derivatives, updates
        Of the neuron and of everything that acts on it.
    held
        Currents that are computed once at the beginning of a step, by name.
    noise
        For every variable driven by white noise, the factor of each source of it.
    """

    derivatives: dict[str, Expr] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    held: dict[str, Expr] = field(default_factory=dict)
    noise: dict[str, dict[str, Expr]] = field(default_factory=dict)


def prefixed(expr: Expr, model: AbstractModel, prefix: str) -> Expr:
    """The expression with the model's own names, its draws included, prefixed."""
    draws = {name for name in model.builtins if kind_of(name)}
    own = set(model.parameters) | set(model.block.states) | draws
    return substitute(expr, lambda name: Name(prefix + name) if name in own else None)


def total(terms: list[Expr]) -> Expr:
    """The sum of terms; a bare zero of none."""
    result: Expr = ZERO
    for term in terms:
        result = term if result is ZERO else Op("add", (result, term))
    return result


def split_noise(equations: Equations, where: str) -> None:
    """Take white noise out of the differential equations, into `Equations.noise`.

    Raises
    ------
    EquationError
        If a noise enters other than as a term with a factor.
    """
    for x, rhs in equations.derivatives.items():
        sources = frozenset(name for name in names_in(rhs) if kind_of(name) == NOISE)
        if not sources:
            continue
        parts = affine(rhs, sources)
        if parts is None:
            raise EquationError(
                f"{where}, equation of {x}",
                f"{min(sources)} stands inside a product, quotient or function of itself",
                "noise that is added, with a factor: sigma*sqrt(2/tau)*xi",
            )
        equations.derivatives[x] = parts.pop(None, Num(0.0))
        equations.noise[x] = {str(name): factor for name, factor in parts.items()}


def noise_factors(system: System, plan: Plan, noise: Mapping[str, object], dt: float) -> dict:
    """What a standard normal number is multiplied by besides the noise's own factor.

    sqrt(dt) (Maruyama 1955, Rend Circ Mat Palermo 4:48). For a variable that decays at a constant
    rate and is integrated exactly, the standard deviation of the Ornstein-Uhlenbeck process after
    dt, so that its variance is right whatever dt (Gillespie 1996, Phys Rev E 54:2084).
    """
    from ..equations.evaluating import evaluate

    found: dict[str, float | np.ndarray] = {}
    for x in noise:
        rate = plan.linear.get(x, {}).get(x)
        if rate is None:
            found[f"N[{x}]"] = math.sqrt(dt)
            continue
        z = 2.0 * np.asarray(evaluate(rate, system.constants)) * dt
        mean = np.where(z == 0, 1.0, np.expm1(z) / np.where(z == 0, 1.0, z))
        factor = np.sqrt(dt * mean)
        found[f"N[{x}]"] = float(factor) if factor.ndim == 0 else factor
    return found


def add_noise(
    builder: Builder,
    noise: Mapping[str, Mapping[str, Expr]],
    draws: Mapping[str, int],
    values: Mapping[str, int],
    new: dict[str, int],
) -> None:
    """Add the increments of white noise (Ito: factors at the beginning of the step) to `new`."""
    for x, parts in noise.items():
        for name, factor in parts.items():
            normal = builder.normal(draws[name])
            scaled = builder.put("mul", builder.param(f"N[{x}]"), normal)
            increment = builder.put("mul", builder.expr(factor, values), scaled)
            new[x] = builder.put("add", new[x], increment)


def draws_of(models: Mapping[str, AbstractModel]) -> list[str]:
    """The names of all draws, prefixed: their places number the random streams."""
    return sorted(
        prefix + name
        for prefix, model in models.items()
        for name in model.builtins
        if kind_of(name)
    )

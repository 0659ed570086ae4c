"""What stands in for the derivative of a spike in the backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engines.interpreting import interpret
from ..equations.expressions import Expr
from ..equations.parser import parse_expression
from ..errors import UnknownNameError, ValidationError, shorten
from ..program.program import PopulationProgram
from ..program.tac import Builder

__all__ = ["SURROGATES", "Surrogate", "as_surrogate", "resting_distance"]


class Surrogate:
    """The derivative that a spike is given with respect to z, its distance above threshold.

    Forward, a spike is 0 or 1. Backward, its derivative is `derivative` of z, the difference of
    the two sides of the threshold condition in units of `scale`.

    Parameters
    ----------
    derivative
        Text in z and the names of `parameters`.
    scale
        The difference that counts as z = 1, in the condition's units; by default that at the
        initial state (from rest to threshold), 1 where there is none.
    parameters
        Numbers.

    Examples
    --------
    >>> Surrogate("1/(1 + k*abs(z))**2", k=25.0)
    Surrogate('1/(1 + k*abs(z))**2', k=25.0)
    """

    def __init__(self, derivative: str, *, scale: float | None = None, **parameters: float) -> None:
        for name, value in {
            **parameters,
            **({"scale": scale} if scale is not None else {}),
        }.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValidationError(f"Surrogate.{name}", f"got {shorten(value)}", "above 0")
        self.derivative, self.scale = derivative, scale
        self.parameters: Mapping[str, float] = {k: float(v) for k, v in parameters.items()}
        self.tree: Expr = parse_expression(derivative, {"z", *parameters}, "Surrogate.derivative")

    def append(self, builder: Builder, z: int) -> int:
        """Append the derivative at `z` to three-address code."""
        known = {name: builder.const(value) for name, value in self.parameters.items()}
        return builder.expr(self.tree, {"z": z, **known})

    def with_(self, scale: float | None = None, **parameters: float) -> Surrogate:
        """The same with other numbers."""
        for name in parameters:
            if name not in self.parameters:
                raise UnknownNameError("Surrogate", name, self.parameters)
        merged = {**self.parameters, **parameters}
        return Surrogate(self.derivative, scale=self.scale if scale is None else scale, **merged)

    def __repr__(self) -> str:
        values = "".join(f", {k}={v!r}" for k, v in self.parameters.items())
        scale = "" if self.scale is None else f", scale={self.scale!r}"
        return f"Surrogate({self.derivative!r}{values}{scale})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surrogate) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


#: By name; their parameters are changed as in ``SURROGATES["arctan"].with_(alpha=5.0)``.
SURROGATES: dict[str, Surrogate] = {
    # Zenke and Ganguli 2018 (SuperSpike); wide enough here to keep deep layers alive.
    "fast sigmoid": Surrogate("1/(1 + k*abs(z))**2", k=5.0),
    # Fang et al. 2021, ICCV.
    "arctan": Surrogate("0.5*alpha/(1 + (1.5707963267948966*alpha*z)**2)", alpha=2.0),
    "sigmoid": Surrogate(
        "alpha*exp(-alpha*abs(z))/((1 + exp(-alpha*abs(z)))*(1 + exp(-alpha*abs(z))))", alpha=4.0
    ),
    # Esser et al. 2016; Deng et al. 2022 (TET).
    "triangle": Surrogate("max(0, width - abs(z))/(width*width)", width=1.0),
    # Wu et al. 2018 (STBP).
    "boxcar": Surrogate("where(abs(z) < width, 0.5/width, 0)", width=0.5),
    # Shrestha and Orchard 2018 (SLAYER).
    "exponential": Surrogate("0.5*c*alpha*exp(-alpha*abs(z))", alpha=5.0, c=0.4),
    "gaussian": Surrogate("0.5641895835477563*alpha*exp(-(alpha*z)**2)", alpha=2.0),
    # Yin et al. 2021: a Gaussian with negative flanks.
    "multi-gaussian": Surrogate(
        "0.3989422804014327*((1 + h)*exp(-0.5*(z/sigma)**2)/sigma"
        " - h*exp(-0.5*((z - sigma)/(s*sigma))**2)/(s*sigma)"
        " - h*exp(-0.5*((z + sigma)/(s*sigma))**2)/(s*sigma))",
        h=0.15, s=6.0, sigma=0.5,
    ),
    "leaky": Surrogate("where(abs(z) < 0.5*w, 1/w, c)", w=1.0, c=0.01),
    "straight-through": Surrogate("1 + 0*z"),
    # Bellec et al. 2020 (e-prop); z in units of the threshold.
    "pseudo-derivative": Surrogate("gamma*max(0, 1 - abs(z))", gamma=0.3),
    # BrainCog's default for event models: a triangle of amplitude 1/alpha.
    "q-gate": Surrogate("max(0, 1 - abs(z))/alpha", alpha=2.0),
}  # fmt: skip


def as_surrogate(given: str | Surrogate, where: str = "surrogate") -> Surrogate:
    """A surrogate by its name, or as it is.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(given, Surrogate):
        return given
    if given not in SURROGATES:
        raise UnknownNameError(where, str(given), SURROGATES)
    return SURROGATES[given]


def resting_distance(population: PopulationProgram) -> float:
    """How far the threshold condition is from being met at the initial state, without input.

    That is from rest to threshold, 15 mV of a default LIF; 1 where the two sides are equal then.
    """
    code = population.code
    if code.spike is None:
        return 1.0
    loads: dict[str, Any] = {
        "const": float,
        "state": lambda k: np.asarray(population.initial[k], dtype=float),
        "param": lambda k: np.asarray(population.values[k], dtype=float),
        "arrivals": lambda _: 0.0,
        "refractory": lambda _: False,
        "time": lambda _: 0.0,
        "uniform": lambda _: 0.5,
        "common": lambda _: 0.5,
    }
    values = interpret(code, loads)
    todo = [code.spike]
    while todo:
        ins = code.instructions[todo.pop()]
        if ins.op in ("ge", "gt", "le", "lt"):
            apart = float(np.median(np.abs(values[ins.args[0]] - values[ins.args[1]])))
            return apart if np.isfinite(apart) and apart > 0 else 1.0
        todo += reversed(ins.args)
    return 1.0

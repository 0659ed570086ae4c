"""Homeostasis: a threshold that rises with every spike, for any spiking model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ..equations.block import logical_lines
from ..equations.linear import affine
from ..equations.model import Parameter
from ..errors import ValidationError, shorten
from .base import DECLARED, NeuronModel

__all__ = ["adaptive_threshold", "intrinsic_plasticity"]

#: The potential, and the state variable that shifts it.
_V, _SHIFT = "v", "theta"
_NAME = re.compile(r"previous\(\s*([A-Za-z]\w*)\s*\)|(?<![A-Za-z0-9_.])([A-Za-z]\w*)")


def adaptive_threshold(
    model: NeuronModel,
    *,
    increment: Any = 0.05,
    tau_theta: Any = 1e7,
    theta: Any = 0.0,
    shifts: str | None = None,
) -> NeuronModel:
    """A model like `model` whose threshold rises at every spike, and falls back.

    The model has one more state variable: it fires where it would have fired at v - theta, each
    spike raises theta by `increment`, and dtheta/dt = -theta/tau_theta (Diehl and Cook 2015, Front
    Comput Neurosci 9:99).

    Parameters
    ----------
    model
        Any neuron model with a threshold, from the catalogue or of one's own.
    increment
        Rise at a spike, in mV (nA where a current is shifted): a number, or an array or a
        distribution over neurons.
    tau_theta
        Time constant of the decay in ms, above 0; ``inf`` for a theta that stays.
    theta
        Its value at t = 0.
    shifts
        What theta shifts: ``"v"``, the threshold for v; a voltage, the parameter of that name, to
        which theta is added wherever it stands; or a current, from which it is taken. By default
        the threshold where the model's equations are linear in v. Elsewhere a spike begins long
        before v reaches the threshold: then the parameter `v_thresh` where the equations use it
        (`AdEx`), else the current `i_offset` (`Izhikevich`).

    Returns
    -------
    NeuronModel
        With the parameters of `model` and `theta_increment`, `tau_theta`. It can be recorded,
        saved and run as any other.

    Raises
    ------
    ValidationError
        If the model has no threshold for v, has one of these names already, or theta could shift
        nothing.
    """
    build = _Shifted(model, "adaptive_threshold", shifts)
    stays = isinstance(tau_theta, float) and math.isinf(tau_theta) and tau_theta > 0
    fall = "0" if stays else f"-{_SHIFT}/tau_theta"
    build.equations += f"\nd{_SHIFT}/dt = {fall} : {build.unit}"
    build.reset += f"\n{_SHIFT} += theta_increment"
    build.parameter("theta_increment", "rise of theta at a spike", increment)
    if not stays:
        build.parameter("tau_theta", "decay of theta", tau_theta, "ms", low=0.0, low_open=True)
    return build.made("adaptive threshold", theta)


def intrinsic_plasticity(
    model: NeuronModel,
    *,
    rate: Any,
    eta: Any = 0.1,
    theta: Any = 0.0,
    theta_min: Any = -10.0,
    theta_max: Any = 30.0,
    shifts: str | None = None,
) -> NeuronModel:
    """A model like `model` whose threshold moves until it fires at a given rate.

    The model has one more state variable: it fires where it would have fired at v - theta, each
    spike raises theta by `eta`, and between spikes theta falls by eta*rate per ms, so that it
    stands still, on average, at that rate and at no other, as long as it is within its bounds
    (Zhang and Linden 2003, Nat Rev Neurosci 4:885, review such changes).

    Parameters
    ----------
    model
        Any neuron model with a threshold, from the catalogue or of one's own.
    rate
        Target in Hz: a number, or an array or a distribution over neurons.
    eta
        Rise at a spike in mV (nA where a current is shifted). In single precision the fall in one
        step, eta*rate*dt, should be at least a ten-thousandth of a percent of theta: 1e-5 mV for
        10 mV; smaller ones are rounded.
    theta
        Its value at t = 0.
    theta_min, theta_max
        Bounds of theta.
    shifts
        As for `adaptive_threshold`.

    Returns
    -------
    NeuronModel
        With the parameters of `model` and `theta_rate`, `theta_eta`, `theta_min`, `theta_max`.

    Raises
    ------
    ValidationError
        As for `adaptive_threshold`.
    """
    build = _Shifted(model, "intrinsic_plasticity", shifts)
    fallen = f"{_SHIFT} - theta_eta*theta_rate*dt"
    build.equations += f"\n{_SHIFT}[t+1] = max({fallen}, theta_min) : {build.unit}"
    build.reset += f"\n{_SHIFT} = min({_SHIFT} + theta_eta, theta_max)"
    build.parameter("theta_rate", "target rate", rate, "Hz", low=0.0)
    build.parameter("theta_eta", "rise of theta at a spike", eta, low=0.0)
    build.parameter("theta_min", "least theta", theta_min)
    build.parameter("theta_max", "greatest theta", theta_max)
    return build.made("intrinsic plasticity", theta)


class _Shifted:
    """The texts of a model, rewritten so that theta shifts its threshold, and its values."""

    def __init__(self, model: NeuronModel, where: str, shifts: str | None) -> None:
        if not isinstance(model, NeuronModel):
            hint = "write LIF(), with parentheses" if isinstance(model, type) else ""
            raise ValidationError(where, f"got {shorten(model)}", "a neuron model", hint)
        self.model, self.where = model, f"{where}({model.label})"
        if not model.threshold:
            raise ValidationError(self.where, "has no threshold", "a model that spikes")
        self.aliases = _shorthands(model)
        self.equations, self.reset = model.equations, model.reset
        self.threshold = model.threshold
        self.parameters, self.values = dict(model.parameters), model.scalar_values()
        self._free(_SHIFT)
        self._shift(self._choice() if shifts is None else shifts)

    def parameter(self, name: str, meaning: str, value: Any, unit: str = "", **bounds: Any) -> None:
        """One more parameter, in the unit of theta unless another is named."""
        self._free(name)
        self.parameters[name] = Parameter(0.0, unit or self.unit, meaning=meaning, **bounds)
        self.values[name] = value

    def made(self, what: str, theta: Any) -> NeuronModel:
        """The finished model."""
        model = self.model
        declared = {name: getattr(model, name) for name in DECLARED if name != "initial"}
        return NeuronModel(
            self.equations,
            name=f"{model.label} with {what}",
            parameters=self.parameters,
            method=model.method,
            state_format=model.state_format,
            **(declared | {"threshold": self.threshold, "reset": self.reset}),
            **self.values,
            **{_SHIFT: theta},
        )

    def _free(self, name: str) -> None:
        taken = {*self.parameters, *self.model.block.units, *self.model.inputs()}
        if name in taken:
            raise ValidationError(
                self.where, f"has a {name!r} already", "a model without", "rename it in the model"
            )

    def _choice(self) -> str:
        """What theta shifts if nobody says: where a spike of this model begins."""
        block = self.model.block
        rules = [*block.derivatives.values(), *(expr for _, expr in block.updates)]
        if all(affine(rule, frozenset((_V,))) is not None for rule in rules):
            return _V
        used = self.model.names_used()
        for name in ("v_thresh", "i_offset"):
            if name in used and name in self.parameters:
                return name
        raise ValidationError(
            self.where,
            "a spike begins in the equations, which are not linear in v, not at the threshold",
            "the parameter that theta should shift",
            f"pass shifts=, one of {', '.join(sorted(used & set(self.parameters)))}",
        )

    def _shift(self, name: str) -> None:
        if name == _V:
            self.unit = str(self.model.block.units.get(_V, ""))
            self.threshold = _replaced(self.threshold, self._potential)
            if not any(_SHIFT in pair for pair in _NAME.findall(self.threshold)):
                raise ValidationError(
                    self.where,
                    f"the threshold {shorten(self.model.threshold)} does not depend on v",
                    "a condition on v, or a parameter that theta should shift (shifts=)",
                )
            return
        unit = self.model.parameter_units.get(name)
        sign = {"mV": "+", "1": "+", "nA": "-"}.get(unit.coherent if unit else "")
        if not sign:
            known = [k for k, u in self.model.parameter_units.items() if u.coherent in ("mV", "nA")]
            raise ValidationError(
                self.where,
                f"theta cannot shift {shorten(name)}",
                f"'v', or a voltage or current: {', '.join(known)}",
            )
        self.unit = str(unit)
        moved = {name: f"({name} {sign} {_SHIFT})"}
        if name not in self.model.names_used() and name not in self.model.threshold:
            raise ValidationError(
                self.where, f"{name!r} has no effect on spikes", "a parameter in use"
            )
        self.equations = _right_sides(self.equations, lambda text: _replaced(text, moved.get))
        self.threshold = _replaced(self.threshold, moved.get)

    def _potential(self, name: str) -> str | None:
        """What stands for a name in the threshold: v is shifted, also within shorthands."""
        if name == _V:
            return f"({_V} - {_SHIFT})"
        if name not in self.aliases:
            return None
        return f"({_replaced(self.aliases[name], self._potential)})"


def _shorthands(model: NeuronModel) -> dict[str, str]:
    """The text of each shorthand of a model."""
    found = {}
    for line in logical_lines(model.equations, model.label):
        left, _, right = line.partition("=")
        if (name := left.strip()) in model.block.aliases:
            found[name] = right.partition(":")[0].strip()
    return found


def _right_sides(equations: str, change: Callable[[str], str]) -> str:
    """Equations whose expressions went through `change`; names and units stay."""
    lines = []
    for line in logical_lines(equations, "equations"):
        left, _, right = line.partition("=")
        expression, colon, unit = right.partition(":")
        lines.append(f"{left}={change(expression)}{colon}{unit}")
    return "\n".join(lines)


def _replaced(text: str, look: Callable[[str], str | None]) -> str:
    """`text` with every name replaced for which `look` has something; that of v before too."""

    def one(match: re.Match[str]) -> str:
        earlier, name = match.groups()
        if earlier == _V and look(_V):
            return f"(previous({_V}) - previous({_SHIFT}))"
        return (look(name) if name else None) or match[0]

    return _NAME.sub(one, text)

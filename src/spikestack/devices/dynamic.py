"""Devices with a state and its differential equation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..equations.evaluating import evaluate
from ..equations.expressions import Expr, names_in, substitute
from ..equations.parser import parse_expression
from ..errors import EquationError, UnknownNameError, ValidationError, shorten
from ..units import DIMENSIONLESS, Unit, magnitude, parse_unit
from ..values import Distribution
from .base import Device
from .inverting import find_state

__all__ = ["METHODS", "DynamicDevice"]

#: Schemes for the state: explicit ones of order 1, 2 and 4; Bogacki and Shampine's pair of order 3
#: with steps of its own; the solution in closed form, where a device has one.
METHODS = ("euler", "heun", "rk4", "adaptive", "exact")
#: Names that the surroundings give to the texts of a device, besides those that it declares.
_VOLTAGE, _CURRENT = "v", "i"
_PULSE, _INVERSE = ("duration",), ("g", "v_read")


class DynamicDevice(Device):
    """A device whose state follows a differential equation.

    A subclass declares texts in the equation language, all in SI units, in which ``v`` is the
    voltage and ``i`` the current::

        class Drift(DynamicDevice):
            equations = "dx/dt = k*i*x*(1 - x) : 1"
            current = "v*(g_off + (g_on - g_off)*x)"
            bounds = {"x": ("0", "1")}
            initial = {"x": 0.5}
            k = Parameter(1e6, "1")
            g_on, g_off = Parameter(1e-3, "S"), Parameter(1e-5, "S")

    Attributes
    ----------
    equations
        ``dx/dt = ... : 1`` per second, and shorthands.
    current
        The current in A from ``v``, states, parameters and shorthands without ``i``.
    bounds
        Where each state stops: two texts of parameters; a state without any is free.
    noise
        Intensity of white noise on a state, per root second (Ito): x changes by ``noise`` times a
        normal number times the root of the step.
    solution
        Each state after ``duration`` seconds at a constant voltage, in closed form.
    at_rest
        The same at no voltage, where only that is known.
    inverse
        The state `memory` at which the conductance at ``v_read`` is ``g``; found by bisection
        where it is not given.
    memory
        The state that holds the conductance; the first by default. It makes conductance grow or
        fall monotonically, the other states at their initial values.
    method
        One of `METHODS`, by default for drives.
    choices
        Constructor arguments that pick among texts, with what each may be, the default first.
    state_units
        Units of states, in which plain numbers count.
    """

    current: str = ""
    bounds: Mapping[str, tuple[str, str]] = {}
    noise: Mapping[str, str] = {}
    solution: Mapping[str, str] = {}
    at_rest: Mapping[str, str] = {}
    inverse: str = ""
    memory: str = ""
    method: str = "rk4"
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    state_units: ClassVar[Mapping[str, str]] = {}
    #: A sine that shows the loop: volts, hertz.
    shows_loop: ClassVar[tuple[float, float]] = (1.0, 1.0)

    def __init__(self, **values: Any) -> None:
        self.chosen: dict[str, str] = {}
        for name, known in self.choices.items():
            chosen = values.pop(name, known[0])
            if chosen not in known:
                raise UnknownNameError(f"{self.label}.{name}", chosen, known)
            self.chosen[name] = chosen
        self._choose()
        for state, unit in self.state_units.items():
            if state in values:
                where = f"{self.label}.{state}"
                values[state] = magnitude(values[state], parse_unit(unit), where)
        super().__init__(**values)
        self.given = self.given | self.chosen
        for name, value in self.scalar_values().items():
            if isinstance(value, Distribution):
                raise ValidationError(
                    f"{self.label}.{name}",
                    f"got {shorten(value)}",
                    "a number or an array",
                    "arrays of devices take spread={...}",
                )
        self._parse()

    def _choose(self) -> None:
        """Put together the texts that depend on `chosen`; devices with choices override this."""

    def inputs(self) -> dict[str, Unit]:
        """Voltage and current."""
        return {_VOLTAGE: DIMENSIONLESS, _CURRENT: DIMENSIONLESS}

    def _parse(self) -> None:
        """Parse the texts, and put the current in the place of its name."""
        strange = sorted(self.names_used() & set(self.builtins))
        if strange or self.block.updates or not self.block.derivatives:
            problem = f"uses {', '.join(strange)}" if strange else "no 'dx/dt = ...'"
            raise EquationError(self.label, problem, "lines 'dx/dt = ... : 1' and shorthands")
        states = self.block.states
        self.memory = self.memory or states[0]
        names = {*self.parameters, *states, _VOLTAGE}
        self.current_expr = self._text("current", self.current, names)
        filled = {_CURRENT: self.current_expr}
        self.slopes: dict[str, Expr] = {
            name: substitute(expr, filled) for name, expr in self.block.derivatives.items()
        }
        for kind in ("bounds", "noise", "solution", "at_rest"):
            self._check_states(kind, getattr(self, kind))
        self._check_states("memory", (self.memory,))
        parameters = set(self.parameters)
        self.bound_exprs = {
            name: (self._text("bounds", low, parameters), self._text("bounds", high, parameters))
            for name, (low, high) in self.bounds.items()
        }
        self.noise_exprs = self._texts("noise", names, filled)
        self.solution_exprs = self._texts("solution", {*names, *_PULSE}, filled)
        rest = {*names - {_VOLTAGE}, *_PULSE}
        self.at_rest_exprs = self._texts("at_rest", rest, {})
        known = {*self.parameters, *_INVERSE, *states}
        self.inverse_expr = self._text("inverse", self.inverse, known) if self.inverse else None
        if self.solution_exprs and set(self.solution_exprs) != set(states):
            raise EquationError(f"{self.label}.solution", "not for every state", f"all of {states}")
        if self.method not in METHODS or (self.method == "exact" and not self.solution):
            rule = f"one of {METHODS}, 'exact' with a solution"
            raise ValidationError(f"{self.label}.method", f"got {shorten(self.method)}", rule)

    def _check_states(self, kind: str, found: Any) -> None:
        for name in found:
            if name not in self.block.states:
                raise UnknownNameError(f"{self.label}.{kind}", name, self.block.states)

    def _texts(self, kind: str, names: set[str], filled: Mapping[str, Expr]) -> dict[str, Expr]:
        known = names | set(filled)
        return {
            state: substitute(self._text(kind, text, known), filled)
            for state, text in getattr(self, kind).items()
        }

    def _text(self, kind: str, text: str, names: set[str]) -> Expr:
        """An expression in `names` and shorthands of which nothing else is left."""
        where = f"{self.label}.{kind}"
        aliases = self.block.aliases
        expr = substitute(parse_expression(text, names | set(aliases), where), aliases)
        for name in names_in(expr):
            if name not in names:
                raise EquationError(where, f"uses {name!r} in a shorthand", f"no {name!r} here")
        return expr

    def numbers(self) -> dict[str, float | np.ndarray]:
        """The parameters' values; numbers, or arrays with one for each device."""
        return {k: x for k, x in self.values.items() if not isinstance(x, Distribution)}

    def start(self) -> dict[str, float | np.ndarray]:
        """The initial value of every state, within its bounds."""
        numbers, found = self.numbers(), {}
        limits = self.limits()
        for state, value in self.initial_values.items():
            known = numbers[value] if isinstance(value, str) else value
            if not isinstance(known, Distribution):
                held = np.clip(known, *limits[state])
                found[state] = float(held) if held.ndim == 0 else held
        return found

    def limits(self, values: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, Any]]:
        """Lower and upper bound of every state, infinite where there is none."""
        numbers = self.numbers() | dict(values or {})
        found: dict[str, tuple[Any, Any]] = dict.fromkeys(self.block.states, (-np.inf, np.inf))
        for state, (low, high) in self.bound_exprs.items():
            found[state] = evaluate(low, numbers), evaluate(high, numbers)
        return found

    def current_at(self, v: Any, **states: Any) -> Any:
        """The current (A) at `v` volts with states, and parameters, other than the initial ones."""
        return evaluate(self.current_expr, self._values(states) | {_VOLTAGE: v})

    def rates_at(self, v: Any, **states: Any) -> dict[str, Any]:
        """The rate of change of every state at `v` volts, per second."""
        values = self._values(states) | {_VOLTAGE: v}
        return {name: evaluate(expr, values) for name, expr in self.slopes.items()}

    def conductance_at(self, v_read: float | None = None, **states: Any) -> Any:
        """Current over voltage (S) at a reading voltage, by default the device's own."""
        volts = self.v_read if v_read is None else v_read
        return np.asarray(self.current_at(volts, **states)) / volts

    def state_of_conductance(self, g: Any, v_read: float | None = None, **values: Any) -> Any:
        """The state `memory` at which the conductance is `g` (S); held within its bounds.

        Parameters
        ----------
        g
            A number or an array.
        v_read
            Volts of the reading; the device's own by default.
        values
            Parameters and other states that differ from the device's own.
        """
        volts = self.v_read if v_read is None else v_read
        known = self._values(values)
        low, high = self.limits(known)[self.memory]
        if self.inverse_expr is not None:
            found = evaluate(self.inverse_expr, known | {"g": g, "v_read": volts})
            return np.clip(found, low, high)

        def conductance(state: Any) -> Any:
            return evaluate(self.current_expr, known | {_VOLTAGE: volts, self.memory: state})

        return find_state(conductance, np.asarray(g) * volts, low, high, self.label)

    def window_at(self, **values: Any) -> tuple[Any, Any]:
        """Least and greatest conductance (S) at `v_read`, with `values` of parameters."""
        low, high = self.limits(values)[self.memory]
        ends = [self.conductance_at(**{**values, self.memory: end}) for end in (low, high)]
        return np.minimum(*ends), np.maximum(*ends)

    @property
    def g_min(self) -> float:
        """The least conductance, in S; of all of them where parameters are arrays."""
        return float(np.min(self.window_at()[0]))

    @property
    def g_max(self) -> float:
        """The greatest conductance, in S."""
        return float(np.max(self.window_at()[1]))

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in self.parameters and name not in self.block.states:
                known = {*self.parameters, *self.block.states}
                raise UnknownNameError(f"{self.label}, value", name, known)
        return {**self.numbers(), **self.start(), **given}

    def __repr__(self) -> str:
        plain = super().__repr__()
        chosen = [f"{k}={v!r}" for k, v in self.chosen.items() if v != self.choices[k][0]]
        given = plain[len(self.label) + 1 : -1]
        return f"{self.label}({', '.join([*chosen, *([given] if given else [])])})"

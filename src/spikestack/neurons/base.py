"""The base of all neuron models, and the way to write one inline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..equations.block import Statement, parse_condition, parse_statements
from ..equations.declaring import parameter_of
from ..equations.dimensions import unit_of
from ..equations.expressions import Expr, substitute
from ..equations.fixed_point import EVERY, FixedPoint, formats_by_name
from ..equations.model import AbstractModel, Parameter
from ..equations.notation import (
    as_method,
    is_foreign,
    refractory_period,
    translated,
    with_units,
)
from ..equations.parser import parse_expression
from ..errors import EquationError, UnknownNameError, ValidationError, shorten
from ..units import DIMENSIONLESS, Unit, magnitude, parse_unit

__all__ = ["DECLARED", "METHODS", "NeuronModel"]

#: How differential equations may be integrated; "auto" is exact where the equations are linear
#: with constant coefficients and exponential Euler where each is linear in its own variable.
METHODS = ("auto", "euler", "rk4")
_TEXTS = ("after_arrivals", "threshold", "reset", "emit")
#: What a model declares besides its equations and parameters.
DECLARED = (
    "after_arrivals",
    "threshold",
    "reset",
    "refractory",
    "clamped",
    "emit",
    "emit_type",
    "emit_limit",
    "initial",
    "dimensionless",
    "compartments",
    "default_synapse",
    "source",
)


class NeuronModel(AbstractModel):
    """A neuron model: equations as text, parameters, spike condition, reset.

    A catalogue model is a subclass that declares these as class attributes and takes values for
    them: ``LIF(tau_m=10.0, v=-60.0)``. A model of one's own can be written in place::

        NeuronModel(
            "dv/dt = (v_rest - v + r*i_syn) / tau_m : mV",
            threshold="v >= v_thresh", reset="v = v_rest",
            parameters=dict(v_rest="-65 mV", r="10 MOhm", tau_m="20 ms", v_thresh="-50 mV"),
        )

    Parameters
    ----------
    equations
        ``dx/dt = ... : unit`` and ``x[t+1] = ... : unit`` lines. ``i_syn`` (nA) is the summed
        current of all receptors and injected currents. Brian2's notation is understood (units in
        full, flags, ``x : unit`` for parameters) and brought into this one; see
        `spikestack.equations.notation`.
    after_arrivals
        Assignments made in every step when spikes have been added to what they act on, and before
        the threshold: for models, such as those of chips, that update with the input of the same
        step. They are made in their order, and for refractory neurons too.
    threshold
        Condition for a spike, checked after each step; ``previous(x)`` is x before the step.
        Without one the neuron never spikes.
    reset
        Assignments made at a spike.
    refractory
        Name of the parameter that holds the refractory period (ms), or the period: ``"5 ms"``.
    clamped
        Variables held while refractory; by default ``v`` where there is one, and in Brian2's
        notation what is ``(unless refractory)``.
    emit
        Value that a spike carries, as an expression evaluated before the reset.
    emit_type
        ``"none"``, ``"int"`` (int32) or ``"float"``.
    emit_limit
        Greatest magnitude of the value; what exceeds it is clipped.
    method
        ``"auto"`` (exact or exponential Euler), ``"euler"`` or ``"rk4"``.
    state_format
        A `FixedPoint` to which states are rounded, those of receptors included, or a dict of them
        by variable (``"v"``, ``"ExponentialCurrent.i"``, ``"*"`` for all others).
    parameters
        Name to `Parameter`, text with a unit, or number; also as ``namespace``.
    initial
        Value of state variables at t = 0: number, array, distribution or name of a parameter.
    dimensionless
        Declare that the model counts in plain numbers, time in ms.
    compartments
        Further places where synapses may sit, each with the variable that is its membrane
        potential and the name by which its summed current stands in the equations:
        ``{"dendrite": ("v_d", "i_dend")}``. Synapses without one sit at ``v`` and ``i_syn``.
    values
        Parameters and initial values that differ from the declared ones.

    Raises
    ------
    EquationError, UnitError, UnknownNameError, ValidationError
        When the model is made, never later, if anything in it cannot be meant.
    """

    after_arrivals: str = ""
    threshold: str = ""
    reset: str = ""
    refractory: str = ""
    clamped: tuple[str, ...] | None = None
    emit: str = ""
    emit_type: str = "none"
    emit_limit: float = 1.0
    method: str = "auto"
    compartments: Mapping[str, tuple[str, str]] = {}
    #: A current (nA) at which the model fires, for examples and tests; None if it takes none.
    fires_at: float | None = 1.2
    #: The synapse by which a drive acts when none is named.
    default_synapse: str = "ExponentialCurrent"

    def __init__(self, equations: str | None = None, **declared: Any) -> None:
        values = self._declare(equations, declared)
        parameters = self._read_notation(declared.pop("parameters", {}))
        method = as_method(values.pop("method", self.method), self.label)
        if method not in METHODS:
            raise ValidationError(
                f"{self.label}.method", f"got {shorten(method)}", f"one of {METHODS}"
            )
        self.method = method
        self.state_format: dict[str, FixedPoint] = formats_by_name(
            values.pop("state_format", None), f"{self.label}.state_format"
        )
        self._set_up(self.declared_parameters() | parameters, values)
        self._check_shared()
        self._parse_spiking()

    def _declare(self, equations: str | None, declared: dict[str, Any]) -> dict[str, Any]:
        """Take inline declarations, leaving in the result what must be parameter values."""
        if equations is None:
            if type(self) is NeuronModel:
                raise EquationError("NeuronModel", "no equations", "equations as text")
            return {k: v for k, v in declared.items() if k != "parameters"}
        self.equations = equations
        if "namespace" in declared:
            declared["parameters"] = {**declared.pop("namespace"), **declared.get("parameters", {})}
        for name in DECLARED:
            if name in declared:
                setattr(self, name, declared[name])
        self._label = declared.get("name", "")
        skip = (*DECLARED, "name", "parameters")
        return {k: v for k, v in declared.items() if k not in skip}

    def _read_notation(self, inline: Mapping[str, Any]) -> dict[str, Parameter]:
        """Bring Brian2's notation into ours; the parameters that are declared in place."""
        parameters = {k: parameter_of(k, v) for k, v in inline.items()}
        period = refractory_period(self.refractory, f"{self.label}.refractory")
        if period is not None:
            self.refractory = "t_refractory" if self.refractory not in (None, False) else ""
            parameters |= {self.refractory: period} if self.refractory else {}
        texts = {name: getattr(self, name) for name in _TEXTS}
        self._shared: tuple[str, ...] = ()
        if not all(isinstance(text, str) for text in (self.equations, *texts.values())):
            return parameters
        brian = is_foreign(self.equations)
        names = {*self.declared_parameters(), *parameters, *self.inputs()}
        told = translated(self.equations, texts, names, self.label, brian)
        self.equations = told.equations
        for name, text in told.texts.items():
            setattr(self, name, text)
        if self.refractory and self.clamped is None:
            if period is not None and not brian:
                raise EquationError(
                    f"{self.label}.refractory",
                    "a time, and nothing says what is held",
                    "(unless refractory) after the unit of what is, as in Brian2",
                    "or clamped=('v',), or clamped=() if nothing is",
                )
            self.clamped = told.clamped
        self._shared = told.shared
        return told.parameters | with_units(parameters, told.parameters, self.label)

    def _check_shared(self) -> None:
        for name in self._shared:
            if not isinstance(self.values[name], float):
                raise ValidationError(
                    f"{self.label}.{name}", "differs from neuron to neuron", "it is (shared)"
                )

    @property
    def label(self) -> str:
        """The model's name in messages and listings."""
        return getattr(self, "_label", "") or super().label

    def __repr__(self) -> str:
        if not self.state_format:
            return super().__repr__()
        start = super().__repr__()[:-1]
        form: Any = self.state_format
        form = form[EVERY] if set(form) == {EVERY} else form
        return f"{start}{', ' if start[-1] != '(' else ''}state_format={form!r})"

    def inputs(self) -> dict[str, Unit]:
        """The summed synaptic and injected currents, by compartment."""
        unit = DIMENSIONLESS if self.dimensionless else parse_unit("nA")
        return dict.fromkeys(
            ("i_syn", *(current for _, current in self.compartments.values())), unit
        )

    def place(self, compartment: str, where: str) -> tuple[str, str]:
        """The membrane potential and the summed current of a compartment ("" for the main one).

        Raises
        ------
        UnknownNameError
            If the model has no such compartment.
        """
        if not compartment:
            return "v", "i_syn"
        if compartment not in self.compartments:
            raise UnknownNameError(f"{where}, compartment", compartment, self.compartments)
        potential, current = self.compartments[compartment]
        return potential, current

    def texts(self) -> tuple[str, ...]:
        """Equations, what follows arrivals, condition, reset and emitted value."""
        return (self.equations, self.after_arrivals, self.threshold, self.reset, self.emit)

    def _parse_spiking(self) -> None:
        units = self.builtins | self.parameter_units | self.inputs() | self.block.units
        if self.dimensionless:
            units = dict.fromkeys(units, DIMENSIONLESS)
        aliases, states = self.block.aliases, set(self.block.states)
        after = f"{self.label}.after_arrivals"
        self.after_statements: tuple[Statement, ...] = parse_statements(
            self.after_arrivals, states, self._without_inputs(units), aliases, after
        )
        self.threshold_expr: Expr | None = None
        if self.threshold:
            where = f"{self.label}.threshold"
            self.threshold_expr = parse_condition(self.threshold, units, aliases, where)
        elif self.reset or self.emit_type != "none":
            raise EquationError(f"{self.label}.reset", "without a threshold", "a threshold too")
        self.reset_statements: tuple[Statement, ...] = parse_statements(
            self.reset, states, units, aliases, f"{self.label}.reset"
        )
        self.emit_expr = self._parse_emit(units)
        self._check_refractory()
        if self.clamped is None:
            self.clamped = ("v",) if "v" in states and self.refractory else ()
        for name in self.clamped:
            if name not in states:
                raise UnknownNameError(f"{self.label}.clamped", name, states)
        for potential, _ in self.compartments.values():
            if potential not in states:
                raise UnknownNameError(f"{self.label}.compartments", potential, states)

    def _without_inputs(self, units: dict[str, Unit]) -> dict[str, Unit]:
        """`units` without the currents, which act on the equations alone."""
        return {name: unit for name, unit in units.items() if name not in self.inputs()}

    def _parse_emit(self, units: dict[str, Unit]) -> Expr | None:
        where = f"{self.label}.emit"
        if self.emit_type not in ("none", "int", "float"):
            raise ValidationError(
                where, f"emit_type {self.emit_type!r}", "'none', 'int' or 'float'"
            )
        if (self.emit_type == "none") != (not self.emit):
            raise ValidationError(
                where,
                f"emit={shorten(self.emit)} with emit_type={self.emit_type!r}",
                "both, or neither",
            )
        if not self.emit:
            return None
        limit = magnitude(self.emit_limit, DIMENSIONLESS, f"{where}_limit")
        if not (isinstance(limit, float) and 0 < limit <= 2**23):
            raise ValidationError(
                f"{where}_limit", f"got {shorten(self.emit_limit)}", "above 0 and at most 2**23"
            )
        expr = substitute(parse_expression(self.emit, set(units), where), self.block.aliases)
        unit = unit_of(expr, units, where)
        if unit is not None and not unit.fits(DIMENSIONLESS):
            raise EquationError(
                where,
                f"the value is in {unit.coherent}",
                "a plain number",
                "divide it by a scale of the same unit",
            )
        return expr

    def _check_refractory(self) -> None:
        if not self.refractory:
            return
        where = f"{self.label}.refractory"
        if self.refractory not in self.parameters:
            raise UnknownNameError(where, self.refractory, self.parameters)
        if not self.parameter_units[self.refractory].fits(parse_unit("ms")):
            raise EquationError(where, f"{self.refractory} is no time", "a parameter in ms")

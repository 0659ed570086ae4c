"""The base of all plasticity rules: traces of both neurons, and what spikes do to the weight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..equations.aliases import read_aliases
from ..equations.block import Statement, defined_names, logical_lines, parse_condition
from ..equations.builtins import NOISE, UNIFORM, kind_of
from ..equations.declaring import parameter_of
from ..equations.expressions import Expr, names_in
from ..equations.linear import linear_subsystem
from ..equations.model import AbstractModel, Parameter
from ..errors import EquationError, UnitError, ValidationError, shorten
from ..units import DIMENSIONLESS, Unit, parse_unit
from ..values import Distribution, support
from .statements import parse_event, parse_transmission

__all__ = ["TEXTS", "PlasticityRule", "WeightParameter"]

#: What stands for the unit of weights while a rule does not know its synapse.
_STAND_IN = parse_unit("nA")
_SIDES = ("pre", "post", "modulator")
#: What these mean is given; a rule cannot have others of the name.
_RESERVED = ("w", "w_sum", "in_degree")
#: The texts that define a rule, besides its parameters.
TEXTS = (
    *("pre_traces", "post_traces", "modulator_traces", "variables", "post_state", "lags"),
    *("pre_spike", "post_spike", "modulator_spike"),
    *("on_pre", "on_post", "every", "every_if", "transmit"),
)
_DECLARED = re.compile(r"([A-Za-z]\w*)\s*:\s*(\S.*)\Z")


@dataclass(frozen=True)
class WeightParameter(Parameter):
    """A parameter in the unit of the weights of whichever synapse the rule is put on."""

    unit: str = "weight"

    def parsed_unit(self, where: str) -> Unit:
        """The unit that stands for that of the weights in equations."""
        return _STAND_IN


class PlasticityRule(AbstractModel):
    """A rule by which the synapses of a projection change while the network runs.

    A catalogue rule is a subclass that declares the texts below as class attributes. A rule of
    one's own can be written in place::

        PlasticityRule(
            pre_traces="dx/dt = -x/tau : 1", pre_spike="x += 1",
            on_post="w += rate*x*w_max",
            parameters=dict(tau="20 ms", rate=0.01), w_max=0.5,
        )

    Spikes meet at the synapse: that of the source once the axonal delay is over, that of the target
    after the dendritic delay, by which it travels back. Traces are read as they were just before
    the spikes of the same moment, so that spikes that meet at the synapse at the same time are not
    paired; there, `every` comes before `on_pre`, and `on_pre` before `on_post`. A spike is
    delivered with the weight that `on_pre` leaves.

    Parameters
    ----------
    pre_traces, post_traces, modulator_traces
        Linear differential equations of traces that each source, each target, and the modulator
        have, in the form ``dx/dt = -x/tau : 1``; then updates of a step, ``x[t+1] = ... : 1``.
        Those of the target may use `post_state`, those of the modulator ``signal``.
    variables
        What every synapse has besides its weight, a name and a unit a line: ``c : weight``. They
        change where they are assigned to, and only there.
    post_state
        Variables of the target neuron that `post_traces` read, a name and a unit a line:
        ``v : mV``.
    lags
        Traces of the source that reach the synapse later still than its spikes do, and the
        parameter that says by how much, one a line: ``x : D``.
    pre_spike, post_spike, modulator_spike
        What a spike of the source does to `pre_traces`, one of the target to `post_traces`, one of
        the modulator to `modulator_traces`: ``x += 1`` counts all spikes, ``x = 1`` the last one.
    on_pre, on_post
        What becomes of the weight ``w`` and of `variables` when a spike of the source, or of the
        target, reaches the synapse; both may use all traces, ``signal``, the present value of the
        modulating signal, and draws between 0 and 1 (``rand``, ``rand_2``, ...). The weight is
        then held between ``w_min`` and ``w_max``.
    every
        The same, at multiples of ``interval``, for all synapses. Besides, ``w_sum`` is the sum of
        the weights of this projection onto the target, and ``in_degree`` their number.
    every_if
        A condition on `post_traces`: only synapses onto targets for which it holds take part in
        `every`.
    transmit
        What a spike delivers: ``w`` unless given.
    parameters
        Name to `Parameter`, text with a unit, or number.
    initial
        Values of traces and variables at t = 0; of variables also distributions, from which each
        synapse draws its own, and arrays with one for each, in the order of arrays of weights.
    values
        Parameters that differ from the declared ones, among them ``w_min``, ``w_max`` and
        ``interval`` (ms; 0 means every step); one number for all synapses.

    Raises
    ------
    EquationError, UnitError, UnknownNameError, ValidationError
        When the rule is made, never later, if anything in it cannot be meant.
    """

    pre_traces: str = ""
    post_traces: str = ""
    modulator_traces: str = ""
    variables: str = ""
    post_state: str = ""
    lags: str = ""
    pre_spike: str = ""
    post_spike: str = ""
    modulator_spike: str = ""
    on_pre: str = ""
    on_post: str = ""
    every: str = ""
    every_if: str = ""
    transmit: str = ""
    #: Units of the numbers in the unit of weights that were given with one; the others have the
    #: synapse's.
    quantities: Mapping[str, str] = {}

    w_min = WeightParameter(0.0, meaning="least weight")
    w_max = WeightParameter(1.0, meaning="greatest weight")
    #: How `variables` in the unit of the weight are told from others.
    weight_stand_in = _STAND_IN
    #: Whether a rule must do something to the weights, to be one.
    changes_weights = True
    interval = Parameter(0.0, "ms", low=0, meaning="between two rounds of `every`; 0: each step")

    def __init__(self, **declared: Any) -> None:
        parameters = {k: parameter_of(k, v) for k, v in declared.pop("parameters", {}).items()}
        for name in (*TEXTS, "initial"):
            if name in declared:
                setattr(self, name, declared.pop(name))
        self._label = declared.pop("name", "")
        self.synapse_units = self._declared_units("variables")
        self.read_units = self._declared_units("post_state")
        held = "\n".join(f"{name}[t+1] = {name} : nA" for name in self.synapse_units)
        traces = (getattr(self, f"{side}_traces") for side in _SIDES)
        self.equations = "\n".join((*traces, held))
        parameters = self.declared_parameters() | parameters
        self.quantities = dict(self.quantities)
        declared = self._own_names(parameters, declared)
        for name, given in declared.items():
            told = isinstance(given, str) or hasattr(given, "dimensionality")
            if told and isinstance(parameters.get(name), WeightParameter):
                quantity = parameter_of(name, given)
                unit = quantity.parsed_unit(f"{self.label}.{name}")
                self.quantities[name] = unit.coherent
                declared[name] = quantity.default * unit.scale
        self._set_up(parameters, declared)
        self._check_names()
        self._check_values()
        self._parse()

    @property
    def label(self) -> str:
        """The rule's name in messages and listings."""
        return getattr(self, "_label", "") or super().label

    def _own_names(
        self, parameters: Mapping[str, Parameter], declared: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What was declared under other tools' names, under our own."""
        units = {
            name: parameter.parsed_unit(f"{self.label}.{name}")
            for name, parameter in parameters.items()
        }
        states = dict.fromkeys(defined_names(self.equations, self.label), DIMENSIONLESS)
        return read_aliases(type(self), self.label, states | units, declared)

    def texts(self) -> tuple[str, ...]:
        """All expressions of the rule."""
        events = (getattr(self, name) for name in TEXTS[6:])
        return (self.equations, *events)

    def inputs(self) -> dict[str, Unit]:
        """What the target neuron and the modulating signal provide to traces."""
        return {"signal": DIMENSIONLESS, **self.read_units}

    @property
    def is_modulated(self) -> bool:
        """Whether it listens to the spikes of a modulator."""
        return bool(self.modulator_statements)

    def _declared_units(self, text: str) -> dict[str, Unit]:
        """The names and units that `variables` or `post_state` declare."""
        found = {}
        for line in logical_lines(getattr(self, text), f"{self.label}.{text}"):
            match = _DECLARED.match(line)
            if not match:
                raise EquationError(
                    f"{self.label}.{text}", f"cannot read {shorten(line)}", "'name : unit'"
                )
            unit = match[2].strip()
            found[match[1]] = (
                _STAND_IN if unit == "weight" else Parameter(0, unit).parsed_unit(self.label)
            )
        return found

    def _lags(self) -> dict[str, str]:
        """Parameters that give the lags of traces."""
        found, time = {}, self.parameter_units["interval"]
        for line in logical_lines(self.lags, f"{self.label}.lags"):
            name, _, parameter = (part.strip() for part in line.partition(":"))
            known = parameter in self.parameters and self.parameter_units[parameter].fits(time)
            if name not in self.pre_names or not known:
                raise EquationError(
                    f"{self.label}.lags",
                    f"got {shorten(line)}",
                    "'x : D', a trace of pre_traces and a parameter that is a time",
                )
            found[name] = parameter
        return found

    def _check_names(self) -> None:
        own = {*self.parameters, *self.block.units, *self.block.aliases, *self.read_units}
        for name in own.intersection(_RESERVED):
            raise EquationError(
                self.label,
                f"has something of its own named {name!r}",
                "another name",
                "w is the weight; w_sum and in_degree are what stands onto a target",
            )

    def _check_values(self) -> None:
        for name, value in {**self.values, **self.initial_values}.items():
            if isinstance(value, np.ndarray | Distribution) and name not in self.synapse_units:
                raise ValidationError(
                    f"{self.label}.{name}",
                    f"got {shorten(value)}",
                    "one number for all synapses",
                    "use a projection for each value",
                )
        low, high = (support(self.values[name])[0] for name in ("w_min", "w_max"))
        if not low <= high:
            raise ValidationError(
                self.label, f"w_min = {low:g} is above w_max = {high:g}", "w_min <= w_max"
            )

    def _parse(self) -> None:
        self.block.units.update(self.synapse_units)
        self.pre_names, self.post_names, self.modulator_names = map(self._side, _SIDES)
        self._check_traces()
        self.lag_names = self._lags()
        self.pre_statements, self.post_statements, self.modulator_statements = map(
            self._jump, _SIDES
        )
        self._parse_events()

    def _side(self, side: str) -> tuple[str, ...]:
        names = defined_names(getattr(self, f"{side}_traces"), self.label)
        return tuple(name for name in self.block.states if name in names)

    def updates_of(self, names: tuple[str, ...]) -> list[Statement]:
        """The updates of traces among `names`, in order."""
        return [(name, rhs) for name, rhs in self.block.updates if name in names]

    def _check_traces(self) -> None:
        readable = {"pre": set(), "post": set(self.read_units), "modulator": {"signal"}}
        for side in _SIDES:
            names = getattr(self, f"{side}_names")
            known = {*names, *self.parameters, *readable[side]}
            equations = {n: self.block.derivatives[n] for n in names if n in self.block.derivatives}
            held = (*readable[side], *(set(names) - set(equations)))
            linear = linear_subsystem(equations, self.parameter_units, held)
            for name, rhs in [*equations.items(), *self.updates_of(names)]:
                if foreign := sorted(set(names_in(rhs)) - known):
                    raise EquationError(
                        f"{self.label}, equation of {name}",
                        f"uses {foreign[0]!r}, which {side}_traces do not have",
                        f"one of {', '.join(sorted(known))}",
                    )
            for name in set(equations) - set(linear):
                raise EquationError(
                    f"{self.label}, equation of {name}",
                    "is not linear in the traces of its own side with constant coefficients",
                    "a trace such as 'dx/dt = -x/tau : 1'",
                    f"equations of {side}_traces are integrated exactly; "
                    "write 'x[t+1] = ... : 1' for what happens at every step",
                )

    def _jump(self, side: str) -> tuple[Statement, ...]:
        names = getattr(self, f"{side}_names")
        units = self.parameter_units | {n: self.block.units[n] for n in names}
        return parse_event(self, f"{side}_spike", units, names)

    def _parse_events(self) -> None:
        traces = (*self.pre_names, *self.post_names, *self.modulator_names)
        common = self.parameter_units | {"signal": DIMENSIONLESS, "w": _STAND_IN}
        common |= {name: self.block.units[name] for name in (*traces, *self.block.aliases)}
        common |= self.synapse_units
        draws = {name: unit for name, unit in self.builtins.items() if kind_of(name) == UNIFORM}
        noise = {name: unit for name, unit in self.builtins.items() if kind_of(name) == NOISE}
        targets = ("w", *self.synapse_units)
        self.on_pre_statements = parse_event(self, "on_pre", common | draws, targets)
        self.on_post_statements = parse_event(self, "on_post", common | draws, targets)
        sums = {"w_sum": _STAND_IN, "in_degree": DIMENSIONLESS}
        more = common | draws | noise | {k: v for k, v in sums.items() if k not in common}
        self.every_statements = parse_event(self, "every", more, targets)
        self.every_condition = self._condition()
        self.transmit_expr = parse_transmission(self, common | draws, _STAND_IN)
        told = (self.on_pre_statements, self.on_post_statements, self.every_statements)
        if self.changes_weights and not any(told) and self.transmit_expr is None:
            raise EquationError(
                self.label, "changes no weight", "on_pre, on_post, every or transmit"
            )

    def _condition(self) -> Expr | None:
        if not self.every_if.strip():
            return None
        known = self.parameter_units | {n: self.block.units[n] for n in self.post_names}
        where = f"{self.label}.every_if"
        if not self.every_statements:
            raise EquationError(where, "a condition for nothing", "every, which it is for")
        if {"w_sum", "in_degree"} & {n for _, rhs in self.every_statements for n in names_in(rhs)}:
            raise EquationError(where, "a condition beside w_sum or in_degree", "one of them")
        return parse_condition(self.every_if, known, self.block.aliases, where)

    def coherent(self, unit: Unit) -> dict[str, float]:
        """Parameters in coherent units, given the unit of the weights."""
        made = coherent_values(self, unit)
        return made | {name: float(support(self.values[name])[0]) for name in self.quantities}

    def check_quantities(self, unit: Unit, where: str) -> None:
        """Raise UnitError if a number was given in a unit that weights in `unit` do not fit."""
        for name, own in self.quantities.items():
            if not parse_unit(own).fits(unit):
                raise UnitError(
                    f"{where}, {self.label}.{name}",
                    f"got {support(self.values[name])[0]:g} {own}",
                    f"weights of this synapse are in {unit}",
                )


def coherent_values(model: AbstractModel, unit: Unit) -> dict[str, float]:
    """Parameters in coherent units, given the unit of the weights."""
    made: dict[str, float] = {}
    for name, value in model.values.items():
        of_weight = isinstance(model.parameters[name], WeightParameter)
        scale = unit.scale if of_weight else model.parameter_units[name].scale
        made[name] = float(support(value)[0] * scale)
    return made

"""The base of all plasticity rules: traces of both neurons, and what spikes do to the weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..equations.block import Statement, defined_names, parse_statements
from ..equations.declaring import parameter_of
from ..equations.linear import linear_subsystem
from ..equations.model import AbstractModel, Parameter
from ..errors import EquationError, ValidationError, shorten
from ..units import Unit, parse_unit
from ..values import Distribution, support

if TYPE_CHECKING:
    from ..neurons.base import NeuronModel
    from ..synapses.base import Synapse

__all__ = ["TEXTS", "PlasticityRule", "WeightParameter", "check_plasticity"]

#: What stands for the unit of weights while a rule does not know its synapse.
_STAND_IN = parse_unit("nA")
#: The texts that define a rule, besides its parameters.
TEXTS = ("pre_traces", "post_traces", "pre_spike", "post_spike", "on_pre", "on_post")


@dataclass(frozen=True)
class WeightParameter(Parameter):
    """A parameter in the unit of the weights of whichever synapse the rule is put on."""

    unit: str = "weight"

    def parsed_unit(self, where: str) -> Unit:
        """The unit that stands for that of the weights in equations."""
        return _STAND_IN


class PlasticityRule(AbstractModel):
    """A rule by which the weights of a projection change while the network runs.

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
    paired; there, `on_pre` comes before `on_post`. A spike is delivered with the weight that
    `on_pre` leaves.

    Parameters
    ----------
    pre_traces, post_traces
        Linear differential equations of traces that each source and each target has, in the form
        ``dx/dt = -x/tau : 1``.
    pre_spike, post_spike
        What a spike of the source does to `pre_traces`, and one of the target to `post_traces`:
        ``x += 1`` counts all spikes, ``x = 1`` the last one.
    on_pre, on_post
        What becomes of the weight ``w`` when a spike of the source, or of the target, reaches the
        synapse; both may use the traces of both sides. The weight is then held between ``w_min``
        and ``w_max``.
    parameters
        Name to `Parameter`, text with a unit, or number.
    initial
        Values of traces at t = 0.
    values
        Parameters that differ from the declared ones, among them ``w_min`` and ``w_max``; one
        number for all synapses.

    Raises
    ------
    EquationError, UnitError, UnknownNameError, ValidationError
        When the rule is made, never later, if anything in it cannot be meant.
    """

    pre_traces: str = ""
    post_traces: str = ""
    pre_spike: str = ""
    post_spike: str = ""
    on_pre: str = ""
    on_post: str = ""

    w_min = WeightParameter(0.0, meaning="least weight")
    w_max = WeightParameter(1.0, meaning="greatest weight")

    def __init__(self, **declared: Any) -> None:
        parameters = {k: parameter_of(k, v) for k, v in declared.pop("parameters", {}).items()}
        for name in (*TEXTS, "initial"):
            if name in declared:
                setattr(self, name, declared.pop(name))
        self._label = declared.pop("name", "")
        self.equations = f"{self.pre_traces}\n{self.post_traces}"
        self._set_up(self.declared_parameters() | parameters, declared)
        self._check_values()
        self._parse_events()

    @property
    def label(self) -> str:
        """The rule's name in messages and listings."""
        return getattr(self, "_label", "") or super().label

    def texts(self) -> tuple[str, ...]:
        """All expressions of the rule."""
        return (self.equations, self.pre_spike, self.post_spike, self.on_pre, self.on_post)

    def _check_values(self) -> None:
        for name, value in {**self.values, **self.initial_values}.items():
            if isinstance(value, np.ndarray | Distribution):
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

    def _parse_events(self) -> None:
        if builtins := self.names_used() & set(self.builtins):
            name = sorted(builtins)[0]
            raise EquationError(self.label, f"uses {name!r}", "parameters, traces and w")
        if self.block.updates:
            name = self.block.updates[0][0]
            raise EquationError(
                f"{self.label}, {name}", "is an update", "a linear equation: 'dx/dt = -x/tau : 1'"
            )
        self.pre_names = self._side(self.pre_traces)
        self.post_names = self._side(self.post_traces)
        own = self.parameter_units
        for names, side in ((self.pre_names, "pre_traces"), (self.post_names, "post_traces")):
            equations = {name: self.block.derivatives[name] for name in names}
            for name in set(equations) - set(linear_subsystem(equations, own)):
                raise EquationError(
                    f"{self.label}, equation of {name}",
                    "is not linear in the traces of its own side with constant coefficients",
                    "a trace such as 'dx/dt = -x/tau : 1'",
                    f"all of {side} are integrated exactly",
                )
        self.pre_statements = self._statements("pre_spike", self.pre_names)
        self.post_statements = self._statements("post_spike", self.post_names)
        self.on_pre_statements = self._statements("on_pre", ("w",))
        self.on_post_statements = self._statements("on_post", ("w",))
        if not (self.on_pre_statements or self.on_post_statements):
            raise EquationError(self.label, "changes no weight", "on_pre or on_post, or both")

    def _side(self, text: str) -> tuple[str, ...]:
        names = defined_names(text, self.label)
        return tuple(name for name in self.block.derivatives if name in names)

    def _statements(self, event: str, targets: tuple[str, ...]) -> tuple[Statement, ...]:
        units = self.parameter_units | self.block.units
        if event.endswith("_spike"):
            other = self.post_names if event == "pre_spike" else self.pre_names
            units = {name: unit for name, unit in units.items() if name not in other}
        else:
            units = units | {"w": _STAND_IN}
        text = getattr(self, event)
        return parse_statements(
            text, set(targets), units, self.block.aliases, f"{self.label}.{event}"
        )

    def coherent(self, unit: Unit) -> dict[str, float]:
        """Parameters in coherent units, given the unit of the weights."""
        made: dict[str, float] = {}
        for name, value in self.values.items():
            of_weight = isinstance(self.parameters[name], WeightParameter)
            scale = unit.scale if of_weight else self.parameter_units[name].scale
            made[name] = support(value)[0] * scale
        return made


def check_plasticity(
    rule: PlasticityRule, source: NeuronModel, synapse: Synapse, where: str
) -> None:
    """Raise ValidationError unless `rule` can be put on a synapse of neurons like `source`."""
    if not isinstance(rule, PlasticityRule):
        raise ValidationError(
            f"{where}.plasticity", f"got {shorten(rule)}", "a rule such as AdditiveSTDP()"
        )
    if source.emit_type != "none":
        raise ValidationError(
            f"{where}.plasticity",
            f"spikes of {source.label} carry values",
            "a source whose spikes carry none",
        )
    if synapse.continuous:
        raise ValidationError(
            f"{where}.plasticity", f"{synapse.label} takes no spikes", "a synapse that does"
        )
    low, high = (support(rule.values[name])[0] for name in ("w_min", "w_max"))
    unit = synapse.unit_of_weight()
    if synapse.positive and low < 0:
        raise ValidationError(
            f"{where}.plasticity",
            f"w_min = {low:g} {unit} on a conductance",
            "w_min >= 0",
            "the sign comes from e_rev",
        )
    least, most = synapse.least_weight(), synapse.greatest_weight()
    if least < low or most > high:
        got = least if least < low else most
        raise ValidationError(
            f"{where}.weight",
            f"may be {got:g} {unit} at t = 0, outside the bounds of {rule.label}",
            f"{low:g} to {high:g} {unit} (w_min to w_max)",
            "bound the distribution by low= and high=, or set w_min= and w_max= of the rule",
        )

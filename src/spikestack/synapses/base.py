"""The base of all synapses: a receptor on the target, with a weight and a delay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..equations.dimensions import check_unit
from ..equations.edge_expression import Expression
from ..equations.expressions import Expr, names_in, substitute
from ..equations.model import AbstractModel
from ..equations.parser import parse_expression
from ..errors import EquationError, ValidationError
from ..units import Unit, parse_unit
from ..values import Value, as_value, support

if TYPE_CHECKING:
    from ..neurons.base import NeuronModel

__all__ = ["Synapse"]

#: Delays longer than this are taken for a slip of units.
LONGEST_DELAY = 10_000.0


class Synapse(AbstractModel):
    """A synapse: equations of the receptor, and weight and delay of its edges.

    The receptor's state belongs to the target population and is shared by all projections that
    name the same kind with the same parameters. A spike adds weight (times the spike's value, if
    it carries one) to the variable `receives`; `current` enters the neuron's ``i_syn``.

    Parameters
    ----------
    weight
        Number, array (one per edge, in the order of the rule), distribution, or `Expression` of
        the pair; its unit is that of the variable that receives it.
    delay
        Axonal delay in ms: number, array, distribution or `Expression`. Rounded to whole steps.
    dendritic_delay
        Delay after the synapse in ms, a part of the total.
    compartment
        Where on the target it sits; the main compartment unless the target's model names others.
    values
        The receptor's parameters and initial values.

    Raises
    ------
    ValidationError
        If a value is out of range, when the synapse is made.
    """

    #: Variable that a spike's weight is added to: the receptor's, or the neuron's own.
    receives: str = ""
    #: Expression of the current (nA) that enters the neuron; empty for none.
    current: str = ""
    #: Whether weights must be >= 0 (conductances: the sign comes from the reversal potential).
    positive: bool = False
    #: Whether it couples potentials, in both directions, instead of delivering spikes.
    continuous: bool = False
    #: Unit of the weight where `receives` is the neuron's own variable.
    weight_unit: str = ""
    #: Variables of the neuron that `current` may use.
    neuron_names: ClassVar[dict[str, str]] = {"v": "mV"}
    default_weight: float = 1.0
    default_delay: float = 1.0

    def __init__(
        self,
        *,
        weight: Any = None,
        delay: Any = None,
        dendritic_delay: Any = 0.0,
        compartment: str = "",
        **values: Any,
    ) -> None:
        self.compartment = compartment
        self._set_up(
            self.declared_parameters(), values, {} if weight is None else {"weight": weight}
        )
        self._parse_current()
        unit = self.unit_of_weight()
        weight = self.default_weight if weight is None else weight
        where = f"{self.label}.weight"
        self.weight: Value | Expression = _formula(weight, where) or as_value(weight, unit, where)
        if self.positive and self.least_weight() < 0:
            raise ValidationError(
                f"{self.label}.weight",
                f"may be {self.least_weight():g} {unit}",
                "a conductance must be >= 0",
                "set the sign by e_rev; bound a distribution by low=0",
            )
        delay = self.default_delay if delay is None else delay
        self.delay = _delay(delay, f"{self.label}.delay")
        self.dendritic_delay = _delay(dendritic_delay, f"{self.label}.dendritic_delay")
        if self.continuous and (self.delay, self.dendritic_delay, compartment) != (0.0, 0.0, ""):
            raise ValidationError(
                self.label, "a delay or a compartment", "a junction acts at once, between somata"
            )

    def texts(self) -> tuple[str, ...]:
        """Equations and current."""
        return (self.equations, self.current)

    def least_weight(self) -> float:
        """The least weight that can be; of an expression it is known when edges are made."""
        return 0.0 if isinstance(self.weight, Expression) else support(self.weight)[0]

    def greatest_weight(self) -> float:
        """The greatest weight that can be; of an expression it is known when edges are made."""
        return 0.0 if isinstance(self.weight, Expression) else support(self.weight)[1]

    def unit_of_weight(self) -> Unit:
        """The unit of the weight."""
        if self.receives in self.block.units:
            return self.block.units[self.receives]
        return parse_unit(self.weight_unit)

    def _parse_current(self) -> None:
        self.current_expr: Expr | None = None
        if not self.current:
            return
        outside = {name: parse_unit(unit) for name, unit in self.neuron_names.items()}
        units = self.builtins | outside | self.parameter_units | self.block.units
        where = f"{self.label}.current"
        expr = parse_expression(self.current, set(units), where)
        self.current_expr = substitute(expr, self.block.aliases)
        check_unit(self.current_expr, parse_unit("nA"), units, where)

    def receptor_key(self) -> tuple[Any, ...]:
        """What makes two synapses share one receptor: kind, parameters, initial values."""
        return (
            self.label,
            self.compartment,
            tuple((name, _hashable(value)) for name, value in sorted(self.scalar_values().items())),
        )


def _hashable(value: Any) -> Any:
    return (value.shape, value.tobytes()) if hasattr(value, "tobytes") else value


def _formula(given: Any, where: str) -> Expression | None:
    """`given` if it is an expression of pairs that yields numbers."""
    if not isinstance(given, Expression):
        return None
    given.check_kind(False, where)
    return given


def _delay(given: Any, where: str) -> Value | Expression:
    if formula := _formula(given, where):
        return formula
    value = as_value(given, parse_unit("ms"), where)
    low, high = support(value)
    if low < 0:
        raise ValidationError(
            where,
            f"may be {low:g} ms",
            "a delay must be >= 0 ms",
            "bound a distribution by low=, as in Normal(1.5, 0.75, low=0.1)",
        )
    if LONGEST_DELAY < high < float("inf"):
        raise ValidationError(where, f"is {high:g} ms", f"at most {LONGEST_DELAY:g} ms")
    return value


def check_receiver(synapse: Synapse, model: NeuronModel, where: str) -> None:
    """Raise EquationError if the target's model lacks what the synapse acts on.

    Parameters
    ----------
    synapse
        The synapse to attach.
    model
        The target's neuron model.
    where
        The projection or drive, for messages.
    """
    states = model.block.units
    potential, current = model.place(synapse.compartment, where)
    if synapse.current_expr is not None and current not in model.names_used():
        raise EquationError(
            where,
            f"{synapse.label} gives a current, and {model.label} takes none",
            f"a model whose equations use {current}",
        )
    if synapse.continuous:
        _check_junction(synapse, model, where)
        return
    needed = [] if synapse.receives in synapse.block.units else [synapse.receives]
    if synapse.current_expr is not None:
        needed += [n for n in names_in(synapse.current_expr) if n in synapse.neuron_names]
    for own in needed:
        name = potential if own == "v" else own
        if name not in model.block.states:
            raise EquationError(
                where,
                f"{synapse.label} acts on {name!r}, which {model.label} lacks",
                f"its variables: {', '.join(model.block.states)}",
            )
        unit = parse_unit(synapse.neuron_names.get(own, synapse.weight_unit))
        if not (model.dimensionless or unit.fits(states[name])):
            raise EquationError(
                where, f"{name!r} of {model.label} is in {states[name]}", f"{unit} is needed"
            )


def _check_junction(synapse: Synapse, model: NeuronModel, where: str) -> None:
    for name, there in (("i_syn", model.names_used()), ("v", model.block.states)):
        if name not in there:
            raise EquationError(
                where,
                f"{synapse.label} joins potentials, and {model.label} has no {name!r}",
                "models with a variable v whose equations use i_syn",
            )

"""What neuron models and receptors have in common: equations, parameters, initial values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..units import DIMENSIONLESS, Unit
from ..values import Distribution, Value, as_value, support
from .aliases import read_aliases
from .block import Block, defined_names, parse_block
from .builtins import builtin_units
from .expressions import names_in
from .parser import check_identifier, unit_of_text
from .stimulus import Stimulus

__all__ = ["AbstractModel", "Parameter"]


#: Keywords of constructors, which no parameter or variable can bear.
_RESERVED = {
    *("method", "state_format", "name", "parameters", "equations"),
    *("weight", "delay", "dendritic_delay"),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter's declaration: default, unit, and the range it may take.

    `low` and `high` are in `unit`; the bounds belong to the range unless declared open.
    """

    default: Any
    unit: str = "1"
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    meaning: str = ""

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def parsed_unit(self, where: str) -> Unit:
        """The unit, parsed."""
        return unit_of_text(self.unit, where)

    def check(self, value: Value, where: str) -> None:
        """Raise ValidationError if `value` leaves the range."""
        low, high = support(value)
        below = low < self.low or (self.low_open and low <= self.low)
        above = high > self.high or (self.high_open and high >= self.high)
        if below or above:
            got = low if below else high
            is_random = isinstance(value, Distribution)
            raise ValidationError(
                where,
                f"{'may draw' if is_random else 'got'} {got:g} {self.unit}",
                f"must be {self.range_text()}",
                "bound the distribution with low= and high=" if is_random else "",
            )

    def range_text(self) -> str:
        """The range in words: ``"> 0 ms and <= 5 ms"``."""
        parts = []
        if self.low > -math.inf:
            parts.append(f"{'>' if self.low_open else '>='} {self.low:g} {self.unit}")
        if self.high < math.inf:
            parts.append(f"{'<' if self.high_open else '<='} {self.high:g} {self.unit}")
        return " and ".join(parts) or "finite"


class AbstractModel:
    """Equations with parameters; the base of neuron models and receptors.

    A subclass declares `equations` as text, its parameters as class attributes of type
    `Parameter`, `initial` values as texts or numbers, and its `source`.
    """

    equations: str = ""
    initial: Mapping[str, Any] = {}
    dimensionless: bool = False
    source: str = ""
    parameter_sets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: The current that shows what a parameter set is known for, by the set's name.
    shows: ClassVar[Mapping[str, Stimulus]] = {}
    #: Parameters and name of a model that was read from a file.
    inline_parameters: ClassVar[Mapping[str, Parameter]] = {}
    saved_label: ClassVar[str] = ""

    parameters: dict[str, Parameter]
    values: dict[str, Value]
    block: Block
    #: The built-in names that the model uses (`spikestack.equations.builtins`), with their units.
    builtins: dict[str, Unit]

    @property
    def label(self) -> str:
        """The model's name in messages and listings."""
        return self.saved_label or type(self).__name__

    @classmethod
    def declared_parameters(cls) -> dict[str, Parameter]:
        """Every `Parameter` of the class, in order of declaration, bases first."""
        found: dict[str, Parameter] = {}
        for base in reversed(cls.__mro__):
            found |= {k: v for k, v in vars(base).items() if isinstance(v, Parameter)}
        return found | dict(cls.inline_parameters)

    @classmethod
    def preset(cls, name: str, **values: Any) -> Self:
        """Make the model with a published parameter set, and `values` on top of it.

        Raises
        ------
        UnknownNameError
            If the model has no set of that name.
        """
        if name not in cls.parameter_sets:
            raise UnknownNameError(f"{cls.__name__}.preset", name, cls.parameter_sets)
        return cls(**{**cls.parameter_sets[name], **values})

    def _set_up(
        self,
        parameters: dict[str, Parameter],
        given: Mapping[str, Any],
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        """Parse the equations and take the values; called once, by ``__init__``.

        `beside` is what the constructor was given that is no parameter, such as a weight.
        """
        self.parameters = parameters
        units = {}
        for name, parameter in parameters.items():
            check_identifier(name, f"{self.label}, parameters")
            units[name] = parameter.parsed_unit(f"{self.label}.{name}")
        self.parameter_units = units
        declared = {*units, *self.inputs(), *defined_names(self.equations, self.label)}
        self.builtins = builtin_units(self.texts(), declared)
        names = self.builtins | units | self.inputs()
        if self.dimensionless:
            names = dict.fromkeys(names, DIMENSIONLESS)
        self.block = parse_block(self.equations, names, self.label, self.dimensionless)
        for name in (*parameters, *self.block.states):
            if name in _RESERVED:
                rule = f"another name than {', '.join(sorted(_RESERVED))}"
                raise ValidationError(self.label, f"the name {name!r} is taken", rule)
        known = units | {state: self.block.units[state] for state in self.block.states}
        given = read_aliases(type(self), self.label, known, given, beside)
        self.values = {}
        settable = set(parameters) | set(self.block.states)
        for name in given:
            if name not in settable:
                raise UnknownNameError(f"{self.label}, parameter", name, settable)
        for name, parameter in parameters.items():
            where = f"{self.label}.{name}"
            value = as_value(given.get(name, parameter.default), units[name], where)
            parameter.check(value, where)
            self.values[name] = value
        self._take_initial(given)

    def _take_initial(self, given: Mapping[str, Any]) -> None:
        """Take initial values: what was given, else the declared one, else zero."""
        self.initial_values: dict[str, Value | str] = {}
        for name in self.initial:
            if name not in self.block.states:
                raise UnknownNameError(f"{self.label}, initial", name, self.block.states)
        for state in self.block.states:
            value = given.get(state, self.initial.get(state, 0.0))
            where = f"{self.label}.{state} at t = 0"
            if isinstance(value, str) and value in self.parameters:
                if not self.parameter_units[value].fits(self.block.units[state]):
                    raise ValidationError(
                        where,
                        f"starts at {value!r}, of another unit",
                        f"a value in {self.block.units[state]}",
                    )
                self.initial_values[state] = value
            else:
                self.initial_values[state] = as_value(value, self.block.units[state], where)

    def inputs(self) -> dict[str, Unit]:
        """Names that the surroundings provide to the equations, with their units."""
        return {}

    def texts(self) -> tuple[str, ...]:
        """All expressions of the model, for a look at what they use."""
        return (self.equations,)

    def names_used(self) -> set[str]:
        """Every name on the right-hand side of an equation."""
        expressions = [*self.block.derivatives.values(), *(e for _, e in self.block.updates)]
        return {name for expr in expressions for name in names_in(expr)}

    def scalar_values(self) -> dict[str, Value | str]:
        """Parameters and initial values together, as given to the constructor."""
        return {**self.values, **self.initial_values}

    def check_sizes(self, size: int, where: str) -> None:
        """Raise ValidationError unless every array has `size` elements."""
        for name, value in self.scalar_values().items():
            if isinstance(value, np.ndarray) and value.shape != (size,):
                raise ValidationError(
                    f"{where}.{name}",
                    f"an array of shape {value.shape}",
                    f"one value for each of the {size} neurons",
                )

    def __repr__(self) -> str:
        changed = [
            f"{name}={shorten(value, 30)}"
            for name, value in self.values.items()
            if not _is_default(value, self.parameters[name].default)
        ]
        return f"{self.label}({', '.join(changed)})"


def _is_default(value: Value, default: Any) -> bool:
    return isinstance(value, float) and isinstance(default, int | float) and value == default

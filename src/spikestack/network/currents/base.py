"""The base of all currents that are given by equations."""

from __future__ import annotations

from typing import Any

from ...equations.dimensions import check_unit
from ...equations.expressions import Expr, substitute
from ...equations.model import AbstractModel, Parameter
from ...equations.parser import parse_expression
from ...errors import EquationError
from ...units import parse_unit
from ..inputs import Input

__all__ = ["CurrentModel"]


class CurrentModel(AbstractModel, Input):
    """A current into each neuron, declared as a neuron model is.

    A subclass declares `current`, an expression in nA of its parameters, of its own variables if
    it has `equations`, of the time ``t`` and of draws such as ``xi`` and ``rand``. The current is
    computed at the beginning of a step and held over it; ``xi`` is then a standard normal number
    divided by the root of dt, so that ``sigma*xi`` is white noise.

    Parameters
    ----------
    start, stop
        The time in ms during which it is on.
    values
        Parameters and initial values; arrays hold one value for each neuron of the driven view.
    """

    has_events = False
    #: The current, in nA.
    current: str = ""

    start = Parameter(0.0, "ms", low=0, meaning="when it begins")
    stop = Parameter(1e12, "ms", low=0, meaning="when it ends")

    def __init__(self, **values: Any) -> None:
        self._set_up(self.declared_parameters(), values)
        where = f"{self.label}.current"
        if not self.current:
            raise EquationError(where, "none declared", "an expression in nA")
        units = self.builtins | self.parameter_units | self.block.units
        expr = parse_expression(self.current, set(units), where)
        self.current_expr: Expr = substitute(expr, self.block.aliases)
        check_unit(self.current_expr, parse_unit("nA"), units, where)

    def texts(self) -> tuple[str, ...]:
        """Equations and current; the time, by which it is switched, is always among the names."""
        return (self.equations, self.current, "t")

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless arrays have one value for each driven neuron."""
        self.check_sizes(size, f"{where}, {self.label}")

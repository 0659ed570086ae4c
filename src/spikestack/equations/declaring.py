"""Parameters declared in place: a number, text with a unit, or a quantity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..units import DIMENSIONLESS, Unit, dimensions_from_si, magnitude
from .model import Parameter

__all__ = ["parameter_of"]


def parameter_of(name: str, given: Any) -> Parameter:
    """Turn an inline declaration (``"20 ms"``, 3.0, a pint quantity) into a `Parameter`."""
    if isinstance(given, Parameter):
        return given
    if isinstance(given, str):
        number, _, unit = given.strip().partition(" ")
        return Parameter(magnitude(number, DIMENSIONLESS, name), unit.strip() or "1")
    if hasattr(given, "to") and hasattr(given, "dimensionality"):
        sizes = {k.strip("[]"): v for k, v in dict(given.dimensionality).items()}
        return Parameter(*_parts(name, given, lambda size: sizes.get(size, 0)))
    if hasattr(given, "dimensions") and hasattr(given.dimensions, "get_dimension"):
        return Parameter(*_parts(name, given, given.dimensions.get_dimension))
    return Parameter(given)


def _parts(name: str, given: Any, exponent: Callable[[str], float]) -> tuple[Any, str]:
    """The number and the unit of a quantity of pint or Brian2."""
    unit = Unit(1.0, tuple(int(n) for n in dimensions_from_si(exponent)))
    return magnitude(given, unit, name), unit.coherent

"""Parameters declared in place: a number, text with a unit, or a quantity."""

from __future__ import annotations

from typing import Any

from ..units import DIMENSIONLESS, Unit, magnitude
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
        return Parameter(*_pint_parts(name, given))
    return Parameter(given)


def _pint_parts(name: str, given: Any) -> tuple[Any, str]:
    unit = Unit(1.0, _pint_dims(given))
    return magnitude(given, unit, name), unit.coherent


def _pint_dims(given: Any) -> tuple[int, ...]:
    """The exponents of (time, voltage, current, length, concentration) of a pint quantity."""
    d = {k.strip("[]"): v for k, v in dict(given.dimensionality).items()}
    mass, amount = d.get("mass", 0), d.get("substance", 0)
    voltage = mass  # volt = kg m^2 / (A s^3)
    current = d.get("current", 0) + voltage
    time = d.get("time", 0) + 3 * voltage
    length = d.get("length", 0) - 2 * voltage + 3 * amount
    return tuple(int(n) for n in (time, voltage, current, length, amount))

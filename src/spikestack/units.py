"""Units, parsed at the door: inside there are only floats in one coherent set.

The set is ms, mV, nA, and what follows from them: nF, uS, MOhm; cm for per-area models and mM for
concentrations. Frequencies are the one exception users meet: a parameter declared in ``Hz`` is
given in Hz and enters equations in 1/ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .errors import UnitError, shorten

__all__ = ["DIMENSIONLESS", "Unit", "magnitude", "parse_unit"]

# Exponents of (time, voltage, current, length, concentration).
_BASES = ("ms", "mV", "nA", "cm", "mM")
_SI_OF_BASE = ("second", "volt", "ampere", "meter", "(mole/meter**3)")
_SI_SCALE = (1e3, 1e3, 1e9, 1e2, 1.0)

_PREFIX = {
    "": 0,
    "f": -15,
    "p": -12,
    "n": -9,
    "u": -6,
    "µ": -6,
    "μ": -6,
    "m": -3,
    "c": -2,
    "k": 3,
    "M": 6,
    "G": 9,
}
_NAMED: dict[str, tuple[int, tuple[int, ...]]] = {
    # symbol: (power of ten of the plain unit in coherent units, exponents)
    "s": (3, (1, 0, 0, 0, 0)),
    "Hz": (-3, (-1, 0, 0, 0, 0)),
    "V": (3, (0, 1, 0, 0, 0)),
    "A": (9, (0, 0, 1, 0, 0)),
    "S": (6, (0, -1, 1, 0, 0)),
    "F": (9, (1, -1, 1, 0, 0)),
    "C": (12, (1, 0, 1, 0, 0)),
    "Ohm": (-6, (0, 1, -1, 0, 0)),
    "ohm": (-6, (0, 1, -1, 0, 0)),
    "Ω": (-6, (0, 1, -1, 0, 0)),
    "m": (2, (0, 0, 0, 1, 0)),
    "M": (3, (0, 0, 0, 0, 1)),
}
_SPELLED = {
    **{"second": "s", "hertz": "Hz", "volt": "V", "amp": "A", "ampere": "A", "siemens": "S"},
    **{"farad": "F", "coulomb": "C", "metre": "m", "meter": "m", "molar": "M"},
}
_NAMED |= {name: _NAMED[symbol] for name, symbol in _SPELLED.items()}
_METRES = ("m", "metre", "meter")
_FACTOR = re.compile(r"\s*([A-Za-zµμΩ]+|1)\s*(?:(?:\^|\*\*)\s*(-?[0-9](?:\.5)?))?\s*")
_NUMBER = re.compile(
    r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*(.*)\Z", re.S
)


@dataclass(frozen=True)
class Unit:
    """A unit: `scale` coherent units, with whole or half exponents of the five dimensions."""

    scale: float
    dims: tuple[float, ...]
    text: str = ""

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.scale * other.scale, tuple(a + b for a, b in zip(self.dims, other.dims)))

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(self.scale / other.scale, tuple(a - b for a, b in zip(self.dims, other.dims)))

    def __pow__(self, power: float) -> Unit:
        return Unit(self.scale**power, tuple(a * power for a in self.dims))

    def fits(self, other: Unit) -> bool:
        """Whether both measure the same dimension."""
        return self.dims == other.dims

    @property
    def coherent(self) -> str:
        """The coherent unit of this dimension, for messages: ``"mV/ms"``."""
        return _KNOWN_COHERENT.get(self.dims) or _spell(self.dims)

    def __str__(self) -> str:
        return self.text or self.coherent


def _spell(dims: tuple[float, ...]) -> str:
    def power(base: str, n: float) -> str:
        return base if n == 1 else f"{base}^{n:g}"

    top = "*".join(power(b, n) for b, n in zip(_BASES, dims) if n > 0)
    bottom = "".join("/" + power(b, -n) for b, n in zip(_BASES, dims) if n < 0)
    return (top or "1") + bottom


DIMENSIONLESS = Unit(1.0, (0, 0, 0, 0, 0), "1")
_KNOWN_COHERENT: dict[tuple[float, ...], str] = {
    (0, 0, 0, 0, 0): "1",
    (0, -1, 1, 0, 0): "uS",
    (1, -1, 1, 0, 0): "nF",
    (0, 1, -1, 0, 0): "MOhm",
    (0, -1, 1, -2, 0): "uS/cm^2",
    (1, -1, 1, -2, 0): "nF/cm^2",
    (0, 0, 1, -2, 0): "nA/cm^2",
}


@lru_cache(maxsize=512)
def parse_unit(text: str) -> Unit:
    """Parse a unit such as ``"mV"``, ``"nA/ms"``, ``"uF/cm^2"`` or ``"1"``.

    Raises
    ------
    UnitError
        If the text is no product of known units with single-digit (or half: ``ms^0.5``) powers.
    """
    if not isinstance(text, str) or len(text) > 100:
        raise UnitError("unit", f"{shorten(text)} is no unit", "a short text such as 'mV'")
    if not text.strip():
        return DIMENSIONLESS
    result, position, divide = Unit(1.0, DIMENSIONLESS.dims), 0, False
    while True:
        match = _FACTOR.match(text, position)
        if not match:
            raise UnitError(
                "unit",
                f"cannot read {shorten(text)}",
                "a product of units such as 'mV', 'nA/ms', 'uF/cm^2'",
            )
        factor = _named_unit(match[1], text) ** float(match[2] or 1)
        result = result / factor if divide else result * factor
        position = match.end()
        if position == len(text):
            return Unit(result.scale, result.dims, text.strip())
        if text[position] not in "*/" or text.startswith("**", position):
            raise UnitError("unit", f"cannot read {shorten(text)} from {text[position:]!r} on")
        divide = text[position] == "/"
        position += 1


def _named_unit(symbol: str, text: str) -> Unit:
    if symbol == "1":
        return DIMENSIONLESS
    for prefix, exponent in _PREFIX.items():
        stem = symbol[len(prefix) :]
        if (
            symbol.startswith(prefix)
            and stem in _NAMED
            and not (prefix == "c" and stem not in _METRES)
        ):
            power, dims = _NAMED[stem]
            return Unit(float(f"1e{power + exponent}"), dims)
    raise UnitError(
        "unit",
        f"unknown unit {symbol!r} in {shorten(text)}",
        "s, Hz, V, A, F, S, Ohm, C, m, M with a prefix f p n u m c k M G",
    )


def magnitude(value: Any, unit: Unit, where: str) -> float | np.ndarray:
    """Convert what a user gave into floats in `unit`.

    Parameters
    ----------
    value
        A number or array (already in `unit`), a text with a unit (``"20 ms"``), or a quantity of
        ``pint`` or Brian2.
    unit
        The declared unit of the parameter.
    where
        What is being set, for messages.

    Returns
    -------
    float or numpy.ndarray of float64
        The magnitude in `unit`.

    Raises
    ------
    UnitError
        If the value is of another dimension or no number at all.
    """
    if isinstance(value, str):
        return _from_text(value, unit, where)
    if hasattr(value, "to") and hasattr(value, "magnitude"):
        return _from_pint(value, unit, where)
    if hasattr(value, "dimensions") and hasattr(value.dimensions, "get_dimension"):
        return _from_brian(value, unit, where)
    if isinstance(value, bool) or value is None:
        raise UnitError(where, f"got {value!r}", f"a number in {unit}")
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise UnitError(
            where,
            f"got {shorten(value)}",
            f"a number in {unit}, a text such as '20 {unit}', "
            "an array of numbers or a pint quantity",
        ) from None
    return float(array) if array.ndim == 0 else array


def _from_text(text: str, unit: Unit, where: str) -> float:
    match = _NUMBER.match(text) if len(text) <= 100 else None
    if not match:
        raise UnitError(where, f"cannot read {shorten(text)}", f"a number and a unit: '20 {unit}'")
    given = parse_unit(match[2]) if match[2].strip() else unit
    if not given.fits(unit):
        raise UnitError(where, f"got {shorten(text)}", f"the unit must fit {unit}")
    return float(match[1]) * (given.scale / unit.scale)


def _from_pint(value: Any, unit: Unit, where: str) -> float | np.ndarray:
    # Through SI, so that no unit of ours has to be spelled as pint spells it.
    si_text = (
        "*".join(f"{si}**{n}" for si, n in zip(_SI_OF_BASE, unit.dims) if n) or "dimensionless"
    )
    try:
        si = np.asarray(value.to(si_text).magnitude, dtype=np.float64)
    except Exception as error:  # pint's errors are not importable without pint
        raise UnitError(where, f"got {shorten(str(value))}", f"the unit must fit {unit}") from error
    scale = 1.0
    for factor, n in zip(_SI_SCALE, unit.dims):
        scale *= factor**n
    converted = si * (scale / unit.scale)
    return float(converted) if converted.ndim == 0 else converted


def dimensions_from_si(exponent: Callable[[str], float]) -> tuple[float, ...]:
    """Our five exponents from those of mass, current, time, length and substance.

    `exponent` gives each by the name ``"mass"``, ``"current"``, ``"time"``, ``"length"``,
    ``"substance"``.
    """
    mass, amount = exponent("mass"), exponent("substance")
    voltage = mass  # volt = kg m^2 / (A s^3)
    return (
        exponent("time") + 3 * voltage,
        voltage,
        exponent("current") + voltage,
        exponent("length") - 2 * voltage + 3 * amount,
        amount,
    )


def _from_brian(value: Any, unit: Unit, where: str) -> float | np.ndarray:
    dims = dimensions_from_si(value.dimensions.get_dimension)
    others = any(value.dimensions.get_dimension(name) for name in ("temperature", "luminosity"))
    if others or tuple(dims) != tuple(unit.dims):
        raise UnitError(where, f"got {shorten(str(value))}", f"the unit must fit {unit}")
    scale = 1.0
    for factor, n in zip(_SI_SCALE, unit.dims):
        scale *= factor**n
    converted = np.asarray(value, dtype=np.float64) * (scale / unit.scale)
    return float(converted) if converted.ndim == 0 else converted

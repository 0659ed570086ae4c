"""What a parameter, weight or delay can be: a number, an array, or a distribution."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from .errors import ValidationError, shorten
from .units import Unit, magnitude

__all__ = ["Distribution", "LogNormal", "Normal", "Uniform", "Value", "as_value", "support"]


@dataclass(frozen=True)
class Distribution(ABC):
    """A random value for each neuron or edge, drawn from its own key (contract: counter-based).

    `low` and `high` bound the values; what falls outside is drawn again, or set to the bound with
    ``outside="clip"``.
    """

    quantities: ClassVar[tuple[str, ...]] = ("low", "high")

    def in_unit(self, unit: Unit, where: str) -> Self:
        """Return the same with plain floats in `unit`, validated.

        Raises
        ------
        ValidationError
            If a parameter is not finite, a spread is negative, or the bounds leave nothing.
        """
        found: dict[str, Any] = {}
        for name in self.quantities:
            given = getattr(self, name)
            if given is None:
                continue
            number = magnitude(given, unit, f"{where}: {type(self).__name__}.{name}")
            if not isinstance(number, float) or math.isnan(number):
                raise ValidationError(where, f"{name} is {shorten(given)}", "a single number")
            found[name] = number
        made = replace(self, **found)
        made.check(where)
        return made

    @abstractmethod
    def check(self, where: str) -> None:
        """Raise ValidationError for parameters that define no distribution."""

    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that can be drawn."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        return {"kind": type(self).__name__} | {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None
        }


@dataclass(frozen=True)
class Uniform(Distribution):
    """Uniform in [low, high)."""

    low: Any = 0.0
    high: Any = 1.0

    def check(self, where: str) -> None:
        """Raise ValidationError unless low <= high, both finite."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValidationError(where, f"Uniform({self.low}, {self.high})", "finite low <= high")

    def bounds(self) -> tuple[float, float]:
        """The interval itself."""
        return self.low, self.high


def _check_bell(dist: Normal | LogNormal, centre: float, spread: float, where: str) -> None:
    name = type(dist).__name__
    if not (math.isfinite(centre) and math.isfinite(spread) and spread >= 0):
        raise ValidationError(
            where, f"{name}({centre}, {spread})", "a finite centre and a finite spread >= 0"
        )
    if dist.outside not in ("redraw", "clip"):
        raise ValidationError(where, f"outside={dist.outside!r}", "'redraw' or 'clip'")
    low, high = dist.bounds()
    if not low <= high:
        raise ValidationError(where, f"low {low} is above high {high}", "low <= high")
    if dist.outside == "redraw" and accepted(dist) < 1e-6:
        raise ValidationError(
            where,
            f"{name}({centre}, {spread}) almost never falls in [{low}, {high}]",
            "bounds that leave at least a millionth of the draws",
            "move the bounds, or clip",
        )


@dataclass(frozen=True)
class Normal(Distribution):
    """Normal with `mean` and standard deviation `sd`."""

    quantities: ClassVar[tuple[str, ...]] = ("mean", "sd", "low", "high")

    mean: Any = 0.0
    sd: Any = 1.0
    low: Any = None
    high: Any = None
    outside: str = "redraw"

    def check(self, where: str) -> None:
        """Raise ValidationError for a negative spread or bounds that leave nothing."""
        _check_bell(self, self.mean, self.sd, where)

    def bounds(self) -> tuple[float, float]:
        """The bounds given, infinite where there are none."""
        return _or(self.low, -math.inf), _or(self.high, math.inf)


@dataclass(frozen=True)
class LogNormal(Distribution):
    """Exponential of a normal with mean `mu` and standard deviation `sigma` (natural logarithm).

    The logarithm is of the magnitude in the parameter's own unit.
    """

    mu: float = 0.0
    sigma: float = 1.0
    low: Any = None
    high: Any = None
    outside: str = "redraw"

    def check(self, where: str) -> None:
        """Raise ValidationError for a negative spread or bounds that leave nothing."""
        if not (isinstance(self.mu, int | float) and isinstance(self.sigma, int | float)):
            raise ValidationError(where, f"LogNormal({self.mu}, {self.sigma})", "plain numbers")
        if self.mu > 600:
            raise ValidationError(where, f"LogNormal mu {self.mu}", "mu <= 600")
        _check_bell(self, self.mu, self.sigma, where)

    def bounds(self) -> tuple[float, float]:
        """The bounds given, from 0 to infinity where there are none."""
        return max(_or(self.low, 0.0), 0.0), _or(self.high, math.inf)


Value = float | np.ndarray | Distribution
_KINDS: dict[str, type[Uniform | Normal | LogNormal]] = {
    "Uniform": Uniform,
    "Normal": Normal,
    "LogNormal": LogNormal,
}


def _or(value: Any, default: float) -> float:
    return default if value is None else float(value)


def standard_bounds(dist: Normal | LogNormal) -> tuple[float, float]:
    """The bounds as values of the standard normal variable behind `dist`."""
    low, high = dist.bounds()
    if isinstance(dist, LogNormal):
        low = math.log(low) if low > 0 else -math.inf
        high = math.log(high) if high < math.inf else math.inf
        centre, spread = dist.mu, dist.sigma
    else:
        centre, spread = dist.mean, dist.sd
    if spread == 0:
        return (-math.inf if low <= centre else math.inf, math.inf if high >= centre else -math.inf)
    return (low - centre) / spread, (high - centre) / spread


def normal_cdf(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def accepted(dist: Normal | LogNormal) -> float:
    """The share of draws that fall within the bounds."""
    low, high = standard_bounds(dist)
    return normal_cdf(high) - normal_cdf(low)


def as_value(given: Any, unit: Unit, where: str) -> Value:
    """Bring a number, text, array, quantity or distribution to its inner form.

    Returns
    -------
    float, numpy.ndarray of float64 (read-only) or Distribution
        Magnitudes in `unit`, all finite.

    Raises
    ------
    ValidationError
        If a number is NaN or infinite, or a distribution is impossible.
    """
    if isinstance(given, Distribution):
        return given.in_unit(unit, where)
    value = magnitude(given, unit, where)
    if not np.all(np.isfinite(value)):
        bad = value if isinstance(value, float) else value[~np.isfinite(value)].flat[0]
        raise ValidationError(where, f"got {bad}", f"finite numbers in {unit}")
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


def support(value: Value) -> tuple[float, float]:
    """The least and the greatest value that `value` can take."""
    if isinstance(value, Distribution):
        return value.bounds()
    if isinstance(value, np.ndarray):
        return (float(value.min()), float(value.max())) if value.size else (0.0, 0.0)
    return value, value


def distribution_from_dict(data: dict[str, Any], where: str) -> Distribution:
    """Read what `Distribution.to_dict` wrote."""
    kind = _KINDS.get(data.get("kind", ""))
    if kind is None:
        raise ValidationError(where, f"unknown distribution {shorten(data.get('kind'))}")
    allowed = {f.name for f in fields(kind)}
    if not set(data) - {"kind"} <= allowed:
        raise ValidationError(where, f"{shorten(sorted(data))} is no {kind.__name__}")
    return kind(**{k: v for k, v in data.items() if k != "kind"})

"""What flows through a cell at a voltage: laws of cells that are not linear.

A law scales with the cell's conductance G, the one at small or at reading voltage, as each says.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ValidationError
from .checks import checked_number

__all__ = ["Curve", "Law", "Ohmic", "Selector", "Sinh"]

_F64 = NDArray[np.float64]
#: Largest argument of sinh, of which the exponential is far below overflow.
_LARGEST = 300.0


class Law(ABC):
    """The current of a cell, rising with the voltage across it."""

    @abstractmethod
    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """Current in A and its slope in S, which is at least 0, at voltages of any shape."""

    def ratio(self, volts: float, share: float = 0.5) -> float:
        """Current at `volts` over that at a `share` of them: the selectivity of half-select."""
        one = np.ones(2)
        high, low = self.current(one, np.array([volts, volts * share]))[0]
        return float(high / low) if low else math.inf


@dataclass(frozen=True)
class Ohmic(Law):
    """I = G V."""

    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """See `Law.current`."""
        return conductance * volts, conductance


@dataclass(frozen=True)
class Sinh(Law):
    """I = G v0 sinh(V / v0), with G the conductance at small voltages.

    The form of conduction by tunnelling and hopping in filaments and gaps: the Yakopcic and
    Stanford-PKU models have it.

    Parameters
    ----------
    v0
        V at which conduction becomes exponential.
    """

    v0: Any = 0.25

    def __post_init__(self) -> None:
        object.__setattr__(self, "v0", checked_number(self.v0, "V", "Sinh.v0", 1e-6))

    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """See `Law.current`."""
        x = volts / self.v0
        inner = np.clip(x, -_LARGEST, _LARGEST)
        slope = np.cosh(inner)
        # Beyond, along the tangent: Newton's first steps may be far off.
        return (
            conductance * self.v0 * (np.sinh(inner) + slope * (x - inner)),
            conductance * slope,
        )


@dataclass(frozen=True)
class Selector(Law):
    """A cell with an exponential selector: I = G V_r sinh(V / v0) / sinh(V_r / v0).

    G is the conductance at the reading voltage, and v0 follows from the selectivity
    I(V_r) / I(V_r / 2) = 2 cosh(V_r / (2 v0)).

    Parameters
    ----------
    selectivity
        Current at the reading voltage over that at half of it; above 2.
    v_read
        V.
    """

    selectivity: float = 1000.0
    v_read: Any = 1.0

    def __post_init__(self) -> None:
        volts = checked_number(self.v_read, "V", "Selector.v_read", 1e-6)
        ratio = checked_number(self.selectivity, "1", "Selector.selectivity", 2.0, 1e60)
        if ratio == 2.0:
            raise ValidationError("Selector.selectivity", "got 2", "above 2", "a linear cell has 2")
        object.__setattr__(self, "v_read", volts)
        object.__setattr__(self, "selectivity", ratio)

    @property
    def v0(self) -> float:
        """V at which conduction becomes exponential."""
        return float(self.v_read) / (2 * math.acosh(self.selectivity / 2))

    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """See `Law.current`."""
        small = conductance * self.v_read / (self.v0 * math.sinh(self.v_read / self.v0))
        return Sinh(self.v0).current(small, volts)


@dataclass(frozen=True)
class Curve(Law):
    """A law of one's own.

    Parameters
    ----------
    function
        Takes conductances in S and voltages in V, arrays of one shape, and gives current in A and
        its slope in S: ``Curve(lambda g, v: (g * v * abs(v), 2 * g * abs(v)))``.
    """

    function: Callable[[_F64, _F64], tuple[_F64, _F64]]

    def current(self, conductance: _F64, volts: _F64) -> tuple[_F64, _F64]:
        """See `Law.current`."""
        found, slope = (np.asarray(part, float) for part in self.function(conductance, volts))
        if found.shape != np.shape(volts) or slope.shape != np.shape(volts):
            raise ValidationError(
                "Curve", f"gave arrays of shapes {found.shape} and {slope.shape}",
                f"current and slope of shape {np.shape(volts)}",
            )  # fmt: skip
        if (slope < 0).any():
            raise ValidationError(
                "Curve", "its slope is negative", "a current that rises with voltage"
            )
        return found, slope

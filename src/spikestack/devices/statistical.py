"""Devices that are known by what many of them, on a chip, were measured to do."""

from __future__ import annotations

from typing import Any, ClassVar

from ..equations.expressions import Expr
from ..equations.model import Parameter
from ..errors import ValidationError
from ..units import DIMENSIONLESS, Unit
from .base import Device
from .texts import number_of, text_of

__all__ = ["TEXTS", "StatisticalDevice"]

#: What each text may name besides parameters and shorthands.
TEXTS: dict[str, tuple[str, ...]] = {
    "programmed": ("target", "xi"),
    "exponent": ("target", "written", "xi"),
    "drifted": ("target", "written", "nu", "t", "xi"),
    "noise": ("target", "written", "g", "t"),
    "current": ("v", "g"),
}


class StatisticalDevice(Device):
    """Conductances with the spread, the drift and the noise that were measured of a chip.

    A subclass declares texts in the equation language, all with the names of parameters, in
    siemens and seconds. ``xi`` is a standard normal number, another in every text:

    ==============  ==============================================================================
    ``programmed``  what programming the conductance ``target`` leaves; xi is drawn by programming
    ``exponent``    a number ``nu`` that each device keeps until it is programmed again
    ``drifted``     conductance ``t`` seconds after programming, of ``target``, what was
                    ``written``, and ``nu``; xi is drawn by programming, and kept, so that time
                    passes smoothly
    ``noise``       standard deviation of one reading of a device whose conductance is now ``g``
    ``current``     amperes at ``v`` volts of a device whose conductance at ``v_read`` is ``g``
    ==============  ==============================================================================

    A parameter ``X_spread`` is the device-to-device coefficient of variation of parameter ``X``;
    the factor is lognormal with mean 1.
    """

    programmed: ClassVar[str] = "target"
    exponent: ClassVar[str] = ""
    drifted: ClassVar[str] = ""
    noise: ClassVar[str] = ""
    current: ClassVar[str] = "g*v"

    g_low = Parameter(0.0, "S", low=0, meaning="least conductance to program")
    g_high = Parameter(25e-6, "S", low=0, low_open=True, meaning="greatest conductance to program")
    corrupt = Parameter(0.0, "1", low=0, high=1, meaning="share stuck anywhere in the window")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        #: The texts as expressions, by name; those that are empty are missing.
        self.expressions: dict[str, Expr] = {}
        for what, names in TEXTS.items():
            if (expr := text_of(self, what, names)) is not None:
                self.expressions[what] = expr
        for what in ("programmed", "current"):
            if what not in self.expressions:
                raise ValidationError(f"{self.label}.{what}", "no text", "an expression")
        if not self.g_min < self.g_max:
            raise ValidationError(
                f"{self.label}.g_high",
                f"got {self.g_max:g} S",
                f"more than g_low, which is {self.g_min:g} S",
            )

    def inputs(self) -> dict[str, Unit]:
        names = {name for texts in TEXTS.values() for name in texts}
        return dict.fromkeys(sorted(names | {"v_read"}), DIMENSIONLESS)

    @property
    def g_min(self) -> float:
        """The least conductance to program, in S."""
        return number_of(self, "g_low")

    @property
    def g_max(self) -> float:
        """The greatest conductance to program, in S."""
        return number_of(self, "g_high")

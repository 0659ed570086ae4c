"""Devices that are known by what a pulse does to their conductance."""

from __future__ import annotations

from typing import Any, ClassVar

from ..equations.expressions import Expr
from ..equations.model import Parameter
from ..errors import ValidationError
from ..units import DIMENSIONLESS, Unit
from .base import Device
from .texts import number_of, text_of

__all__ = ["TEXTS", "PulsedDevice"]

#: What each text may name besides parameters and shorthands.
TEXTS: dict[str, tuple[str, ...]] = {
    "up": ("w", "v", "width", "xi"),
    "down": ("w", "v", "width", "xi"),
    "written": ("w", "xi"),
    "kept": ("w", "t"),
    "current": ("v", "g"),
    "worn_low": ("cycles", "t"),
    "worn_high": ("cycles", "t"),
}


class PulsedDevice(Device):
    """A conductance with a step per pulse.

    The state is a plain number w between `w_min` and `w_max`. It stands for conductance on a
    straight line: the nominal `w_min` for `g_low`, the nominal `w_max` for `g_high`. Devices differ
    in their own w_min and w_max, and so in their windows; no conductance falls below 0.

    A subclass declares texts in the equation language, all with the names of parameters:

    ======================  ======================================================================
    ``up``, ``down``        what one pulse adds to w, or takes from it, in ``w``, the pulse's
                            voltage ``v`` (its magnitude, V), its ``width`` (s) and ``xi``, a
                            standard normal number drawn for each pulse
    ``written``             w as it is found until the next pulse, in ``w`` and ``xi``
    ``kept``                w after ``t`` seconds without pulses
    ``current``             amperes at ``v`` volts of a device whose conductance at ``v_read`` is
                            ``g``
    ``worn_low``,           factors of the conductance at the two ends of the window after
    ``worn_high``           ``cycles`` (pairs of pulses) and ``t`` seconds
    ======================  ======================================================================

    A parameter ``X_spread`` is the device-to-device coefficient of variation of parameter ``X``;
    the factor is lognormal with mean 1.
    """

    up: ClassVar[str] = ""
    down: ClassVar[str] = ""
    written: ClassVar[str] = ""
    kept: ClassVar[str] = ""
    current: ClassVar[str] = "g*v"
    worn_low: ClassVar[str] = ""
    worn_high: ClassVar[str] = ""

    g_low = Parameter(1e-6, "S", low=0, meaning="conductance at the least w")
    g_high = Parameter(1e-5, "S", low=0, low_open=True, meaning="conductance at the greatest w")
    w_min = Parameter(0.0, "1", meaning="least w")
    w_max = Parameter(1.0, "1", meaning="greatest w")
    corrupt = Parameter(0.0, "1", low=0, high=1, meaning="share stuck anywhere in the window")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        #: The texts as expressions, by name; those that are empty are missing.
        self.expressions: dict[str, Expr] = {}
        for what, names in TEXTS.items():
            if (expr := text_of(self, what, names)) is not None:
                self.expressions[what] = expr
        for what in ("up", "down", "current"):
            if what not in self.expressions:
                raise ValidationError(f"{self.label}.{what}", "no text", "what a pulse does to w")
        for low, high in (("g_low", "g_high"), ("w_min", "w_max")):
            if not number_of(self, low) < number_of(self, high):
                raise ValidationError(
                    f"{self.label}.{high}",
                    f"got {number_of(self, high):g}",
                    f"more than {low}, which is {number_of(self, low):g}",
                )

    def inputs(self) -> dict[str, Unit]:
        names = {name for texts in TEXTS.values() for name in texts}
        return dict.fromkeys(sorted(names | {"v_read"}), DIMENSIONLESS)

    @property
    def g_min(self) -> float:
        """The least conductance, in S."""
        return number_of(self, "g_low")

    @property
    def g_max(self) -> float:
        """The greatest conductance, in S."""
        return number_of(self, "g_high")

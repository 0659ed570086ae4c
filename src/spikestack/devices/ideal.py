"""A conductance that stays where it is put: what real devices are compared with."""

from __future__ import annotations

from typing import Any

from ..equations.model import Parameter
from ..errors import ValidationError
from .base import Device

__all__ = ["Ideal"]


class Ideal(Device):
    """A device without noise, drift or spread, within a window of conductance.

    Raises
    ------
    ValidationError
        Unless `low` is less than `high`.
    """

    source = "a definition; the default window is 250 to 1 below the 25 uS of phase-change memory"
    low = Parameter(1e-7, "S", 0.0, meaning="the least conductance")
    high = Parameter(25e-6, "S", 0.0, meaning="the greatest conductance")
    v_read = 0.2

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for name in ("low", "high"):
            if not isinstance(self.values[name], float):
                raise ValidationError(f"Ideal.{name}", "got several values", "one number, in S")
        if not self.g_min < self.g_max:
            raise ValidationError("Ideal.low", f"got {self.g_min:g} S", f"less than {self.g_max:g}")

    @property
    def g_min(self) -> float:
        """The least conductance, in S."""
        return float(self.values["low"])  # type: ignore[arg-type]

    @property
    def g_max(self) -> float:
        """The greatest conductance, in S."""
        return float(self.values["high"])  # type: ignore[arg-type]

"""Numbers of a fixed point, as chips keep the states of their neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ValidationError, shorten

__all__ = ["EVERY", "ROUNDINGS", "FixedPoint", "formats_by_name"]

#: To the nearest multiple, halves up; to the next below, as a shift does; towards 0.
ROUNDINGS = ("nearest", "down", "zero")
#: Stands for every variable that is not named.
EVERY = "*"


@dataclass(frozen=True)
class FixedPoint:
    """Multiples of 2^-fraction that `bits` bits hold, the sign among them.

    Parameters
    ----------
    bits
        2 to 32; up to 24 are exact in single precision, more need ``precision="float64"``.
    fraction
        Bits behind the point, -32 to 32, in coherent units (mV, nA).
    rounding
        ``"nearest"`` (halves up), ``"down"`` (an arithmetic shift) or ``"zero"``.
    decay_bits
        Bits behind the point, 1 to 24, to which numbers that multiply the old value are rounded,
        to the nearest; None to leave them.

    Raises
    ------
    ValidationError
        If a number leaves its range.

    Examples
    --------
    >>> FixedPoint(12, 8).lowest, FixedPoint(12, 8).highest
    (-8.0, 7.99609375)
    """

    bits: int
    fraction: int = 0
    rounding: str = "nearest"
    decay_bits: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("bits", 2, 32), ("fraction", -32, 32), ("decay_bits", 1, 24)):
            value = getattr(self, name)
            if name == "decay_bits" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                where = f"FixedPoint.{name}"
                raise ValidationError(where, f"got {shorten(value)}", f"{low} to {high}")
        if self.rounding not in ROUNDINGS:
            raise ValidationError("FixedPoint.rounding", f"got {shorten(self.rounding)}",
                                  " or ".join(map(repr, ROUNDINGS)))  # fmt: skip

    @property
    def step(self) -> float:
        """What the last bit is worth."""
        return 2.0**-self.fraction

    @property
    def lowest(self) -> float:
        """The least number there is."""
        return -(2.0 ** (self.bits - 1)) * self.step

    @property
    def highest(self) -> float:
        """The greatest number there is."""
        return (2.0 ** (self.bits - 1) - 1.0) * self.step


def formats_by_name(given: Any, where: str) -> dict[str, FixedPoint]:
    """Formats by variable, ``"*"`` for all others: of one format, of a dict of them, of None.

    Raises
    ------
    ValidationError
        If `given` is nothing of that.
    """
    made = given if isinstance(given, Mapping) else {} if given is None else {EVERY: given}
    for name, kind in made.items():
        if not isinstance(kind, FixedPoint) or not isinstance(name, str):
            raise ValidationError(where, f"got {shorten(kind)}",
                                  "a FixedPoint, or a dict of them by variable")  # fmt: skip
    return dict(made)

"""States of a fixed point: where a step rounds them, in three-address code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..equations.fixed_point import EVERY, FixedPoint
from ..errors import UnknownNameError, ValidationError
from .tac import ROUNDED, Builder

__all__ = ["RoundingBuilder", "formats_of", "told"]

#: Whole numbers of so many bits, with the sign, and halves between them, are exact.
_EXACT = {"float32": 24, "float64": 53}


def formats_of(
    given: Mapping[str, FixedPoint], states: Sequence[str], precision: str, where: str
) -> dict[str, FixedPoint]:
    """The format of every state that has one.

    Raises
    ------
    UnknownNameError
        If a format is given to no state.
    ValidationError
        If the precision does not hold its bits.
    """
    for name, kind in given.items():
        if name != EVERY and name not in states:
            raise UnknownNameError(f"{where}, state_format", name, states)
        if kind.bits > _EXACT[precision]:
            raise ValidationError(
                f"{where}, state_format", f"{kind.bits} bits in {precision}",
                f"at most {_EXACT[precision]} bits", "run and compile with precision='float64'",
            )  # fmt: skip
    found = {name: given.get(name, given.get(EVERY)) for name in states}
    return {name: kind for name, kind in found.items() if kind is not None}


def told(schemes: Mapping[str, str], given: Mapping[str, FixedPoint]) -> dict[str, str]:
    """How each variable is integrated, and in how many bits it is kept, for reports."""
    formats = {name: given.get(name, given.get(EVERY)) for name in schemes}
    return {
        name: scheme if (kind := formats[name]) is None else f"{scheme}, in {kind.bits} bits"
        for name, scheme in schemes.items()
    }


class RoundingBuilder(Builder):
    """A builder that knows the formats of states, and rounds what multiplies their old values."""

    def __init__(
        self, precision: str, params: Mapping[str, int], states: Mapping[str, int],
        formats: Mapping[str, FixedPoint],
    ) -> None:  # fmt: skip
        super().__init__(precision, params, states)
        self.formats = formats
        self._decays = {
            states[name]: kind.decay_bits for name, kind in formats.items() if kind.decay_bits
        }

    def put(self, op: str, *args: int, data: float | int | None = None) -> int:
        """Append an instruction; the parameter in a product with an old state is rounded."""
        if op == "mul" and self._decays:
            for k, other in ((0, 1), (1, 0)):
                factor, state = self.instructions[args[k]], self.instructions[args[other]]
                bits = self._decays.get(int(state.data or 0)) if state.op == "state" else None
                if factor.op == "param" and bits:
                    made = self._multiple(args[k], bits, "nearest")
                    return super().put(op, *((made, args[1]) if k == 0 else (args[0], made)))
        return super().put(op, *args, data=data)

    def rounded(self, name: str, value: int) -> int:
        """A value as the state `name` can hold it, but for its range."""
        kind = self.formats.get(name)
        return value if kind is None else self._multiple(value, kind.fraction, kind.rounding)

    def settled(self, name: str, value: int) -> int:
        """A new value of the state `name`: rounded and within its range, or no denormal."""
        kind = self.formats.get(name)
        if kind is None:
            return self.flush(value)
        low, high = self.const(kind.lowest), self.const(kind.highest)
        return self._clip(self.rounded(name, value), low, high)

    def assigned(self, name: str, value: int) -> int:
        """What a reset assigns to the state `name`, as it can hold it."""
        return self.settled(name, value) if name in self.formats else value

    def _multiple(self, x: int, fraction: int, rounding: str) -> int:
        """The multiple of 2^-fraction next to `x`."""
        scaled = x
        if fraction:
            scaled = self.put("mul", x, self.const(2.0**fraction))
        if rounding == "nearest":
            scaled = self.put("add", scaled, self.const(0.5))
        whole = self.put("floor", scaled, data=ROUNDED)
        if rounding == "zero":
            upward = self.put("floor", self.put("neg", scaled), data=ROUNDED)
            below = self.put("lt", scaled, self.const(0.0))
            whole = self.select(below, self.put("neg", upward), whole)
        return self.put("mul", whole, self.const(2.0**-fraction)) if fraction else whole

"""What a population without memory sends for what arrives: a staircase, found by trying out.

The step's three-address code is run on chosen inputs, so that any neuron is understood that sends
equal multiples of a unit at equal distances, whatever its equations are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.interpreting import interpret
from ..errors import ValidationError
from ..program.program import PopulationProgram

__all__ = [
    "Response", "Staircase", "constant_of", "greatest_sent", "staircase_of", "without_memory",
]  # fmt: skip

_FAR, _HALVINGS, _MOST = 1e12, 120, 255
_FRAMED = "chips.framing.framed(network, steps) turns neurons with memory into such"


@dataclass(frozen=True)
class Staircase:
    """clip(floor((a - first)/width) + 1, 0, most)*unit of what arrives, by neuron (float64).

    Attributes
    ----------
    first, width
        Least a that sends one unit, and for how much more one more is sent; 1 where there is only
        one.
    most, unit
        Greatest number of units, and what a unit is.
    includes
        Whether `first` itself sends.
    """

    first: np.ndarray
    width: np.ndarray
    most: np.ndarray
    unit: np.ndarray
    includes: np.ndarray


class Response:
    """What is sent for what arrives, from any states."""

    def __init__(self, population: PopulationProgram) -> None:
        self.p, self.n = population, population.size
        initial = [np.broadcast_to(np.asarray(x, float), self.n) for x in population.initial]
        self.base = np.stack(initial) if initial else np.zeros((0, self.n))

    def values(self, arrives: Any, states: np.ndarray | None = None) -> list[Any]:
        """Every value of the step."""
        values = self.base if states is None else states
        given = np.broadcast_to(np.asarray(arrives, float), self.n)
        loads: dict[str, Any] = {
            "const": np.float64,
            "state": lambda data: values[data],
            "param": lambda data: np.asarray(self.p.values[data], float),
            "arrivals": lambda _: given,
            "refractory": lambda _: np.zeros(self.n, bool),
            "time": lambda _: 0.0,
            "uniform": lambda _: 0.5,
            "common": lambda _: 0.5,
        }
        return interpret(self.p.code, loads)

    def __call__(self, arrives: Any, states: np.ndarray | None = None) -> np.ndarray:
        code, made = self.p.code, self.values(arrives, states)
        if code.spike is None:
            return np.zeros(self.n)
        sent = 1.0 if code.emit is None else made[code.emit]
        return np.broadcast_to(np.where(made[code.spike], sent, 0.0), self.n)


def greatest_sent(population: PopulationProgram) -> float:
    """The greatest number that a source sends, however much it is given, and whenever."""
    emit = population.code.emit
    if emit is None:
        return 1.0
    return float(np.max(Response(population).values(_FAR)[emit]))


def constant_of(population: PopulationProgram) -> float | None:
    """What a source sends that is the same of all its neurons in every step; None if it is not."""
    if population.is_restless or population.code.spike is None:
        return None
    send = Response(population)
    plain = send(0.0)
    rng = np.random.default_rng(0)
    others = [send(0.0, send.base + size * rng.random(send.base.shape)) for size in (0.1, 1.0, 9.0)]
    alike = np.ptp(plain) == 0 and plain[0] != 0 and all((o == plain).all() for o in others)
    return float(plain[0]) if alike else None


def staircase_of(population: PopulationProgram, where: str) -> Staircase:
    """Find out what a population sends.

    Parameters
    ----------
    population
        As lowered in double precision.
    where
        For messages.

    Raises
    ------
    ValidationError
        If it remembers anything, or sends other than equal steps; says which.
    """
    if population.is_restless:
        raise ValidationError(where, "draws random numbers or reads the time", "a fixed step")
    if len(population.receptors) != 1:
        problem = f"has {len(population.receptors)} kinds of synapses"
        raise ValidationError(where, problem, "delta synapses, all of one kind")
    send = Response(population)
    without_memory(send, where)
    top, further = send(_FAR), send(2 * _FAR)
    if not (top > 0).all() or (send(-_FAR) != 0).any():
        raise ValidationError(where, "does not send more for more, from 0 on", "a rectifier")
    first = _least(send, np.full(send.n, 1e-300))
    near = np.round(first, 9)
    includes = send(near) > 0
    first = np.where(np.abs(first - near) <= 1e-9 * np.maximum(1.0, np.abs(near)), near, first)
    unit = send(first + 1e-9 * np.maximum(1.0, np.abs(first)))
    most = top / np.where(unit > 0, unit, 1.0)
    whole = np.abs(most - np.rint(most)) < 1e-6
    if (top != further).any() or not whole.all() or (most > _MOST + 0.5).any():
        raise ValidationError(
            where, "sends values that are no few levels", f"1 to {_MOST} multiples of a unit",
            "chips.framing.levelled(network, inputs) rounds them, by the values that occur",
        )  # fmt: skip
    most = np.rint(most)
    width = np.where(most > 1, _least(send, 1.5 * unit) - first, 1.0)
    found = Staircase(first, np.round(width, 12), most, unit, includes)
    _tried(send, found, where)
    return found


def without_memory(send: Response, where: str) -> None:
    """Raise ValidationError if what is sent depends on states."""
    rng = np.random.default_rng(0)
    for a in (0.0, 0.3, 1.0, 7.7, 100.0):
        plain = send(a)
        for size in (0.1, 1.0, 30.0):
            states = send.base + size * rng.normal(size=send.base.shape)
            if not np.array_equal(send(a, states), plain):
                raise ValidationError(where, "remembers what arrived before",
                                      "neurons without memory", _FRAMED)  # fmt: skip


def _least(send: Response, wanted: np.ndarray) -> np.ndarray:
    """Least input that sends so much: the upper end of an interval that is halved."""
    low, high = np.full(send.n, -_FAR), np.full(send.n, _FAR)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = send(middle) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _tried(send: Response, found: Staircase, where: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(32):
        steps = rng.random(send.n) * (found.most + 3) - 1.5
        # Edges themselves are left out: there rounding decides.
        steps = np.floor(steps) + 0.01 + 0.98 * (steps - np.floor(steps))
        expected = np.clip(np.floor(steps) + 1, 0, found.most) * found.unit
        apart = np.abs(send(found.first + steps * found.width) - expected)
        if (apart > 1e-6 * found.unit).any():
            raise ValidationError(where, "sends levels at unequal distances", "equal steps")

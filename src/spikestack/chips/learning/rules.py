"""Rules of Loihi's learning engine: sums of products of traces, as text.

``dw = 2^-2*x1*y0 - 2^-2*y1*x0`` is what the chip's microcode says; the parser that reads all
equations reads it, and nothing is evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...equations.expressions import Expr, Name, Num, Op
from ...equations.parser import parse_expression
from ...errors import EquationError, UnknownNameError, ValidationError, shorten
from ...network.learning import Signal

__all__ = ["FACTORS", "LoihiRule", "Product", "TraceShape"]

#: What a product may be of: spikes of the epoch, traces, reward, and the synapse's own variables.
FACTORS = ("x0", "x1", "x2", "y0", "y1", "y2", "y3", "r0", "r1", "w", "d", "t")
TRACES = ("x1", "x2", "y1", "y2", "y3")
#: ``u3`` is 1 in every eighth epoch.
_EPOCHS = tuple(f"u{k}" for k in range(10))
_POWER = re.compile(r"\b2\s*\^\s*([+-]?\s*\d+)")
_MANTISSA, _EXPONENTS, _CONSTANT = (-8, 7), (-8, 7), (-128, 127)
_LONGEST_EPOCH = 63
_MOST_TRACE = 127.0


@dataclass(frozen=True)
class TraceShape:
    """A trace: what a spike adds to it, and the time in steps after which 1/e is left."""

    impulse: float
    tau: float

    @property
    def decay(self) -> float:
        """What is left of it after a step."""
        return math.exp(-1.0 / self.tau)


@dataclass(frozen=True)
class Product:
    """A scale of 4 bits and a power of two, times factors, each with a constant added to it."""

    mantissa: int
    exponent: int
    factors: tuple[tuple[str, int], ...]

    @property
    def scale(self) -> float:
        """The number that all factors are multiplied by."""
        return self.mantissa * 2.0**self.exponent

    @property
    def waits(self) -> tuple[str, ...]:
        """Without which of x0, y0, u_k it is 0."""
        return tuple(n for n, c in self.factors if c == 0 and (n in ("x0", "y0") or n in _EPOCHS))


class LoihiRule:
    """What becomes of the weights, tags and delays of a projection while a chip runs.

    At the end of every learning epoch each synapse's weight changes by the sum of products `dw`,
    its tag by `dt`, its delay by `dd`. A product is a number times factors: ``x0``, ``y0`` (1 if
    the source, or the target, fired in the epoch, else 0), ``x1``, ``x2`` and ``y1``, ``y2``,
    ``y3`` (traces of both, whole numbers of 7 bits), ``r0`` (1 if there is a reward), ``r1`` (the
    reward, 8 bits), ``w``, ``t``, ``d`` (weight, tag, and number in the delay field), ``u0`` to
    ``u9`` (1 in every 2^k-th epoch), or one of them plus a constant of 8 bits, ``(w - 3)``. Each
    has ``x0``, ``y0`` or ``u_k`` among its factors. Numbers are m 2^k, ``3*2^-4``, m of 4 bits and
    k from -8 to 7.

    Parameters
    ----------
    dw, dt, dd
        The sums; empty for none.
    learning_epoch
        Steps, 1 to 63.
    x1, x2, y1, y2, y3
        ``(impulse, tau)`` of each trace that the rule names: what a spike adds, 0 to 127 in 256ths,
        and its time constant in steps.
    reward
        A `Signal` of whole numbers of 8 bits; 0 without one.
    w_max
        The weight that the greatest whole number stands for, in the description's unit; the
        greatest of the initial weights unless given.

    Raises
    ------
    EquationError, UnknownNameError, ValidationError
        When the rule is made, if the chip has no such rule.

    Notes
    -----
    Davies et al. 2018, IEEE Micro 38:82, has the engine; widths are also in Lava 0.10. All factors
    are read at the end of the epoch. Delay fields hold 0 to 62; a spike takes a step more, and the
    delay that its synapse had when it was sent.
    """

    def __init__(
        self,
        dw: str = "",
        dt: str = "",
        dd: str = "",
        learning_epoch: int = 1,
        reward: Signal | None = None,
        w_max: float | None = None,
        **traces: Any,
    ) -> None:
        where = "LoihiRule.learning_epoch"
        whole = isinstance(learning_epoch, int) and not isinstance(learning_epoch, bool)
        if not whole or not 1 <= learning_epoch <= _LONGEST_EPOCH:
            raise ValidationError(where, f"got {shorten(learning_epoch)}",
                                  f"1 to {_LONGEST_EPOCH} steps")  # fmt: skip
        if w_max is not None and not (isinstance(w_max, int | float) and 0 < w_max < math.inf):
            raise ValidationError("LoihiRule.w_max", f"got {shorten(w_max)}", "a number above 0")
        self.w_max = None if w_max is None else float(w_max)
        self.learning_epoch, self.reward = learning_epoch, _checked_reward(reward)
        self.texts = {"dw": dw, "dt": dt, "dd": dd}
        if not any(text.strip() for text in self.texts.values()):
            raise EquationError("LoihiRule", "changes nothing", "dw, dt or dd")
        self.traces = {name: _shape(name, given) for name, given in traces.items()}
        self.dw, self.dt, self.dd = (
            _products(text, f"LoihiRule.{name}") for name, text in self.texts.items()
        )
        used = {n for p in (*self.dw, *self.dt, *self.dd) for n, _ in p.factors}
        for name in sorted(used.intersection(TRACES) - set(self.traces)):
            raise ValidationError(f"LoihiRule.{name}", "is used and not given", "(impulse, tau)")
        if used & {"r0", "r1"} and reward is None:
            raise ValidationError("LoihiRule.reward", "is used and not given", "a sp.Signal")

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={text!r}" for name, text in self.texts.items() if text.strip())
        return f"LoihiRule({told}, learning_epoch={self.learning_epoch})"


def _shape(name: str, given: Any) -> TraceShape:
    where = f"LoihiRule.{name}"
    if name not in TRACES:
        raise UnknownNameError("LoihiRule, trace", name, TRACES)
    try:
        impulse, tau = (float(part) for part in given)
    except (TypeError, ValueError):
        raise ValidationError(where, f"got {shorten(given)}", "(impulse, tau)") from None
    if not 0 <= impulse <= _MOST_TRACE or impulse * 256 != int(impulse * 256):
        raise ValidationError(where, f"impulse {impulse:g}", "0 to 127, a multiple of 1/256")
    if not 0 < tau < math.inf:
        raise ValidationError(where, f"tau {tau:g}", "a number of steps above 0")
    return TraceShape(impulse, tau)


def _checked_reward(reward: Signal | None) -> Signal | None:
    if reward is None:
        return None
    if not isinstance(reward, Signal):
        raise ValidationError("LoihiRule.reward", f"got {shorten(reward)}", "a sp.Signal")
    low, high = _CONSTANT
    values = reward.values
    if (values != values.round()).any() or values.min() < low or values.max() > high:
        raise ValidationError("LoihiRule.reward", "is of no 8 bits",
                              f"whole numbers from {low} to {high}")  # fmt: skip
    return reward


def _products(text: str, where: str) -> tuple[Product, ...]:
    """The products of a sum."""
    if not text.strip():
        return ()
    written = _POWER.sub(lambda found: f"2**{found[1].replace(' ', '')}", text)
    tree = parse_expression(written, {*FACTORS, *_EPOCHS}, where)
    return tuple(_product(sign, term, where) for sign, term in _terms(tree, 1))


def _terms(tree: Expr, sign: int) -> Iterator[tuple[int, Expr]]:
    if isinstance(tree, Op) and tree.op in ("add", "sub"):
        yield from _terms(tree.args[0], sign)
        yield from _terms(tree.args[1], sign if tree.op == "add" else -sign)
    elif isinstance(tree, Op) and tree.op == "neg":
        yield from _terms(tree.args[0], -sign)
    else:
        yield sign, tree


def _product(sign: int, tree: Expr, where: str) -> Product:
    number, factors = float(sign), []
    for part in _parts(tree):
        found = _number(part)
        if found is not None:
            number *= found
        else:
            factors.append(_factor(part, where))
    mantissa, exponent = _four_bits(number, where)
    made = Product(mantissa, exponent, tuple(factors))
    if not made.waits:
        raise EquationError(
            where, "a product has none of x0, y0, u0, u1, ... among its factors",
            "one at least", "2^-2*x1*y0; u0 stands for every epoch",
        )  # fmt: skip
    return made


def _parts(tree: Expr) -> Iterator[Expr]:
    if isinstance(tree, Op) and tree.op == "mul":
        yield from _parts(tree.args[0])
        yield from _parts(tree.args[1])
    else:
        yield tree


def _number(part: Expr) -> float | None:
    if isinstance(part, Num):
        return part.value
    if isinstance(part, Op) and part.op == "neg":
        inner = _number(part.args[0])
        return None if inner is None else -inner
    if isinstance(part, Op) and part.op == "pow":
        base, exponent = part.args
        if isinstance(base, Num) and isinstance(exponent, Num):
            return float(base.value**exponent.value)
    return None


def _factor(part: Expr, where: str) -> tuple[str, int]:
    """A name, and the constant that is added to it."""
    if isinstance(part, Name):
        return part.id, 0
    if isinstance(part, Op) and part.op in ("add", "sub"):
        left, right = part.args
        if isinstance(left, Num) and isinstance(right, Name) and part.op == "add":
            left, right = right, left
        if isinstance(left, Name) and isinstance(right, Num):
            value = right.value if part.op == "add" else -right.value
            if value != int(value) or not _CONSTANT[0] <= value <= _CONSTANT[1]:
                raise EquationError(where, f"adds {value:g}", "a whole number of 8 bits")
            return left.id, int(value)
    raise EquationError(
        where, "a factor is neither a name nor one plus a number",
        "sums of products such as 2^-2*x1*y0*(w + 3)",
    )  # fmt: skip


def _four_bits(number: float, where: str) -> tuple[int, int]:
    """A number as a mantissa of 4 bits and a power of two."""
    fraction, exponent = math.frexp(number)
    for _ in range(60):
        if fraction == int(fraction):
            break
        fraction, exponent = fraction * 2, exponent - 1
    low, high = _EXPONENTS
    while exponent > high and abs(fraction) < 2**20:
        fraction, exponent = fraction * 2, exponent - 1
    good = fraction == int(fraction) and _MANTISSA[0] <= fraction <= _MANTISSA[1]
    if not good or not low <= exponent <= high or number == 0:
        raise EquationError(
            where, f"multiplies by {number:g}",
            f"m*2^k, m from {_MANTISSA[0]} to {_MANTISSA[1]}, k from {low} to {high}",
        )  # fmt: skip
    return int(fraction), exponent


#: By projection, the rule that it learns by.
Rules = Mapping[str, LoihiRule]

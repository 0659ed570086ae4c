"""Dimensional analysis of expressions."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import EquationError
from ..units import DIMENSIONLESS, Unit
from .expressions import COMPARISONS, Expr, Name, Num, Op

__all__ = ["BOOLEAN", "check_unit", "unit_of"]

#: What a condition yields; no quantity has these dimensions.
BOOLEAN = Unit(1.0, (99, 0, 0, 0, 0), "a condition")

_PLAIN = ("exp", "log", "tanh", "sinh", "exprel", "sin", "cos")
_SAME = ("add", "sub", "min", "max", "clip")


def unit_of(expr: Expr, units: Mapping[str, Unit], where: str) -> Unit | None:
    """Return the unit of `expr`, or None for a bare zero, which fits anything.

    Raises
    ------
    EquationError
        If terms of different dimensions are added or compared, or a function that needs a plain
        number gets a quantity.
    """
    if isinstance(expr, Num):
        return expr.unit
    if isinstance(expr, Name):
        return units[expr.id]
    args = [unit_of(arg, units, where) for arg in expr.args]
    op = expr.op
    if op in ("and", "or", "not"):
        _require(all(a == BOOLEAN for a in args), where, op, "conditions")
        return BOOLEAN
    if op == "where":
        _require(args[0] == BOOLEAN, where, "where", "a condition first")
        return _common(args[1:], where, op)
    _require(BOOLEAN not in args, where, op, "quantities, not conditions")
    if op in COMPARISONS:
        _common(args, where, COMPARISONS[op])
        return BOOLEAN
    return _arithmetic(op, expr, args, where)


def _arithmetic(op: str, expr: Op, args: list[Unit | None], where: str) -> Unit | None:
    if op in _SAME:
        return _common(args, where, op)
    if op in _PLAIN:
        _require(
            args[0] is None or args[0].fits(DIMENSIONLESS),
            where,
            op,
            f"a plain number, not {args[0]}; divide by a scale of the same unit",
        )
        return DIMENSIONLESS
    if op in ("mul", "div"):
        left, right = (arg or DIMENSIONLESS for arg in args)
        return left * right if op == "mul" else left / right
    if op == "pow":
        exponent = expr.args[1]
        assert isinstance(exponent, Num)
        return (args[0] or DIMENSIONLESS) ** int(exponent.value)
    if op == "sqrt" and args[0] is not None:
        _require(all(n % 1 == 0 for n in args[0].dims), where, op, "a unit of whole powers")
        return Unit(1.0, tuple(n / 2 for n in args[0].dims))
    return args[0]  # neg, abs, floor, trunc, asr, wrap, previous


def _common(args: list[Unit | None], where: str, op: str) -> Unit | None:
    given = [arg for arg in args if arg is not None]
    for other in given[1:]:
        if not other.fits(given[0]):
            raise EquationError(
                where,
                f"'{op}' joins {given[0].coherent} with {other.coherent}",
                "terms of one dimension",
                "give literals their unit, as in 40*mV",
            )
    return given[0] if given else None


def _require(condition: bool, where: str, op: str, rule: str) -> None:
    if not condition:
        raise EquationError(where, f"'{op}' got something else", f"it needs {rule}")


def check_unit(expr: Expr, expected: Unit, units: Mapping[str, Unit], where: str) -> None:
    """Raise EquationError unless `expr` has the dimension of `expected`."""
    got = unit_of(expr, units, where)
    if got is not None and not got.fits(expected):
        raise EquationError(
            where,
            f"the expression is in {got.coherent}",
            f"{expected.coherent} is needed",
            "check the factors, and give literals their unit, as in 40*mV",
        )

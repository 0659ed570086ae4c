"""Expression trees of our own: numbers, names, operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..units import DIMENSIONLESS, Unit

__all__ = [
    "COMPARISONS",
    "FUNCTIONS",
    "Expr",
    "Name",
    "Num",
    "Op",
    "names_in",
    "substitute",
    "varying_names",
]


@dataclass(frozen=True)
class Num:
    """A literal, in coherent units; `unit` is None where it takes any dimension (a bare zero)."""

    value: float
    unit: Unit | None = DIMENSIONLESS


@dataclass(frozen=True)
class Name:
    """A variable, parameter or input."""

    id: str


@dataclass(frozen=True)
class Op:
    """An operation on expressions: an arithmetic or logical operator, or a function."""

    op: str
    args: tuple[Expr, ...]


Expr = Num | Name | Op

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}

#: function name -> number of arguments; the language has these and no others.
FUNCTIONS = {
    "exp": 1,
    "log": 1,
    "sqrt": 1,
    "abs": 1,
    "floor": 1,
    "trunc": 1,
    "tanh": 1,
    "sinh": 1,
    "sin": 1,
    "cos": 1,
    "exprel": 1,
    "min": 2,
    "max": 2,
    "clip": 3,
    "where": 3,
    "asr": 2,
    "wrap": 2,
    "previous": 1,
}


def names_in(expr: Expr) -> Iterator[str]:
    """Yield every name in `expr`, repeats included."""
    if isinstance(expr, Name):
        yield expr.id
    elif isinstance(expr, Op):
        for arg in expr.args:
            yield from names_in(arg)


def varying_names(expr: Expr) -> Iterator[str]:
    """Yield the names whose value may change within a step: not those in ``previous(x)``."""
    if isinstance(expr, Name):
        yield expr.id
    elif isinstance(expr, Op) and expr.op != "previous":
        for arg in expr.args:
            yield from varying_names(arg)


def substitute(expr: Expr, table: Mapping[str, Expr] | Callable[[str], Expr | None]) -> Expr:
    """Replace names by expressions, simultaneously."""
    look = table if callable(table) else table.get
    if isinstance(expr, Name):
        found = look(expr.id)
        return expr if found is None else found
    if isinstance(expr, Op):
        return Op(expr.op, tuple(substitute(a, look) for a in expr.args))
    return expr

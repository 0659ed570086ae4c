"""Which equations are linear: what can be integrated exactly, and what needs a scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .expressions import Expr, Name, Num, Op, names_in, varying_names

__all__ = ["ZERO", "affine", "linear_subsystem"]

ZERO = Num(0.0, None)
ONE = Num(1.0)


def affine(expr: Expr, variables: frozenset[str]) -> dict[str | None, Expr] | None:
    """Write `expr` as a sum of coefficient times variable, plus a rest.

    Returns
    -------
    dict or None
        Coefficients by variable, the rest under the key None, none of them containing a variable;
        or None if `expr` is not affine in `variables` as it stands. Nothing is cancelled: a pole
        that algebra would remove stays.
    """
    if variables.isdisjoint(varying_names(expr)):
        return {None: expr}
    if isinstance(expr, Name):
        return {expr.id: ONE}
    assert isinstance(expr, Op)
    if expr.op == "neg":
        inner = affine(expr.args[0], variables)
        return inner and {key: Op("neg", (value,)) for key, value in inner.items()}
    if expr.op in ("add", "sub"):
        return _sum(expr, variables)
    if expr.op in ("mul", "div"):
        return _product(expr, variables)
    return None


def _sum(expr: Op, variables: frozenset[str]) -> dict[str | None, Expr] | None:
    left, right = (affine(arg, variables) for arg in expr.args)
    if left is None or right is None:
        return None
    total = dict(left)
    for key, value in right.items():
        if key in total:
            total[key] = Op(expr.op, (total[key], value))
        else:
            total[key] = value if expr.op == "add" else Op("neg", (value,))
    return total


def _product(expr: Op, variables: frozenset[str]) -> dict[str | None, Expr] | None:
    left, right = expr.args
    left_constant = variables.isdisjoint(varying_names(left))
    right_constant = variables.isdisjoint(varying_names(right))
    if left_constant and expr.op == "mul":
        inner = affine(right, variables)
        return inner and {key: Op("mul", (left, value)) for key, value in inner.items()}
    if right_constant:
        inner = affine(left, variables)
        return inner and {key: Op(expr.op, (value, right)) for key, value in inner.items()}
    return None


def linear_subsystem(
    derivatives: Mapping[str, Expr], constants: Iterable[str], held: Iterable[str] = ()
) -> dict[str, dict[str | None, Expr]]:
    """Find the largest closed linear system with constant coefficients.

    Parameters
    ----------
    derivatives
        The right-hand side of every differential equation.
    constants
        Names that do not change within a step (parameters): they may stand in coefficients.
    held
        Inputs held constant over a step: they may enter linearly.

    Returns
    -------
    dict
        For every variable of the subsystem its coefficients (see `affine`).
    """
    constant_names, held_names = frozenset(constants), frozenset(held)
    members = dict(derivatives)
    while True:
        inputs = frozenset(members) | held_names
        found = {x: affine(rhs, inputs) for x, rhs in members.items()}
        closed = {
            x: parts
            for x, parts in found.items()
            if parts and all(constant_names.issuperset(names_in(c)) for c in parts.values())
        }
        if len(closed) == len(members):
            return closed
        members = {x: derivatives[x] for x in closed}

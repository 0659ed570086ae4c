"""Expression trees as text in the equation language, from which they can be read back."""

from __future__ import annotations

from .expressions import COMPARISONS, Expr, Name, Num

__all__ = ["written"]

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", **COMPARISONS, "and": "and", "or": "or"}


def written(expr: Expr) -> str:
    """An expression of plain numbers as text; every operation stands in brackets.

    Numbers have all digits, so that parsing the text gives the same tree back, but for the units
    of literals, which are not written.
    """
    if isinstance(expr, Num):
        return repr(expr.value) if expr.value >= 0 else f"(-{-expr.value!r})"
    if isinstance(expr, Name):
        return expr.id
    parts = [written(arg) for arg in expr.args]
    if expr.op in _INFIX:
        return f"({parts[0]} {_INFIX[expr.op]} {parts[1]})"
    if expr.op == "neg":
        return f"(-{parts[0]})"
    if expr.op == "not":
        return f"(not {parts[0]})"
    if expr.op == "pow":
        exponent = expr.args[1]
        assert isinstance(exponent, Num)
        return f"({parts[0]}**{int(exponent.value)})"
    return f"{expr.op}({', '.join(parts)})"

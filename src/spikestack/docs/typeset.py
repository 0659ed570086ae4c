"""Equations, conditions and assignments as HTML with MathML."""

from __future__ import annotations

from collections.abc import Iterable

from ..equations.block import Statement, written_lines
from ..equations.expressions import Expr, Name
from ..equations.mathml import lines_of, mathml, printed, symbol, unit_symbol
from ..equations.model import AbstractModel
from ..units import Unit, parse_unit

__all__ = ["assignments", "equations", "inline", "name", "unit"]


def inline(expr: Expr) -> str:
    """An expression within text."""
    return mathml(printed(expr), display=True)


def name(text: str) -> str:
    """A variable or parameter within text; a receptor's as ``Kind.x`` without its kind."""
    return mathml(symbol(text.rpartition(".")[2]))


def unit(text: str) -> str:
    """A unit within text; empty for plain numbers."""
    found = unit_symbol(parse_unit(text))
    return mathml(found) if found else ""


def equations(model: AbstractModel) -> str:
    """The equations of a model as a table: left side, sign, right side, unit."""
    names = {*model.builtins, *model.parameters, *model.inputs()}
    rows = [
        _row(kind, variable, lines_of(expr), its_unit)
        for kind, variable, expr, its_unit in written_lines(model.equations, names, model.label)
    ]
    return (
        f'<div class="equations"><table class="set">{"".join(rows)}</table></div>' if rows else ""
    )


def assignments(statements: Iterable[Statement]) -> str:
    """What a reset does, one assignment a line."""
    return "<br/>".join(
        mathml(f"{printed(Name(variable))}<mo>←</mo>{printed(expr)}", display=True)
        for variable, expr in statements
    )


def _left(kind: str, variable: str) -> str:
    if kind != "ode":
        return symbol(variable)
    d = '<mi mathvariant="normal">d</mi>'
    return f"<mfrac><mrow>{d}{symbol(variable)}</mrow><mrow>{d}<mi>t</mi></mrow></mfrac>"


def _row(kind: str, variable: str, lines: list[str], its_unit: Unit) -> str:
    left = mathml(_left(kind, variable), display=True)
    right = "<br/>".join(mathml(line, display=True) for line in lines)
    marks = unit_symbol(its_unit)
    last = mathml(marks) if marks else ""
    if marks and kind == "ode":
        last = f"{mathml(symbol(variable))} in {last}"
    return (
        f'<tr><td class="left">{left}</td><td>{_between("←" if kind == "update" else "=")}</td>'
        f'<td class="right">{right}</td><td class="unit">{last}</td></tr>'
    )


def _between(sign: str) -> str:
    return mathml(f"<mo>{sign}</mo>")

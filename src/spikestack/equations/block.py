"""A model's equations, line by line: differential equations, updates, and shorthands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import EquationError, shorten
from ..units import DIMENSIONLESS, Unit
from .dimensions import BOOLEAN, check_unit, unit_of
from .expressions import Expr, Name, Op, names_in, substitute
from .parser import MAX_CHARACTERS, check_identifier, parse_expression, unit_of_text

__all__ = [
    "Block",
    "Statement",
    "defined_names",
    "parse_block",
    "parse_condition",
    "parse_statements",
    "written_lines",
]

Statement = tuple[str, Expr]

_ODE = re.compile(r"d([A-Za-z]\w*)\s*/\s*dt\s*=(?!=)(.*)\Z", re.S)
_UPDATE = re.compile(r"([A-Za-z]\w*)\s*\[\s*t\s*\+\s*1\s*\]\s*=(?!=)(.*)\Z", re.S)
_ALIAS = re.compile(r"([A-Za-z]\w*)\s*=(?!=)(.*)\Z", re.S)
_ASSIGN = re.compile(r"([A-Za-z]\w*)\s*([-+*/]?)=(?!=)(.*)\Z", re.S)


@dataclass(frozen=True)
class Block:
    """Parsed equations.

    Attributes
    ----------
    derivatives
        Right-hand side of every ``dx/dt``, in units of x per ms; shorthands already replaced.
    updates
        The ordered ``x[t+1] = ...`` assignments.
    aliases
        The shorthands, each with the ones before it replaced.
    units
        The declared unit of every variable.
    """

    derivatives: dict[str, Expr]
    updates: tuple[Statement, ...]
    aliases: dict[str, Expr]
    units: dict[str, Unit]

    @property
    def states(self) -> tuple[str, ...]:
        """Names of all state variables, in the order of the text."""
        return (*self.derivatives, *dict.fromkeys(name for name, _ in self.updates))


def logical_lines(text: str, where: str) -> list[str]:
    """Split into lines without comments, joining those inside open parentheses."""
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise EquationError(
            where,
            f"{len(text)} characters" if isinstance(text, str) else f"got {shorten(text)}",
            f"text of at most {MAX_CHARACTERS} characters",
        )
    lines, pending, depth = [], "", 0
    for raw in text.replace(";", "\n").splitlines():
        line = raw.split("#", 1)[0].strip()
        pending = f"{pending} {line}".strip()
        depth += line.count("(") - line.count(")")
        if depth <= 0 and pending:
            lines.append(pending)
            pending, depth = "", 0
    if pending:
        raise EquationError(where, f"an open parenthesis in {shorten(pending)}", "balanced ones")
    return lines


def defined_names(text: str, where: str) -> set[str]:
    """The names that equations give a meaning: variables and shorthands."""
    return {_read_line(line, where).name for line in logical_lines(text, where)}


def written_lines(text: str, names: Iterable[str], where: str) -> list[tuple[str, str, Expr, Unit]]:
    """Every line as it stands, shorthands not replaced, for whoever shows it.

    Each is a kind (``"ode"``, ``"update"``, ``"alias"``), a name, an expression and a unit; `names`
    are the parameters and inputs that may occur.
    """
    lines = [_read_line(line, where) for line in logical_lines(text, where)]
    known = {*names, *(line.name for line in lines)}
    return [
        (line.kind, line.name, parse_expression(line.expression, known, where), line.unit)
        for line in lines
    ]


@dataclass(frozen=True)
class _Line:
    kind: str
    name: str
    expression: str
    unit: Unit


def _read_line(line: str, where: str) -> _Line:
    for kind, pattern in (("ode", _ODE), ("update", _UPDATE), ("alias", _ALIAS)):
        match = pattern.match(line)
        if match:
            name = check_identifier(match[1], where)
            expression, _, unit = match[2].partition(":")
            return _Line(kind, name, expression, unit_of_text(unit, f"{where}, {name}"))
    raise EquationError(
        where,
        f"cannot read the line {shorten(line)}",
        "'dx/dt = ... : unit', 'x[t+1] = ... : unit' or 'x = ... : unit'",
    )


def parse_block(
    text: str, names: Mapping[str, Unit], where: str, dimensionless: bool = False
) -> Block:
    """Parse the equations of one model.

    Parameters
    ----------
    text
        One equation a line, each with the unit of its variable after a colon.
    names
        Parameters and inputs that may occur, with their units.
    where
        The model, for messages.
    dimensionless
        Whether the model counts in plain numbers, time included.

    Raises
    ------
    EquationError, UnknownNameError, UnitError
        If a line is not in the language, names the unknown, or does not balance.
    """
    lines = [_read_line(line, where) for line in logical_lines(text, where)]
    units = dict(names)
    for line in lines:
        if line.name in units and not (line.kind == "update" and line.name not in names):
            raise EquationError(where, f"{line.name!r} is defined twice", "one meaning per name")
        units[line.name] = line.unit
    known, aliases = set(units), {}
    derivatives: dict[str, Expr] = {}
    updates: list[Statement] = []
    for line in lines:
        at = f"{where}, equation of {line.name}"
        expr = substitute(parse_expression(line.expression, known, at), aliases)
        pending = {other.name for other in lines if other.kind == "alias"} & set(names_in(expr))
        if pending:
            raise EquationError(
                at, f"uses {sorted(pending)[0]!r} before its line", "order the lines"
            )
        per_time = DIMENSIONLESS if dimensionless else Unit(1.0, (1, 0, 0, 0, 0))
        expected = line.unit / per_time if line.kind == "ode" else line.unit
        check_unit(expr, expected, units, at)
        if line.kind == "ode":
            derivatives[line.name] = expr
        elif line.kind == "update":
            updates.append((line.name, expr))
        else:
            aliases[line.name] = expr
    own = {line.name: line.unit for line in lines}
    return Block(derivatives, tuple(updates), aliases, own)


def parse_condition(
    text: str, units: Mapping[str, Unit], aliases: Mapping[str, Expr], where: str
) -> Expr:
    """Parse a condition such as a threshold."""
    expr = substitute(parse_expression(text, set(units), where), aliases)
    if unit_of(expr, units, where) != BOOLEAN:
        raise EquationError(
            where, f"{shorten(text)} is no condition", "a comparison: 'v >= v_thresh'"
        )
    return expr


def parse_statements(
    text: str,
    targets: set[str],
    units: Mapping[str, Unit],
    aliases: Mapping[str, Expr],
    where: str,
) -> tuple[Statement, ...]:
    """Parse assignments such as a reset: ``v = v_reset; w += b``."""
    statements: list[Statement] = []
    for line in logical_lines(text, where):
        match = _ASSIGN.match(line)
        if not match:
            raise EquationError(where, f"cannot read {shorten(line)}", "'x = ...' or 'x += ...'")
        name, operator = match[1], match[2]
        if name not in targets:
            raise EquationError(
                where, f"assigns to {name!r}", f"state variables: {', '.join(sorted(targets))}"
            )
        expr = substitute(parse_expression(match[3], set(units), where), aliases)
        if operator:
            ops = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
            expr = Op(ops[operator], (Name(name), expr))
        check_unit(expr, units[name], units, where)
        statements.append((name, expr))
    return tuple(statements)

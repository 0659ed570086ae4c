"""Text to expression tree: the standard library's parser, then a whitelist of its nodes.

Nothing is evaluated, no attribute or subscript is looked up, and every size is bounded, so that a
description from a stranger is safe to read.
"""

from __future__ import annotations

import ast
import math
import re

from ..errors import EquationError, UnitError, UnknownNameError, shorten
from ..units import DIMENSIONLESS, Unit, parse_unit
from .expressions import COMPARISONS, FUNCTIONS, Expr, Name, Num, Op

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "check_identifier",
    "check_size",
    "parse_expression",
    "unit_names",
]

MAX_CHARACTERS = 10_000
MAX_NODES = 2_000
MAX_DEPTH = 50
MAX_EXPONENT = 16

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_UNARY_RUN = re.compile(rf"(?:[-+~]\s*|not\s+){{{MAX_DEPTH},}}")
_BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_COMPARE = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_UNITS_IN_EQUATIONS = (
    "s ms us mV V uV A nA pA uA mA pS nS uS mS S pF nF uF F Ohm kOhm MOhm GOhm Hz kHz mM uM cm mm"
    " um second msecond usecond volt mvolt uvolt amp ampere mamp uamp namp pamp siemens msiemens"
    " usiemens nsiemens psiemens farad ufarad nfarad pfarad ohm kohm Mohm Gohm hertz khertz metre"
    " meter cmetre cmeter mmetre mmeter umetre umeter coulomb molar mmolar umolar"
)


def unit_names() -> dict[str, Unit]:
    """The units that may stand in an equation as factors: ``40*mV``."""
    return {name: parse_unit(name) for name in _UNITS_IN_EQUATIONS.split()}


_UNITS = unit_names()


def check_identifier(name: object, where: str) -> str:
    """Return `name` if it can name a variable or parameter.

    Raises
    ------
    EquationError
        If it is not a plain ASCII identifier of at most 64 characters, or is a function's name.
    """
    if not isinstance(name, str) or not _IDENTIFIER.match(name) or name in FUNCTIONS:
        raise EquationError(
            where,
            f"{shorten(name)} cannot be a name",
            "letters, digits and underscores, starting with a letter, at most 64, not a function",
        )
    return name


def parse_expression(text: str, known: set[str], where: str) -> Expr:
    """Parse one expression.

    Parameters
    ----------
    text
        The expression, in Python's notation.
    known
        Names that may occur; the names of units may occur too where nothing else bears them.
    where
        What the expression belongs to, for messages.

    Raises
    ------
    EquationError
        If the text is not in the language or exceeds its limits.
    UnknownNameError
        If a name is neither known nor a unit.
    """
    check_size(text, where)
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        detail = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise EquationError(where, f"cannot read {shorten(text.strip())} ({detail})") from None
    return _Reader(known, where).read(tree.body, 0)


def check_size(text: str, where: str) -> None:
    """Raise EquationError for what is no text, or longer or deeper than any expression may be."""
    if not isinstance(text, str) or not text.strip():
        raise EquationError(where, f"got {shorten(text)}", "an expression as text")
    if not text.isascii():
        raise EquationError(where, f"{shorten(text.strip())} is not plain ASCII", "ASCII letters")
    if len(text) > MAX_CHARACTERS:
        raise EquationError(where, f"{len(text)} characters", f"at most {MAX_CHARACTERS}")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH or _UNARY_RUN.search(text):
        raise EquationError(where, "nested too deeply", f"at most {MAX_DEPTH} levels")


class _Reader:
    """Turns whitelisted nodes of one ``ast`` tree into ours, counting as it goes."""

    def __init__(self, known: set[str], where: str) -> None:
        self.known, self.where, self.nodes = known, where, 0

    def read(self, node: ast.expr, depth: int) -> Expr:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self.refuse(
                "too large", f"at most {MAX_NODES} nodes, {MAX_DEPTH} levels; split it into lines"
            )
        match node:
            case ast.Constant():
                return self.number(node.value)
            case ast.Name():
                return self.name(node.id)
            case ast.BinOp(op=ast.Pow()):
                return self.power(node, depth)
            case ast.BinOp() if type(node.op) in _BINARY:
                left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
                return self.fold(_BINARY[type(node.op)], left, right)
            case ast.UnaryOp(op=ast.USub()):
                inner = self.read(node.operand, depth + 1)
                return (
                    Num(-inner.value, inner.unit) if isinstance(inner, Num) else Op("neg", (inner,))
                )
            case ast.UnaryOp(op=ast.UAdd()):
                return self.read(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.Not()):
                return Op("not", (self.read(node.operand, depth + 1),))
            case ast.BoolOp():
                return self.boolean(node, depth)
            case ast.Compare():
                return self.compare(node, depth)
            case ast.IfExp():
                parts = (node.test, node.body, node.orelse)
                return Op("where", tuple(self.read(part, depth + 1) for part in parts))
            case ast.Call():
                return self.call(node, depth)
        raise self.refuse(
            f"{type(node).__name__} is not part of the language",
            "numbers, names, + - * / **, comparisons, and, or, not, if-else, "
            + ", ".join(sorted(FUNCTIONS)),
        )

    def refuse(self, problem: str, rule: str = "", remedy: str = "") -> EquationError:
        return EquationError(self.where, problem, rule, remedy)

    def number(self, value: object) -> Num:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(f"{shorten(value)} is no number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.refuse(f"{shorten(value)} is not finite", "a number below 1.8e308")
        return Num(number, DIMENSIONLESS if number else None)

    def name(self, identifier: str) -> Expr:
        if identifier in self.known:
            return Name(identifier)
        if identifier in _UNITS:
            return Num(_UNITS[identifier].scale, _UNITS[identifier])
        raise UnknownNameError(self.where, identifier, self.known | set(FUNCTIONS))

    def fold(self, op: str, left: Expr, right: Expr) -> Expr:
        """Fold literals with their units (``40*mV``); more algebra would hide poles."""
        if op == "div" and isinstance(right, Num) and right.value == 0:
            raise self.refuse("division by zero", "a divisor that is not zero")
        if op not in ("mul", "div") or not (isinstance(left, Num) and isinstance(right, Num)):
            return Op(op, (left, right))
        a, b = left.unit or DIMENSIONLESS, right.unit or DIMENSIONLESS
        value = left.value * right.value if op == "mul" else left.value / right.value
        if not math.isfinite(value):
            raise self.refuse("a product of literals overflows", "finite numbers")
        return Num(value, a * b if op == "mul" else a / b)

    def power(self, node: ast.BinOp, depth: int) -> Expr:
        base, exponent = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        if (
            not isinstance(exponent, Num)
            or exponent.value != int(exponent.value)
            or not 0 <= abs(exponent.value) <= MAX_EXPONENT
        ):
            raise self.refuse(
                "an exponent that is not a small literal",
                f"a whole number from -{MAX_EXPONENT} to {MAX_EXPONENT}",
                "write exp(y*log(x)) for other powers",
            )
        if isinstance(base, Num) and base.value == 0 and exponent.value < 0:
            raise self.refuse("division by zero", "a base that is not zero")
        return Op("pow", (base, Num(exponent.value)))

    def boolean(self, node: ast.BoolOp, depth: int) -> Expr:
        op = "and" if isinstance(node.op, ast.And) else "or"
        result = self.read(node.values[0], depth + 1)
        for value in node.values[1:]:
            result = Op(op, (result, self.read(value, depth + 1)))
        return result

    def compare(self, node: ast.Compare, depth: int) -> Expr:
        terms = [self.read(term, depth + 1) for term in (node.left, *node.comparators)]
        result: Expr | None = None
        for left, op, right in zip(terms, node.ops, terms[1:]):
            if type(op) not in _COMPARE:
                raise self.refuse("an unknown comparison", " ".join(COMPARISONS.values()))
            test = Op(_COMPARE[type(op)], (left, right))
            result = test if result is None else Op("and", (result, test))
        assert result is not None
        return result

    def call(self, node: ast.Call, depth: int) -> Expr:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.refuse("a call that is not of a plain function", ", ".join(FUNCTIONS))
        name = node.func.id
        if name not in FUNCTIONS:
            raise UnknownNameError(f"{self.where}, function", name, FUNCTIONS)
        if len(node.args) != FUNCTIONS[name]:
            raise self.refuse(
                f"{name} got {len(node.args)} arguments", f"it takes {FUNCTIONS[name]}"
            )
        args = tuple(self.read(arg, depth + 1) for arg in node.args)
        if name == "previous" and not isinstance(args[0], Name):
            raise self.refuse("previous() of an expression", "previous(x) of a state variable x")
        return Op(name, args)


def unit_of_text(text: str, where: str) -> Unit:
    """Parse a declared unit, blaming `where` for a bad one."""
    try:
        return parse_unit(text.strip())
    except UnitError as error:
        raise UnitError(where, error.problem, error.rule) from None

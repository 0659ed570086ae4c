"""Expressions in Brian2's notation, rewritten node by node in ours."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable
from itertools import count

from ..errors import EquationError, shorten
from .block import logical_lines
from .expressions import FUNCTIONS
from .parser import MAX_DEPTH, check_size

__all__ = ["Rewriter"]

_WORTH_A_LOOK = re.compile(
    r"%|//|\*\*|\b(?:int|ceil|sign|tan|cosh|expm1|log10|log1p|rand|randn|poisson|timestep)\s*\("
    r"|\b(?:pi|e|inf|i|j|N|lastspike|not_refractory|True|False)\b"
)
_STATEMENT = re.compile(
    r"(d[A-Za-z]\w*\s*/\s*dt\s*=|[A-Za-z]\w*\s*\[\s*t\s*\+\s*1\s*\]\s*=|[A-Za-z]\w*\s*[-+*/]?=)(?!=)"
    r"(.*)\Z",
    re.S,
)
#: Functions of one argument, as expressions of the language; {} is the argument.
_FUNCTIONS = {
    "ceil": "-floor(-({}))",
    "sign": "where(({}) > 0, 1, where(({}) < 0, -1, 0))",
    "tan": "sin({})/cos({})",
    "cosh": "(exp({}) + exp(-({})))/2",
    "expm1": "({})*exprel({})",
    "log10": f"log({{}})/{math.log(10)!r}",
    "log1p": "log(1 + ({}))",
}
_CONSTANTS = {"pi": math.pi, "e": math.e}
_ABSENT = {
    "i": "neurons do not know their index: give it as a parameter, i=numpy.arange(n)",
    "j": "neurons do not know their index: give it as a parameter, j=numpy.arange(n)",
    "N": "give the number of neurons as a parameter",
    "lastspike": "keep the time yourself: 't_last : second', and 't_last = t' in the reset",
    "not_refractory": "write (unless refractory) after the unit of what is held",
    "inf": "a large number",
    "True": "1 > 0",
    "False": "0 > 1",
}
_ABSENT_CALLS = {
    "poisson": "draws are rand() and randn(); for Poisson input there is the input Poisson",
    "timestep": "compare times that are half a step apart: t > t_0 - 0.5*dt",
}
_UNKNOWN_CALL = (
    "functions of your own and TimedArray are not called from equations: write the function out, "
    "or drive the population by StepCurrent, InhomogeneousPoisson or Simulation.inject"
)


class Rewriter:
    """Rewrites the expressions of one model, whose draws it counts.

    Parameters
    ----------
    known
        Names that the model defines; they go before constants such as ``pi``.
    flags
        Those that are true or false.
    texts
        All texts of the model, for names that are not taken.
    brian
        Whether to look at every expression, or only at those with something foreign in them.
    """

    def __init__(self, known: set[str], flags: set[str], texts: Iterable[str], brian: bool) -> None:
        self.known, self.flags, self.brian = known, flags, brian
        taken = {word for text in texts for word in re.findall(r"[A-Za-z]\w*", text)}
        self.taken = taken | known
        self.numbers = count(1)

    def lines(self, text: str, where: str) -> str:
        """Rewrite a text of equations or assignments in our notation, line by line."""
        if not _WORTH_A_LOOK.search(text) and not self.flags:
            return text
        made, changed = [], False
        for line in logical_lines(text, where):
            match = _STATEMENT.match(line)
            if not match:
                made.append(line)
                continue
            before, colon, unit = match[2].partition(":")
            after = self.expression(before.strip(), where)
            changed |= after != before.strip()
            made.append(f"{match[1]} {after}{' :' if colon else ''}{unit}".strip())
        return "\n".join(made) if changed else text

    def expression(self, text: str, where: str) -> str:
        """Rewrite one expression; the text itself where nothing in it is foreign."""
        if not (_WORTH_A_LOOK.search(text) or self.flags or self.brian):
            return text
        check_size(text, where)
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            detail = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            raise EquationError(where, f"cannot read {shorten(text.strip())} ({detail})") from None
        found = _Walk(self, where)
        made = found.node(tree, 0)
        return ast.unparse(made) if found.changed else text.strip()

    def draw(self, stem: str) -> str:
        """A name of a draw that nothing else bears."""
        return next(name for n in self.numbers if (name := f"{stem}_{n}") not in self.taken)


class _Walk:
    """One expression, on its way."""

    def __init__(self, rewriter: Rewriter, where: str) -> None:
        self.told, self.where, self.changed = rewriter, where, False

    def node(self, node: ast.expr, depth: int) -> ast.expr:
        if depth > MAX_DEPTH:
            raise EquationError(self.where, "nested too deeply", f"at most {MAX_DEPTH} levels")
        match node:
            case ast.Name():
                return self.name(node)
            case ast.Constant(value=bool()):
                return self.refuse(str(node.value), _ABSENT[str(node.value)])
            case ast.BinOp(op=ast.Pow()):
                return self.power(node, depth)
            case ast.BinOp(op=ast.Mod() | ast.FloorDiv()):
                return self.division(node, depth)
            case ast.Call(func=ast.Name(), keywords=[]):
                return self.call(node, depth)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, name, self.node(value, depth + 1))
            elif isinstance(value, list):
                setattr(
                    node,
                    name,
                    [self.node(v, depth + 1) if isinstance(v, ast.expr) else v for v in value],
                )
        return node

    def refuse(self, what: str, remedy: str) -> ast.expr:
        raise EquationError(self.where, f"{what!r} is not part of the language", "", remedy)

    def name(self, node: ast.Name) -> ast.expr:
        if node.id in self.told.flags:
            return self.made("{} > 0.5", node)
        if node.id in self.told.known:
            return node
        if node.id in _CONSTANTS:
            return self.made(repr(_CONSTANTS[node.id]))
        if node.id in _ABSENT:
            return self.refuse(node.id, _ABSENT[node.id])
        return node

    def made(self, template: str, *parts: ast.expr) -> ast.expr:
        """An expression of our own making, with `parts` for its braces."""
        self.changed = True
        texts = [ast.unparse(part) for part in parts]
        if len(texts) == 1:
            texts *= template.count("{}")
        return ast.parse(f"({template.format(*texts)})", mode="eval").body

    def power(self, node: ast.BinOp, depth: int) -> ast.expr:
        base = self.node(node.left, depth + 1)
        exponent = _literal(node.right)
        if exponent is None or abs(exponent) > 16 or exponent * 2 % 1:
            node.left, node.right = base, self.node(node.right, depth + 1)
            return node
        whole, half = divmod(exponent, 1)
        if not half:
            node.left = base
            if not isinstance(node.right, ast.Constant | ast.UnaryOp):
                self.changed = True
                node.right = ast.parse(repr(int(whole)), mode="eval").body
            return node
        if whole == 0:
            return self.made("sqrt({})", base)
        if whole == -1:
            return self.made("1/sqrt({})", base)
        return self.made(f"({{}})**{int(whole)}*sqrt({{}})", base)

    def division(self, node: ast.BinOp, depth: int) -> ast.expr:
        left, right = self.node(node.left, depth + 1), self.node(node.right, depth + 1)
        if isinstance(node.op, ast.FloorDiv):
            return self.made("floor(({})/({}))", left, right)
        return self.made("({}) - ({})*floor(({})/({}))", left, right, left, right)

    def call(self, node: ast.Call, depth: int) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name in _ABSENT_CALLS:
            return self.refuse(name, _ABSENT_CALLS[name])
        if self.told.brian and name not in {*FUNCTIONS, *_FUNCTIONS, "int", "rand", "randn"}:
            return self.refuse(f"{name}()", _UNKNOWN_CALL)
        args = [self.node(arg, depth + 1) for arg in node.args]
        if name in ("rand", "randn") and not args:
            draw = self.told.draw("rand" if name == "rand" else "xi")
            return self.made(draw if name == "rand" else f"{draw}*sqrt(dt)")
        if name in _FUNCTIONS and len(args) == 1:
            return self.made(_FUNCTIONS[name], *args)
        if name == "int" and len(args) == 1:
            condition = isinstance(args[0], ast.Compare | ast.BoolOp) or (
                isinstance(args[0], ast.UnaryOp) and isinstance(args[0].op, ast.Not)
            )
            return self.made("where({}, 1, 0)" if condition else "trunc({})", *args)
        node.args = args
        return node


_ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b if b else math.nan,
}


def _literal(node: ast.expr, depth: int = 0) -> float | None:
    """The value of an expression of numbers alone, such as ``1/2``; None for any other."""
    if depth > MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value: float | None = float(number) if abs(number) < 1e6 else None
        case ast.UnaryOp(op=ast.USub()):
            inner = _literal(node.operand, depth + 1)
            value = None if inner is None else -inner
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            left, right = _literal(node.left, depth + 1), _literal(node.right, depth + 1)
            if left is None or right is None:
                return None
            value = _ARITHMETIC[type(node.op)](left, right)
        case _:
            value = None
    return value if value is None or math.isfinite(value) else None

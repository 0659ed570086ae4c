"""Expression trees as MathML, which browsers typeset without scripts.

What is printed reads like an article and means what the tree means; it is not a form from which the
tree could be read back: ``a/b/c`` and ``a/(b*c)`` look the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from html import escape

from ..units import DIMENSIONLESS, Unit
from .expressions import COMPARISONS, Expr, Name, Num, Op

__all__ = ["lines_of", "mathml", "printed", "symbol", "unit_symbol"]

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"))
_SIGNS = {"lt": "&lt;", "le": "≤", "gt": "&gt;", "ge": "≥", "eq": "=", "ne": "≠"}
_CONSTANTS = {math.e: "<mi>e</mi>", math.pi: "<mi>π</mi>", 2 * math.pi: "<mn>2</mn><mi>π</mi>"}
_FENCES = {"abs": ("|", "|"), "floor": ("⌊", "⌋")}
_MINUS = '<mo form="prefix">−</mo>'
_SPACE = '<mspace width="0.17em"/>'
_NUMBERED = re.compile(r"([A-Za-z]|" + "|".join(_GREEK) + r")([0-9]+)\Z")

#: How tightly an expression holds together; what is looser than its place stands in parentheses.
_CASES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _POWER, _ATOM = range(9)

Printed = tuple[str, int]


def mathml(content: str, display: bool = False) -> str:
    """A ``<math>`` element around printed content; `display` gives fractions their full height."""
    style = ' displaystyle="true"' if display else ""
    return f"<math{style}><mrow>{content}</mrow></math>"


def printed(expr: Expr) -> str:
    """The expression as MathML content, without the ``<math>`` element around it."""
    return _print(expr)[0]


def lines_of(expr: Expr, width: int = 64) -> list[str]:
    """The expression as MathML content, a long sum on several lines of about `width` characters."""
    lines: list[str] = []
    filled = 0
    if len(terms := _terms(expr)) == 1:
        return [printed(expr)]
    for minus, term in terms:
        content, size = _term(minus, term, not lines), _width(term) + 3
        if lines and filled + size <= width:
            lines[-1] += content
            filled += size
        else:
            lines.append(content.replace("<mo>", '<mo form="infix">', 1) if lines else content)
            filled = size
    return lines


def symbol(name: str) -> str:
    """A name as it is set: ``tau_m`` as tau with the subscript m."""
    base, below = _parts(name)
    return base if not below else f"<msub>{base}<mrow>{below}</mrow></msub>"


def unit_symbol(unit: Unit) -> str:
    """A unit as it is set: upright, with powers; nothing for plain numbers."""
    if unit.dims == DIMENSIONLESS.dims and str(unit) in ("1", ""):
        return ""
    pieces: list[str] = []
    for over, factor in re.findall(r"([*/]?)\s*([^*/\s]+)", str(unit).replace("**", "^")):
        base, _, power = factor.partition("^")
        if over == "/":
            power = f"-{power}" if power else "-1"
        if base != "1":
            letters = escape(re.sub(r"\Au(?=[A-Za-z])", "μ", base))
            pieces.append(_powered(f'<mi mathvariant="normal">{letters}</mi>', power))
    return _SPACE.join(pieces)


def _powered(base: str, power: str) -> str:
    if power in ("", "1"):
        return base
    sign = _MINUS if power.startswith("-") else ""
    return f"<msup>{base}<mrow>{sign}<mn>{power.lstrip('-')}</mn></mrow></msup>"


def _parts(name: str) -> tuple[str, str]:
    """What stands on the line, and what stands below it."""
    if name == "dt":
        return '<mrow><mi mathvariant="normal">Δ</mi><mi>t</mi></mrow>', ""
    stem, _, rest = name.partition("_")
    if not rest and (match := _NUMBERED.match(stem)):
        stem, rest = match[1], match[2]
    return _letter(stem), "<mo>,</mo>".join(_below(word) for word in rest.split("_") if word)


def _letter(word: str) -> str:
    return f"<mi>{_GREEK.get(word, escape(word))}</mi>"


def _below(word: str) -> str:
    if word.isdigit():
        return f"<mn>{word}</mn>"
    return "<mi>∞</mi>" if word == "inf" else _letter(word)


def _number(value: float, unit: Unit | None) -> Printed:
    if value < 0:
        return f"{_MINUS}{_number(-value, unit)[0]}", _SUM
    suffix = unit_symbol(unit or DIMENSIONLESS)
    if not suffix and value in _CONSTANTS:
        return _CONSTANTS[value], _PRODUCT
    mantissa, _, exponent = f"{value:.12g}".partition("e")
    digits = f"<mn>{mantissa}</mn>"
    if exponent:
        digits += f"<mo>·</mo>{_powered('<mn>10</mn>', str(int(exponent)))}"
    return (digits + _SPACE + suffix, _PRODUCT) if suffix else (digits, _ATOM)


def _print(expr: Expr) -> Printed:
    if isinstance(expr, Num):
        return _number(expr.value, expr.unit)
    if isinstance(expr, Name):
        return symbol(expr.id), _ATOM
    if expr.op in _SIGNS:
        left, right = (_within(arg, _SUM) for arg in expr.args)
        return f"{left}<mo>{_SIGNS[expr.op]}</mo>{right}", _COMPARE
    if expr.op in ("mul", "div"):
        return _product(expr)
    if expr.op in ("add", "sub", "neg"):
        terms = enumerate(_terms(expr))
        return "".join(_term(minus, term, not k) for k, (minus, term) in terms), _SUM
    return _PRINTERS.get(expr.op, _call)(expr)


def _within(expr: Expr, level: int) -> str:
    content, own = _print(expr)
    return content if own >= level else _fenced(content)


def _fenced(content: str, left: str = "(", right: str = ")") -> str:
    return f"<mrow><mo>{left}</mo>{content}<mo>{right}</mo></mrow>"


def _terms(expr: Expr) -> list[tuple[bool, Expr]]:
    """The terms of a sum, each with whether it is subtracted."""
    if not (isinstance(expr, Op) and expr.op in ("add", "sub")):
        return [_signed(expr)]
    left, right = expr.args
    minus, term = _signed(right)
    return [*_terms(left), (minus != (expr.op == "sub"), term)]


def _term(minus: bool, term: Expr, first: bool) -> str:
    if first:
        sign = _MINUS if minus else ""
    else:
        sign = "<mo>−</mo>" if minus else "<mo>+</mo>"
    return sign + _within(term, _SUM if first and not minus else _PRODUCT)


def _signed(expr: Expr) -> tuple[bool, Expr]:
    """Whether a minus stands before the expression, and what follows it."""
    if isinstance(expr, Num) and expr.value < 0:
        return True, Num(-expr.value, expr.unit)
    if isinstance(expr, Op) and expr.op == "neg":
        minus, inner = _signed(expr.args[0])
        return not minus, inner
    if isinstance(expr, Op) and expr.op in ("mul", "div"):
        minus, first = _signed(expr.args[0])
        if minus:
            return True, Op(expr.op, (first, expr.args[1]))
    return False, expr


def _factors(expr: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below the line."""
    if not (isinstance(expr, Op) and expr.op in ("mul", "div")):
        return [expr], []
    (above, below), (more, less) = map(_factors, expr.args)
    if expr.op == "div":
        more, less = less, more
    return above + more, below + less


def _product(expr: Op) -> Printed:
    minus, inner = _signed(expr)
    above, below = _factors(inner)
    if len(below) == 1 and isinstance(last := below[0], Num) and last.value == 1:
        above.append(Num(1.0, DIMENSIONLESS / (last.unit or DIMENSIONLESS)))
        below.clear()
    above = [factor for factor in above if not _is_one(factor)] or above[:1]
    content = _joined(above)
    if below:
        content = f"<mfrac><mrow>{content}</mrow><mrow>{_joined(below)}</mrow></mfrac>"
    if minus:
        return f"{_MINUS}{content}", _SUM
    return content, _PRODUCT if len(above) > 1 or below else _print(above[0])[1]


def _is_one(expr: Expr) -> bool:
    return isinstance(expr, Num) and expr.value == 1 and not unit_symbol(expr.unit or DIMENSIONLESS)


def _joined(factors: list[Expr]) -> str:
    if len(factors) == 1:
        return printed(factors[0])
    content = ""
    for place, factor in enumerate(factors):
        if isinstance(factor, Num) and factor.value == 1:
            content += (_SPACE if place else "") + unit_symbol(factor.unit or DIMENSIONLESS)
            continue
        between = "<mo>·</mo>" if isinstance(factor, Num) else _SPACE
        content += (between if place else "") + _within(factor, _PRODUCT)
    return content


def _call(expr: Op) -> Printed:
    inside = "<mo>,</mo>".join(printed(arg) for arg in expr.args)
    return f"<mrow><mi>{escape(expr.op)}</mi>{_fenced(inside)}</mrow>", _ATOM


def _exponential(expr: Op) -> Printed:
    """e to a power where that is short and has no fraction, else exp(...)."""
    (arg,) = expr.args
    content = printed(arg)
    if "<mfrac" in content or "<mtable" in content or _width(arg) > 10:
        return _call(expr)
    return f"<msup><mi>e</mi><mrow>{content}</mrow></msup>", _POWER


def _power(expr: Op) -> Printed:
    base, exponent = expr.args
    assert isinstance(exponent, Num)
    digits = f"{exponent.value:g}"
    if isinstance(base, Name) and (parts := _parts(base.id))[1]:
        above = digits.replace("-", "−")
        below = f"<mrow>{parts[1]}</mrow>"
        return f"<msubsup>{parts[0]}{below}<mn>{above}</mn></msubsup>", _POWER
    return _powered(_within(base, _ATOM), digits), _POWER


def _previous(expr: Op) -> Printed:
    (name,) = expr.args
    assert isinstance(name, Name)
    base, below = _parts(name.id)
    above = "<mtext>prev</mtext>"
    if below:
        return f"<msubsup>{base}<mrow>{below}</mrow>{above}</msubsup>", _POWER
    return f"<msup>{base}{above}</msup>", _POWER


def _cases(expr: Op) -> Printed:
    """A brace with one line for each condition; nested ones join it."""
    rows = ""
    rest: Expr = expr
    while isinstance(rest, Op) and rest.op == "where":
        condition, value, rest = rest.args
        rows += _row(printed(value), f"<mtext>if&#160;</mtext>{printed(condition)}")
    rows += _row(printed(rest), "<mtext>otherwise</mtext>")
    return f"<mrow><mo>{{</mo><mtable>{rows}</mtable></mrow>", _CASES


def _row(value: str, condition: str) -> str:
    return f"<mtr><mtd>{value}</mtd><mtd>{condition}</mtd></mtr>"


def _logical(word: str, level: int) -> Callable[[Op], Printed]:
    def write(expr: Op) -> Printed:
        inside = [_within(arg, level) for arg in expr.args]
        if len(inside) == 1:
            return f"<mtext>{word}&#160;</mtext>{inside[0]}", level
        return f"<mtext>&#160;{word}&#160;</mtext>".join(inside), level

    return write


def _width(expr: Expr) -> int:
    """About how many characters wide the expression is when it is set."""
    if isinstance(expr, Num):
        return len(re.sub(r"<[^>]*>", "", _number(expr.value, expr.unit)[0]))
    if isinstance(expr, Name):
        return min(len(expr.id), 6)
    if expr.op in ("mul", "div"):
        above, below = _factors(expr)
        return max(sum(_width(f) + 1 for f in above), sum(_width(f) + 1 for f in below))
    if expr.op == "where":
        return 12 + max(_width(arg) for arg in expr.args)
    words = 0 if expr.op in (*COMPARISONS, "add", "sub", "neg", "pow") else len(expr.op)
    return words + sum(_width(arg) + 2 for arg in expr.args)


_PRINTERS: dict[str, Callable[[Op], Printed]] = {
    "pow": _power,
    "sqrt": lambda expr: (f"<msqrt>{printed(expr.args[0])}</msqrt>", _ATOM),
    "abs": lambda expr: (_fenced(printed(expr.args[0]), *_FENCES["abs"]), _ATOM),
    "floor": lambda expr: (_fenced(printed(expr.args[0]), *_FENCES["floor"]), _ATOM),
    "exp": _exponential,
    "previous": _previous,
    "where": _cases,
    "and": _logical("and", _AND),
    "or": _logical("or", _OR),
    "not": _logical("not", _NOT),
}

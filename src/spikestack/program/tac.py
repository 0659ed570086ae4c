"""Three-address code: the one form that every engine reads, and the builder that makes it.

A `Code` is straight-line: each instruction computes one value from earlier ones, by position.
Engines give the operations their meaning; all of them round each operation once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..equations.expressions import Expr, Name, Num

__all__ = [
    "BINARY",
    "BOOLEAN_OPS",
    "LOADS",
    "RESTLESS",
    "ROUNDED",
    "SORTING",
    "UNARY",
    "Builder",
    "Code",
    "Instruction",
]

#: Loads: a literal, a state variable, a parameter, the arrivals of a receptor, whether the
#: refractory counter runs, the time in ms at the beginning (0) or end (1) of the step, and the
#: draw of a stream in (0, 1), each neuron's own or common to all. Code of plasticity rules loads
#: traces of a synapse's source, target and modulator, the modulating signal, states of the target
#: neuron, and the sum and number of the weights onto a target, too.
LOADS = (
    *("const", "state", "param", "arrivals", "refractory", "time", "uniform", "common"),
    *("source", "target", "modulator", "signal", "neuron", "sum", "in_degree"),
)
#: Loads that differ from step to step whatever the state: what uses one is never at rest.
RESTLESS = ("time", "uniform", "common")
UNARY = ("neg", "abs", "sqrt", "floor", "exp", "log", "not")
BINARY = ("add", "sub", "mul", "div", "lt", "le", "gt", "ge", "eq", "ne", "and", "or")
#: Data of a select that only flushes denormals, and of a floor that only sorts cases: engines need
#: not know, but a derivative passes through the one and ends at the other. A floor that rounds a
#: state to its format passes every derivative.
FLUSH, SORTING, ROUNDED = 1, 1, 2
BOOLEAN_OPS = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "refractory")


@dataclass(frozen=True)
class Instruction:
    """One operation; `args` are positions of earlier instructions, `data` a literal or an index."""

    op: str
    args: tuple[int, ...] = ()
    data: float | int | None = None


@dataclass(frozen=True)
class Code:
    """One step of one population.

    Attributes
    ----------
    instructions
        In order of evaluation.
    stores
        For every state variable, the position of its new value.
    spike
        Position of the spike condition, or None for a model that never spikes.
    emit
        Position of the spike's value, or None.
    """

    instructions: tuple[Instruction, ...]
    stores: tuple[int, ...]
    spike: int | None
    emit: int | None

    def listing(self) -> str:
        """The code as text, one instruction a line."""
        rows = []
        for i, ins in enumerate(self.instructions):
            data = [] if ins.data is None else [repr(ins.data)]
            rows.append(f"x{i} = {ins.op} {', '.join([*data, *(f'x{a}' for a in ins.args)])}")
        rows += [f"state {k} <- x{value}" for k, value in enumerate(self.stores)]
        return "\n".join(rows)


# Taylor coefficients of (exp(z) - 1)/z, enough for |z| < 1/4 in either precision.
_EXPREL_TERMS = {"float32": 7, "float64": 13}
_EXPREL_RANGE = 0.25


# Giles 2010, table 5: erfinv(x)/x in w - 2.5, and in sqrt(w) - 3, for w = -log(1 - x^2).
_CENTRAL = (
    *(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087),
    *(-0.00125372503, -0.00417768164, 0.246640727, 1.50140941),
)
_TAIL = (
    *(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773),
    *(-0.0076224613, 0.00943887047, 1.00167406, 2.83297682),
)
# Parts of pi: the first with so few bits that its product with a small whole number is exact.
_PI = {
    "float32": (3.140625, 0.0009675025939941406, 1.5099579909783765e-07),
    "float64": (3.141592651605606, 1.9841871583270443e-09, 1.034036596358821e-18),
}
# (sin(x) - x)/x^3 by powers of x^2, highest first; enough for |x| <= pi/2.
_SINE = {
    precision: tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(terms, 0, -1))
    for precision, terms in (("float32", 5), ("float64", 9))
}


class Builder:
    """Appends instructions, sharing equal ones."""

    def __init__(
        self, precision: str, params: Mapping[str, int], previous: Mapping[str, int]
    ) -> None:
        self.precision = precision
        self.instructions: list[Instruction] = []
        self._seen: dict[Instruction, int] = {}
        self._params = params
        self._states = previous

    def put(self, op: str, *args: int, data: float | int | None = None) -> int:
        """Append an instruction unless an equal one is there; return its position."""
        instruction = Instruction(op, args, data)
        if instruction not in self._seen:
            self._seen[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return self._seen[instruction]

    def const(self, value: float) -> int:
        """A literal."""
        return self.put("const", data=float(value))

    def param(self, name: str) -> int:
        """A parameter."""
        return self.put("param", data=self._params[name])

    def state(self, name: str) -> int:
        """A state variable as it was before the step."""
        return self.put("state", data=self._states[name])

    def select(self, condition: int, yes: int, no: int) -> int:
        """One of two values."""
        return self.put("select", condition, yes, no)

    def expr(self, expr: Expr, values: Mapping[str, int]) -> int:
        """Append an expression; `values` holds the variables, other names are parameters."""
        if isinstance(expr, Num):
            return self.const(expr.value)
        if isinstance(expr, Name):
            return values[expr.id] if expr.id in values else self.param(expr.id)
        if expr.op == "previous":
            name = expr.args[0]
            assert isinstance(name, Name)
            return self.state(name.id) if name.id in self._states else self.expr(name, values)
        if expr.op == "pow":
            exponent = expr.args[1]
            assert isinstance(exponent, Num)
            return self.power(self.expr(expr.args[0], values), int(exponent.value))
        args = [self.expr(arg, values) for arg in expr.args]
        macro = getattr(self, f"_{expr.op}", None)
        return macro(*args) if macro else self.put(expr.op, *args)

    def power(self, base: int, exponent: int) -> int:
        """A whole power by repeated squaring."""
        if exponent < 0:
            return self.put("div", self.const(1.0), self.power(base, -exponent))
        if exponent == 0:
            return self.const(1.0)
        half = self.power(base, exponent // 2) if exponent > 1 else None
        if half is None:
            return base
        square = self.put("mul", half, half)
        return self.put("mul", square, base) if exponent % 2 else square

    def flush(self, value: int) -> int:
        """Set to zero what is about to become a denormal, which costs a hundred times as much."""
        tiny = self.const(1e-25 if self.precision == "float32" else 1e-250)
        small = self.put("lt", self.put("abs", value), tiny)
        return self.put("select", small, self.const(0.0), value, data=FLUSH)

    def normal(self, uniform: int) -> int:
        """Standard normal of a number in (0, 1): sqrt(2) erfinv(2 u - 1).

        Giles 2010, "Approximating the erfinv function", single precision (relative error below
        3e-7, enough for noise in either precision).
        """
        one, twice = self.const(1.0), self.put("add", uniform, uniform)
        x = self.put("sub", twice, one)
        # Not 1 + x, which is 0 in single precision where u is least.
        w = self.put("log", self.put("mul", self.put("sub", one, x), twice))
        w = self.put("neg", w)
        central = self._polynomial(_CENTRAL, self.put("sub", w, self.const(2.5)))
        far = self.put("sub", self.put("sqrt", w), self.const(3.0))
        p = self.select(self.put("lt", w, self.const(5.0)), central, self._polynomial(_TAIL, far))
        return self.put("mul", self.put("mul", p, x), self.const(math.sqrt(2.0)))

    def _polynomial(self, coefficients: tuple[float, ...], x: int) -> int:
        """Horner's scheme, highest power first."""
        total = self.const(coefficients[0])
        for c in coefficients[1:]:
            total = self.put("add", self.put("mul", total, x), self.const(c))
        return total

    def _sin(self, x: int) -> int:
        """Reduced by whole half turns, pi in three parts (Cody and Waite); then a Taylor series."""
        half_turns = self.put("mul", x, self.const(1.0 / math.pi))
        n = self.put("floor", self.put("add", half_turns, self.const(0.5)), data=SORTING)
        for part in _PI[self.precision]:
            x = self.put("sub", x, self.put("mul", n, self.const(part)))
        square = self.put("mul", x, x)
        series = self._polynomial(_SINE[self.precision], square)
        value = self.put("add", x, self.put("mul", self.put("mul", x, square), series))
        even = self.put("floor", self.put("mul", n, self.const(0.5)), data=SORTING)
        is_odd = self.put("ne", self.put("add", even, even), n)
        return self.select(is_odd, self.put("neg", value), value)

    def _cos(self, x: int) -> int:
        return self._sin(self.put("add", x, self.const(math.pi / 2)))

    def _where(self, condition: int, yes: int, no: int) -> int:
        return self.select(condition, yes, no)

    def _min(self, a: int, b: int) -> int:
        return self.select(self.put("lt", b, a), b, a)

    def _max(self, a: int, b: int) -> int:
        return self.select(self.put("gt", b, a), b, a)

    def _clip(self, x: int, low: int, high: int) -> int:
        return self._min(self._max(x, low), high)

    def _trunc(self, x: int) -> int:
        negative = self.put("lt", x, self.const(0.0))
        up = self.put("neg", self.put("floor", self.put("neg", x)))
        return self.select(negative, up, self.put("floor", x))

    def _asr(self, x: int, bits: int) -> int:
        return self.put("floor", self.put("div", x, self._two_to(bits)))

    def _wrap(self, x: int, bits: int) -> int:
        full = self._two_to(bits)
        half = self.put("div", full, self.const(2.0))
        turns = self.put("floor", self.put("div", self.put("add", x, half), full))
        return self.put("sub", x, self.put("mul", full, turns))

    def _two_to(self, bits: int) -> int:
        exponent = self.instructions[bits].data
        if self.instructions[bits].op == "const" and exponent is not None:
            return self.const(math.floor(2.0**exponent + 0.5))
        return self.put(
            "floor",
            self.put(
                "add",
                self.put("exp", self.put("mul", bits, self.const(0.6931471805599453))),
                self.const(0.5),
            ),
            data=SORTING,
        )

    def _exprel(self, z: int) -> int:
        """(exp(z) - 1)/z, 1 at 0: a Taylor polynomial near 0, the quotient elsewhere."""
        terms, coefficient = _EXPREL_TERMS[self.precision], 1.0
        coefficients = [coefficient := coefficient / (k + 1) for k in range(terms)]
        total = self.const(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.put("add", self.put("mul", total, z), self.const(c))
        small = self.put("lt", self.put("abs", z), self.const(_EXPREL_RANGE))
        divisor = self.select(small, self.const(1.0), z)
        quotient = self.put("div", self.put("sub", self.put("exp", z), self.const(1.0)), divisor)
        return self.select(small, total, quotient)

    def _sinh(self, x: int) -> int:
        """Through (exp(x) - 1)/x of both signs, which keeps small arguments exact."""
        both = self.put("add", self._exprel(x), self._exprel(self.put("neg", x)))
        return self.put("mul", self.put("mul", x, self.const(0.5)), both)

    def _tanh(self, x: int) -> int:
        """Through exp(-2|x|) - 1, which keeps small arguments exact."""
        z = self.put("mul", self.put("abs", x), self.const(-2.0))
        minus = self.put("mul", z, self._exprel(z))
        size = self.put("div", self.put("neg", minus), self.put("add", self.const(2.0), minus))
        return self.select(self.put("lt", x, self.const(0.0)), self.put("neg", size), size)

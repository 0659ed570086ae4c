"""Three-address code: the one form that every engine reads, and the builder that makes it.

A `Code` is straight-line: each instruction computes one value from earlier ones, by position.
Engines give the operations their meaning; all of them round each operation once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..equations.expressions import Expr, Name, Num

__all__ = ["BINARY", "BOOLEAN_OPS", "LOADS", "UNARY", "Builder", "Code", "Instruction"]

#: Loads: a literal, a state variable, a parameter, the arrivals of a receptor, and whether the
#: refractory counter runs.
LOADS = ("const", "state", "param", "arrivals", "refractory")
UNARY = ("neg", "abs", "sqrt", "floor", "exp", "log", "not")
BINARY = ("add", "sub", "mul", "div", "lt", "le", "gt", "ge", "eq", "ne", "and", "or")
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
        return self.select(small, self.const(0.0), value)

    def _where(self, condition: int, yes: int, no: int) -> int:
        return self.select(condition, yes, no)

    def _min(self, a: int, b: int) -> int:
        return self.select(self.put("lt", b, a), b, a)

    def _max(self, a: int, b: int) -> int:
        return self.select(self.put("gt", b, a), b, a)

    def _clip(self, x: int, low: int, high: int) -> int:
        return self._min(self._max(x, low), high)

    def _asr(self, x: int, bits: int) -> int:
        return self.put("floor", self.put("div", x, self._two_to(bits)))

    def _wrap(self, x: int, bits: int) -> int:
        full = self._two_to(bits)
        half = self.put("div", full, self.const(2.0))
        turns = self.put("floor", self.put("div", self.put("add", x, half), full))
        return self.put("sub", x, self.put("mul", full, turns))

    def _two_to(self, bits: int) -> int:
        return self.put(
            "floor",
            self.put(
                "add",
                self.put("exp", self.put("mul", bits, self.const(0.6931471805599453))),
                self.const(0.5),
            ),
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

    def _tanh(self, x: int) -> int:
        """Through exp(-2|x|) - 1, which keeps small arguments exact."""
        z = self.put("mul", self.put("abs", x), self.const(-2.0))
        minus = self.put("mul", z, self._exprel(z))
        size = self.put("div", self.put("neg", minus), self.put("add", self.const(2.0), minus))
        return self.select(self.put("lt", x, self.const(0.0)), self.put("neg", size), size)

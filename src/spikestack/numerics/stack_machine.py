"""Expressions of pairs of neurons, evaluated for a block of pairs at a time by a stack machine.

One compiled machine serves every expression, so that a new text needs no compilation. An operation
works on whole rows of at most `BLOCK` numbers, which stay in the cache; arithmetic is that of
float64, `exp` and `log` are our own, so that every machine gives the same bits. Conditions are 1
and 0.

The pairs of a block share one neuron, the centre; the others are its candidates.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import njit
from .functions_compiled import exp64, log64

__all__ = ["BLOCK", "OPERATIONS", "Code", "run_code"]

#: Pairs that are evaluated at a time.
BLOCK = 1024

#: The loads take an index: of the constant, of the table's row, or of the geometry (0 distance, 1
#: to 3 displacements); `pow` takes the exponent.
OPERATIONS = (
    "const", "centre", "candidate", "pair", "centre_index", "candidate_index",
    "add", "sub", "mul", "div", "min", "max", "lt", "le", "gt", "ge", "eq", "ne", "and", "or",
    "neg", "abs", "sqrt", "floor", "exp", "log", "tanh", "exprel", "not", "pow", "asr", "wrap",
    "where", "clip",
)  # fmt: skip
(
    CONST, CENTRE, CANDIDATE, PAIR, CENTRE_INDEX, CANDIDATE_INDEX,
    ADD, SUB, MUL, DIV, MIN, MAX, LT, LE, GT, GE, EQ, NE, AND, OR,
    NEG, ABS, SQRT, FLOOR, EXP, LOG, TANH, EXPREL, NOT, POW, ASR, WRAP, WHERE, CLIP,
) = range(len(OPERATIONS))  # fmt: skip

#: `steps` int64 (n, 2): operation and index; `constants` float64.
Code = namedtuple("Code", "steps constants")

# Taylor coefficients of (exp(z) - 1)/z from the highest down; 13 are enough for |z| < 1/4.
_EXPREL = tuple(1.0 / math.factorial(k + 1) for k in range(12, -1, -1))

_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]


@njit(cache=True, error_model="numpy", forceinline=True)
def _exprel(z: float) -> float:
    total = _EXPREL[0]
    for c in _EXPREL[1:]:
        total = total * z + c
    quotient = (exp64(z) - 1.0) / (1.0 if z == 0.0 else z)
    return total if abs(z) < 0.25 else quotient


@njit(cache=True, error_model="numpy", forceinline=True)
def _tanh(x: float) -> float:
    """Through exp(-2|x|) - 1, which keeps small arguments exact."""
    z = -2.0 * abs(x)
    minus = z * _exprel(z)
    size = -minus / (2.0 + minus)
    return -size if x < 0.0 else size


@njit(cache=True, error_model="numpy", forceinline=True)
def _power(base: float, exponent: int) -> float:
    """A whole power by repeated squaring."""
    result, square, left = 1.0, base, abs(exponent)
    while left > 0:
        if left & 1:
            result = result * square
        square = square * square
        left >>= 1
    return 1.0 / result if exponent < 0 else result


@njit(cache=True, error_model="numpy")
def _two(op: int, x: _F64, y: _F64, n: int) -> None:
    """Replace x by the result of an operation on x and y."""
    if op == ADD:
        for k in range(n):
            x[k] = x[k] + y[k]
    elif op == SUB:
        for k in range(n):
            x[k] = x[k] - y[k]
    elif op == MUL:
        for k in range(n):
            x[k] = x[k] * y[k]
    elif op == DIV:
        for k in range(n):
            x[k] = x[k] / y[k]
    elif op == MIN:
        for k in range(n):
            x[k] = y[k] if y[k] < x[k] else x[k]
    elif op == MAX:
        for k in range(n):
            x[k] = y[k] if y[k] > x[k] else x[k]
    elif op == AND:
        for k in range(n):
            x[k] = 1.0 if x[k] != 0.0 and y[k] != 0.0 else 0.0
    elif op == OR:
        for k in range(n):
            x[k] = 1.0 if x[k] != 0.0 or y[k] != 0.0 else 0.0
    elif op == ASR:
        for k in range(n):
            x[k] = math.floor(x[k] / math.ldexp(1.0, int(y[k])))
    elif op == WRAP:
        for k in range(n):
            full = math.ldexp(1.0, int(y[k]))
            x[k] = x[k] - full * math.floor((x[k] + full / 2.0) / full)
    else:
        _compare(op, x, y, n)


@njit(cache=True, error_model="numpy")
def _compare(op: int, x: _F64, y: _F64, n: int) -> None:
    if op == LT:
        for k in range(n):
            x[k] = 1.0 if x[k] < y[k] else 0.0
    elif op == LE:
        for k in range(n):
            x[k] = 1.0 if x[k] <= y[k] else 0.0
    elif op == GT:
        for k in range(n):
            x[k] = 1.0 if x[k] > y[k] else 0.0
    elif op == GE:
        for k in range(n):
            x[k] = 1.0 if x[k] >= y[k] else 0.0
    elif op == EQ:
        for k in range(n):
            x[k] = 1.0 if x[k] == y[k] else 0.0
    elif op == NE:
        for k in range(n):
            x[k] = 1.0 if x[k] != y[k] else 0.0


@njit(cache=True, error_model="numpy")
def _one(op: int, index: int, x: _F64, n: int) -> None:
    """Replace x by the result of an operation on x."""
    if op == NEG:
        for k in range(n):
            x[k] = -x[k]
    elif op == ABS:
        for k in range(n):
            x[k] = abs(x[k])
    elif op == SQRT:
        for k in range(n):
            x[k] = np.sqrt(x[k])
    elif op == FLOOR:
        for k in range(n):
            x[k] = np.floor(x[k])
    elif op == EXP:
        for k in range(n):
            x[k] = exp64(x[k])
    elif op == LOG:
        for k in range(n):
            x[k] = log64(x[k])
    elif op == TANH:
        for k in range(n):
            x[k] = _tanh(x[k])
    elif op == EXPREL:
        for k in range(n):
            x[k] = _exprel(x[k])
    elif op == NOT:
        for k in range(n):
            x[k] = 1.0 if x[k] == 0.0 else 0.0
    elif op == POW:
        for k in range(n):
            x[k] = _power(x[k], index)


@njit(cache=True, error_model="numpy")
def _load(
    op: int,
    index: int,
    constants: _F64,
    centre_table: _F64,
    candidate_table: _F64,
    centre: int,
    candidates: _I64,
    geometry: _F64,
    x: _F64,
    n: int,
) -> None:
    if op == CANDIDATE:
        values = candidate_table[index]
        for k in range(n):
            x[k] = values[candidates[k]]
    elif op == PAIR:
        values = geometry[index]
        for k in range(n):
            x[k] = values[k]
    elif op == CANDIDATE_INDEX:
        for k in range(n):
            x[k] = np.float64(candidates[k])
    else:
        value = np.float64(centre)
        if op == CONST:
            value = constants[index]
        elif op == CENTRE:
            value = centre_table[index, centre]
        for k in range(n):
            x[k] = value


@njit(cache=True, error_model="numpy", nogil=True)
def run_code(
    code: Any,
    centre_table: _F64,
    candidate_table: _F64,
    centre: int,
    candidates: _I64,
    geometry: _F64,
    n: int,
    stack: _F64,
) -> None:
    """Evaluate `code` for the first n candidates of `centre`; the result is ``stack[0, :n]``.

    Parameters
    ----------
    code
        A `Code`.
    centre_table, candidate_table
        Values of each neuron of either side, (rows, neurons).
    centre, candidates
        Indices of neurons.
    geometry
        (4, BLOCK): distance and displacements of the pairs.
    n
        At most `BLOCK`.
    stack
        (depth, BLOCK), scratch.
    """
    top = -1
    for at in range(len(code.steps)):
        op, index = code.steps[at, 0], code.steps[at, 1]
        if op < ADD:
            top += 1
            _load(
                op,
                index,
                code.constants,
                centre_table,
                candidate_table,
                centre,
                candidates,
                geometry,
                stack[top],
                n,
            )
        elif op <= OR or op in (ASR, WRAP):
            top -= 1
            _two(op, stack[top], stack[top + 1], n)
        elif op == WHERE:
            top -= 2
            x, y, z = stack[top], stack[top + 1], stack[top + 2]
            for k in range(n):
                x[k] = y[k] if x[k] != 0.0 else z[k]
        elif op == CLIP:
            top -= 2
            _two(MAX, stack[top], stack[top + 1], n)
            _two(MIN, stack[top], stack[top + 2], n)
        else:
            _one(op, index, stack[top], n)

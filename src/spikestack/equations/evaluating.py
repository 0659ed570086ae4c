"""Numbers from expressions and values of their names, in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..numerics.functions import exp, log
from .expressions import Expr, Name, Num

__all__ = ["evaluate"]

_FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "trunc": np.trunc,
    "exp": exp,
    "log": log,
    "min": np.minimum,
    "max": np.maximum,
    "clip": np.clip,
    "where": np.where,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "sin": np.sin,
    "cos": np.cos,
    "exprel": lambda z: np.where(z == 0, 1.0, np.expm1(z) / np.where(z == 0, 1.0, z)),
    "asr": lambda x, n: np.floor(x / 2.0**n),
    "wrap": lambda x, n: x - 2.0**n * np.floor((x + 2.0 ** (n - 1)) / 2.0**n),
    "previous": lambda x: x,
}


def evaluate(expr: Expr, values: Mapping[str, float | np.ndarray]) -> float | np.ndarray:
    """Evaluate `expr` with `values` for its names; a float, or an array where one of them is."""
    if isinstance(expr, Num):
        return expr.value
    if isinstance(expr, Name):
        return values[expr.id]
    with np.errstate(all="ignore"):
        if expr.op == "pow":
            base, exponent = (np.asarray(evaluate(arg, values)) for arg in expr.args)
            result = base ** float(exponent)
        else:
            args = [np.asarray(evaluate(arg, values), dtype=None) for arg in expr.args]
            result = _FUNCTIONS[expr.op](*args)
    return float(result) if np.ndim(result) == 0 else np.asarray(result)

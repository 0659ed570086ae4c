"""What three-address code means: each operation by NumPy, on all values at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..numerics.functions import exp, log
from ..program.tac import Code

__all__ = ["OPERATIONS", "interpret"]

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "exp": exp,
    "log": log,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "select": np.where,
}


def interpret(code: Code, loads: dict[str, Callable[[Any], Any]]) -> list[Any]:
    """Compute every value of `code`; `loads` maps each kind of load to a function of its data."""
    values: list[Any] = []
    with np.errstate(all="ignore"):
        for ins in code.instructions:
            if ins.op in loads:
                values.append(loads[ins.op](ins.data))
            else:
                values.append(OPERATIONS[ins.op](*(values[a] for a in ins.args)))
    return values

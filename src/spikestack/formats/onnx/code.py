"""Three-address code as ONNX operators, one each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...program.tac import BOOLEAN_OPS, Code
from .graph import Graph

__all__ = ["computed"]

_OPERATORS = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "abs": "Abs",
    "sqrt": "Sqrt", "floor": "Floor", "exp": "Exp", "log": "Log", "lt": "Less",
    "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual", "eq": "Equal", "ne": "Equal",
    "and": "And", "or": "Or", "not": "Not",
}  # fmt: skip
_LOGICAL = ("and", "or", "not")


def computed(
    graph: Graph, code: Code, loads: Mapping[str, Callable[[int], str]], dtype: type
) -> tuple[list[str], list[bool]]:
    """Every value of `code`, by name, and whether it is a truth value.

    Parameters
    ----------
    graph
        Where operators are appended.
    code
        Of one population.
    loads
        By kind of load, the name of what it loads.
    dtype
        Of numbers.
    """
    names: list[str] = []
    logical: list[bool] = []
    for ins in code.instructions:
        if ins.op == "const":
            name, truth = graph.constant(ins.data, dtype), False
        elif ins.op in loads:
            assert ins.data is None or isinstance(ins.data, int)
            name, truth = loads[ins.op](ins.data or 0), ins.op == "refractory"
        else:
            given = [_as(graph, names[a], logical[a], ins.op in _LOGICAL, dtype) for a in ins.args]
            truth = ins.op in BOOLEAN_OPS
            if ins.op == "select":
                both = [logical[a] for a in ins.args]
                truth = both[1] and both[2]
                given = [
                    _as(graph, names[a], logical[a], k == 0 or truth, dtype)
                    for k, a in enumerate(ins.args)
                ]
                name = graph.op("Where", *given)
            else:
                name = graph.op(_OPERATORS[ins.op], *given)
            if ins.op == "ne":
                name = graph.op("Not", name)
        names.append(name)
        logical.append(truth)
    return names, logical


def _as(graph: Graph, name: str, is_truth: bool, truth: bool, dtype: type) -> str:
    """The value as a truth value or as a number."""
    if is_truth == truth:
        return name
    return graph.cast(name, np.bool_ if truth else dtype)

"""A device's texts as source of compiled functions, by way of three-address code.

Generated source holds only names of our own making and ``repr`` floats; nothing that a user wrote
is in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import ModuleType

from ...engines.cpu.cache import kernel_module
from ...engines.cpu.printer import operation
from ...equations.expressions import Expr, names_in
from ...program.tac import Builder

__all__ = ["Printed", "module_of", "printed"]

_HEAD = """
import numpy as np
from numba import njit, uint64
from spikestack.engines.cpu.intrinsics import select
from spikestack.numerics.functions_compiled import exp64 as exp_, log64 as log_
from spikestack.numerics.random_compiled import bits64, normal

"""


@dataclass(frozen=True)
class Printed:
    """A text as a function.

    Attributes
    ----------
    name
        Of the function.
    source
        Its source.
    inputs
        Names that it takes first.
    parameters
        Parameters that it takes after them, in the device's order.
    """

    name: str
    source: str
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]

    def call(self, inputs: Iterable[str], places: dict[str, str]) -> str:
        """A call with texts for the inputs; `places` has a text for every parameter."""
        return f"{self.name}({', '.join([*inputs, *(places[p] for p in self.parameters)])})"


def printed(name: str, expr: Expr, inputs: tuple[str, ...], parameters: Collection[str]) -> Printed:
    """Print an expression as the function `name` of numbers."""
    used = set(names_in(expr))
    taken = tuple(p for p in parameters if p in used)
    names = (*inputs, *taken)
    builder = Builder("float64", {}, {n: k for k, n in enumerate(names)})
    result = builder.expr(expr, {n: builder.state(n) for n in names})
    lines = []
    for i, ins in enumerate(builder.instructions):
        match ins.op:
            case "state":
                text = f"a{ins.data}"
            case "const":
                text = repr(ins.data)
            case _:
                text = operation(ins)
        lines.append(f"    x{i} = {text}")
    head = f'@njit(error_model="numpy", forceinline=True)\ndef {name}('
    head += ", ".join(f"a{k}" for k in range(len(names))) + "):\n"
    return Printed(name, head + "\n".join(lines) + f"\n    return x{result}\n\n", inputs, taken)


def module_of(functions: Iterable[Printed], kernels: str) -> ModuleType:
    """Compile printed functions, and kernels that call them."""
    return kernel_module(_HEAD + "\n".join(f.source for f in functions) + kernels)

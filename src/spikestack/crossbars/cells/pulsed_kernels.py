"""Compiled functions of arrays whose devices take pulses, printed from the device's texts."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

from ...devices.pulsed import TEXTS
from ...equations.expressions import Expr
from .printing import Printed, module_of, printed

__all__ = ["pulsed_module"]


def pulsed_module(
    device: Any, varying: frozenset[str]
) -> tuple[ModuleType, dict[str, tuple[str, ...]]]:
    """The compiled module of a device, and the parameters that each of its kernels takes."""
    return _module(tuple(device.expressions.items()), tuple(device.parameters), varying)


@lru_cache(maxsize=64)
def _module(
    texts: tuple[tuple[str, Expr], ...], parameters: tuple[str, ...], varying: frozenset[str]
) -> tuple[ModuleType, dict[str, tuple[str, ...]]]:
    functions = {name: printed(name, e, TEXTS[name], parameters) for name, e in texts}
    taken = {"pulse": _names(functions, ("up", "down", "current"), parameters)}
    kernels = _pulse(functions, taken["pulse"], varying)
    for name, source in (("written", _WRITTEN), ("kept", _KEPT)):
        if name in functions:
            taken[name] = functions[name].parameters
            call = functions[name].call(_CALLS[name], _places(taken[name], varying))
            kernels += source.format(arguments=_arguments(taken[name]), call=call)
    if "worn_low" in functions or "worn_high" in functions:
        taken["worn"] = _names(functions, ("worn_low", "worn_high"), parameters)
        places = _places(taken["worn"], varying)
        calls = {
            name: functions[name].call(("0.5 * pulses[i]", "t"), places)
            if name in functions
            else "1.0"
            for name in ("worn_low", "worn_high")
        }
        kernels += _WORN.format(arguments=_arguments(taken["worn"]), **calls)
    return module_of(functions.values(), kernels), taken


def _names(
    functions: dict[str, Printed], which: tuple[str, ...], parameters: tuple[str, ...]
) -> tuple[str, ...]:
    used = {p for name in which if name in functions for p in functions[name].parameters}
    return tuple(p for p in parameters if p in used)


def _places(names: tuple[str, ...], varying: frozenset[str]) -> dict[str, str]:
    return {p: f"p{k}[i]" if p in varying else f"p{k}" for k, p in enumerate(names)}


def _arguments(names: tuple[str, ...]) -> str:
    return "".join(f", p{k}" for k in range(len(names)))


#: What the calls of texts in kernels are given.
_CALLS = {
    "written": ("w[i]", "normal(bits64(key, ids[i]), uint64(sent[i]))"),
    "kept": ("w[i]", "t"),
}

_WRITTEN = """
@njit(cache=True, nogil=True, error_model="numpy")
def written_after(out, w, ids, key, sent, which{arguments}):
    # The draw depends on how many pulses a cell has had, not on how they were sent.
    for i in range(len(out)):
        if which[i]:
            out[i] = {call}
"""

_KEPT = """
@njit(cache=True, nogil=True, error_model="numpy")
def kept_all(w, t{arguments}):
    for i in range(len(w)):
        w[i] = {call}
"""

_WORN = """
@njit(cache=True, nogil=True, error_model="numpy")
def worn(low, high, pulses, t{arguments}):
    for i in range(len(low)):
        low[i] = {worn_low}
        high[i] = {worn_high}
"""


#: Cells that take their pulses together; and for how many more of them than have a pulse it pays.
_BLOCK, _WORTH = 256, 6


def _pulse(functions: dict[str, Printed], names: tuple[str, ...], varying: frozenset[str]) -> str:
    places = _places(names, varying)
    inputs = ("x", "v", "seconds", "xi")
    up, down = (functions[n].call(inputs, places) for n in ("up", "down"))
    conductance = "max(offset[i] + scale[i] * x, 0.0)"
    current = functions["current"].call(("v", conductance), places)
    arrays = ("w", "low", "high", "free", "offset", "scale", "ids", "sent", "energy", "volts",
              "widths", "counts")  # fmt: skip
    parts = "".join(f", {name}[first:last]" for name in arrays)
    parts += "".join(
        f", p{k}[first:last]" if name in varying else f", p{k}" for k, name in enumerate(names)
    )
    return f"""
@njit(error_model="numpy")
def together(k, sign, key, {", ".join(arrays)}{_arguments(names)}):
    for i in range(len(w)):
        x, v, seconds = w[i], abs(volts[i]), widths[i]
        now = k < counts[i]
        energy[i] += select(now, v * {current} * seconds, 0.0)
        xi = normal(bits64(key, ids[i]), uint64(sent[i] + k))
        moved = select(volts[i] * sign > 0.0, x + {up}, x - {down})
        moved = select(moved < low[i], low[i], moved)
        moved = select(moved > high[i], high[i], moved)
        w[i] = select(now & free[i], moved, x)


@njit(error_model="numpy")
def apart(sign, key, {", ".join(arrays)}{_arguments(names)}):
    for i in range(len(w)):
        x, v, seconds = w[i], abs(volts[i]), widths[i]
        for k in range(counts[i]):
            energy[i] += v * {current} * seconds
            if free[i]:
                xi = normal(bits64(key, ids[i]), uint64(sent[i] + k))
                moved = select(volts[i] * sign > 0.0, x + {up}, x - {down})
                moved = select(moved < low[i], low[i], moved)
                x = select(moved > high[i], high[i], moved)
        w[i] = x


@njit(cache=True, nogil=True, error_model="numpy")
def pulse(sign, key, {", ".join(arrays)}{_arguments(names)}):
    for first in range(0, len(w), {_BLOCK}):
        last = min(first + {_BLOCK}, len(w))
        most, total = 0, 0
        for i in range(first, last):
            most, total = max(most, counts[i]), total + counts[i]
        if total * {_WORTH} > most * (last - first):
            for k in range(most):
                together(k, sign, key{parts})
        elif total > 0:
            apart(sign, key{parts})
        for i in range(first, last):
            sent[i] += counts[i]
"""

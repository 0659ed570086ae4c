"""Prints a step and its gradient as two Numba kernels that run over many steps at once.

Arrays are (steps, lanes), a lane being one neuron of one trial. Lanes go in blocks whose states
stay in the nearest cache while all steps pass over them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..engines.cpu.printer import drawn, operation
from ..program.tac import Instruction
from .differentiate import Step

__all__ = ["BLOCK", "Shape", "kept_names", "receptors_used", "source"]

#: Lanes whose states stay in the nearest cache.
BLOCK = 512
_HEAD = """
from numba import float32, float64, int32, njit, uint32, uint64
import numpy as np
from spikestack.engines.cpu.intrinsics import select
from spikestack.numerics.random_compiled import hash32, step_words
from spikestack.numerics.functions_compiled import exp{bits} as exp_, log{bits} as log_

real = {real}

"""


@dataclass(frozen=True)
class Shape:
    """What a kernel's source depends on besides the code.

    Attributes
    ----------
    rows
        Parameters that differ from lane to lane, which `rows` of a kernel holds in ascending
        order; the others are single numbers.
    traced
        States whose values are given back at every step.
    counter
        Whether there is a refractory period.
    wide
        Double precision.
    sends
        Whether a gradient of what was sent comes in.
    streams
        Random streams.
    dt
        ms.
    in_place
        Whether the first value kept for the backward pass takes the place of the first arrivals,
        and their gradient its place in turn.
    held
        Receptors at which the same arrives in every step: their arrays have one row.
    packed
        Whether `out` takes bytes, 1 for a spike.
    forward_only
        Whether nothing is kept, and arrivals are only read.
    """

    rows: frozenset[int]
    traced: tuple[int, ...]
    counter: bool
    wide: bool
    sends: bool
    streams: int
    dt: float
    in_place: bool = False
    held: frozenset[int] = frozenset()
    packed: bool = False
    forward_only: bool = False


def source(step: Step, shape: Shape) -> str:
    """Both kernels.

    ``forward(first, last, low, high, clock, width, arrived, scalars, rows, keys, states, counters,
    periods, out, kept, marks, traces)`` advances the lanes from `low` to `high` by the steps from
    `first` to `last`, of which the one numbered 0 begins at step `clock`; `width` neurons make a
    trial. ``backward(first, last, low, high, clock, width, scalars, rows, keys, kept, marks,
    grad_out, grad_traces, grad_states, grad_arrived, grad_params)`` goes back; `grad_out` begins
    at `first`; one row of it holds for all steps.
    """
    bits, real = (64, "float64") if shape.wide else (32, "float32")
    head = _HEAD.format(bits=bits, real=real)
    back = [] if shape.forward_only else ["", "", *_backward(step, shape)]
    return head + "\n".join([*_forward(step, shape), *back]) + "\n"


def _forward(step: Step, shape: Shape) -> list[str]:
    kept = {} if shape.forward_only else kept_names(step)
    body = list(_values(step.forward, shape))
    body += [
        f"s{k}[j] = x{s}"
        for k, s in enumerate(step.stores)
        if step.forward[s] != Instruction("state", (), k)
    ]
    if shape.counter:
        body.append("left = select(c[j] > 0, int32(c[j] - int32(1)), int32(0))")
        body.append(f"c[j] = select(x{step.spike}, n_ref[j], left)")
    if step.out is not None:
        body.append(f"o[j] = x{step.spike if shape.packed else step.out}")
    body += [f"{name}[j] = x{i}" for name, i in kept.items()]
    body += [f"v{q}[j] = x{step.stores[k]}" for q, k in enumerate(shape.traced)]
    within = [
        f"a{r} = arrived[{r}][{0 if r in shape.held else 't'}, base:base + m]"
        for r in range(receptors_used(step))
    ]
    within += ["o = out[t, base:base + m]"] if step.out is not None else []
    within += [_taken(name, shape) for name in kept]
    within += [f"v{q} = traces[{q}][t, base:base + m]" for q in range(len(shape.traced))]
    per_block = [f"s{k} = states[{k}, base:base + m]" for k in range(len(step.stores))]
    if shape.counter:
        per_block += ["c = counters[base:base + m]", "n_ref = periods[base:base + m]"]
    return [
        '@njit(cache=True, nogil=True, error_model="numpy")',
        "def forward(first, last, low, high, clock, width, arrived, scalars, rows, keys, states,",
        "            counters, periods, out, kept, marks, traces):",
        *_loops(step.forward, shape, per_block, within, body, "range(first, last)"),
    ]


def _backward(step: Step, shape: Shape) -> list[str]:
    body = list(_values(step.backward, shape, step))
    for k, p in enumerate(step.states):
        body.append(f"d{k}[j] = " + ("real(0.0)" if p is None else f"x{p}"))
    body += [
        f"b{r}[j] {'+=' if r in shape.held else '='} x{p}"
        for r, p in enumerate(step.arrivals)
        if p is not None
    ]
    body += [f"e{n}[j] += x{p}" for n, p in enumerate(step.params.values()) if p is not None]
    within = [_taken(name, shape, back=True) for name in kept_names(step)]
    within += [
        "b0 = u0" if r == 0 and shape.in_place
        else f"b{r} = grad_arrived[{r}][{0 if r in shape.held else 't'}, base:base + m]"
        for r, p in enumerate(step.arrivals)
        if p is not None
    ]  # fmt: skip
    if shape.sends:
        within.append("g = grad_out[min(t - first, len(grad_out) - 1), base:base + m]")
    within += [f"h{q} = grad_traces[{q}][t, base:base + m]" for q in range(len(shape.traced))]
    per_block = [f"d{k} = grad_states[{k}, base:base + m]" for k in range(len(step.stores))]
    per_block += [f"e{n} = grad_params[{n}, base:base + m]" for n in range(len(step.params))]
    return [
        '@njit(cache=True, nogil=True, error_model="numpy")',
        "def backward(first, last, low, high, clock, width, scalars, rows, keys, kept, marks,",
        "             grad_out, grad_traces, grad_states, grad_arrived, grad_params):",
        *_loops(step.backward, shape, per_block, within, body, "range(last - 1, first - 1, -1)"),
    ]


def _loops(
    code: tuple[Instruction, ...], shape: Shape, per_block: list[str], within: list[str],
    body: list[str], steps: str,
) -> list[str]:  # fmt: skip
    lines = []
    for i, ins in enumerate(code):
        if ins.op == "const":
            lines.append(f"x{i} = real({ins.data!r})")
        elif ins.op == "param" and ins.data not in shape.rows:
            lines.append(f"x{i} = scalars[{ins.data}]")
    lines += [
        f"for base in range(low, high, {BLOCK}):",
        f"    m = min({BLOCK}, high - base)",
    ]
    inner = [f"    {line}" for line in per_block]
    used = sorted({int(i.data or 0) for i in code if i.op == "param" and i.data in shape.rows})
    order = sorted(shape.rows)
    inner += [f"    r{k} = rows[{order.index(k)}, base:base + m]" for k in used]
    if any(i.op in ("uniform", "common") for i in code):
        inner += ["    trial = base // width", "    shift = base - trial * width"]
    inner.append(f"    for t in {steps}:")
    inner += [f"        {line}" for line in _clock(code, shape)]
    inner += [f"        {line}" for line in within]
    inner.append("        for j in range(m):")
    inner += [f"            {line}" for line in body]
    return [f"    {line}" for line in [*lines, *inner]]


def _clock(code: tuple[Instruction, ...], shape: Shape) -> Iterable[str]:
    """Times, and the words of this step of every random stream."""
    streams = sorted({int(i.data or 0) for i in code if i.op in ("uniform", "common")})
    for k in streams:
        yield f"k{k}, l{k} = step_words(keys[trial, {k}], uint64(clock + t + 1))"
    for i, ins in enumerate(code):
        if ins.op == "time":
            yield f"x{i} = real(float64(clock + t + {int(ins.data or 0)}) * {shape.dt!r})"
        elif ins.op == "common":
            yield f"x{i} = {drawn('0', ins.data)}"


def _values(code: tuple[Instruction, ...], shape: Shape, step: Step | None = None) -> Iterable[str]:
    names = [] if step is None else list(kept_names(step))
    for i, ins in enumerate(code):
        match ins.op:
            case "const" | "time" | "common":
                continue
            case "param":
                if ins.data not in shape.rows:
                    continue
                text = f"r{ins.data}[j]"
            case "uniform":
                text = drawn("shift + j", ins.data)
            case "state":
                text = f"s{ins.data}[j]"
            case "arrivals":
                text = f"a{ins.data}[j]"
            case "refractory":
                text = "c[j] > 0"
            case "saved":
                name = names[int(ins.data or 0)]
                text = f"{name}[j]" + (" != 0" if name.startswith("w") else "")
            case "grad_state":
                text = f"d{ins.data}[j]"
                if ins.data in shape.traced:
                    text += f" + h{shape.traced.index(int(ins.data or 0))}[j]"
            case "grad_out":
                text = "g[j]" if shape.sends else "real(0.0)"
            case _:
                text = operation(ins)
        yield f"x{i} = {text}"


def receptors_used(step: Step) -> int:
    """Receptors up to the last whose arrivals a step reads."""
    places = (int(i.data or 0) for i in step.forward if i.op == "arrivals")
    return 1 + max(places, default=-1)


def kept_names(step: Step) -> dict[str, int]:
    """Names of what is kept, u0, u1, ... for numbers and w0, w1, ... for conditions."""
    names, numbers, marks = {}, 0, 0
    for i in step.saved:
        if step.is_boolean(i):
            names[f"w{marks}"], marks = i, marks + 1
        else:
            names[f"u{numbers}"], numbers = i, numbers + 1
    return names


def _taken(name: str, shape: Shape, back: bool = False) -> str:
    if name == "u0" and shape.in_place and not back:
        return "u0 = a0"
    array = "marks" if name.startswith("w") else "kept"
    return f"{name} = {array}[{name[1:]}][t, base:base + m]"

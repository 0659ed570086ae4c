"""Prints a population's three-address code as the source of a Numba kernel.

Generated source holds only names of our own making and ``repr`` floats; nothing that a user wrote
is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...program.program import PopulationProgram, Program
from ...program.tac import Instruction
from .aligned import LANES
from .resting import BLOCK, CHUNK, FIRED

__all__ = [
    "CHUNK",
    "TABLE_STATES",
    "KernelPlan",
    "drawn",
    "kernel_plan",
    "kernel_source",
    "operation",
]

#: Places in a kernel's table of addresses before those of the states.
TABLE_STATES = 7
_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "and": "&",
    "or": "|",
}


@dataclass(frozen=True)
class KernelPlan:
    """Which inputs of a kernel are scalars and which are rows of one value per neuron."""

    scalars: tuple[int, ...]
    rows: tuple[int, ...]
    n_states: int
    n_receptors: int
    counter: bool
    n_ref_row: bool
    emits: bool
    wide: bool
    streams: int
    restless: bool
    dt: float


def kernel_plan(population: PopulationProgram, program: Program) -> KernelPlan:
    """Decide the shape of a kernel; its source depends on nothing else but the code."""
    places = range(len(population.values))
    return KernelPlan(
        scalars=tuple(k for k in places if np.ndim(population.values[k]) == 0),
        rows=tuple(k for k in places if np.ndim(population.values[k])),
        n_states=len(population.states),
        n_receptors=len(population.receptors),
        counter=population.n_ref is not None,
        n_ref_row=np.ndim(population.n_ref) > 0 if population.n_ref is not None else False,
        emits=population.code.emit is not None,
        wide=program.precision == "float64",
        streams=population.streams.shape[1],
        restless=population.is_restless,
        dt=program.dt,
    )


def kernel_source(population: PopulationProgram, plan: KernelPlan) -> str:
    """The kernel ``step(table, low, high, inputs, ids, values)``.

    It advances neurons `low` to `high` of one population by one step and returns how many spiked.
    ``table`` is the address of int64 addresses: scalar parameters, spike flags, spike values,
    refractory counters, refractory steps, facts for `resting`, the clock (the step, then the keys
    of random streams), then states, parameter rows;
    ``inputs`` the address of the accumulators, ``ids`` and ``values`` those of where spikes go.
    """
    real, whole, bits = ("float64", "int64", 64) if plan.wide else ("float32", "int32", 32)
    head = f"""
from numba import carray, cfunc, float32, float64, int32, int64, types, uint8, uint32, uint64
import numpy as np
from spikestack.engines.cpu.intrinsics import pointer, select
from spikestack.engines.cpu.resting import is_due, next_run, remember, settle
from spikestack.numerics.random_compiled import hash32, step_words
from spikestack.numerics.functions_compiled import exp{bits} as exp_, log{bits} as log_

real, whole = {real}, {whole}
to_real, to_whole, to_int64 = pointer({real}), pointer({whole}), pointer(int64)
to_int32, to_uint8, to_uint64 = pointer(int32), pointer(uint8), pointer(uint64)


@cfunc(types.int64(*[types.int64] * 6), cache=True, error_model="numpy")
def step(table, low, high, inputs, ids, values):
    t = carray(to_int64(table), {TABLE_STATES + plan.n_states + len(plan.rows)})
    scalars = carray(to_real(t[0]), {max(1, len(plan.scalars) + plan.n_receptors)})
    flags = carray(to_uint8(t[1]), {CHUNK})
    words = carray(to_uint64(t[1]), {CHUNK // 8})
    carried = carray(to_real(t[2]), {CHUNK})
    out_ids = carray(to_int32(ids), high - low)
    out_values = carray(to_real(values), high - low)
"""
    return head + "\n".join(
        [*_prologue(population, plan, whole), *_loop(population, plan), _tail(plan)]
    )


def _tail(plan: KernelPlan) -> str:
    emit = "\n                    out_values[count] = carried[j]" if plan.emits else ""
    return f"""        for j in range(m, (m + 7) // 8 * 8):
            flags[j] = 0
        for w in range((m + 7) // 8):
            if words[w] != 0:
                fired[(base + 8 * w - low) // {BLOCK}] = 1
                for j in range(8 * w, 8 * w + 8):
                    if flags[j] != 0:
                        out_ids[count] = base + j{emit}
                        count += 1
        if due:
            settle(t, base, m, low)
        base, m = next_run(t, base + m, low, high, inputs, width)
    return count
""".replace("                    out_values", "                        out_values")


def _prologue(population: PopulationProgram, plan: KernelPlan, whole: str) -> list[str]:
    lines = [f"    p{k} = scalars[{i}]" for i, k in enumerate(plan.scalars)]
    lines += [f"    q{r} = scalars[{len(plan.scalars) + r}]" for r in range(plan.n_receptors)]
    if plan.counter and not plan.n_ref_row:
        lines.append("    n_ref = int32(t[4])")
    for i, ins in enumerate(population.code.instructions):
        if ins.op == "const":
            lines.append(f"    x{i} = real({ins.data!r})")
    size = 8 if plan.wide else 4
    lines += [
        "    count = 0",
        f"    width = (high - low + {LANES - 1}) // {LANES} * {LANES}",
        f"    facts = carray(to_int64(t[5]), {FIRED + 1})",
        f"    fired = carray(to_uint8(facts[{FIRED}]), (high - low) // {BLOCK} + 1)",
        "    due = is_due(t)" + (" and False" if plan.restless else ""),
        *_clock(population, plan),
        "    base, m = next_run(t, low, low, high, inputs, width)",
        "    while m > 0:",
        "        if due:",
        "            remember(t, base, m, low, inputs, width)",
    ]
    for k in range(plan.n_states):
        lines.append(f"        s{k} = carray(to_real(t[{TABLE_STATES + k}] + {size} * base), m)")
    for i, k in enumerate(plan.rows):
        place = TABLE_STATES + plan.n_states + i
        lines.append(f"        r{k} = carray(to_real(t[{place}] + {size} * base), m)")
    for r in range(plan.n_receptors):
        at = f"{size} * ({r} * width + base - low)"
        lines.append(f"        a{r} = carray(to_whole(inputs + {at}), m)")
    if plan.counter:
        lines.append("        c = carray(to_int32(t[3] + 4 * base), m)")
    if plan.n_ref_row:
        lines.append("        nr = carray(to_int32(t[4] + 4 * base), m)")
    return lines


def _clock(population: PopulationProgram, plan: KernelPlan) -> list[str]:
    """Count the step; the time, and the words of this step of every random stream."""
    lines = [f"    clock = carray(to_int64(t[6]), {1 + plan.streams})", "    clock[0] += 1"]
    for k in range(plan.streams):
        lines.append(f"    k{k}, l{k} = step_words(uint64(clock[{1 + k}]), uint64(clock[0]))")
    for i, ins in enumerate(population.code.instructions):
        if ins.op == "time":
            lines.append(
                f"    x{i} = real(float(clock[0] - {1 - int(ins.data or 0)}) * {plan.dt!r})"
            )
        elif ins.op == "common":
            lines.append(f"    x{i} = {drawn('0', ins.data)}")
    return lines


def drawn(index: str, k: object) -> str:
    """A number in (0, 1) from the hash of an index."""
    hashed = f"real(uint32(hash32(uint32({index}), k{k}, l{k})))"
    return f"min(({hashed} + real(0.5)) * real({2.0**-32!r}), real({1.0 - 2.0**-24!r}))"


def operation(ins: Instruction) -> str:
    """An operation on earlier values, which are called x0, x1, ..."""
    args = [f"x{a}" for a in ins.args]
    match ins.op:
        case "select":
            return f"select({args[0]}, {args[1]}, {args[2]})"
        case "exp" | "log":
            return f"{ins.op}_({args[0]})"
        case "not":
            return f"not {args[0]}"
        case "neg":
            return f"-{args[0]}"
        case "abs":
            return f"abs({args[0]})"
        case "sqrt" | "floor":
            return f"np.{ins.op}({args[0]})"
        case _:
            return f"{args[0]} {_INFIX[ins.op]} {args[1]}"


def _loop(population: PopulationProgram, plan: KernelPlan) -> list[str]:
    code, body = population.code, []
    for i, ins in enumerate(code.instructions):
        match ins.op:
            case "const" | "time" | "common":
                continue
            case "uniform":
                text = drawn("base + j", ins.data)
            case "state":
                text = f"s{ins.data}[j]"
            case "param":
                text = f"p{ins.data}" if ins.data in plan.scalars else f"r{ins.data}[j]"
            case "arrivals":
                text = f"real(a{ins.data}[j]) * q{ins.data}"
            case "refractory":
                text = "c[j] > 0"
            case _:
                text = operation(ins)
        body.append(f"x{i} = {text}")
    body += [
        f"s{k}[j] = x{s}"
        for k, s in enumerate(code.stores)
        if code.instructions[s].op != "state" or code.instructions[s].data != k
    ]
    body += [f"a{r}[j] = 0" for r in range(plan.n_receptors)]
    spike = f"x{code.spike}" if code.spike is not None else "False"
    if plan.counter:
        n_ref = "nr[j]" if plan.n_ref_row else "n_ref"
        body.append("left = select(c[j] > 0, int32(c[j] - int32(1)), int32(0))")
        body.append(f"c[j] = select({spike}, {n_ref}, left)")
    if plan.emits:
        body.append(f"carried[j] = x{code.emit}")
    body.append(f"flags[j] = select({spike}, uint8(1), uint8(0))")
    return ["        for j in range(m):", *(f"            {line}" for line in body)]

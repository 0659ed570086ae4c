"""Printing a plasticity rule as compiled kernels: its traces, and both kinds of events."""

from __future__ import annotations

from collections.abc import Mapping

from ...program.program import PlasticProgram, Program
from ...program.tac import Code
from .printer import operation

__all__ = ["KERNELS", "rule_source"]

#: The kernels of a rule, in the order in which their addresses are kept.
KERNELS = ("step_source", "step_target", "jump_source", "jump_target", "on_pre", "on_post")
#: Places in a rule's table of addresses and sizes.
_TABLE = 13


def rule_source(plastic: PlasticProgram, program: Program) -> str:
    """The kernels of one rule, each of six int64, of which the first is the table's address.

    ``step_*(table, low, high, row)`` lets traces of neurons `low` to `high` pass a step and keeps
    them in `row` of the past; ``jump_*(table, neuron)`` takes in a spike;
    ``on_pre(table, first, last, source, rows, sums)`` and ``on_post(table, first, last, target,
    rows)`` are events at synapses; `rows` is the row of the source's past times the depth, plus
    that of the target's, `sums` where the input of target 0 would be.

    The table holds addresses of parameters, weights, targets, and by target places and sources;
    present and past traces and number of neurons, of sources and of targets; then how many steps
    the past has, and synapses.
    """
    real, whole, bits = ("float32", "int32", 32)
    if program.precision == "float64":
        real, whole, bits = ("float64", "int64", 64)
    head = f"""
from numba import carray, cfunc, float32, float64, int32, int64, types, uint32
import numpy as np
from spikestack.engines.cpu.intrinsics import pointer, prefetch, select
from spikestack.numerics.functions_compiled import exp{bits} as exp_, log{bits} as log_

real, whole, size = {real}, {whole}, {bits // 8}
to_real, to_whole, to_int64 = pointer({real}), pointer({whole}), pointer(int64)
to_uint32 = pointer(uint32)
kernel = cfunc(types.int64(*[types.int64] * 6), cache=True, error_model="numpy")
"""
    parameters = len(plastic.values) + 1
    parts = [head]
    for side, at, traces in (("source", 5, plastic.sources), ("target", 8, plastic.targets)):
        names = [f"s{k}[j]" for k in range(len(traces.names))]
        parts += _step(side, at, traces.step, names, parameters)
        parts += _jump(side, at, traces.jump, names, parameters)
    parts += _on_pre(plastic, parameters)
    parts += _on_post(plastic, parameters)
    return "\n".join(parts) + "\n"


def _head(name: str, arguments: str, parameters: int, code: Code) -> list[str]:
    lines = [
        "",
        "@kernel",
        f"def {name}(table, {arguments}):",
        f"    t = carray(to_int64(table), {_TABLE})",
        f"    p = carray(to_real(t[0]), {parameters})",
    ]
    for i, ins in enumerate(code.instructions):
        if ins.op == "const":
            lines.append(f"    x{i} = real({ins.data!r})")
        elif ins.op == "param":
            lines.append(f"    x{i} = p[{ins.data}]")
    return lines


def _body(code: Code, loads: Mapping[str, list[str]], indent: str) -> list[str]:
    lines = []
    for i, ins in enumerate(code.instructions):
        if ins.op in ("const", "param"):
            continue
        known = loads.get(ins.op)
        text = operation(ins) if known is None else known[int(ins.data or 0)]
        lines.append(f"{indent}x{i} = {text}")
    return lines


def _step(side: str, at: int, code: Code, names: list[str], parameters: int) -> list[str]:
    lines = _head(f"step_{side}", "low, high, row, _, __", parameters, code)
    for k in range(len(names)):
        now, past = f"{k} * t[{at + 2}] + low", f"({k} * t[11] + row) * t[{at + 2}] + low"
        lines.append(f"    s{k} = carray(to_real(t[{at}] + size * ({now})), high - low)")
        lines.append(f"    h{k} = carray(to_real(t[{at + 1}] + size * ({past})), high - low)")
    lines.append("    for j in range(high - low):")
    lines += _body(code, {"state": names}, " " * 8)
    for k, store in enumerate(code.stores):
        lines += [f"        s{k}[j] = x{store}", f"        h{k}[j] = x{store}"]
    return [*lines, "        pass" if not names else "", "    return 0"]


def _jump(side: str, at: int, code: Code, names: list[str], parameters: int) -> list[str]:
    lines = _head(f"jump_{side}", "j, _, __, ___, ____", parameters, code)
    for k in range(len(names)):
        lines.append(f"    s{k} = carray(to_real(t[{at}] + size * {k} * t[{at + 2}]), t[{at + 2}])")
    lines += _body(code, {"state": names}, " " * 4)
    lines += [f"    s{k}[j] = x{store}" for k, store in enumerate(code.stores)]
    return [*lines, "    return 0"]


def _past(k: int, at: int, row: str) -> str:
    return f"t[{at + 1}] + size * (({k} * t[11] + {row}) * t[{at + 2}])"


def _on_pre(plastic: PlasticProgram, parameters: int) -> list[str]:
    code = plastic.on_pre
    lines = _head("on_pre", "first, last, neuron, rows, sums", parameters, code)
    lines += [
        "    n, mine, theirs = last - first, rows // t[11], rows % t[11]",
        "    w = carray(to_real(t[1] + size * first), n)",
        "    posts = carray(to_uint32(t[2] + 4 * first), n)",
        "    out = carray(to_whole(sums), t[10])",
        f"    per_quantum = p[{parameters - 1}]",
    ]
    for k in range(len(plastic.sources.names)):
        lines.append(f"    a{k} = carray(to_real({_past(k, 5, 'mine')}), t[7])[neuron]")
    for k in range(len(plastic.targets.names)):
        lines.append(f"    b{k} = carray(to_real({_past(k, 8, 'theirs')}), t[10])")
    loads = {
        "state": ["w[j]"],
        "source": [f"a{k}" for k in range(len(plastic.sources.names))],
        "target": [f"b{k}[posts[j]]" for k in range(len(plastic.targets.names))],
    }
    if not _is_idle(code):
        lines += ["    for j in range(n):", *_body(code, loads, " " * 8)]
        lines.append(f"        w[j] = x{code.stores[0]}")
    return [
        *lines,
        "    for j in range(n):",
        "        out[posts[j]] += whole(np.rint(w[j] * per_quantum))",
        "    return 0",
    ]


def _on_post(plastic: PlasticProgram, parameters: int) -> list[str]:
    code = plastic.on_post
    lines = _head("on_post", "first, last, neuron, rows, _", parameters, code)
    if _is_idle(code):
        return [*lines, "    return 0"]
    lines += [
        "    n, theirs, mine = last - first, rows // t[11], rows % t[11]",
        "    w = carray(to_real(t[1]), t[12])",
        "    places = carray(to_uint32(t[3] + 4 * first), n)",
        "    pres = carray(to_uint32(t[4] + 4 * first), n)",
    ]
    for k in range(len(plastic.sources.names)):
        lines.append(f"    a{k} = carray(to_real({_past(k, 5, 'theirs')}), t[7])")
    for k in range(len(plastic.targets.names)):
        lines.append(f"    b{k} = carray(to_real({_past(k, 8, 'mine')}), t[10])[neuron]")
    loads = {
        "state": ["w[e]"],
        "source": [f"a{k}[pres[j]]" for k in range(len(plastic.sources.names))],
        "target": [f"b{k}" for k in range(len(plastic.targets.names))],
    }
    return [
        *lines,
        "    for j in range(n):",
        "        prefetch(w, int64(places[min(j + 16, n - 1)]))",
        "        e = places[j]",
        *_body(code, loads, " " * 8),
        f"        w[e] = x{code.stores[0]}",
        "    return 0",
    ]


def _is_idle(code: Code) -> bool:
    """Whether an event leaves the weight as it was."""
    return code.instructions[code.stores[0]].op == "state"

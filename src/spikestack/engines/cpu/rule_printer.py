"""Printing plasticity rules as compiled kernels: traces, events of both sides, rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...program.learning import PlasticProgram, TraceProgram
from ...program.program import Program
from ...program.tac import Code
from .printer import drawn, operation

__all__ = ["CHUNK", "EXTRA", "KERNELS", "TABLE", "is_idle", "kernel_names", "rule_source"]

#: Places in a table of addresses and sizes: parameters; states of synapses, targets; by target,
#: places and sources; present and past traces and number of neurons, of sources and of targets;
#: steps of the past; synapses; present and past traces of the modulator; what controls learning;
#: the clock and keys of random streams; numbers of synapses in `edge_list`; sums and numbers of
#: weights by target; room for some synapses; then states of the target's population that traces
#: read.
(
    PARAMS, STATES, POSTS, PLACES, PRES, SOURCE, SOURCES, N_SOURCE, TARGET, TARGETS, N_TARGET,
    DEPTH, SYNAPSES, MODULATOR, MODULATORS, CONTROL, CLOCK, INDEX, SUMS, DEGREES,
    SCRATCH, TABLE,
) = range(22)  # fmt: skip
#: The kernels that every projection has, in the order in which their addresses are kept.
KERNELS = (
    *("step_source", "step_target", "step_modulator"),
    *("jump_source", "jump_target", "jump_modulator"),
    *("on_pre", "on_post", "total"),
)
#: Synapses of a target that are gathered, computed and put back at a time.
CHUNK = 128
#: Parameters that follow those of the rules: one over the quantum, and the quantum.
EXTRA = 2


@dataclass(frozen=True)
class _Side:
    """Where the table has the traces of one side, and what they are called in code."""

    name: str
    now: int
    past: int
    size: int
    traces: TraceProgram


def _sides(plastic: PlasticProgram) -> tuple[_Side, _Side]:
    return (
        _Side("source", SOURCE, SOURCES, N_SOURCE, plastic.sources),
        _Side("target", TARGET, TARGETS, N_TARGET, plastic.targets),
    )


def kernel_names(plastic: PlasticProgram) -> list[str]:
    """All kernels of a projection, those of rounds last; "" for what would do nothing."""
    made = {name: name for name in KERNELS}
    for side in ("source", "target"):
        if not getattr(plastic, f"{side}s").names:
            made[f"jump_{side}"] = made[f"step_{side}"] = ""
    if is_idle(plastic.on_post):
        made["on_post"] = ""
    for k, one in enumerate(plastic.rounds):
        made[f"round_{k}"] = f"round_{k}"
        made[f"when_{k}"] = f"when_{k}" if one.condition else ""
    return list(made.values())


def rule_source(plastic: PlasticProgram, program: Program) -> str:
    """The kernels of one projection, each of six int64, of which the first is the table's address.

    ``step_*(table, low, high, row)`` lets traces of neurons `low` to `high` pass a step and keeps
    them in `row` of the past; ``jump_*(table, neuron)`` takes in a spike;
    ``on_pre(table, first, last, source, rows, sums)``, ``on_post(table, first, last, target,
    rows)`` and ``round_*``, like either, are events at synapses; ``when_*(table, target, rows)``
    tells whether there is a round for a target; ``total(table, first, last)`` adds weights to the
    sums of their targets. `rows` packs the rows of the past of source, target and modulator, from
    high to low; `sums` is where the input of target 0 would be.
    """
    real, whole, bits = ("float32", "int32", 32)
    if program.precision == "float64":
        real, whole, bits = ("float64", "int64", 64)
    head = f"""
from numba import carray, cfunc, float32, float64, int32, int64, types, uint32, uint64
import numpy as np
from spikestack.engines.cpu.intrinsics import pointer, prefetch, select
from spikestack.numerics.functions_compiled import exp{bits} as exp_, log{bits} as log_
from spikestack.numerics.random_compiled import hash32, step_words

real, whole, size = {real}, {whole}, {bits // 8}
to_real, to_whole, to_int64 = pointer({real}), pointer({whole}), pointer(int64)
to_uint32, to_uint64 = pointer(uint32), pointer(uint64)
kernel = cfunc(types.int64(*[types.int64] * 6), cache=True, error_model="numpy")
"""
    made = _Printer(plastic)
    parts = [head]
    for side in _sides(plastic):
        parts += made.step(side) + made.jump(side)
    parts += made.modulator() + made.total()
    parts += made.by_source("on_pre", plastic.on_pre) + made.by_target("on_post", plastic.on_post)
    for k, one in enumerate(plastic.rounds):
        form = made.by_source if one.condition is None else made.by_target
        parts += form(f"round_{k}", one.code)
        if one.condition is not None:
            parts += made.when(f"when_{k}", one.condition)
    return "\n".join(parts) + "\n"


class _Printer:
    """Prints the kernels of one projection."""

    def __init__(self, plastic: PlasticProgram) -> None:
        self.plastic = plastic
        self.sides = _sides(plastic)
        self.streams = plastic.keys.shape[1]
        self.parameters = len(plastic.values) + EXTRA

    def step(self, side: _Side) -> list[str]:
        """Let traces pass a step."""
        code, count = side.traces.step, len(side.traces.names)
        lines = self._head(f"step_{side.name}", "low, high, row, _, __", code)
        for k in range(count):
            now = f"{k} * t[{side.size}] + low"
            past = f"({k} * t[{DEPTH}] + row) * t[{side.size}] + low"
            lines.append(f"    s{k} = carray(to_real(t[{side.now}] + size * ({now})), high - low)")
            lines.append(
                f"    h{k} = carray(to_real(t[{side.past}] + size * ({past})), high - low)"
            )
        for k in range(len(self.plastic.reads)):
            lines.append(f"    v{k} = carray(to_real(t[{TABLE + k}] + size * low), high - low)")
        loads = {
            "state": [f"s{k}[j]" for k in range(count)],
            "neuron": [f"v{k}[j]" for k in range(len(self.plastic.reads))],
        }
        lines += ["    for j in range(high - low):", *_body(code, loads, " " * 8)]
        for k, store in enumerate(code.stores):
            lines += [f"        s{k}[j] = x{store}", f"        h{k}[j] = x{store}"]
        return [*lines, "        pass" if not count else "", "    return 0"]

    def jump(self, side: _Side) -> list[str]:
        """Take in a spike."""
        code, count = side.traces.jump, len(side.traces.names)
        lines = self._head(f"jump_{side.name}", "j, _, __, ___, ____", code)
        for k in range(count):
            now = f"t[{side.now}] + size * {k} * t[{side.size}]"
            lines.append(f"    s{k} = carray(to_real({now}), t[{side.size}])")
        lines += _body(code, {"state": [f"s{k}[j]" for k in range(count)]}, " " * 4)
        lines += [f"    s{k}[j] = x{store}" for k, store in enumerate(code.stores)]
        return [*lines, "    return 0"]

    def modulator(self) -> list[str]:
        """Both of them for the modulator, and the signal kept beside its traces."""
        traces = self.plastic.modulators
        count = len(traces.names)
        lines = []
        for name, code in (("step_modulator", traces.step), ("jump_modulator", traces.jump)):
            lines += self._head(name, "_, __, row, ___, ____", code)
            lines.append(f"    s = carray(to_real(t[{MODULATOR}]), {max(count, 1)})")
            past, control = f"t[{MODULATORS}]", f"t[{CONTROL}]"
            lines.append(f"    h = carray(to_real({past}), {count + 1} * t[{DEPTH}])")
            lines.append(f"    signal = carray(to_real({control}), 2)[1]")
            loads = {"state": [f"s[{k}]" for k in range(count)], "signal": ["signal"]}
            lines += _body(code, loads, " " * 4)
            lines += [f"    s[{k}] = x{store}" for k, store in enumerate(code.stores)]
            if name == "step_modulator":
                for k, value in enumerate([*(f"x{s}" for s in code.stores), "signal"]):
                    lines.append(f"    h[{k} * t[{DEPTH}] + row] = {value}")
            lines.append("    return 0")
        return lines

    def total(self) -> list[str]:
        """Sum the weights onto each target, in quanta."""
        lines = self._head("total", "first, last, _, __, ___", None)
        return [
            *lines,
            "    n = last - first",
            f"    w = carray(to_real(t[{STATES}] + size * first), n)",
            f"    posts = carray(to_uint32(t[{POSTS}] + 4 * first), n)",
            f"    sums = carray(to_int64(t[{SUMS}]), t[{N_TARGET}])",
            f"    per_quantum = p[{self.parameters - 2}]",
            "    for j in range(n):",
            "        sums[posts[j]] += int64(np.rint(w[j] * per_quantum))",
            "    return 0",
        ]

    def by_source(self, name: str, code: Code) -> list[str]:
        """An event at synapses that stand together, by source; what it emits is delivered."""
        lines = self._head(name, "first, last, neuron, rows, sums", code)
        lines += [
            f"    n, depth, row = last - first, t[{DEPTH}], rows",
            f"    posts = carray(to_uint32(t[{POSTS}] + 4 * first), n)",
        ]
        for k in range(1 + len(self.plastic.variables)):
            at = f"t[{STATES}] + size * ({k} * t[{SYNAPSES}] + first)"
            lines.append(f"    s{k} = carray(to_real({at}), n)")
        lines += self._past("neuron", "")
        if self.streams:
            lines.append(f"    number = carray(to_uint32(t[{INDEX}] + 4 * first), n)")
        if _uses(code, "sum", "in_degree"):
            for array, place in (("total", SUMS), ("degree", DEGREES)):
                lines.append(f"    {array} = carray(to_int64(t[{place}]), t[{N_TARGET}])")
            lines.append(f"    quantum = p[{self.parameters - 1}]")
        loads = self._loads("", "[posts[j]]")
        loads |= {
            "sum": ["real(total[posts[j]]) * quantum"],
            "in_degree": ["real(degree[posts[j]])"],
        }
        before, inside = _split(code, loads, ("source",))
        inside += [f"s{k}[j] = x{s}" for k, s in enumerate(code.stores) if not _kept(code, k)]
        lines += [f"    {line}" for line in before]
        if code.emit is None:
            return [*lines, *_loop(inside), "    return 0"]
        lines += [
            f"    out = carray(to_whole(sums), t[{N_TARGET}])",
            f"    per_quantum = p[{self.parameters - 2}]",
        ]
        delivered = "out[posts[j]] += whole(np.rint({} * per_quantum))"
        if code.emit != code.stores[0]:
            return [*lines, *_loop([*inside, delivered.format(f"x{code.emit}")]), "    return 0"]
        inside = [] if is_idle(code) else inside
        return [*lines, *_loop(inside), *_loop([delivered.format("s0[j]")]), "    return 0"]

    def by_target(self, name: str, code: Code) -> list[str]:
        """An event at the synapses of one target, which are listed by their places."""
        lines = self._head(name, "first, last, neuron, rows, _", code)
        if is_idle(code):
            return [*lines, "    return 0"]
        used = range(1 + len(self.plastic.variables))
        lines.append(f"    depth, row = t[{DEPTH}], rows")
        for k in used:
            at = f"t[{STATES}] + size * {k} * t[{SYNAPSES}]"
            lines.append(f"    all{k} = carray(to_real({at}), t[{SYNAPSES}])")
            at = f"t[{SCRATCH}] + size * {k * CHUNK}"
            lines.append(f"    s{k} = carray(to_real({at}), {CHUNK})")
        lines += self._past("", "neuron")
        traces = range(len(self.plastic.sources.names))
        for k in traces:
            at = f"t[{SCRATCH}] + size * {(k + len(used)) * CHUNK}"
            lines.append(f"    g{k} = carray(to_real({at}), {CHUNK})")
        if self.streams:
            lines.append(f"    number = carray(to_uint32(t[{INDEX}]), t[{SYNAPSES}])")
        loads = self._loads("", "") | {"source": [f"g{k}[j]" for k in traces]}
        loads["uniform"] = [drawn("number[places[j]]", k) for k in range(self.streams)]
        before, inside = _split(code, loads, ("target",))
        gathered = [f"s{k}[j] = all{k}[places[j]]" for k in used]
        gathered += [f"g{k}[j] = a{k}[pres[j]]" for k in traces]
        changed = [(k, s) for k, s in enumerate(code.stores) if not _kept(code, k)]
        ahead = f"prefetch(all0, int64(places[min(j + {CHUNK}, left - 1)]))"
        body = [
            "left = last - first",
            f"n = min({CHUNK}, left)",
            f"places = carray(to_uint32(t[{PLACES}] + 4 * first), left)",
            f"pres = carray(to_uint32(t[{PRES}] + 4 * first), n)",
            *_loop([ahead, *gathered], ""),
            *_loop([*inside, *(f"s{k}[j] = x{s}" for k, s in changed)], ""),
            *_loop([f"all{k}[places[j]] = s{k}[j]" for k, _ in changed], ""),
            f"first += {CHUNK}",
        ]
        lines += [*(f"    {line}" for line in before), "    while first < last:"]
        return [*lines, *(f"        {line}" for line in body), "    return 0"]

    def when(self, name: str, code: Code) -> list[str]:
        """Whether there is a round for a target."""
        lines = self._head(name, "neuron, rows, _, __, ___", code)
        lines += [f"    depth, row = t[{DEPTH}], rows", *self._past("neuron", "neuron")]
        loads = {"target": [f"b{k}" for k in range(len(self.plastic.targets.names))]}
        lines += _body(code, loads, " " * 4)
        return [*lines, f"    return int64(1) if x{code.stores[0]} else int64(0)"]

    def _head(self, name: str, arguments: str, code: Code | None) -> list[str]:
        lines = [
            "",
            "@kernel",
            f"def {name}(table, {arguments}):",
            f"    t = carray(to_int64(table), {TABLE + len(self.plastic.reads)})",
            f"    p = carray(to_real(t[{PARAMS}]), {self.parameters})",
        ]
        for i, ins in enumerate(code.instructions if code else ()):
            if ins.op == "const":
                lines.append(f"    x{i} = real({ins.data!r})")
            elif ins.op == "param":
                lines.append(f"    x{i} = p[{ins.data}]")
        if code is not None and _uses(code, "uniform"):
            clock = f"carray(to_int64(t[{CLOCK}]), {1 + self.streams})"
            lines.append(f"    clock = {clock}")
            for k in range(self.streams):
                words = f"step_words(uint64(clock[{1 + k}]), uint64(clock[0]))"
                lines.append(f"    k{k}, l{k} = {words}")
        return lines

    def _past(self, source: str, target: str) -> list[str]:
        """Traces as they were: a number where the neuron is given, else of all neurons."""
        lines = [
            "    modulated, row = row % depth, row // depth",
            "    theirs, mine = row % depth, row // depth",
        ]
        rows = (("a", "mine", source), ("b", "theirs", target))
        for side, (letter, row, neuron) in zip(self.sides, rows):
            for k in range(len(side.traces.names)):
                lag = side.traces.lags[k]
                place = f"(({row} - {lag}) & (depth - 1))" if lag else row
                at = f"t[{side.past}] + size * (({k} * depth + {place}) * t[{side.size}])"
                chosen = f"[{neuron}]" if neuron else ""
                lines.append(f"    {letter}{k} = carray(to_real({at}), t[{side.size}]){chosen}")
        count = len(self.plastic.modulators.names) + 1
        lines.append(f"    m = carray(to_real(t[{MODULATORS}]), {count} * depth)")
        return lines

    def _loads(self, source: str, target: str) -> dict[str, list[str]]:
        plastic = self.plastic
        return {
            "state": [f"s{k}[j]" for k in range(1 + len(plastic.variables))],
            "source": [f"a{k}{source}" for k in range(len(plastic.sources.names))],
            "target": [f"b{k}{target}" for k in range(len(plastic.targets.names))],
            "modulator": [
                f"m[{k} * depth + modulated]" for k in range(len(plastic.modulators.names) + 1)
            ],
            "uniform": [drawn("number[j]", k) for k in range(self.streams)],
        }


def _loop(lines: Sequence[str], indent: str = "    ") -> list[str]:
    """A loop over the synapses of an event; nothing without lines."""
    inside = (f"{indent}    {line}" for line in lines)
    return [f"{indent}for j in range(n):", *inside] if lines else []


def _body(code: Code, loads: Mapping[str, list[str]], indent: str) -> list[str]:
    before, inside = _split(code, loads, ())
    return [f"{indent}{line}" for line in (*before, *inside)]


def _split(
    code: Code, loads: Mapping[str, list[str]], same: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """The code's lines: what is alike for all synapses of an event, and what is not."""
    before: list[str] = []
    inside: list[str] = []
    alike: list[bool] = []
    for i, ins in enumerate(code.instructions):
        is_load = not ins.args
        fixed = ins.op in ("const", "param", "modulator", "signal", *same)
        alike.append(fixed if is_load else all(alike[a] for a in ins.args))
        if ins.op in ("const", "param"):
            continue
        known = loads.get(ins.op)
        text = operation(ins) if known is None else known[int(ins.data or 0)]
        (before if alike[i] else inside).append(f"x{i} = {text}")
    return before, inside


def _uses(code: Code, *ops: str) -> bool:
    return any(ins.op in ops for ins in code.instructions)


def _kept(code: Code, k: int) -> bool:
    """Whether an event leaves state `k` as it was."""
    ins = code.instructions[code.stores[k]]
    return ins.op == "state" and ins.data == k


def is_idle(code: Code) -> bool:
    """Whether an event leaves weight and variables as they were."""
    return all(_kept(code, k) for k in range(len(code.stores)))

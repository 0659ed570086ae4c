"""Prints a step and its gradient as two Triton kernels that run over many steps at once.

What `printer` does for processors, from the same three-address code: one program takes a block of
lanes through all steps, with their states in registers. Every operation rounds once, as there
(the caller turns contraction off), divisions and roots included. Like there, generated source
holds only names of our own making and ``repr`` floats.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..engines.cpu.printer import operation
from ..program.tac import Instruction
from .differentiate import Step
from .printer import Shape, kept_names, receptors_used

__all__ = ["arguments", "source"]

_HEAD = """
import triton
import triton.language as tl
from spikestack.training.triton_functions import bits64, hash32
from spikestack.training.triton_functions import exp{bits} as exp_, log{bits} as log_
from spikestack.training.triton_functions import floor{bits} as floor_

REAL = tl.constexpr(tl.float{bits})

"""
#: Of a random number, as in `drawn`.
_LARGEST = 1.0 - 2.0**-24
#: Numbers that change from call to call, for which a kernel is not compiled again.
_NUMBERS = ("first", "last", "clock", "lanes", "width", "total")


def source(step: Step, shape: Shape) -> str:
    """Both kernels, whose arguments are those of `arguments`, then BLOCK.

    A launch has as many programs as there are blocks of BLOCK lanes. `total` is the distance from
    one state's traces to the next's; the other arguments are those of `printer.source`, tuples of
    arrays taken apart.
    """
    forward, backward = (arguments(step, shape, back) for back in (False, True))
    lines = [
        *_kernel("forward", forward, _forward(step, shape)), "", "",
        *_kernel("backward", backward, _backward(step, shape)),
    ]  # fmt: skip
    return _HEAD.format(bits=64 if shape.wide else 32) + "\n".join(lines) + "\n"


def arguments(step: Step, shape: Shape, back: bool) -> list[str]:
    """Names of a kernel's arguments: numbers, arrays, then arrays by receptor and of what is kept.

    ``a0`` is what arrived at the first receptor, ``b0`` its gradient; ``u0`` a number that was kept
    and ``w0`` a condition.
    """
    kept = list(kept_names(step))
    shared = [*_NUMBERS, "scalars", "rows", "keys"]
    if back:
        given = ["grad_out", "grad_traces", "grad_states", "grad_params"]
        return [*shared, *given, *kept, *(f"b{r}" for r, _ in _arrivals(step))]
    given = ["states", "counters", "periods", "out", "traces"]
    return [*shared, *given, *kept, *(f"a{r}" for r in range(receptors_used(step)))]


def _kernel(name: str, given: list[str], body: list[str]) -> list[str]:
    fixed = ", ".join(repr(n) for n in _NUMBERS)
    return [
        f"@triton.jit(do_not_specialize=[{fixed}])",
        f"def {name}({', '.join(given)}, BLOCK: tl.constexpr):",
        *(f"    {line}" for line in body),
    ]


def _arrivals(step: Step) -> list[tuple[int, int]]:
    return [(r, p) for r, p in enumerate(step.arrivals) if p is not None]


def _forward(step: Step, shape: Shape) -> list[str]:
    changing = [
        (k, s) for k, s in enumerate(step.stores) if step.forward[s] != Instruction("state", (), k)
    ]
    start = [f"s{k} = {_load(f'states + {k} * stride + lane')}" for k in range(len(step.stores))]
    if shape.counter:
        start += [f"c = {_load('counters + lane')}", f"n_ref = {_load('periods + lane')}"]
    arrived = range(receptors_used(step))
    start += [f"a{r}x = {_load(f'a{r} + lane')}" for r in arrived if r in shape.held]
    each = [f"a{r}x = {_load(f'a{r} + at')}" for r in arrived if r not in shape.held]
    each += _values(step.forward, shape)
    if shape.counter:
        each.append(f"c = tl.where(x{step.spike}, n_ref, tl.where(c > 0, c - 1, 0))")
    if step.out is not None:
        each.append(_store("out + at", f"x{step.out}"))
    for name, i in kept_names(step).items():
        value = f"x{i}.to(tl.uint8)" if name.startswith("w") else f"x{i}"
        each.append(_store(f"{name} + at", value))
    each += [
        _store(f"traces + {q} * apart + at", f"x{step.stores[k]}")
        for q, k in enumerate(shape.traced)
    ]
    each += [f"s{k} = x{s}" for k, s in changing]
    end = [_store(f"states + {k} * stride + lane", f"s{k}") for k, _ in changing]
    end += [_store("counters + lane", "c")] if shape.counter else []
    return _loop(step.forward, shape, start, each, end, 1)


def _backward(step: Step, shape: Shape) -> list[str]:
    states, params = range(len(step.stores)), list(enumerate(step.params.values()))
    start = [f"d{k} = {_load(f'grad_states + {k} * stride + lane')}" for k in states]
    start += [f"e{n} = {_load(f'grad_params + {n} * stride + lane')}" for n, _ in params]
    held = [(r, p) for r, p in _arrivals(step) if r in shape.held]
    start += [f"b{r}x = {_load(f'b{r} + lane')}" for r, _ in held]
    names = list(kept_names(step))
    each = [f"{name}x = {_load(f'{name} + at')}" for name in names]
    each += [f"g = {_load('grad_out + at - first * lanes')}"] if shape.sends else []
    each += [f"h{q} = {_load(f'grad_traces + {q} * apart + at')}" for q in range(len(shape.traced))]
    each += _values(step.backward, shape, names)
    each += [
        f"d{k} = " + ("tl.zeros((BLOCK,), REAL)" if p is None else f"x{p}")
        for k, p in enumerate(step.states)
    ]
    each += [
        f"b{r}x += x{p}" if r in shape.held else _store(f"b{r} + at", f"x{p}")
        for r, p in _arrivals(step)
    ]
    each += [f"e{n} += x{p}" for n, p in params if p is not None]
    end = [_store(f"grad_states + {k} * stride + lane", f"d{k}") for k in states]
    end += [_store(f"grad_params + {n} * stride + lane", f"e{n}") for n, _ in params]
    end += [_store(f"b{r} + lane", f"b{r}x") for r, _ in held]
    return _loop(step.backward, shape, start, each, end, -1)


def _loop(
    code: tuple[Instruction, ...], shape: Shape, start: list[str], each: list[str],
    end: list[str], way: int,
) -> list[str]:  # fmt: skip
    """Places are 64-bit: steps times lanes outgrows 32 bits."""
    sign, begin = ("+", "first") if way > 0 else ("-", "(last - 1)")
    lines = [
        "lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
        "there = lane < lanes",
        "stride, apart = tl.cast(lanes, tl.int64), tl.cast(total, tl.int64)",
        f"at = lane + {begin} * stride",
        f"now = tl.cast(clock, tl.int64) + {begin}",
        *_constants(code, shape),
        *start,
        "for _ in range(first, last):",
        *(f"    {line}" for line in [*_clock(code, shape), *each]),
        f"    at {sign}= stride",
        f"    now {sign}= 1",
        *end,
    ]
    return lines


def _constants(code: tuple[Instruction, ...], shape: Shape) -> Iterable[str]:
    """Literals and parameters; the place of a lane in its trial where random numbers are drawn."""
    order = sorted(shape.rows)
    for i, ins in enumerate(code):
        if ins.op == "const":
            yield f"x{i} = tl.full((BLOCK,), {ins.data!r}, REAL)"
        elif ins.op == "param" and ins.data in shape.rows:
            place = order.index(int(ins.data or 0))
            yield f"x{i} = {_load(f'rows + {place} * stride + lane')}"
        elif ins.op == "param":
            yield f"x{i} = tl.full((BLOCK,), tl.load(scalars + {ins.data}), REAL)"
    streams = _streams(code)
    if streams:
        yield "trial = lane // width"
        yield "within = (lane - trial * width).to(tl.uint32)"
    for k in streams:
        key = _load(f"keys + trial * {shape.streams} + {k}")
        yield f"key{k} = {key}.to(tl.uint64, bitcast=True)"


def _streams(code: tuple[Instruction, ...]) -> list[int]:
    return sorted({int(i.data or 0) for i in code if i.op in ("uniform", "common")})


def _clock(code: tuple[Instruction, ...], shape: Shape) -> Iterable[str]:
    """Times, and what is drawn in this step."""
    for k in _streams(code):
        yield f"bits{k} = bits64(key{k}, (now + 1).to(tl.uint64))"
    for i, ins in enumerate(code):
        if ins.op == "time":
            time = f"((now + {int(ins.data or 0)}).to(tl.float64) * {shape.dt!r}).to(REAL)"
            yield f"x{i} = tl.full((BLOCK,), {time}, REAL)"
        elif ins.op in ("uniform", "common"):
            index = "within" if ins.op == "uniform" else "tl.zeros((BLOCK,), tl.uint32)"
            yield f"x{i} = (hash32({index}, bits{ins.data}).to(REAL) + 0.5) * {2.0**-32!r}"
            most = f"tl.full((BLOCK,), {_LARGEST!r}, REAL)"
            yield f"x{i} = tl.where(x{i} < {most}, x{i}, {most})"


def _values(
    code: tuple[Instruction, ...], shape: Shape, names: list[str] | None = None
) -> Iterable[str]:
    for i, ins in enumerate(code):
        args = [f"x{a}" for a in ins.args]
        match ins.op:
            case "const" | "param" | "time" | "uniform" | "common":
                continue
            case "state":
                text = f"s{ins.data}"
            case "arrivals":
                text = f"a{ins.data}x"
            case "refractory":
                text = "c > 0"
            case "saved":
                name = (names or [])[int(ins.data or 0)]
                text = f"{name}x" + (" != 0" if name.startswith("w") else "")
            case "grad_state":
                text = f"d{ins.data}"
                if ins.data in shape.traced:
                    text += f" + h{shape.traced.index(int(ins.data or 0))}"
            case "grad_out":
                text = "g" if shape.sends else "tl.zeros((BLOCK,), REAL)"
            case "div":
                text = f"{args[0]} / {args[1]}" if shape.wide else f"tl.div_rn({', '.join(args)})"
            case "sqrt":
                text = f"tl.sqrt{'' if shape.wide else '_rn'}({args[0]})"
            case "abs":
                text = f"tl.abs({args[0]})"
            case "floor":
                text = f"floor_({args[0]})"
            case "select":
                text = f"tl.where({', '.join(args)})"
            case "not":
                text = f"~{args[0]}"
            case _:
                text = operation(ins)
        yield f"x{i} = {text}"


def _load(place: str) -> str:
    return f"tl.load({place}, mask=there, other=0)"


def _store(place: str, value: str) -> str:
    return f"tl.store({place}, {value}, mask=there)"

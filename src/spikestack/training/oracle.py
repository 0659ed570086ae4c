"""The same step as a plain PyTorch loop under autograd: what compiled gradients are held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..program.tac import SORTING, Builder, Code
from .simplify import always_sent
from .surrogates import Surrogate

__all__ = ["unrolled"]

_COMPARE = {"lt": -1.0, "le": -1.0, "gt": 1.0, "ge": 1.0}


class _Spike(torch.autograd.Function):
    """A step forward, a surrogate backward."""

    @staticmethod
    def forward(ctx: Any, z: Any, fired: Any, slope: Callable[[Any], Any]) -> Any:
        ctx.save_for_backward(z)
        ctx.slope = slope
        return fired.to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (z,) = ctx.saved_tensors
        return grads[0] * ctx.slope(z), None, None


def derivative(surrogate: Surrogate, precision: str = "float64") -> Callable[[Any], Any]:
    """A surrogate as a function of tensors."""
    builder = Builder(precision, {}, {"z": 0})
    end = surrogate.append(builder, builder.state("z"))

    def slope(z: Any) -> Any:
        values: list[Any] = []
        for ins in builder.instructions:
            if ins.op == "state":
                values.append(z)
            elif ins.op == "const":
                values.append(torch.as_tensor(ins.data, dtype=z.dtype))
            else:
                values.append(_plain(ins.op, [values[a] for a in ins.args]))
        return values[end] + torch.zeros_like(z)

    return slope


def unrolled(
    code: Code,
    arrivals: Sequence[Any],
    states: Sequence[Any],
    params: Sequence[Any],
    surrogate: Surrogate,
    *,
    scale: float = 1.0,
    detach: bool = True,
    periods: Any = None,
    smooth: Callable[[Any], Any] | None = None,
    dt: float = 1.0,
) -> tuple[Any, list[Any], list[Any]]:
    """Run a population step by step.

    Parameters
    ----------
    code
        Its step; without random draws.
    arrivals
        By receptor, tensors (steps, lanes).
    states, params
        Tensors of one value or one for each lane.
    surrogate, scale, detach
        See `differentiate`.
    periods
        Refractory steps by lane.
    smooth
        In place of a spike, this function of z: then everything is differentiable, and finite
        differences can be taken.
    dt
        ms.

    Returns
    -------
    What was sent (steps, lanes) or None, the states after every step, and those at the end.
    """
    steps = len(arrivals[0]) if arrivals else 1
    slope = derivative(surrogate)
    now, sent, traces = list(states), [], []
    counter = None if periods is None else torch.zeros_like(periods)
    rows = [a.unbind(0) for a in arrivals]
    for t in range(steps):
        loads = {
            "state": now, "param": params, "arrivals": [r[t] for r in rows],
            "time": [torch.tensor(end * dt) for end in (t, t + 1)],
        }  # fmt: skip
        values = _Pass(code, loads, counter, slope, scale, detach, smooth).values()
        spike = None if code.spike is None else values[code.spike]
        lanes = rows[0][t] if rows else torch.zeros(())
        now = [values[s] + torch.zeros_like(lanes) for s in code.stores]
        traces.append(now)
        if spike is not None:
            value = spike if code.emit is None else values[code.emit]
            if code.emit is not None and not always_sent(code):
                value = spike * value
            sent.append(torch.zeros_like(lanes) + value)
            if counter is not None:
                left = torch.clamp(counter - 1, min=0)
                counter = torch.where(spike.detach() > 0.5, periods, left)
    made = [torch.stack([trace[k] for trace in traces]) for k in range(len(code.stores))]
    return torch.stack(sent) if sent else None, made, now


class _Pass:
    """One step; conditions that spikes are made of are numbers, the others true or false."""

    def __init__(
        self, code: Code, loads: dict[str, Any], counter: Any, slope: Any, scale: float,
        detach: bool, smooth: Any,
    ) -> None:  # fmt: skip
        self.code, self.loads, self.counter, self.slope = code, loads, counter, slope
        self.scale, self.detach, self.smooth = scale, detach, smooth
        self.cone: set[int] = set()
        todo = [] if code.spike is None else [code.spike]
        while todo:
            i = todo.pop()
            self.cone.add(i)
            if code.instructions[i].op in ("and", "or", "not"):
                todo += code.instructions[i].args

    def values(self) -> list[Any]:
        made: list[Any] = []
        for i, ins in enumerate(self.code.instructions):
            made.append(self._value(i, ins, [made[a] for a in ins.args]))
        return made

    def _value(self, i: int, ins: Any, args: list[Any]) -> Any:
        if ins.op in self.loads:
            return self.loads[ins.op][ins.data]
        if ins.op == "refractory":
            running = self.counter > 0
            return running
        if ins.op == "const":
            return torch.as_tensor(ins.data, dtype=torch.get_default_dtype())
        if i in self.cone:
            return self._condition(ins.op, args)
        if ins.op == "select":
            return self._choice(ins, args)
        if ins.op == "floor" and ins.data == SORTING:
            return torch.floor(args[0])
        return _plain(ins.op, args)

    def _condition(self, op: str, args: list[Any]) -> Any:
        args = [a.to(torch.get_default_dtype()) if a.dtype == torch.bool else a for a in args]
        if op == "and":
            return args[0] * args[1]
        if op == "or":
            return args[0] + args[1] - args[0] * args[1]
        if op == "not":
            return 1.0 - args[0]
        if op not in _COMPARE:
            return _plain(op, args).to(torch.get_default_dtype())
        z = _COMPARE[op] * (args[0] - args[1]) / self.scale
        if self.smooth is not None:
            return self.smooth(z)
        return _Spike.apply(z, _plain(op, args), self.slope)

    def _choice(self, ins: Any, args: list[Any]) -> Any:
        condition, yes, no = args
        if ins.data is not None:
            return no
        if condition.dtype == torch.bool:
            return torch.where(condition, yes, no)
        if self.detach:
            condition = condition.detach()
        return condition * yes + (1.0 - condition) * no


_PLAIN: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "log": torch.log,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "eq": torch.eq,
    "ne": torch.ne,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "select": torch.where,
    "floor": lambda a: a + (torch.floor(a) - a).detach(),
}


def _plain(op: str, args: list[Any]) -> Any:
    return _PLAIN[op](*args)

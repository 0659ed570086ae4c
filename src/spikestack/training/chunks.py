"""Gradients of long runs in little memory: a run is cut into pieces, each computed twice.

First the whole run goes without gradients and keeps the states between pieces. The loss of all of
it says what gradient each output has. Then the pieces run again, last first, each with its own
gradients, and hand the gradient of their first state to the piece before: that is what plain
back-propagation gives, to rounding. Truncated back-propagation leaves out the handing over.

Chen et al. 2016 (arXiv 1604.06174); Gruslys et al. 2016, NeurIPS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .module import Output, SpikingNetwork, State

__all__ = ["back_propagate", "pieces"]


def pieces(steps: int, length: int | None = None) -> list[tuple[int, int]]:
    """First and last step of pieces of `length`, about the root of `steps` by default."""
    wide = length or max(1, math.ceil(math.sqrt(steps)))
    return [(first, min(first + wide, steps)) for first in range(0, steps, wide)]


def back_propagate(
    module: SpikingNetwork, inputs: dict[str, Any], steps: int,
    loss: Callable[[Output], Any], *, length: int | None = None, truncate: bool = False,
    watch: Callable[[Output], Any] | None = None,
) -> tuple[Any, Output]:  # fmt: skip
    """Add the gradients of a loss to those of the module's parameters, piece by piece.

    Parameters
    ----------
    module
        What runs.
    inputs
        By drive: (steps, trials, neurons), or (trials, neurons) for the same in all steps.
    steps
        Of the run.
    loss
        Of the whole output.
    length
        Steps of a piece; about the root of `steps` by default, which needs the least memory.
    truncate
        End gradients at the first step of each piece.
    watch
        Called with the output of each piece, first to last.

    Returns
    -------
    The loss, and the output without history; what the loss does not read has no steps.
    """
    cuts = pieces(steps, length)
    begins, output = _forwards(module, inputs, cuts, loss, watch)
    leaves = {n: t.requires_grad_() for n, t in (*output.spikes.items(), *output.traces.items())}
    with torch.enable_grad():
        cost = loss(output)
        grads = torch.autograd.grad(cost, list(leaves.values()), allow_unused=True)
    wanted = {n: g for n, g in zip(leaves, grads) if g is not None}
    carried: list[Any] = []
    for (first, last), begin in zip(reversed(cuts), reversed(begins)):
        start = _leaf(begin, not truncate and first > 0)
        made = module(_part(inputs, first, last), last - first, start)
        ends = [made[name] for name in wanted]
        given = [grad[first:last] for grad in wanted.values()]
        if carried:
            after = _tensors(made.state)
            ends += [t for t, g in zip(after, carried) if g is not None]
            given += [g for g in carried if g is not None]
        kept = [(e, g) for e, g in zip(ends, given) if e.requires_grad]
        if kept:
            torch.autograd.backward([e for e, _ in kept], [g for _, g in kept])
        carried = [] if truncate else [None if t is None else t.grad for t in _tensors(start)]
    detached = Output({n: t.detach() for n, t in output.spikes.items()},
                      {n: t.detach() for n, t in output.traces.items()}, output.state)  # fmt: skip
    return cost.detach(), detached


def _forwards(
    module: SpikingNetwork, inputs: dict[str, Any], cuts: list[tuple[int, int]], loss: Any,
    watch: Any,
) -> tuple[list[State | None], Output]:  # fmt: skip
    """The run without gradients: states between pieces, and what the loss depends on."""
    begins: list[State | None] = []
    state: State | None = None
    spikes: dict[str, list[Any]] = {}
    traces: dict[str, list[Any]] = {}
    with torch.no_grad():
        for first, last in cuts:
            begins.append(state)
            made = module(_part(inputs, first, last), last - first, state)
            if state is None:
                read = _looked_at(made, loss)
            if watch is not None:
                watch(made)
            for kept, found in ((spikes, made.spikes), (traces, made.traces)):
                for name, part in found.items():
                    kept.setdefault(name, []).append(part if name in read else part[:0].clone())
            state = made.state
        whole = [{n: torch.cat(parts) for n, parts in kept.items()} for kept in (spikes, traces)]
    return begins, Output(whole[0], whole[1], state)


def _looked_at(made: Output, loss: Any) -> set[str]:
    """Which outputs a loss reads, found with those of the first piece."""
    read: list[str] = []
    watched = Output(_Watched(made.spikes, read), _Watched(made.traces, read), made.state)
    loss(watched)
    return set(read)


class _Watched(dict[str, Any]):
    """A dict that notes what is read from it."""

    def __init__(self, of: Mapping[str, Any], read: list[str]) -> None:
        super().__init__(of)
        self.read = read

    def __getitem__(self, name: str) -> Any:
        self.read.append(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dict."""
        self.read.append(name)
        return super().get(name, default)

    def items(self) -> Any:
        """As of any dict."""
        self.read.extend(self)
        return super().items()

    def values(self) -> Any:
        """As of any dict."""
        self.read.extend(self)
        return super().values()


def _part(inputs: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    return {n: x[first:last] if x.ndim > 2 else x for n, x in inputs.items()}


def _leaf(state: State | None, wanted: bool) -> State | None:
    if state is None:
        return None
    made = state.detach()
    if wanted:
        for tensor in _tensors(made):
            if tensor is not None:
                tensor.requires_grad_()
    return made


def _tensors(state: State | None) -> list[Any]:
    return [] if state is None else [*state.states, *state.past]

"""Populations under autograd: one that feeds forward over all steps at once, or a loop of several.

Arrivals that these functions are given are theirs: what the backward pass needs is written over
them, so that nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .blocks import blocks
from .cells import Cell, Run
from .homes import HOST, Home
from .packed import Owed, Packed, task
from .products import Product

__all__ = ["Inner", "Loop", "Member", "run_cell", "run_loop"]


@dataclass
class Member:
    """A population about to be run.

    Attributes
    ----------
    cell
        Its kernels.
    clock, trials, width
        The step at which the run begins, trials, neurons of each.
    values
        Parameters of its step, float or by neuron.
    keys, periods, counters
        Of random streams; refractory steps and what is left of them, by lane.
    home
        Where arrays are.
    """

    cell: Cell
    clock: int
    trials: int
    width: int
    values: tuple[Any, ...]
    keys: np.ndarray
    periods: np.ndarray
    counters: Any
    home: Home = HOST

    def start(self, initial: Any, trained: tuple[Any, ...]) -> Run:
        """A run from the states `initial` (states, lanes), with some parameters trained."""
        real, lanes = self.cell.real, self.trials * self.width
        values = list(self.values)
        for k, value in zip(self.cell.wanted, trained):
            values[k] = value.detach().cpu().numpy()
        scalars = np.array([0.0 if np.ndim(v) else float(v) for v in values], real)
        rows = np.empty((len(self.cell.rows), lanes), real)
        for n, k in enumerate(self.cell.rows):
            rows[n] = np.tile(np.broadcast_to(values[k], self.width), self.trials)
        home = self.home
        states = home.copy(home.take(initial))
        return Run(
            self.clock, self.width, home.put(scalars), home.put(rows), home.put(self.keys), states,
            self.counters, home.put(self.periods),
        )  # fmt: skip

    def shared(self, grads: Any) -> list[Any]:
        """Gradients of trained parameters by lane, summed to their shapes."""
        made = []
        for k, row in zip(self.cell.wanted, grads):
            if k in self.cell.rows:
                total = row.reshape(self.trials, self.width).sum(0)
            else:
                total = self.home.sum(row)
            made.append(self.home.number(total, self.cell.dtype))
        return made


def run_cell(member: Member, steps: int, initial: Any, trained: Any, arrivals: Any) -> Any:
    """A population over all steps.

    Parameters
    ----------
    initial
        (states, lanes).
    trained
        Tensors of the cell's `wanted` parameters.
    arrivals
        By receptor, (steps or 1, lanes); taken over, unless the cell only goes forward.

    Returns
    -------
    What was sent (steps, lanes), traced states (states, steps, lanes), and states at the end.
    """
    packed = Packed(None, None) if member.cell.shape.packed else None
    given = (len(trained), initial, *trained, *arrivals)
    sent, traces, final = _Cell.apply(member, steps, packed, *given)
    if packed is not None:
        packed.handle, sent = sent, packed
    return sent, traces, final


class _Cell(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, member: Member, steps: int, packed: Packed | None, n: int,
        initial: Any, *given: Any,
    ) -> Any:  # fmt: skip
        ctx.set_materialize_grads(False)
        home, run = member.home, member.start(initial, given[:n])
        arrived = tuple(home.take(a) for a in given[n:])
        member.cell.prepare(run, steps, arrived[0] if arrived else None)
        member.cell.forward(run, arrived, 0, steps)
        ctx.member, ctx.runs, ctx.steps, ctx.held = member, [run], steps, [len(a) for a in arrived]
        sent = home.give(run.out if run.out is not None else home.zeros((0, 0), np.float32))
        traces, final = home.give(run.traces), home.give(run.states)
        if run.out is None:
            ctx.mark_non_differentiable(sent)
        ctx.owed = []
        if packed is not None:
            packed.bytes, ctx.owed = sent, packed.owed
            sent = torch.empty((), dtype=member.cell.dtype).expand(sent.shape)
        run.out, run.traces = None, np.zeros((0, 0, 0))
        return sent, traces, final

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        member, cell, steps, home = ctx.member, ctx.member.cell, ctx.steps, ctx.member.home
        (run,) = _last_use(ctx, [cell])
        lanes = run.states.shape[1]
        out, *others = grads
        traces, final = (None if g is None else home.take(g.contiguous()) for g in others)
        if traces is None:
            traces = home.zeros((len(cell.traced), steps, lanes), cell.real)
        states = home.zeros(run.states.shape, cell.real) if final is None else home.copy(final)
        arrived = cell.room_back(run, steps, ctx.held)
        params = home.zeros((len(cell.wanted), lanes), cell.real)
        owed = [o for o in ctx.owed if o.task == task()]
        ctx.owed.clear()
        for first, last, sent in _sent_back(out, owed, steps, member):
            cell.backward(run, sent, traces, states, arrived, params, first, last)
        return (
            None, None, None, None, home.give(states), *member.shared(params),
            *(home.give(a) for a in arrived),
        )  # fmt: skip


def _sent_back(out: Any, owed: list[Owed], steps: int, member: Member) -> Iterator[Any]:
    """First and last step of parts of a run, the last part first, and gradients of what was sent.

    `out` is what autograd has of them, None for 0.
    """
    home = member.home
    if not owed:
        if out is None and member.cell.shape.sends:
            shape = (1, member.trials * member.width)
            out = torch.zeros(shape, dtype=member.cell.dtype, device=home.device)
        elif out is not None and steps > 1 and out.stride(0) == 0:
            out = out[:1]
        yield 0, steps, None if out is None else home.take(out.contiguous())
        return
    nothing = out.stride() == (0, 0) and not out[0, 0]
    parts = list(blocks(steps, out.shape[1] * out.element_size()))
    for at in reversed(parts):
        rows = at.start * member.trials, at.stop * member.trials
        made = [o.of(*rows).reshape(-1, out.shape[1]) for o in owed]
        whole = sum(made[1:], made[0]) if nothing else sum(made, out[at])
        yield at.start, at.stop, home.take(whole.contiguous())


def _last_use(ctx: Any, cells: list[Cell]) -> list[Run]:
    """The runs for a backward pass to overwrite, or copies while the graph is retained."""
    if ctx.runs is None:
        raise RuntimeError("a second backward pass through the same spikes; run forward again")
    runs: list[Run] = ctx.runs
    # PyTorch has no public name for this; without it, as if the graph were retained.
    retained = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", None)  # type: ignore[attr-defined]
    if retained is None or retained():
        return [cell.again(run) for cell, run in zip(cells, runs)]
    ctx.runs = None
    return runs


@dataclass(frozen=True)
class Inner:
    """A projection within a loop: between members, of one delay, with the weights `weights`."""

    pre: int
    post: int
    receptor: int
    delay: int
    product: Product
    weights: int


@dataclass
class Loop:
    """Populations that feed back on each other, in the order in which a step updates them.

    `past[m]` holds what member m sent in the steps before, (depth, lanes), for delays.
    """

    members: list[Member]
    inner: list[Inner]
    steps: int
    n_weights: int
    past: list[Any]
    receptors: list[int] = field(default_factory=list)


def run_loop(
    loop: Loop, weights: list[Any], initial: list[Any], trained: list[Any], arrivals: list[Any]
) -> list[tuple[Any, Any, Any]]:
    """Run a loop step by step; see `run_cell`. `arrivals` and `trained` are lists by member."""
    flat = [*weights, *initial]
    for m, member in enumerate(loop.members):
        flat += [*trained[m], *arrivals[m]]
        assert len(trained[m]) == len(member.cell.wanted)
    loop.receptors = [len(a) for a in arrivals]
    flat += [p for p in loop.past if p is not None]
    made = _Loop.apply(loop, *flat)
    return [made[3 * m : 3 * m + 3] for m in range(len(loop.members))]


class _Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, loop: Loop, *flat: Any) -> Any:
        ctx.set_materialize_grads(False)
        given, home = _Given(loop, flat), loop.members[0].home
        runs = [m.start(i, t) for m, i, t in zip(loop.members, given.initial, given.trained)]
        arrived = [tuple(home.take(a) for a in mine) for mine in given.arrivals]
        for member, run, mine in zip(loop.members, runs, arrived):
            member.cell.prepare(run, loop.steps, mine[0])
        depth = [0 if p is None else len(p) for p in loop.past]
        sent = [
            torch.cat([p.detach(), home.give(r.out)]) if p is not None else home.give(r.out)
            for p, r in zip(loop.past, runs)
        ]  # fmt: skip
        for run, whole, deep in zip(runs, sent, depth):
            run.out = home.take(whole)[deep:]
        for t in range(loop.steps):
            for m, (member, run) in enumerate(zip(loop.members, runs)):
                for link in loop.inner:
                    at = t - link.delay + depth[link.pre]
                    if link.post == m and at >= 0:
                        shape = (loop.members[link.pre].trials, -1)
                        x = sent[link.pre][at].reshape(shape)
                        made = link.product.arrivals(
                            link.product.seen(x), given.weights[link.weights]
                        )
                        arrived[m][link.receptor][t] += home.bare(made).reshape(-1)
                member.cell.forward(run, arrived[m], t, t + 1)
        ctx.loop, ctx.runs, ctx.given, ctx.depth = loop, runs, given, depth
        ctx.save_for_backward(*sent)
        made = []
        for run, whole, deep in zip(runs, sent, depth):
            made += [whole[deep:], home.give(run.traces), home.give(run.states)]
            run.out, run.traces = None, np.zeros((0, 0, 0))
        return tuple(made)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        loop, given, depth, sent = ctx.loop, ctx.given, ctx.depth, ctx.saved_tensors
        steps, members, home = loop.steps, loop.members, loop.members[0].home
        runs = _last_use(ctx, [m.cell for m in members])
        lanes = [r.states.shape[1] for r in runs]
        outs, traces, states, arrived, params = [], [], [], [], []
        for m, (member, run) in enumerate(zip(members, runs)):
            out, trace, final = grads[3 * m : 3 * m + 3]
            real, cell = member.cell.real, member.cell

            def taken(grad: Any, shape: tuple[int, ...], real: type = real) -> Any:
                return home.zeros(shape, real) if grad is None else home.take(grad.contiguous())

            outs.append(home.copy(taken(out, (steps, lanes[m]))))
            traces.append(taken(trace, (len(cell.traced), steps, lanes[m])))
            states.append(home.copy(taken(final, run.states.shape)))
            arrived.append(cell.room_back(run, steps, [steps] * loop.receptors[m]))
            params.append(home.zeros((len(cell.wanted), lanes[m]), real))
        earlier = [home.zeros((d, n), members[0].cell.real) for d, n in zip(depth, lanes)]
        for t in range(steps - 1, -1, -1):
            for m in range(len(members) - 1, -1, -1):
                members[m].cell.backward(
                    runs[m], outs[m][t : t + 1], traces[m], states[m], arrived[m], params[m],
                    t, t + 1,
                )  # fmt: skip
                for link in loop.inner:
                    at = t - link.delay
                    if link.post == m and at >= -depth[link.pre]:
                        g = home.give(arrived[m][link.receptor][t])
                        back = link.product.back(
                            g.reshape(members[m].trials, -1), given.weights[link.weights]
                        )
                        came = outs[link.pre] if at >= 0 else earlier[link.pre]
                        came[at] += home.bare(back).reshape(-1)
        weighted = _weights(ctx.needs_input_grad, loop, given, sent, depth, arrived)
        flat: list[Any] = [*weighted, *(home.give(s) for s in states)]
        for member, grad, mine in zip(members, params, arrived):
            flat += [*member.shared(grad), *(home.give(a) for a in mine)]
        flat += [home.give(e) for e, p in zip(earlier, loop.past) if p is not None]
        return (None, *flat)


def _weights(
    needed: Any, loop: Loop, given: Any, sent: Any, depth: list[int], arrived: Any
) -> list[Any]:
    """Gradients of the weights within a loop: one product over all steps for each delay."""
    made: list[Any] = [None] * loop.n_weights
    for link in loop.inner:
        if not needed[1 + link.weights]:
            continue
        trials = loop.members[link.pre].trials
        first = max(0, link.delay - depth[link.pre])
        x = sent[link.pre][first + depth[link.pre] - link.delay :][: loop.steps - first]
        g = loop.members[0].home.give(arrived[link.post][link.receptor][first:])
        if not len(x):
            continue
        rows = len(x) * trials
        like = given.weights[link.weights]
        seen = link.product.seen(x.reshape(rows, -1))
        part = link.product.weights(seen, g.reshape(rows, -1), like)
        made[link.weights] = part if made[link.weights] is None else made[link.weights] + part
    return made


class _Given:
    """What a loop is given, sorted."""

    def __init__(self, loop: Loop, flat: tuple[Any, ...]) -> None:
        n, m = loop.n_weights, len(loop.members)
        self.weights = [w.detach() for w in flat[:n]]
        self.initial, rest = flat[n : n + m], list(flat[n + m :])
        self.trained, self.arrivals = [], []
        for member, receptors in zip(loop.members, loop.receptors):
            count = len(member.cell.wanted)
            self.trained.append(tuple(rest[:count]))
            self.arrivals.append(rest[count : count + receptors])
            rest = rest[count + receptors :]

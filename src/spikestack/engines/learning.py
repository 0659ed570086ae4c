"""Plasticity in the reference engine: every event of every synapse, by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program.edge_list import EdgeList, edge_list
from ..program.program import PlasticProgram, Program, TraceProgram
from .interpreting import interpret
from .state import Learned, Spikes, State

__all__ = ["Learning"]


class _Side:
    """Traces of the neurons on one side, in every trial, and what they were in the last steps."""

    def __init__(self, traces: TraceProgram, values: list[Any], now: np.ndarray, past: np.ndarray):
        self.traces, self.values = traces, values
        self.now, self.past = now.copy(), past.copy()
        self.depth = past.shape[2]

    def step(self, step: int, dtype: type) -> None:
        """Let a step pass; what was just before its end is remembered."""
        for trial, row in enumerate(self.now):
            self._run(self.traces.step, row, slice(None), dtype)
            self.past[trial, :, step % self.depth] = row

    def jump(self, trial: int, ids: np.ndarray, dtype: type) -> None:
        """Take in spikes of distinct neurons."""
        self._run(self.traces.jump, self.now[trial], ids, dtype)

    def before(self, trial: int, step: Any, ids: np.ndarray) -> list[np.ndarray]:
        """Each trace of neurons just before the spikes of a step (or of a step for each)."""
        return [row[np.asarray(step) % self.depth, ids] for row in self.past[trial]]

    def _run(self, code: Any, rows: np.ndarray, ids: Any, dtype: type) -> None:
        loads: dict[str, Callable[[Any], Any]] = {
            "const": dtype,
            "param": lambda i: self.values[i],
            "state": lambda i: rows[i][ids],
        }
        computed = interpret(code, loads)
        new = [computed[s] for s in code.stores]
        for row, values in zip(rows, new):
            row[ids] = values


class _Projection:
    """One plastic projection."""

    def __init__(self, program: Program, plastic: PlasticProgram, learned: Learned) -> None:
        self.program, self.plastic = program, plastic
        self.edge = program.edges[plastic.edge]
        self.edges: EdgeList = edge_list(self.edge)
        self.incoming = np.argsort(self.edges.post, kind="stable")
        self.posts = self.edges.post[self.incoming]
        self.weights = learned.weights.copy()
        self.values = [program.dtype(v) for v in plastic.values]
        self.source = _Side(plastic.sources, self.values, learned.source, learned.sources)
        self.target = _Side(plastic.targets, self.values, learned.target, learned.targets)

    def learned(self) -> Learned:
        """A copy of what changes."""
        parts = (self.weights, self.source.now, self.source.past, self.target.now, self.target.past)
        return Learned(*(part.copy() for part in parts))

    def arrivals(self, trial: int, step: int, spikes: Spikes) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the source arrive: targets, and weights as they leave the synapse."""
        edges, found = self.edges, [np.zeros(0, np.int64)]
        pre = self.program.populations[self.edge.pre]
        ids = spikes.ids - pre.offset
        mine = (spikes.trials == trial) & (ids >= 0) & (ids < pre.size)
        for lag in np.unique(step - spikes.steps[mine]):
            which, _ = edges.leaving(ids[mine & (spikes.steps == step - lag)])
            found.append(which[edges.delays[which] == lag])
        which = np.concatenate(found)
        self._event(self.plastic.on_pre, trial, step, which)
        return edges.post[which], self.weights[trial, which]

    def post_spikes(self, trial: int, step: int, spikes: Spikes) -> None:
        """Spikes of the target are back at the synapse."""
        edges, found = self.edges, [np.zeros(0, np.int64)]
        post = self.program.populations[self.edge.post]
        ids = spikes.ids - post.offset
        mine = (spikes.trials == trial) & (ids >= 0) & (ids < post.size)
        for lag in np.unique(step - spikes.steps[mine]):
            for neuron in ids[mine & (spikes.steps == step - lag)]:
                first, last = np.searchsorted(self.posts, [neuron, neuron + 1])
                which = self.incoming[first:last]
                found.append(which[2 * edges.dendritic[which] == lag])
        self._event(self.plastic.on_post, trial, step, np.concatenate(found))

    def _event(self, code: Any, trial: int, step: int, which: np.ndarray) -> None:
        if not len(which):
            return
        edges, weights = self.edges, self.weights[trial]
        pre, post = edges.pre[which], edges.post[which]
        at_source = self.source.before(trial, step - edges.delays[which], pre)
        at_target = self.target.before(trial, step - 2 * edges.dendritic[which], post)
        loads: dict[str, Callable[[Any], Any]] = {
            "const": self.program.dtype,
            "param": lambda i: self.values[i],
            "state": lambda _: weights[which],
            "source": lambda k: at_source[k],
            "target": lambda k: at_target[k],
        }
        weights[which] = interpret(code, loads)[code.stores[0]]


class Learning:
    """All plastic projections of a program."""

    def __init__(self, program: Program, state: State) -> None:
        self.program = program
        self.all = [_Projection(program, p, s) for p, s in zip(program.plastic, state.learned)]

    def arrive(self, step: int, spikes: Spikes, ring: list[np.ndarray], slots: int) -> None:
        """Traces of a step, then the spikes that arrive in it."""
        dtype = self.program.dtype
        for one in self.all:
            one.source.step(step, dtype)
            one.target.step(step, dtype)
            for trial in range(self.program.trials):
                posts, weights = one.arrivals(trial, step, spikes)
                quanta = np.rint(weights / dtype(one.edge.quantum)).astype(np.int64)
                into = ring[one.edge.post][trial, step % slots, one.edge.receptor]
                np.add.at(into, posts, quanta)

    def depart(self, step: int, spikes: Spikes) -> None:
        """The spikes of a step, once they are known."""
        dtype, now = self.program.dtype, spikes.steps == step
        for one in self.all:
            for side, k in ((one.source, one.edge.pre), (one.target, one.edge.post)):
                population = self.program.populations[k]
                ids = spikes.ids - population.offset
                mine = now & (ids >= 0) & (ids < population.size)
                for trial in range(self.program.trials):
                    side.jump(trial, ids[mine & (spikes.trials == trial)], dtype)
            for trial in range(self.program.trials):
                one.post_spikes(trial, step, spikes)

    def state(self) -> tuple[Learned, ...]:
        """A copy of what was learned."""
        return tuple(one.learned() for one in self.all)

"""Plasticity in the reference engine: every event of every synapse, by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..numerics.random import hash32, step_words
from ..program.edge_list import EdgeList
from ..program.learning import PlasticProgram, TraceProgram
from ..program.program import Program
from .interpreting import interpret
from .state import Learned, Spikes, State, edges_of

__all__ = ["LEARNING", "SIGNAL", "Learning"]

Loads = dict[str, Callable[[Any], Any]]
#: Columns of `Learned.control`.
LEARNING, SIGNAL = 0, 1


class _Side:
    """Traces of the neurons on one side, in every trial, and what they were in the last steps."""

    def __init__(self, traces: TraceProgram, values: list[Any], now: np.ndarray, past: np.ndarray):
        self.traces, self.values = traces, values
        self.now, self.past = now.copy(), past.copy()
        self.depth = past.shape[2]

    def step(self, step: int, dtype: type, reads: Callable[[int], Loads] | None = None) -> None:
        """Let a step pass; what was just before its end is remembered."""
        for trial, row in enumerate(self.now):
            self._run(self.traces.step, row, slice(None), dtype, reads(trial) if reads else {})
            self.past[trial, : len(row), step % self.depth] = row

    def jump(self, trial: int, ids: np.ndarray, dtype: type) -> None:
        """Take in spikes of distinct neurons."""
        self._run(self.traces.jump, self.now[trial], ids, dtype, {})

    def before(self, trial: int, step: Any, ids: Any) -> list[np.ndarray]:
        """Each trace of neurons just before the spikes of a step (or of a step for each)."""
        rows = self.past[trial]
        lags = (*self.traces.lags, *[0] * (len(rows) - len(self.traces.lags)))
        return [row[(np.asarray(step) - lag) % self.depth, ids] for row, lag in zip(rows, lags)]

    def _run(self, code: Any, rows: np.ndarray, ids: Any, dtype: type, more: Loads) -> None:
        loads: Loads = {
            "const": dtype,
            "param": lambda i: self.values[i],
            "state": lambda i: rows[i][ids],
            **more,
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
        self.edges: EdgeList = edges_of(program, plastic, learned.edges)
        self.given = learned.edges
        self.incoming = np.argsort(self.edges.post, kind="stable")
        self.posts = self.edges.post[self.incoming]
        self.everyone = np.arange(len(self.edges.pre))
        self.states = learned.states.copy()
        self.control = learned.control.copy()
        self.values = [program.dtype(v) for v in plastic.values]
        self.source = _Side(plastic.sources, self.values, learned.source, learned.sources)
        self.target = _Side(plastic.targets, self.values, learned.target, learned.targets)
        given = learned.modulator, learned.modulators
        self.modulator = _Side(plastic.modulators, self.values, *given)

    def learned(self) -> Learned:
        """A copy of what changes."""
        sides = (self.source, self.target, self.modulator)
        traces = (array.copy() for side in sides for array in (side.now, side.past))
        return Learned.of([self.states.copy(), *traces, self.control.copy()], self.given)

    def step(self, step: int, populations: Any, spikes: Spikes) -> None:
        """Let a step pass for all traces; spikes of the modulator that are due; rounds."""
        dtype, plastic = self.program.dtype, self.plastic
        changed = np.flatnonzero(plastic.signal_steps == step - 1)
        if len(changed):
            self.control[:, SIGNAL] = plastic.signal_values[changed[-1]]
        self.source.step(step, dtype)
        values = populations[self.edge.post]
        self.target.step(
            step, dtype, lambda t: {"neuron": lambda k: values[t, plastic.reads[k]].copy()}
        )
        signals = self.control[:, SIGNAL].astype(dtype)
        self.modulator.step(step, dtype, lambda t: {"signal": lambda _: signals[t]})
        self.modulator.past[:, -1, step % self.modulator.depth, 0] = signals
        for trial in range(self.program.trials):
            if plastic.modulator >= 0:
                fired = self._spikes(plastic.modulator, trial, spikes)
                for _ in range(int((fired.steps == step - plastic.delay).sum())):
                    self.modulator.jump(trial, np.zeros(1, int), dtype)
            self._rounds(trial, step)

    def arrivals(self, trial: int, step: int, spikes: Spikes) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the source arrive: targets, and weights as they leave the synapse."""
        edges, found = self.edges, [np.zeros(0, np.int64)]
        mine = self._spikes(self.edge.pre, trial, spikes)
        for lag in np.unique(step - mine.steps):
            which, _ = edges.leaving(mine.ids[mine.steps == step - lag])
            found.append(which[edges.delays[which] == lag])
        which = np.concatenate(found)
        return edges.post[which], self._event(self.plastic.on_pre, trial, step, which)

    def post_spikes(self, trial: int, step: int, spikes: Spikes) -> None:
        """Spikes of the target are back at the synapse."""
        edges, found = self.edges, [np.zeros(0, np.int64)]
        mine = self._spikes(self.edge.post, trial, spikes)
        for lag in np.unique(step - mine.steps):
            for neuron in mine.ids[mine.steps == step - lag]:
                first, last = np.searchsorted(self.posts, [neuron, neuron + 1])
                which = self.incoming[first:last]
                found.append(which[2 * edges.dendritic[which] == lag])
        self._event(self.plastic.on_post, trial, step, np.concatenate(found))

    def _spikes(self, population: int, trial: int, spikes: Spikes) -> Spikes:
        """Those of one population in one trial, by its own indices."""
        p = self.program.populations[population]
        ids = spikes.ids - p.offset
        mine = (spikes.trials == trial) & (ids >= 0) & (ids < p.size)
        return Spikes(spikes.steps[mine], spikes.trials[mine], ids[mine], spikes.values[mine])

    def _rounds(self, trial: int, step: int) -> None:
        edges, back = self.edges, self.edges.dendritic
        for one in self.plastic.rounds:
            if step % one.steps:
                continue
            which = self.everyone
            if one.condition is not None:
                seen = self.target.before(trial, step - 2 * back, edges.post)
                loads: Loads = {
                    "const": self.program.dtype,
                    "param": lambda i: self.values[i],
                    "target": lambda k, seen=seen: seen[k],  # type: ignore[misc]
                }
                holds = interpret(one.condition, loads)[one.condition.stores[0]]
                which = np.flatnonzero(np.broadcast_to(holds, len(which)))
            more: Loads = {}
            if one.sums:
                more = self._sums(trial)
            self._event(one.code, trial, step, which, more)

    def _sums(self, trial: int) -> Loads:
        """Sums over the synapses of a target, in quanta, so that their order does not matter."""
        dtype, size = self.program.dtype, self.program.populations[self.edge.post].size
        per_quantum = dtype(1.0 / self.edge.quantum)
        total, posts = np.zeros(size, np.int64), self.edges.post
        np.add.at(total, posts, np.rint(self.states[trial, 0] * per_quantum).astype(np.int64))
        degree = np.bincount(posts, minlength=size)
        sums = total.astype(dtype) * dtype(self.edge.quantum)
        return {
            "sum": lambda _: sums[posts],
            "in_degree": lambda _: degree[posts].astype(dtype),
        }

    def _event(
        self, code: Any, trial: int, step: int, which: np.ndarray, more: Loads | None = None
    ) -> np.ndarray:
        """Run an event at some synapses; return what they deliver."""
        edges, states = self.edges, self.states[trial]
        pre, post, back = edges.pre[which], edges.post[which], edges.dendritic[which]
        at_source = self.source.before(trial, step - edges.delays[which], pre)
        at_target = self.target.before(trial, step - 2 * back, post)
        at_modulator = self.modulator.before(trial, step - back, 0)
        learning = self.program.dtype(self.control[trial, LEARNING])
        loads: Loads = {
            "const": self.program.dtype,
            "param": lambda i: learning if i == self.plastic.learning else self.values[i],
            "state": lambda k: states[k, which],
            "source": lambda k: at_source[k],
            "target": lambda k: at_target[k],
            "modulator": lambda k: at_modulator[k],
            "uniform": lambda k: self._uniform(self.plastic.keys[trial, k], which, step),
        }
        for name, load in (more or {}).items():
            loads[name] = partial(_at, load, which)
        computed = interpret(code, loads)
        for row, store in zip(states, code.stores):
            row[which] = computed[store]
        sent = computed[code.emit] if code.emit is not None else states[0, which]
        return np.broadcast_to(sent, which.shape)

    def _uniform(self, key: Any, which: np.ndarray, step: int) -> np.ndarray:
        """Numbers in (0, 1), one for each synapse and step."""
        dtype = self.program.dtype
        drawn = hash32(which.astype(np.uint32), *step_words(key, step)).astype(dtype)
        below_one = dtype(1.0 - 2.0**-24)
        return np.minimum((drawn + dtype(0.5)) * dtype(2.0**-32), below_one)


def _at(load: Callable[[Any], Any], which: np.ndarray, data: Any) -> Any:
    return load(data)[which]


class Learning:
    """All plastic projections of a program."""

    def __init__(self, program: Program, state: State) -> None:
        self.program = program
        self.all = [_Projection(program, p, s) for p, s in zip(program.plastic, state.learned)]

    def arrive(
        self, step: int, spikes: Spikes, ring: list[np.ndarray], slots: int, values: Any
    ) -> None:
        """Traces of a step, then the spikes that arrive in it; `values` are the neurons' states."""
        dtype = self.program.dtype
        for one in self.all:
            one.step(step, values, spikes)
            for trial in range(self.program.trials):
                posts, weights = one.arrivals(trial, step, spikes)
                with np.errstate(invalid="ignore"):
                    quanta = np.rint(weights * dtype(1.0 / one.edge.quantum)).astype(np.int64)
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

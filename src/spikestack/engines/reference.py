"""The reference engine: plain NumPy, one pass per step. Slow, and the definition of what is right.

It interprets the three-address form, keeps a ring of future input for every receptor, and lists
every edge, so that it shares neither printer nor delivery scheme with the compiled engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..numerics.random import hash32, step_words
from ..program.edge_list import edge_list
from ..program.live import Live, currents_of, events_of, poisson_of
from ..program.populations import INJECTED
from ..program.program import PoissonProgram, PopulationProgram, Program
from .base import DEFAULT, AbstractEngine, Chunk, Options, check_finite
from .interpreting import interpret
from .learning import LEARNING, SIGNAL, Learning
from .state import Learned, Spikes, State

__all__ = ["ReferenceEngine"]


class ReferenceEngine(AbstractEngine):
    """Runs one trial after the other within each step, all neurons of a population at once."""

    name = "reference"

    def __init__(
        self, program: Program, state: State, threads: int = 1, options: Options = DEFAULT
    ) -> None:
        self.program = program
        self.step = state.step
        self.values = tuple(v.copy() for v in state.values)
        self.counters = tuple(c.copy() for c in state.counters)
        self.edges = [edge_list(e) for e in program.edges]
        longest = max((int(e.delays.max(initial=0)) for e in self.edges), default=0)
        self.longest = longest
        self.slots = longest + 1
        self.ring = [
            np.zeros((program.trials, self.slots, len(p.receptors), p.size), dtype=np.int64)
            for p in program.populations
        ]
        self.params = [
            [np.asarray(v).astype(program.dtype)[()] for v in p.values] for p in program.populations
        ]
        self.flight = self.recent = state.in_flight
        self.learning = Learning(program, state)
        if self.learning.all:
            self.longest = max(longest, *(one.plastic.lag for one in self.learning.all))
        self.feed(state.live)
        for spikes in self._by_step(state.in_flight):
            self._schedule(*spikes, now=state.step)

    def advance(self, steps: int) -> Chunk:
        """Run `steps` steps; see `AbstractEngine.advance`."""
        spikes: list[Spikes] = []
        samples: list[list[tuple[int, np.ndarray]]] = [[] for _ in self.program.probes]
        for _ in range(steps):
            self.step += 1
            self._couple()
            self.learning.arrive(self.step, self.recent, self.ring, self.slots, self.values)
            new: list[Spikes] = []
            for level in range(self.program.levels):
                for k, population in enumerate(self.program.populations):
                    if population.level == level:
                        new += self._update(k, population)
            if self.learning.all:
                self.recent = Spikes.join([self.recent, *new]).since(self.step - self.longest - 1)
                self.learning.depart(self.step, self.recent)
            spikes += new
            for ring in self.ring:
                ring[:, self.step % self.slots] = 0
            for probe, kept in zip(self.program.probes, samples):
                if self.step % probe.every == 0:
                    row = self.values[probe.population][:, probe.state][:, probe.ids]
                    kept.append((self.step, row.copy()))
        check_finite(self.program, self.values, self.step)
        made = Spikes.join(spikes)
        self.flight = Spikes.join([self.flight, made]).since(self.step - self.longest)
        return Chunk(made, tuple(self._trace(k, rows) for k, rows in enumerate(samples)))

    def feed(self, live: Live) -> None:
        """Take what comes from outside; see `AbstractEngine.feed`."""
        trials = range(self.program.trials)
        self.live = live
        self.fed = [events_of(self.program, live, trial) for trial in trials]
        self.currents = [currents_of(self.program, live, trial) for trial in trials]
        self.poisson = [poisson_of(self.program, live, trial) for trial in trials]

    def state(self) -> State:
        """A copy of the present state."""
        values = tuple(v.copy() for v in self.values)
        counters = tuple(c.copy() for c in self.counters)
        learned = self.learning.state()
        return State(self.step, values, counters, self.flight, self.live.after(self.step), learned)

    def learned(self, i: int) -> Learned:
        """See `AbstractEngine.learned`."""
        return self.learning.all[i].learned()

    def relearn(self, i: int, learned: Learned) -> None:
        """See `AbstractEngine.relearn`."""
        self.learning.relearn(i, learned)

    def set_weights(self, i: int, trial: int, weights: np.ndarray) -> None:
        """See `AbstractEngine.set_weights`."""
        self.learning.all[i].states[trial, 0] = weights

    def set_learning(self, i: int, learning: bool) -> None:
        """See `AbstractEngine.set_learning`."""
        self.learning.all[i].control[:, LEARNING] = learning

    def set_signal(self, i: int, trial: int, value: float) -> None:
        """See `AbstractEngine.set_signal`."""
        self.learning.all[i].control[trial, SIGNAL] = value

    def describe(self) -> dict[str, object]:
        """Its lists of edges, by projection, and what they take."""
        names = [p.name for p in self.program.populations]
        lists = [
            (e.pre.nbytes + e.post.nbytes + e.weights.nbytes + e.delays.nbytes) for e in self.edges
        ]
        channels = [
            {
                "source": names[edge.pre],
                "scheme": f"list of {edge.name}",
                "synapses": len(edges.pre),
                "bytes": size,
            }
            for edge, edges, size in zip(self.program.edges, self.edges, lists)
        ]
        return {
            "delivery": "edge by edge, into a ring of future input for every receptor",
            "channels": channels,
            "synapses": sum(len(edges.pre) for edges in self.edges),
            "bytes_synapses": sum(lists),
            "bytes_states": sum(a.nbytes for a in (*self.values, *self.counters)),
            "bytes_accumulators": sum(ring.nbytes for ring in self.ring),
        }

    def _update(self, k: int, population: PopulationProgram) -> list[Spikes]:
        """Steps 1 to 6 of the contract for one population, in every trial."""
        self._add_inputs(k)
        made = []
        for trial in range(self.program.trials):
            ids, values = self._update_trial(k, population, trial)
            if len(ids):
                count = len(ids)
                made.append(
                    Spikes(
                        np.full(count, self.step),
                        np.full(count, trial, dtype=np.int32),
                        ids + population.offset,
                        values,
                    )
                )
                self._schedule(self.step, trial, ids + population.offset, values, now=self.step - 1)
        return made

    def _update_trial(
        self, k: int, population: PopulationProgram, trial: int
    ) -> tuple[np.ndarray, np.ndarray]:
        dtype, code = self.program.dtype, population.code
        state, counter = self.values[k][trial], self.counters[k][trial]
        arrived = self.ring[k][trial, self.step % self.slots]
        everyone = np.arange(population.size, dtype=np.uint32)
        loads: dict[str, Callable[[Any], Any]] = {
            "const": dtype,
            "state": lambda i: state[i],
            "param": lambda i: self.params[k][i],
            "arrivals": lambda r: (
                arrived[r].astype(self.program.accumulator).astype(dtype)
                * dtype(population.receptors[r].quantum)
            ),
            "refractory": lambda _: counter > 0,
            "time": lambda end: dtype((self.step - 1 + end) * self.program.dt),
            "uniform": lambda k: self._uniform(population.streams[trial, k], everyone),
            "common": lambda k: self._uniform(population.streams[trial, k], everyone[:1])[0],
        }
        computed = interpret(code, loads)
        new = [np.array(np.broadcast_to(computed[s], state.shape[1:])) for s in code.stores]
        spiked = np.zeros(population.size, dtype=bool)
        if code.spike is not None:
            spiked[:] = computed[code.spike]
        if population.n_ref is not None:
            left = np.maximum(counter - 1, 0)
            counter[:] = np.where(spiked, population.n_ref, left)
        for row, values in zip(state, new):
            row[:] = values
        ids = np.flatnonzero(spiked)
        carried = np.ones(population.size) if code.emit is None else np.asarray(computed[code.emit])
        return ids, np.broadcast_to(carried, spiked.shape)[ids].astype(np.float64)

    def _couple(self) -> None:
        """Currents through gap junctions, from the potentials before the step."""
        dtype, populations = self.program.dtype, self.program.populations
        for trial in range(self.program.trials):
            published = np.zeros(self.program.size, dtype)
            for gap in self.program.gaps:
                p = populations[gap.population]
                published[p.offset : p.offset + p.size] = self.values[gap.population][
                    trial, gap.potential
                ]
            for gap in self.program.gaps:
                p = populations[gap.population]
                own = np.repeat(np.arange(p.size), np.diff(gap.starts))
                apart = published[gap.sources] - published[own + p.offset]
                total = np.zeros(p.size, dtype)
                np.add.at(total, own, gap.weights.astype(dtype) * apart)
                self.values[gap.population][trial, gap.current] = total

    def _uniform(self, key: np.uint64, index: np.ndarray) -> np.ndarray:
        """Numbers in (0, 1) of one stream in this step, of the program's type."""
        dtype = self.program.dtype
        drawn = hash32(index, *step_words(key, self.step)).astype(dtype)
        below_one = dtype(1.0 - 2.0**-24)
        return np.minimum((drawn + dtype(0.5)) * dtype(2.0**-32), below_one)

    def _schedule(
        self, step: int, trial: int, ids: np.ndarray, values: np.ndarray, now: int
    ) -> None:
        """Put the arrivals of spikes emitted at `step` into the ring, those after `now` only."""
        for edge, edges in zip(self.program.edges, self.edges):
            if edge.plastic:
                continue
            pre = self.program.populations[edge.pre]
            mine = (ids >= pre.offset) & (ids < pre.offset + pre.size)
            if not mine.any():
                continue
            which, place = edges.leaving(ids[mine] - pre.offset)
            weights = edges.weights[which]
            if pre.emit_type != "none":
                weights = np.rint(weights * values[mine][place]).astype(np.int64)
            arrival = step + edges.delays[which]
            due = arrival > now
            slots = arrival[due] % self.slots
            target = self.ring[edge.post][trial, :, edge.receptor]
            np.add.at(target, (slots, edges.post[which][due]), weights[due])

    def _add_inputs(self, k: int) -> None:
        """Events, Poisson counts and changes of current that concern population `k` now."""
        slot = self.step % self.slots
        events = self.program.events
        rows = slice(*np.searchsorted(events.steps, [self.step, self.step + 1]))
        for trial in range(self.program.trials):
            use = (events.populations[rows] == k) & np.isin(events.trials[rows], (-1, trial))
            place = (events.receptors[rows][use], events.ids[rows][use])
            np.add.at(self.ring[k][trial, slot], place, events.weights[rows][use])
            steps, populations, receptors, ids, quanta = self.fed[trial]
            now = (steps == self.step) & (populations == k)
            np.add.at(self.ring[k][trial, slot], (receptors[now], ids[now]), quanta[now])
            for drive in self.poisson[trial]:
                if drive.population == k and drive.start < self.step <= drive.stop:
                    counts = poisson_counts(drive, trial, self.step)
                    self.ring[k][trial, slot, drive.receptor, drive.ids] += counts * drive.weights
            currents = self.currents[trial]
            now = slice(*np.searchsorted(currents.steps, [self.step - 1, self.step]))
            use = currents.populations[now] == k
            if use.any():
                row = self.program.populations[k].states.index(INJECTED)
                self.values[k][trial, row, currents.ids[now][use]] = currents.values[now][use]

    def _by_step(self, spikes: Spikes) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
        found = []
        for step, trial in sorted(set(zip(spikes.steps.tolist(), spikes.trials.tolist()))):
            use = (spikes.steps == step) & (spikes.trials == trial)
            found.append((step, trial, spikes.ids[use], spikes.values[use]))
        return found

    def _trace(self, k: int, rows: list[tuple[int, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        steps = np.array([step for step, _ in rows], dtype=np.int64)
        if rows:
            return steps, np.stack([row for _, row in rows], axis=1)
        shape = (self.program.trials, 0, len(self.program.probes[k].ids))
        return steps, np.zeros(shape, dtype=self.program.dtype)


def poisson_counts(drive: PoissonProgram, trial: int, step: int) -> np.ndarray:
    """Events of each neuron of a Poisson drive in one step (int64)."""
    index = np.arange(len(drive.ids), dtype=np.uint32)
    counts = np.zeros(len(drive.ids), dtype=np.int64)
    for key in drive.keys[trial]:
        hashed = np.asarray(hash32(index, *step_words(key, step)))
        signed = (hashed ^ np.uint32(0x80000000)).view(np.int32)
        for t, table in enumerate(drive.tables):
            use = drive.table_of == t
            counts[use] += (signed[use][:, None] >= table[None, :]).sum(axis=1)
    return counts

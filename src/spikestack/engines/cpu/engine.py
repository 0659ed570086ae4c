"""The compiled engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import EngineError
from ...program.program import Program
from ..base import AbstractEngine, Chunk, check_finite
from ..state import Spikes, State
from .cache import kernel_module
from .driver import ABORT, ABORTED, STOP, Inputs, Log, Team, run
from .inputs import inputs_of, probes_of
from .layout import Partition, build_tables, partitions
from .printer import CHUNK, TABLE_STATES, kernel_plan, kernel_source

__all__ = ["CpuEngine"]

#: Steps in one call of the step loop, at most: what the logs' index is sized for.
MOST_STEPS = 2048
_LEAST_LOG = 4096


@dataclass
class _Worker:
    """What one thread needs to run one partition of one trial at a time."""

    part: Partition
    acc: np.ndarray
    keep: list[Any]
    inputs: Inputs


class CpuEngine(AbstractEngine):
    """Numba kernels, one persistent thread for each partition.

    With at least as many trials as threads, whole trials go to different threads and nobody waits
    for anybody; otherwise the threads share every population. The spikes are the same.
    """

    name = "cpu"

    def __init__(self, program: Program, state: State, threads: int = 1) -> None:
        self.program, self.threads = program, max(1, threads)
        started = time.perf_counter()
        self.by_trial = program.trials >= self.threads > 1
        self.team_size = 1 if self.by_trial else self.threads
        order = sorted(range(len(program.populations)), key=lambda k: program.populations[k].level)
        self.order = np.array(order, dtype=np.int64)
        self.kernels = self._kernels()
        self.compile_time = time.perf_counter() - started
        self.parts = partitions(program, self.team_size)
        self.tables = build_tables(program, self.parts, self.order, self.threads)
        self.build_time = time.perf_counter() - started - self.compile_time
        self.history = 1 + max((int(t.delays.max(initial=0)) for t in self.tables), default=0)
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="spikestack")
        self._take(state)
        started = time.perf_counter()
        self._warm_up()
        self.compile_time += time.perf_counter() - started

    def advance(self, steps: int) -> Chunk:
        """Run `steps` steps; see `AbstractEngine.advance`."""
        spikes: list[Spikes] = []
        traces: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in self.program.probes]
        while steps > 0:
            n = min(steps, MOST_STEPS)
            made, samples = self._run(n)
            spikes += made
            for kept, sample in zip(traces, samples):
                kept.append(sample)
            steps -= n
        check_finite(self.program, self.values, self.step)
        joined = tuple(
            (np.concatenate([s for s, _ in kept]), np.concatenate([v for _, v in kept], axis=1))
            for kept in traces
        )
        return Chunk(Spikes.join(spikes), joined)

    def state(self) -> State:
        """A copy of the present state."""
        flight = Spikes.join([self._in_flight(trial) for trial in range(self.program.trials)])
        values = tuple(v.copy() for v in self.values)
        return State(self.step, values, tuple(c.copy() for c in self.counters), flight)

    def describe(self) -> dict[str, object]:
        """Layout and sizes, for reports."""
        synapses = sum(len(t.synapses) for t in self.tables)
        return {
            "delivery": "buckets by source and delay, partitioned by target",
            "threads": self.threads,
            "parallel over": "trials" if self.by_trial else "neurons",
            "synapses": synapses,
            "bytes_synapses": sum(t.synapses.nbytes for t in self.tables),
            "bytes_rows": sum(t.rows.nbytes for t in self.tables),
            "bytes_states": sum(v.nbytes for v in self.values),
            "compile_time_s": self.compile_time,
            "build_time_s": self.build_time,
        }

    def _kernels(self) -> np.ndarray:
        """Addresses of the populations' kernels, compiled or taken from the cache."""
        self._modules = []
        for population in self.program.populations:
            plan = kernel_plan(population, self.program)
            self._modules.append(kernel_module(kernel_source(population, plan)))
        return np.array([module.step.address for module in self._modules], dtype=np.int64)

    def _warm_up(self) -> None:
        """Run no step at all, so that compiling the step loop counts as building."""
        shared, worker = np.zeros(64, dtype=np.int64), self.workers[0][0]
        out, offsets = self._sample_space(self.step, 0)[1:]
        probes = probes_of(self.program, worker.part, 0, self.values, self.step, out[0], offsets)
        team, log = self._team(0, 0, shared), self.logs[0]
        run(
            team, self.tables[0], log, worker.inputs, probes, worker.acc, self.step, 0, self.history
        )

    def _take(self, state: State) -> None:
        """Adopt a state: own copies of its arrays, its spikes in flight put into the logs."""
        program = self.program
        self.step = state.step
        self.values = tuple(np.ascontiguousarray(v).copy() for v in state.values)
        self.counters = tuple(np.ascontiguousarray(c).copy() for c in state.counters)
        self.shared = np.zeros(64, dtype=np.int64)
        self.workers = [
            [self._worker(part, trial) for part in self.parts] for trial in range(program.trials)
        ]
        self.logs = [self._new_log(trial, state.in_flight) for trial in range(program.trials)]

    def _worker(self, part: Partition, trial: int) -> _Worker:
        acc = np.zeros(part.size + 1, dtype=self.program.accumulator)
        tables = [self._kernel_table(k, trial) for k in range(len(self.values))]
        return _Worker(part, acc, tables, inputs_of(self.program, part, trial, self.values))

    def _kernel_table(self, k: int, trial: int) -> list[np.ndarray]:
        """The addresses that population k's kernel reads (see `kernel_source`), and the arrays."""
        population, dtype = self.program.populations[k], self.program.dtype
        plan = kernel_plan(population, self.program)
        scalars = [population.values[i] for i in plan.scalars]
        scalars += [r.quantum for r in population.receptors]
        owned = [
            np.array([*scalars, 0.0], dtype=dtype),
            np.zeros(CHUNK, np.uint8),
            np.zeros(CHUNK, dtype),
        ]
        rows = [np.ascontiguousarray(population.values[i], dtype=dtype) for i in plan.rows]
        table = np.zeros(TABLE_STATES + plan.n_states + len(rows), dtype=np.int64)
        table[:3] = [array.ctypes.data for array in owned]
        table[3] = self.counters[k][trial].ctypes.data
        if plan.n_ref_row:
            owned.append(np.ascontiguousarray(population.n_ref, dtype=np.int32))
            table[4] = owned[-1].ctypes.data
        elif plan.counter:
            table[4] = population.n_ref
        for i in range(plan.n_states):
            table[TABLE_STATES + i] = self.values[k][trial, i].ctypes.data
        for i, row in enumerate(rows):
            table[TABLE_STATES + plan.n_states + i] = row.ctypes.data
        return [table, *owned, *rows]

    def _new_log(self, trial: int, flight: Spikes) -> Log:
        """Empty logs, except for spikes in flight, put where their own thread would log them."""
        program, n = self.program, len(self.program.populations)
        largest = max(int((p.high - p.low).sum()) for p in self.parts)
        recent = flight.since(self.step - self.history)
        capacity = max(_LEAST_LOG, 4 * largest) + len(recent)
        starts = np.zeros((self.team_size, self.history + MOST_STEPS, n + 1), dtype=np.int64)
        log = Log(
            np.zeros((self.team_size, capacity), np.int32),
            np.zeros((self.team_size, capacity), program.dtype),
            starts,
            capacity,
        )
        mine = recent.trials == trial
        steps, ids, values = recent.steps[mine], recent.ids[mine], recent.values[mine]
        offsets = np.array([p.offset for p in program.populations])
        which = np.searchsorted(offsets, ids, side="right") - 1
        for q, part in enumerate(self.parts):
            at = 0
            for slot in range(self.history):
                for j, k in enumerate(self.order):
                    local = ids - offsets[k]
                    use = (steps == self.step - self.history + 1 + slot) & (which == k)
                    use &= (local >= part.low[k]) & (local < part.high[k])
                    count = int(use.sum())
                    starts[q, slot, j] = at
                    log.ids[q, at : at + count] = local[use]
                    log.values[q, at : at + count] = values[use]
                    at += count
                starts[q, slot, n] = at
        return log

    def _run(self, steps: int) -> tuple[list[Spikes], list[tuple[np.ndarray, np.ndarray]]]:
        """Run all trials for `steps` <= MOST_STEPS steps."""
        first = self.step
        samples, outs, offsets = self._sample_space(first, steps)
        spikes: list[Spikes] = []
        if self.by_trial:
            futures = [
                self.pool.submit(self._run_trial, t, steps, outs[t], offsets)
                for t in range(self.program.trials)
            ]
            for future in futures:
                spikes += future.result()
        else:
            for trial in range(self.program.trials):
                spikes += self._run_trial(trial, steps, outs[trial], offsets)
        self.step = first + steps
        return spikes, samples

    def _sample_space(self, first: int, steps: int) -> Any:
        """Arrays for the samples of all probes: by trial one flat piece, and views into it."""
        marks = [
            np.arange(first // p.every + 1, (first + steps) // p.every + 1) * p.every
            for p in self.program.probes
        ]
        sizes = [len(m) * len(p.ids) for m, p in zip(marks, self.program.probes)]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        outs = np.zeros((self.program.trials, int(offsets[-1])), dtype=self.program.dtype)
        samples = [
            (m, outs[:, a:b].reshape(self.program.trials, len(m), len(p.ids)))
            for m, p, a, b in zip(marks, self.program.probes, offsets, offsets[1:])
        ]
        return samples, outs, [int(o) for o in offsets[:-1]]

    def _run_trial(
        self, trial: int, steps: int, out: np.ndarray, offsets: list[int]
    ) -> list[Spikes]:
        """Run one trial, emptying the logs whenever they fill up."""
        spikes, done = [], self.step
        shared = np.zeros(64, dtype=np.int64)
        arguments = [
            (
                self._team(q, trial, shared),
                self.tables[q],
                worker.inputs,
                probes_of(self.program, worker.part, trial, self.values, done, out, offsets),
                worker.acc,
            )
            for q, worker in enumerate(self.workers[trial])
        ]
        last = done + steps
        while done < last:
            shared[STOP] = 0
            ran = self._call(trial, arguments, done, last - done, shared)
            spikes.append(self._collect(trial, done, ran))
            self._compact(trial, ran)
            done += ran
        return spikes

    def _call(
        self, trial: int, arguments: list[Any], done: int, steps: int, shared: np.ndarray
    ) -> int:
        """Run the step loop on every thread of the team; a failure in one ends all."""
        log = self.logs[trial]

        def work(q: int) -> int:
            team, table, inputs, probes, acc = arguments[q]
            try:
                self._before_run(q)
                return run(team, table, log, inputs, probes, acc, done, steps, self.history)
            except BaseException:
                shared[ABORT] = 1
                raise

        if self.team_size == 1:
            return work(0)
        futures = [self.pool.submit(work, q) for q in range(1, self.team_size)]
        results = [_outcome(lambda: work(0)), *(_outcome(f.result) for f in futures)]
        errors = [r for r in results if isinstance(r, BaseException)]
        if errors:
            raise EngineError(
                f"a thread failed ({errors[0]!r}); the run stopped at step {done}; restore the "
                "last saved state and run again"
            ) from errors[0]
        if ABORTED in results:
            raise EngineError(f"the run was aborted at step {done}")
        return int(results[0])

    def _before_run(self, thread: int) -> None:
        """Called by each thread before it enters the step loop; tests inject faults here."""

    def _team(self, me: int, trial: int, shared: np.ndarray) -> Team:
        part, order = self.parts[me], self.order
        worker = self.workers[trial][me]
        addresses = np.array([worker.keep[k][0].ctypes.data for k in order], dtype=np.int64)
        levels = np.array([self.program.populations[k].level for k in order], dtype=np.int64)
        return Team(
            me,
            self.team_size,
            shared,
            self.program.levels,
            self.kernels[order],
            addresses,
            part.low[order],
            part.high[order],
            levels,
            part.acc_base[order],
        )

    def _collect(self, trial: int, done: int, ran: int) -> Spikes:
        """The spikes of the last `ran` steps as arrays."""
        log, n, found = self.logs[trial], len(self.order), []
        offsets = np.array([self.program.populations[k].offset for k in self.order])
        for q in range(self.team_size):
            counts = np.diff(log.starts[q, self.history : self.history + ran], axis=1)
            a, b = log.starts[q, self.history, 0], log.starts[q, self.history + ran - 1, n]
            steps = np.repeat(np.arange(done + 1, done + ran + 1), counts.sum(axis=1))
            shift = np.repeat(np.tile(offsets, ran), counts.ravel())
            emits = np.repeat(np.tile(self._emits(), ran), counts.ravel())
            values = np.where(emits, log.values[q, a:b].astype(np.float64), 1.0)
            trials = np.full(b - a, trial, dtype=np.int32)
            found.append(Spikes(steps, trials, log.ids[q, a:b] + shift, values))
        return Spikes.join(found)

    def _emits(self) -> np.ndarray:
        return np.array([self.program.populations[k].emit_type != "none" for k in self.order])

    def _compact(self, trial: int, ran: int) -> None:
        """Keep the last steps of each log, moved to its front; make it larger if they fill it."""
        log, n = self.logs[trial], len(self.order)
        kept = log.starts[:, ran : ran + self.history].copy()
        first, last = kept[:, 0, 0], kept[:, -1, n]
        most = int((last - first).max(initial=0))
        largest = max(int((p.high - p.low).sum()) for p in self.parts)
        capacity = log.capacity
        while capacity < 2 * most + 2 * largest:
            capacity *= 2
        ids, values = log.ids, log.values
        if capacity != log.capacity:
            ids = np.zeros((self.team_size, capacity), dtype=np.int32)
            values = np.zeros((self.team_size, capacity), dtype=values.dtype)
        for q, (a, b) in enumerate(zip(first, last)):
            ids[q, : b - a] = log.ids[q, a:b].copy()
            values[q, : b - a] = log.values[q, a:b].copy()
            log.starts[q, : self.history] = kept[q] - a
        self.logs[trial] = Log(ids, values, log.starts, capacity)

    def _in_flight(self, trial: int) -> Spikes:
        """The spikes of the last steps, which have not reached all their targets."""
        log, n = self.logs[trial], len(self.order)
        offsets = np.array([self.program.populations[k].offset for k in self.order])
        found = []
        for q in range(self.team_size):
            # Slot 0 is the step that no synapse looks back to any more.
            counts = np.diff(log.starts[q, 1 : self.history], axis=1)
            a, b = log.starts[q, 0, n], log.starts[q, self.history - 1, n]
            begin = self.step - self.history + 2
            steps = np.repeat(np.arange(begin, self.step + 1), counts.sum(axis=1))
            shift = np.repeat(np.tile(offsets, self.history - 1), counts.ravel())
            emits = np.repeat(np.tile(self._emits(), self.history - 1), counts.ravel())
            values = np.where(emits, log.values[q, a:b].astype(np.float64), 1.0)
            found.append(
                Spikes(
                    steps, np.full(b - a, trial, dtype=np.int32), log.ids[q, a:b] + shift, values
                )
            )
        return Spikes.join(found)


def _outcome(call: Callable[[], Any] | Future) -> Any:
    """What a call returns, or the exception that it raises."""
    try:
        return call()  # type: ignore[operator]
    except BaseException as error:
        return error

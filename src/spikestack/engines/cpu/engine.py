"""The compiled engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ...errors import EngineError
from ...numerics.compiling import is_cached
from ...program.live import Live
from ...program.program import Program
from ..base import DEFAULT, AbstractEngine, Chunk, Options, check_finite
from ..state import Learned, Spikes, State
from .aligned import aligned
from .build import build_tables
from .cache import kernel_module
from .delivery import replay
from .describe import built_layout, planned_layout
from .driver import ABORT, ABORTED, PHASES, RECORD, STOP, Team, run
from .gaps import gaps_of
from .inputs import inputs_of, probes_of, refreshed
from .kernel_table import kernel_table, own
from .learned import PlasticTables, Weights, learned_of
from .logs import MOST_STEPS, TrialLog
from .plan import make_plan
from .printer import kernel_plan, kernel_source
from .procedural import own_scratch, rules_of
from .queueing import CHUNK as QUEUE_CHUNK
from .queueing import chunks_needed, grown, new_queue, requeue
from .resting import BLOCK as REST_BLOCK
from .worker import Worker

__all__ = ["CpuEngine"]


class CpuEngine(AbstractEngine):
    """Numba kernels, one persistent thread for each partition.

    With at least as many trials as threads, whole trials go to different threads and nobody waits
    for anybody; otherwise the threads share every population. The spikes are the same.
    """

    name = "cpu"

    def __init__(
        self, program: Program, state: State, threads: int = 1, options: Options = DEFAULT
    ) -> None:
        self.program, self.threads, self.options = program, max(1, threads), options
        self.profile = np.zeros((max(self.threads, program.trials), 0), dtype=np.int64)
        # A cache line or two each.
        self.crowded = np.zeros((self.threads, 16), dtype=np.int64)
        started = time.perf_counter()
        self.by_trial = program.trials >= self.threads > 1
        self.team_size = 1 if self.by_trial else self.threads
        self.profile_rows = "trial" if self.by_trial else "thread"
        order = sorted(range(len(program.populations)), key=lambda k: program.populations[k].level)
        self.order = np.array(order, dtype=np.int64)
        self.kernels = self._kernels()
        self.compile_time = time.perf_counter() - started
        self.plan = make_plan(program, self.team_size, procedural=options.procedural)
        self.parts = self.plan.parts
        self.rules = [rules_of(program, self.plan.channels, part) for part in self.parts]
        self.tables = build_tables(program, self.plan, self.order, self.threads)
        self.build_time = time.perf_counter() - started - self.compile_time
        self.plastic = PlasticTables(program, self.parts, self.order, state.learned)
        self.history = 1 + max(self.tables[0].longest, self.plastic.lag)
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="spikestack")
        self._take(state)
        started = time.perf_counter()
        self._warm_up()
        self.compile_time += time.perf_counter() - started

    def advance(self, steps: int) -> Chunk:
        """Run `steps` steps; see `AbstractEngine.advance`."""
        spikes: list[list[Spikes]] = [[] for _ in range(self.program.trials)]
        traces: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in self.program.probes]
        while steps > 0:
            n = min(steps, MOST_STEPS)
            made, samples = self._run(n)
            for trial, more in enumerate(made):
                spikes[trial] += more
            for kept, sample in zip(traces, samples):
                kept.append(sample)
            steps -= n
        check_finite(self.program, self.values, self.step)
        joined = tuple(
            (np.concatenate([s for s, _ in kept]), np.concatenate([v for _, v in kept], axis=1))
            for kept in traces
        )
        return Chunk(Spikes.chain([part for of_trial in spikes for part in of_trial]), joined)

    def feed(self, live: Live) -> None:
        """Take what comes from outside; see `AbstractEngine.feed`."""
        before, self.live = self.live, live
        for trial, workers in enumerate(self.workers):
            for worker in workers:
                worker.inputs = refreshed(
                    *(worker.inputs, before, self.program, live),
                    *(worker.part, trial, self.values),
                )

    def state(self) -> State:
        """A copy of the present state."""
        flight = Spikes.chain([log.in_flight(self.step) for log in self.logs])
        values = tuple(v.copy() for v in self.values)
        counters = tuple(c.copy() for c in self.counters)
        live, places = self.live.after(self.step), range(len(self.program.plastic))
        learned = tuple(self.learned(i) for i in places)
        return State(self.step, values, counters, flight, live, learned)

    def learned(self, i: int) -> Learned:
        """See `AbstractEngine.learned`."""
        return learned_of(self.weights, i)

    def relearn(self, i: int, learned: Learned) -> None:
        """See `AbstractEngine.relearn`."""
        if learned.edges is self.plastic.given[i]:
            self.weights[0].elements[i] = learned.elements
            return
        self.plastic.relay(i, learned.edges)
        for weights, workers in zip(self.weights, self.workers):
            weights.relearn(i, learned, self.step)
            for q, worker in enumerate(workers):
                worker.learning = weights.of_thread(q, self.values)

    def set_weights(self, i: int, trial: int, weights: np.ndarray) -> None:
        """See `AbstractEngine.set_weights`."""
        self.weights[trial].set_weights(i, weights)

    def set_learning(self, i: int, learning: bool) -> None:
        """See `AbstractEngine.set_learning`."""
        for one in self.weights:
            one.set_learning(i, learning)

    def set_signal(self, i: int, trial: int, value: float) -> None:
        """See `AbstractEngine.set_signal`."""
        self.weights[trial].set_signal(i, value)

    def weights_are_finite(self, i: int) -> bool:
        """See `AbstractEngine.weights_are_finite`."""
        return all(np.isfinite(mine).all() for one in self.weights for mine in one.states[i])

    def learned_weights(self, i: int, trial: int) -> np.ndarray:
        """Present weights of a plastic projection; see `AbstractEngine.learned_weights`."""
        return self.weights[trial].in_order(i)

    def describe(self) -> dict[str, object]:
        """Layout and sizes, for reports."""
        return built_layout(self)

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether the parts that all networks share have been compiled on this machine."""
        return is_cached(run)

    @classmethod
    def planned(
        cls, program: Program, threads: int, options: Options = DEFAULT
    ) -> dict[str, object]:
        """The layout that a run would choose; no synapse is built."""
        by_trial = program.trials >= threads > 1
        count = 1 if by_trial else threads
        plan = make_plan(program, count, procedural=options.procedural)
        return planned_layout(program, plan, by_trial)

    def start_profile(self) -> bool:
        """Time the phases of every step from now on."""
        self.profile = np.zeros((len(self.profile), len(PHASES)), dtype=np.int64)
        return True

    def phase_times(self) -> dict[str, list[float]]:
        """Seconds by phase; see `AbstractEngine.phase_times`."""
        rows = self.program.trials if self.by_trial else self.team_size
        return {
            name: (column * 1e-9).tolist() for name, column in zip(PHASES, self.profile[:rows].T)
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
        team, log = self._team(0, 0, shared), self.logs[0].log
        run(
            *(team, self.tables[0], log, worker.inputs, probes, worker.acc),
            *(worker.queue, worker.rules, worker.gaps, worker.learning),
            *(self.step, 0, self.history),
        )

    def _take(self, state: State) -> None:
        """Adopt a state: own copies of its arrays, its spikes in flight put into the logs."""
        program = self.program
        self.step, self.live = state.step, state.live
        self.values = tuple(own(v) for v in state.values)
        self.counters = tuple(own(c) for c in state.counters)
        self.shared = np.zeros(64, dtype=np.int64)
        everyone = program.size if program.gaps else 0
        self.weights = [
            Weights(self.plastic, state.learned, trial, state.step)
            for trial in range(program.trials if program.plastic else 0)
        ]
        self.published = np.zeros((program.trials, everyone), program.dtype)
        self.workers = [
            [self._worker(q, trial) for q in range(len(self.parts))]
            for trial in range(program.trials)
        ]
        self.logs = []
        for trial in range(program.trials):
            log = TrialLog(program, self.parts, self.order, trial, self.history)
            if len(state.in_flight):
                log.put(state.in_flight, state.step)
                self._replay(log, self.workers[trial])
            self.logs.append(log)

    def _replay(self, log: TrialLog, workers: list[Worker]) -> None:
        """Put what spikes in flight still bring into accumulators or queues."""
        for table, worker in zip(self.tables, workers):
            rules = worker.rules
            if worker.queue is None:
                replay(table, log.log, worker.acc, self.step, self.history)
                continue
            widest = int(np.diff(table.rows).max(initial=0)) * len(table.channels)
            widest += 0 if rules is None else int(rules.longest.sum())
            words = widest * int((log.log.starts[:, self.history - 1, -1]).sum())
            worker.queue = grown(worker.queue, words // QUEUE_CHUNK + len(worker.queue.heads))
            requeue(table, worker.queue, rules, log.log, self.step, self.history)

    def _worker(self, q: int, trial: int) -> Worker:
        plan, whole, part = self.plan, self.program.accumulator, self.parts[q]
        acc = aligned((1 << (plan.index_bits + plan.ring_bits),), whole)
        queue = new_queue(plan, self.program) if plan.queued else None
        ends = np.cumsum((part.high - part.low) // REST_BLOCK + 1)
        quiet = np.zeros(ends[-1], np.uint8)
        shares = np.split(quiet, ends[:-1])
        tables = [kernel_table(self, k, trial, shares[k]) for k in range(len(self.values))]
        inputs = inputs_of(self.program, self.live, part, trial, self.values)
        rules = own_scratch(self.rules[q])
        gaps = gaps_of(self.program, part, trial, self.values, self.published[trial])
        learning = self.weights[trial].of_thread(q, self.values) if self.weights else None
        return Worker(part, acc, tables, inputs, quiet, queue, rules, gaps, learning)

    def _run(self, steps: int) -> tuple[list[list[Spikes]], list[tuple[np.ndarray, np.ndarray]]]:
        """Run all trials for `steps` <= MOST_STEPS steps; return their spikes, and samples."""
        first = self.step
        samples, outs, offsets = self._sample_space(first, steps)
        if self.by_trial:
            futures = [
                self.pool.submit(self._run_trial, t, steps, outs[t], offsets)
                for t in range(self.program.trials)
            ]
            spikes = [future.result() for future in futures]
        else:
            trials = range(self.program.trials)
            spikes = [self._run_trial(t, steps, outs[t], offsets) for t in trials]
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
        """Run one trial, emptying the logs whenever they fill up; keep what is to be recorded."""
        spikes, done = [], self.step
        shared = np.zeros(64, dtype=np.int64)
        arguments = [
            (
                self._team(q, trial, shared),
                self.tables[q],
                worker,
                probes_of(self.program, worker.part, trial, self.values, done, out, offsets),
            )
            for q, worker in enumerate(self.workers[trial])
        ]
        last = done + steps
        while done < last:
            shared[STOP] = 0
            for _, table, worker, _ in arguments:
                if worker.queue is not None:
                    given = (table, worker.queue, worker.rules, self.logs[trial].log)
                    need = chunks_needed(*given, self.history - 1)
                    worker.queue = grown(worker.queue, need)
            ran = self._call(trial, arguments, done, last - done, shared)
            since = time.perf_counter_ns()
            if self.program.recorded:
                spikes.append(self.logs[trial].collect(done, ran))
            self.logs[trial].compact(ran)
            if self.profile.size:
                row = trial if self.by_trial else 0
                self.profile[row, RECORD] += time.perf_counter_ns() - since
            done += ran
        return spikes

    def _call(
        self, trial: int, arguments: list[Any], done: int, steps: int, shared: np.ndarray
    ) -> int:
        """Run the step loop on every thread of the team; a failure in one ends all."""
        log = self.logs[trial].log

        def work(q: int) -> int:
            team, table, worker, probes = arguments[q]
            try:
                self._before_run(q)
                return run(
                    *(team, table, log, worker.inputs, probes, worker.acc),
                    *(worker.queue, worker.rules, worker.gaps, worker.learning),
                    *(done, steps, self.history),
                )
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
            worker.quiet,
            self.profile[trial if self.by_trial else me],
            self.crowded[me],
        )


def _outcome(call: Callable[[], Any] | Future) -> Any:
    """What a call returns, or the exception that it raises."""
    try:
        return call()  # type: ignore[operator]
    except BaseException as error:
        return error

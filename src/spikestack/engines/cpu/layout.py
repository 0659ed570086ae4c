"""How the compiled engine lays out synapses: by partition of targets, source, and delay.

For every partition one table: all synapses of one source with one delay stand together (a bucket),
whatever projection they come from, as pairs of a place in the partition's accumulators and a weight
in quanta.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from ...errors import EngineError
from ...numerics import edges as enumerators
from ...numerics.rows import fill_row
from ...program.edge_values import draw, to_quanta, to_steps
from ...program.program import EdgeProgram, Program
from .driver import Table

__all__ = ["Partition", "build_tables", "partitions"]


@dataclass(frozen=True)
class Partition:
    """One thread's share: neurons ``low[k]`` to ``high[k]`` of population k.

    ``acc_base[k]`` is where the accumulators of population k begin, receptor by receptor; `size` is
    how many there are in all.
    """

    low: np.ndarray
    high: np.ndarray
    acc_base: np.ndarray
    size: int


def partitions(program: Program, count: int) -> list[Partition]:
    """Cut every population into `count` contiguous shares."""
    made = []
    for p in range(count):
        sizes = np.array([pop.size for pop in program.populations], dtype=np.int64)
        low, high = sizes * p // count, sizes * (p + 1) // count
        receptors = np.array([len(pop.receptors) for pop in program.populations])
        ends = np.cumsum((high - low) * receptors)
        made.append(Partition(low, high, np.concatenate([[0], ends[:-1]]), int(ends[-1])))
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def _pass(
    rule: Any, pre_ids: Any, post_ids: Any, weight: Any, delay: Any, dendritic: Any, dt: float,
    quantum: float, receptor: int, low: Any, high: Any, base: Any, first: int, last: int,
    least: int, columns: Any, row_base: int, cursor: Any, synapses: Any, load: Any, fill: bool,
    targets: Any, ordinals: Any,
) -> None:  # fmt: skip
    """Go through the edges of sources `first` to `last`: count them by bucket, or place them."""
    parts, n_columns = len(low), 0
    for c in columns:
        n_columns = max(n_columns, c + 1)
    for s in range(first, last):
        count = fill_row(*rule, s, targets, ordinals)
        for j in range(count):
            target = post_ids[targets[j]]
            p = 0
            while p < parts - 1 and target >= high[p]:
                p += 1
            d = to_steps(draw(delay[0], delay[1], delay[2], delay[3], ordinals[j]), dt)
            d += to_steps(draw(dendritic[0], dendritic[1], dendritic[2], dendritic[3], ordinals[j]), dt)
            row = row_base + pre_ids[s] * n_columns + columns[d - least]
            if not fill:
                cursor[p][row] += 1
                continue
            w = to_quanta(draw(weight[0], weight[1], weight[2], weight[3], ordinals[j]), quantum)
            place = base[p] + receptor * (high[p] - low[p]) + target - low[p]
            at = cursor[p][row]
            synapses[p][at, 0] = place
            synapses[p][at, 1] = w
            load[p][place] += abs(w)
            cursor[p][row] = at + 1


def _over_sources(threads: int, edge: EdgeProgram, work: Callable[[int, int, int], None]) -> None:
    """Call ``work(thread, first, last)`` on ranges of sources; rows of a source never collide."""
    n = edge.rule.n_pre
    if threads == 1 or n < 64:
        work(0, 0, n)
        return
    with ThreadPoolExecutor(threads) as pool:
        bounds = [(t, n * t // threads, n * (t + 1) // threads) for t in range(threads)]
        for future in [pool.submit(work, *b) for b in bounds]:
            future.result()


class _Builder:
    """Counts, then fills, the tables of all partitions."""

    def __init__(
        self, program: Program, parts: list[Partition], order: np.ndarray, threads: int
    ) -> None:
        self.program, self.parts, self.order, self.threads = program, parts, order, threads
        self.ranges = [self._delay_range(k) for k in range(len(program.populations))]
        self.columns = [np.arange(most - least + 1) for least, most in self.ranges]
        self._place_rows()

    def _delay_range(self, k: int) -> tuple[int, int]:
        leaving = [e for e in self.program.edges if e.pre == k]
        if not leaving:
            return 0, 0
        return min(e.min_delay for e in leaving), max(e.max_delay for e in leaving)

    def _place_rows(self) -> None:
        counts = [
            pop.size * int(columns.max(initial=-1) + 1)
            for pop, columns in zip(self.program.populations, self.columns)
        ]
        self.row_base = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def _go_through(self, cursor: Any, synapses: Any, load: list[Any], fill: bool) -> None:
        for edge in self.program.edges:
            rule, widest = edge.rule.flat, max(1, enumerators.max_row(edge.rule))
            low = tuple(int(p.low[edge.post]) for p in self.parts)
            high = tuple(int(p.high[edge.post]) for p in self.parts)
            base = tuple(int(p.acc_base[edge.post]) for p in self.parts)
            specs = [
                (v.kind, v.params, v.array, v.key) for v in (edge.weight, edge.delay, edge.dendritic)
            ]

            def work(thread: int, first: int, last: int, edge: EdgeProgram = edge) -> None:
                buffers = np.empty(widest, np.int64), np.empty(widest, np.uint64)
                _pass(
                    rule, edge.pre_ids, edge.post_ids, *specs, edge.dt, edge.quantum, edge.receptor,
                    low, high, base, first, last, self.ranges[edge.pre][0], self.columns[edge.pre],
                    self.row_base[edge.pre], cursor, synapses, load[thread], fill, *buffers,
                )  # fmt: skip

            _over_sources(self.threads, edge, work)

    def tables(self) -> list[Table]:
        """Build them."""
        whole = self.program.accumulator
        nothing = tuple(np.zeros((0, 2), dtype=whole) for _ in self.parts)
        no_load = [tuple(np.zeros(0, np.int64) for _ in self.parts)] * self.threads
        counts = tuple(np.zeros(self.row_base[-1], dtype=np.int64) for _ in self.parts)
        self._go_through(counts, nothing, no_load, False)
        counts = self._drop_unused(counts)
        rows = [np.concatenate([[0], np.cumsum(c)]) for c in counts]
        synapses = tuple(np.empty((r[-1], 2), dtype=whole) for r in rows)
        load = [tuple(np.zeros(p.size, np.int64) for p in self.parts) for _ in range(self.threads)]
        self._go_through(tuple(r[:-1].copy() for r in rows), synapses, load, True)
        self._check_sums(load)
        return [self._table(r, s) for r, s in zip(rows, synapses)]

    def _drop_unused(self, counts: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Keep only delays that occur; renumber the columns and repack the counts."""
        kept: list[list[np.ndarray]] = [[] for _ in self.parts]
        self.delays = []
        for k, pop in enumerate(self.program.populations):
            rows = slice(self.row_base[k], self.row_base[k + 1])
            blocks = [c[rows].reshape(pop.size, -1) for c in counts]
            used = np.any([b.any(axis=0) for b in blocks], axis=0)
            self.delays.append(np.flatnonzero(used) + self.ranges[k][0])
            self.columns[k] = np.where(used, np.cumsum(used) - 1, -1)
            for part, block in zip(kept, blocks):
                part.append(block[:, used].ravel())
        self._place_rows()
        return tuple(np.concatenate(part) for part in kept)

    def _check_sums(self, load: list[Any]) -> None:
        """The quantum was chosen so that no sum overflows; hold it to that."""
        limit = np.iinfo(self.program.accumulator).max
        for part in zip(*load):
            if sum(part).max(initial=0) > limit:
                raise EngineError(
                    "the weights onto one neuron add up to more than expected; this has a "
                    "probability below 1e-12, so please report it with the network and its seed"
                )

    def _table(self, rows: np.ndarray, synapses: np.ndarray) -> Table:
        n = np.array([len(d) for d in self.delays], dtype=np.int64)
        zero = np.array([int(np.flatnonzero(d == 0)[0]) if 0 in d else -1 for d in self.delays])
        carries = np.array([p.emit_type != "none" for p in self.program.populations])
        begin, order = np.concatenate([[0], np.cumsum(n)]).astype(np.int64), self.order
        return Table(
            self.row_base[order], n[order], begin[order],
            np.concatenate([*self.delays, []]).astype(np.int64), rows.astype(np.int64), synapses,
            zero.astype(np.int64)[order], carries[order],
        )  # fmt: skip


def build_tables(
    program: Program, parts: list[Partition], order: np.ndarray, threads: int
) -> list[Table]:
    """Build the table of each partition on `threads` threads; the result does not depend on them.

    Populations stand in the tables in the `order` in which a step goes through them.

    Raises
    ------
    EngineError
        If the weights onto a neuron exceed the bound on which the quantum rests.
    """
    return _Builder(program, parts, order, threads).tables()

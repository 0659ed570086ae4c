"""How the compiled engine lays out synapses: by partition of targets, source, and delay.

For every partition one table: all synapses of one source with one delay stand together (a bucket),
whatever projection they come from, as pairs of a place in the partition's accumulators and a weight
in quanta.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
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
    rule: Any,
    ids: Any,
    values: Any,
    scales: Any,
    parts: Any,
    rows: Any,
    sources: Any,
    cursor: Any,
    synapses: Any,
    load: Any,
    fill: bool,
    targets: Any,
    ordinals: Any,
) -> None:
    """Go through the edges of some sources: count them by bucket, or place them in it.

    `ids` maps views to populations, `values` are the specifications of weight and delays, `scales`
    is (dt, quantum), `parts` (low, high, accumulator base), `rows` (first row, least delay,
    columns).
    """
    pre_ids, post_ids = ids
    weight, delay, dendritic = values
    dt, quantum = scales
    low, high, base = parts
    first_row, least, columns = rows
    n_columns = 0
    for c in columns:
        n_columns = max(n_columns, c + 1)
    for s in range(sources[0], sources[1]):
        count = fill_row(*rule, s, targets, ordinals)
        for j in range(count):
            target, e = post_ids[targets[j]], ordinals[j]
            p = 0
            while p < len(low) - 1 and target >= high[p]:
                p += 1
            d = to_steps(draw(delay[0], delay[1], delay[2], delay[3], e), dt)
            d += to_steps(draw(dendritic[0], dendritic[1], dendritic[2], dendritic[3], e), dt)
            row = first_row + pre_ids[s] * n_columns + columns[d - least]
            at = cursor[p, row]
            cursor[p, row] = at + 1
            if fill:
                w = to_quanta(draw(weight[0], weight[1], weight[2], weight[3], e), quantum)
                place = base[p] + target - low[p]
                synapses[at, 0] = place
                synapses[at, 1] = w
                load[p, place] += abs(w)


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


def _work(
    fixed: tuple[Any, ...], shared: tuple[Any, ...], widest: int, thread: int, first: int, last: int
) -> None:
    cursor, synapses, load, fill = shared
    buffers = np.empty(widest, np.int64), np.empty(widest, np.uint64)
    _pass(*fixed, (first, last), cursor, synapses, load[thread], fill, *buffers)


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

    def _go_through(self, cursor: Any, synapses: Any, load: Any, fill: bool) -> None:
        for edge in self.program.edges:
            widest, k = max(1, enumerators.max_row(edge.rule)), edge.post
            low = np.array([p.low[k] for p in self.parts])
            high = np.array([p.high[k] for p in self.parts])
            base = np.array([p.acc_base[k] for p in self.parts]) + edge.receptor * (high - low)
            specs = (edge.weight, edge.delay, edge.dendritic)
            fixed = (
                edge.rule.flat,
                (edge.pre_ids, edge.post_ids),
                tuple((v.kind, v.params, v.array, v.key) for v in specs),
                (edge.dt, edge.quantum),
                (low, high, base),
                (self.row_base[edge.pre], self.ranges[edge.pre][0], self.columns[edge.pre]),
            )
            work = partial(_work, fixed, (cursor, synapses, load, fill), widest)
            _over_sources(self.threads, edge, work)

    def tables(self) -> list[Table]:
        """Build them."""
        whole, n = self.program.accumulator, len(self.parts)
        size = max(p.size for p in self.parts)
        counts = np.zeros((n, self.row_base[-1]), dtype=np.int64)
        empty = np.zeros((0, 2), dtype=whole)
        self._go_through(counts, empty, np.zeros((self.threads, n, 0), np.int64), False)
        counts = self._drop_unused(counts)
        ends = np.cumsum(counts, axis=1)
        totals = ends[:, -1] if ends.shape[1] else np.zeros(n, dtype=np.int64)
        begin = np.concatenate([[0], np.cumsum(totals)]).astype(np.int64)
        synapses = np.empty((begin[-1], 2), dtype=whole)
        load = np.zeros((self.threads, n, size), np.int64)
        self._go_through(ends - counts + begin[:-1, None], synapses, load, True)
        self._check_sums(load)
        return [
            self._table(np.concatenate([[0], ends[p]]), synapses[begin[p] : begin[p + 1]])
            for p in range(n)
        ]

    def _drop_unused(self, counts: np.ndarray) -> np.ndarray:
        """Keep only delays that occur; renumber the columns and repack the counts."""
        kept, n = [], len(counts)
        self.delays = []
        for k, pop in enumerate(self.program.populations):
            block = counts[:, self.row_base[k] : self.row_base[k + 1]].reshape(n, pop.size, -1)
            used = block.any(axis=(0, 1))
            self.delays.append(np.flatnonzero(used) + self.ranges[k][0])
            self.columns[k] = np.where(used, np.cumsum(used) - 1, -1)
            kept.append(block[:, :, used].reshape(n, -1))
        self._place_rows()
        return np.concatenate(kept, axis=1)

    def _check_sums(self, load: np.ndarray) -> None:
        """The quantum was chosen so that no sum overflows; hold it to that."""
        if load.sum(axis=0).max(initial=0) > np.iinfo(self.program.accumulator).max:
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
            self.row_base[order],
            n[order],
            begin[order],
            np.concatenate([*self.delays, []]).astype(np.int64),
            rows.astype(np.int64),
            synapses,
            zero.astype(np.int64)[order],
            carries[order],
        )


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

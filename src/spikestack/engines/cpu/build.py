"""Building the tables of synapses that a plan describes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import EngineError
from ...numerics import edges as enumerators
from ...program.program import EdgeProgram, Program
from .delivery import N_COLUMNS, Table
from .fill import count_edges, fill_edges
from .lookup import flat_value, lookup_of, place_of_targets
from .plan import Plan

__all__ = ["build_tables"]


class _Builder:
    """Counts, then fills, the tables of all partitions."""

    def __init__(self, program: Program, plan: Plan, order: np.ndarray, threads: int) -> None:
        self.program, self.plan, self.threads = program, plan, threads
        self.channels, self.width_bits = plan.channels, plan.width_bits
        self.place_of = {int(k): i for i, k in enumerate(order)}
        self.columns = [
            np.arange(0 if c.procedural else ((c.most - c.least) >> self.width_bits) + 1)
            for c in self.channels
        ]
        self.longest = max((c.most for c in self.channels if c.procedural), default=0)
        self._place_rows()

    def _place_rows(self) -> None:
        """One row for each source and group of delays, and one more to end the last."""
        counts = [
            self.program.populations[c.pre].size * int(columns.max(initial=-1) + 1) + 1
            for c, columns in zip(self.channels, self.columns)
        ]
        self.row_base = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def tables(self) -> list[Table]:
        """Build them."""
        n = len(self.plan.parts)
        counts = np.zeros((n, self.row_base[-1]), dtype=np.int64)
        self._count(counts)
        counts = self._drop_unused(counts)
        rows, totals = self._rows(counts)
        begin = np.concatenate([np.zeros((1, 2), np.int64), np.cumsum(totals, axis=0)])
        narrow = np.empty(begin[-1, 0], dtype=np.uint32)
        wide = np.empty((begin[-1, 1], 2), dtype=self.program.accumulator)
        size = max(p.size for p in self.plan.parts)
        load = np.zeros((self.threads, n, size), np.int64)
        self._fill(rows, begin, narrow, wide, load)
        self._check_sums(load)
        return [
            self._table(
                rows[p],
                narrow[begin[p, 0] : begin[p + 1, 0]],
                wide[begin[p, 1] : begin[p + 1, 1]],
            )
            for p in range(n)
        ]

    def _common(self, c: int, edge: EdgeProgram) -> tuple[Any, ...]:
        lows = np.array([p.low[edge.post] for p in self.plan.parts])
        delays = (flat_value(edge.delay), flat_value(edge.dendritic), edge.dt)
        grouping = (self.row_base[c], self.channels[c].least, self.width_bits, self.columns[c])
        return edge.rule.flat, (edge.pre_ids, place_of_targets(edge)), delays, lows, grouping

    def _count(self, counts: np.ndarray) -> None:
        longest = np.zeros((self.threads, 1), np.int64)
        for c, edge in self._edges():
            self._over_sources(edge, count_edges, self._common(c, edge), (counts,), longest)
        self.longest = max(self.longest, int(longest.max()))

    def _fill(
        self, rows: np.ndarray, begin: np.ndarray, narrow: np.ndarray, wide: np.ndarray, load: Any
    ) -> None:
        cursor = rows.copy()
        for c, (a, b) in enumerate(zip(self.row_base, self.row_base[1:])):
            cursor[:, a:b] += begin[:-1, [0 if self.channels[c].narrow else 1]]
        for c, edge in self._edges():
            channel, k = self.channels[c], edge.post
            rule, ids, delays, lows, grouping = self._common(c, edge)
            bases = np.array([p.acc_base[k] + edge.receptor * p.width[k] for p in self.plan.parts])
            places = (lows, bases, self.plan.index_bits, self.plan.place_bits)
            lookup = lookup_of(edge, channel.base, channel.step)
            coding = (edge.quantum, channel.base, channel.step, lookup)
            words = (narrow, wide[:0]) if channel.narrow else (narrow[:0], wide)
            fixed = (rule, ids, delays, flat_value(edge.weight), coding, places, grouping)
            self._over_sources(edge, fill_edges, fixed, (cursor, *words), load)

    def _edges(self) -> list[tuple[int, EdgeProgram]]:
        """The stored projections, and their channels."""
        stored = [(c, ch) for c, ch in enumerate(self.channels) if not ch.procedural]
        return [(c, self.program.edges[j]) for c, channel in stored for j in channel.edges]

    def _over_sources(
        self, edge: EdgeProgram, go: Any, fixed: tuple[Any, ...], shared: Any, own: np.ndarray
    ) -> None:
        """Go through ranges of sources at once; the rows of a source never collide.

        `own` has a part for each thread, `shared` is for all.
        """
        n, widest = edge.rule.n_pre, max(1, enumerators.max_row(edge.rule))
        threads = self.threads if n >= 64 else 1
        bounds = [n * t // threads for t in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            futures = [
                pool.submit(go, *(*fixed, (first, end), widest, *shared, own[thread]))
                for thread, (first, end) in enumerate(pairwise(bounds))
            ]
            for future in futures:
                future.result()

    def _drop_unused(self, counts: np.ndarray) -> np.ndarray:
        """Keep only groups of delays that occur; renumber the columns and repack the counts."""
        kept, n = [], len(counts)
        self.groups = []
        for c, channel in enumerate(self.channels):
            block = counts[:, self.row_base[c] : self.row_base[c + 1] - 1]
            block = block.reshape(n, self.program.populations[channel.pre].size, -1)
            used = block.any(axis=(0, 1))
            groups = (np.flatnonzero(used) << self.width_bits) + channel.least
            self.groups.append(np.array([channel.least]) if channel.procedural else groups)
            self.columns[c] = np.where(used, np.cumsum(used) - 1, -1)
            kept += [block[:, :, used].reshape(n, -1), np.zeros((n, 1), np.int64)]
        self._place_rows()
        return np.concatenate([*kept, np.zeros((n, 0), np.int64)], axis=1)

    def _rows(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where buckets begin, in the partition's narrow or wide words; and how many there are."""
        rows = np.zeros_like(counts)
        totals = np.zeros((len(counts), 2), np.int64)
        for c, (a, b) in enumerate(zip(self.row_base, self.row_base[1:])):
            column = 0 if self.channels[c].narrow else 1
            np.cumsum(counts[:, a : b - 1], axis=1, out=rows[:, a + 1 : b])
            rows[:, a:b] += totals[:, [column]]
            totals[:, column] = rows[:, b - 1]
        return rows, totals

    def _check_sums(self, load: np.ndarray) -> None:
        """The quantum was chosen so that no sum overflows; hold it to that."""
        if load.sum(axis=0).max(initial=0) > np.iinfo(self.program.accumulator).max:
            raise EngineError(
                "the weights onto one neuron add up to more than expected; this has a "
                "probability below 1e-12, so please report it with the network and its seed"
            )

    def _table(self, rows: np.ndarray, narrow: np.ndarray, wide: np.ndarray) -> Table:
        channels = np.zeros((len(self.channels), N_COLUMNS), dtype=np.int64)
        first_group = 0
        for c, (channel, groups) in enumerate(zip(self.channels, self.groups)):
            carries = self.program.populations[channel.pre].emit_type != "none"
            zero = len(groups) > 0 and groups[0] == 0
            stored = (self.row_base[c], channel.narrow, carries, channel.base, channel.step)
            channels[c] = (self.place_of[channel.pre], len(groups), first_group, zero, *stored)
            first_group += len(groups)
        return Table(
            channels,
            np.concatenate([*self.groups, []]).astype(np.int64),
            rows,
            narrow,
            wide,
            self.plan.index_bits,
            self.plan.place_bits,
            self.plan.ring_bits,
            self.longest,
        )


def build_tables(program: Program, plan: Plan, order: np.ndarray, threads: int) -> list[Table]:
    """Build the table of each partition on `threads` threads; the result does not depend on them.

    `order` is that in which a step goes through the populations.

    Raises
    ------
    EngineError
        If the weights onto a neuron exceed the bound on which the quantum rests.
    """
    return _Builder(program, plan, order, threads).tables()

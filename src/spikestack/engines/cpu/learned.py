"""Building plastic synapses for the compiled engine, and reading them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.compact_edges import compact_edges
from ...program.program import Program
from ..state import Learned, trace_depth
from .cache import kernel_module
from .learning import COLUMNS, Learning
from .plan import Partition
from .plastic_layout import PlasticPart, in_order, plastic_parts, share_of
from .rule_printer import KERNELS, rule_source

__all__ = ["PlasticTables", "Weights"]

_TRACES = ("source", "sources", "target", "targets")


class PlasticTables:
    """The plastic projections of a program, laid out for some partitions.

    Raises
    ------
    ValidationError
        If one has more synapses than a thread can number.
    """

    def __init__(self, program: Program, parts: tuple[Partition, ...], order: np.ndarray) -> None:
        self.program, self.parts = program, parts
        self.place_of = {int(k): i for i, k in enumerate(order)}
        self.pairs: list[np.ndarray] = []
        self.tables: list[list[PlasticPart]] = []
        self.kernels = np.zeros((len(program.plastic), len(KERNELS)), np.int64)
        self._modules = []
        for i, plastic in enumerate(program.plastic):
            module = kernel_module(rule_source(plastic, program))
            self._modules.append(module)
            self.kernels[i] = [getattr(module, name).address for name in KERNELS]
            edge = program.edges[plastic.edge]
            pairs, tables = plastic_parts(
                compact_edges(edge, program.populations[edge.pre].size, len(parts)),
                [(int(part.low[edge.post]), int(part.high[edge.post])) for part in parts],
                f"Projection {edge.name!r}.plasticity",
            )
            self.pairs.append(pairs)
            self.tables.append(tables)
        self.lag = max((p.lag for p in program.plastic), default=0)

    def describe(self) -> list[dict[str, Any]]:
        """Each projection's synapses and bytes, weights of all trials included."""
        program, real = self.program, np.dtype(self.program.dtype).itemsize
        made = []
        for plastic, pairs, parts in zip(program.plastic, self.pairs, self.tables):
            synapses = sum(len(part.posts) for part in parts)
            index = sum(0 if part.index is None else part.index.nbytes for part in parts)
            row_bytes = sum(part.rows.nbytes + part.cols.nbytes for part in parts)
            made.append(
                {
                    "source": program.populations[program.edges[plastic.edge].pre].name,
                    "scheme": f"plastic ({plastic.rule})",
                    "groups_of_delays": len(pairs),
                    "synapses": synapses,
                    "bytes": synapses * (12 + real * program.trials) + index,
                    "bytes_rows": row_bytes,
                }
            )
        return made


class Weights:
    """What plasticity changes in one trial: weights of all partitions, and traces."""

    def __init__(self, tables: PlasticTables, learned: tuple[Learned, ...], trial: int) -> None:
        self.tables, program = tables, tables.program
        self.traces = [
            [np.array(getattr(one, name)[trial], order="C") for name in _TRACES] for one in learned
        ]
        self.weights = [
            [share_of(part, one.weights[trial]) for part in tables.tables[i]]
            for i, one in enumerate(learned)
        ]
        self._keep: list[np.ndarray] = []
        self.values = [
            np.array([*p.values, 1.0 / program.edges[p.edge].quantum], program.dtype)
            for p in program.plastic
        ]

    def learned(self, i: int) -> list[np.ndarray]:
        """Copies: weights in the order of `edge_list`, then traces, as in `Learned`."""
        return [self.in_order(i), *(trace.copy() for trace in self.traces[i])]

    def in_order(self, i: int) -> np.ndarray:
        """A copy of the weights in the order of `edge_list`."""
        return in_order(self.tables.tables[i], self.weights[i])

    def of_thread(self, q: int) -> Learning:
        """What one thread's step loop takes."""
        tables, program, part = self.tables, self.tables.program, self.tables.parts[q]
        n = len(program.plastic)
        facts, addresses = np.zeros((n, COLUMNS), np.int64), np.zeros(n, np.int64)
        first = rows = cols = 0
        for i, plastic in enumerate(program.plastic):
            edge, mine = program.edges[plastic.edge], tables.tables[i][q]
            low, count = part.low[edge.post], len(tables.pairs[i])
            sums = part.acc_base[edge.post] + edge.receptor * part.width[edge.post] - low
            facts[i] = (
                *(tables.place_of[edge.pre], tables.place_of[edge.post]),
                *(part.low[edge.pre], part.high[edge.pre], low, part.high[edge.post]),
                *(sums, trace_depth(plastic), count, first, rows, cols),
            )
            first, rows, cols = first + count, rows + len(mine.rows), cols + len(mine.cols)
            table = self._table(i, q)
            self._keep.append(table)
            addresses[i] = table.ctypes.data
        mine_all = [tables.tables[i][q] for i in range(n)]
        return Learning(
            tables.kernels,
            addresses,
            facts,
            np.concatenate(tables.pairs),
            np.concatenate([part.rows for part in mine_all]),
            np.concatenate([part.cols for part in mine_all]),
            q,
        )

    def _table(self, i: int, q: int) -> np.ndarray:
        """See `rule_source`."""
        plastic, program = self.tables.program.plastic[i], self.tables.program
        edge, mine = program.edges[plastic.edge], self.tables.tables[i][q]
        source, sources, target, targets = (a.ctypes.data for a in self.traces[i])
        sizes = [program.populations[k].size for k in (edge.pre, edge.post)]
        arrays = (self.values[i], self.weights[i][q], mine.posts, mine.places, mine.pres)
        return np.array(
            [
                *(array.ctypes.data for array in arrays),
                *(source, sources, sizes[0], target, targets, sizes[1]),
                *(trace_depth(plastic), len(mine.posts)),
            ],
            np.int64,
        )

"""Building plastic synapses for the compiled engine, and reading them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...program.edge_list import EdgeList, edge_list
from ...program.program import PlasticProgram, Program
from ..state import Learned, trace_depth
from .cache import kernel_module
from .kernel_table import own
from .learning import COLUMNS, Learning
from .plan import Partition
from .rule_printer import KERNELS, rule_source

__all__ = ["PlasticTables", "Weights"]

_TRACES = ("source", "sources", "target", "targets")


@dataclass(frozen=True)
class _Part:
    """The synapses onto one thread's neurons; shared by all trials."""

    posts: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    pres: np.ndarray
    cols: np.ndarray


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
        self.tables: list[list[_Part]] = []
        self.kernels = np.zeros((len(program.plastic), len(KERNELS)), np.int64)
        self._modules = []
        for i, plastic in enumerate(program.plastic):
            module = kernel_module(rule_source(plastic, program))
            self._modules.append(module)
            self.kernels[i] = [getattr(module, name).address for name in KERNELS]
            edges = edge_list(program.edges[plastic.edge])
            pairs, pair_of = _pairs(edges)
            self.pairs.append(pairs)
            self.tables.append(
                [self._part(plastic, edges, len(pairs), pair_of, part) for part in parts]
            )
        self.lag = max((p.lag for p in program.plastic), default=0)

    def describe(self) -> list[dict[str, Any]]:
        """Each projection's synapses and bytes, weights of all trials included."""
        program, real = self.program, np.dtype(self.program.dtype).itemsize
        made = []
        for plastic, pairs, parts in zip(program.plastic, self.pairs, self.tables):
            synapses = sum(len(part.posts) for part in parts)
            row_bytes = sum(part.rows.nbytes + part.cols.nbytes for part in parts)
            made.append(
                {
                    "source": program.populations[program.edges[plastic.edge].pre].name,
                    "scheme": f"plastic ({plastic.rule})",
                    "groups_of_delays": len(pairs),
                    "synapses": synapses,
                    "bytes": synapses * (12 + real * program.trials),
                    "bytes_rows": row_bytes,
                }
            )
        return made

    def _part(
        self, plastic: PlasticProgram, edges: EdgeList, count: int, pair_of: Any, part: Partition
    ) -> _Part:
        edge = self.program.edges[plastic.edge]
        low, high = int(part.low[edge.post]), int(part.high[edge.post])
        index = _index(edges, count, pair_of, low, high)
        if len(index) >= 2**32:
            raise ValidationError(
                f"Projection {edge.name!r}.plasticity",
                f"{len(index):,} synapses onto the neurons of one thread",
                "fewer than 2**32",
                "use more threads",
            )
        pre, post = edges.pre[index], edges.post[index]
        pair = 0 if count == 1 else pair_of[index]
        n_pre = self.program.populations[edge.pre].size
        by_target = (post - low) * count + pair
        order = np.argsort(by_target, kind="stable")
        return _Part(
            _uint32(post),
            _starts(pre * count + pair, n_pre * count),
            _uint32(order),
            _uint32(pre[order]),
            _starts(by_target, (high - low) * count),
        )

    def index(self, i: int, q: int) -> np.ndarray:
        """The place in the order of `edge_list` of each of a partition's synapses."""
        edge = self.program.edges[self.program.plastic[i].edge]
        edges, part = edge_list(edge), self.parts[q]
        pairs, pair_of = _pairs(edges)
        return _index(
            edges, len(pairs), pair_of, int(part.low[edge.post]), int(part.high[edge.post])
        )


class Weights:
    """What plasticity changes in one trial: weights of all partitions, and traces."""

    def __init__(self, tables: PlasticTables, learned: tuple[Learned, ...], trial: int) -> None:
        self.tables, program = tables, tables.program
        self.traces = [
            [np.array(getattr(one, name)[trial], order="C") for name in _TRACES] for one in learned
        ]
        self.weights = [
            [own(one.weights[trial][tables.index(i, q)]) for q in range(len(tables.parts))]
            for i, one in enumerate(learned)
        ]
        self._keep: list[np.ndarray] = []
        self.values = [
            np.array([*p.values, 1.0 / program.edges[p.edge].quantum], program.dtype)
            for p in program.plastic
        ]

    def learned(self, i: int) -> list[np.ndarray]:
        """Weights in the order of `edge_list`, then traces, as in `Learned`."""
        total = sum(len(w) for w in self.weights[i])
        weights = np.empty(total, self.tables.program.dtype)
        for q, mine in enumerate(self.weights[i]):
            weights[self.tables.index(i, q)] = mine
        return [weights, *self.traces[i]]

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


def _pairs(edges: EdgeList) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs of total and dendritic delay, and which each synapse has."""
    if not len(edges.pre):
        return np.array([[1, 0]]), np.zeros(0, np.int64)
    key = (edges.delays << 32) | edges.dendritic
    if (key == key[0]).all():
        found, pair_of = key[:1], np.zeros(0, np.int64)
    else:
        found, pair_of = np.unique(key, return_inverse=True)
    return np.stack([found >> 32, found & (2**32 - 1)], axis=1), pair_of


def _index(edges: EdgeList, count: int, pair_of: np.ndarray, low: int, high: int) -> np.ndarray:
    """Places of the synapses onto neurons `low` to `high`, by source and pair of delays."""
    index = np.flatnonzero((edges.post >= low) & (edges.post < high))
    if count > 1:
        index = index[np.argsort(edges.pre[index] * count + pair_of[index], kind="stable")]
    return index


def _starts(keys: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=count))]).astype(np.int64)


def _uint32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.uint32)

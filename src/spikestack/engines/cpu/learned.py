"""Building plastic synapses for the compiled engine, and reading them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...program.compact_edges import CompactEdges, compact_edges
from ...program.edge_list import EdgeList
from ...program.learning import PlasticProgram
from ...program.program import Program
from ..state import Learned, trace_depth
from .aligned import aligned
from .cache import kernel_module
from .learning import COLUMNS, Learning
from .plan import Partition
from .plastic_layout import PlasticPart, in_order, plastic_parts, share_of
from .rule_printer import (
    CHUNK,
    CLOCK,
    CONTROL,
    DEGREES,
    DEPTH,
    INDEX,
    MODULATOR,
    MODULATORS,
    N_SOURCE,
    N_TARGET,
    PARAMS,
    PLACES,
    POSTS,
    PRES,
    SCRATCH,
    SOURCE,
    SOURCES,
    STATES,
    SUMS,
    SYNAPSES,
    TABLE,
    TARGET,
    TARGETS,
    kernel_names,
    rule_source,
)

__all__ = ["PlasticTables", "Weights", "learned_of"]

_TRACES = ("source", "sources", "target", "targets")
_OWN = ("modulator", "modulators", "control")


class PlasticTables:
    """The plastic projections of a program, laid out for some partitions.

    Raises
    ------
    ValidationError
        If one has more synapses than a thread can number.
    """

    def __init__(
        self,
        program: Program,
        parts: tuple[Partition, ...],
        order: np.ndarray,
        learned: tuple[Learned, ...],
    ) -> None:
        self.program, self.parts = program, parts
        self.given = [one.edges for one in learned]
        self.place_of = {int(k): i for i, k in enumerate(order)}
        self.pairs: list[np.ndarray] = []
        self.tables: list[list[PlasticPart]] = []
        named = [kernel_names(plastic) for plastic in program.plastic]
        self.kernels = np.zeros((len(named), max(map(len, named), default=0)), np.int64)
        self._modules = []
        for i, plastic in enumerate(program.plastic):
            module = kernel_module(rule_source(plastic, program))
            self._modules.append(module)
            for k, name in enumerate(named[i]):
                self.kernels[i, k] = getattr(module, name).address if name else 0
            pairs, tables = self._laid(i)
            self.pairs.append(pairs)
            self.tables.append(tables)
        self.lag = max((p.lag for p in program.plastic), default=0)

    def relay(self, i: int, edges: EdgeList | None) -> None:
        """Lay out other synapses for a projection."""
        self.given[i] = edges
        self.pairs[i], self.tables[i] = self._laid(i)

    def _laid(self, i: int) -> tuple[np.ndarray, list[PlasticPart]]:
        """The pairs of delays of a projection, and the share of each thread."""
        program, plastic, parts = self.program, self.program.plastic[i], self.parts
        edge = program.edges[plastic.edge]
        return plastic_parts(
            _edges(program, plastic, self.given[i], len(parts)),
            [(int(part.low[edge.post]), int(part.high[edge.post])) for part in parts],
            f"Projection {edge.name!r}.plasticity",
        )

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
                    "bytes": synapses * (12 + real * program.trials * (1 + len(plastic.variables)))
                    + index,
                    "bytes_rows": row_bytes,
                }
            )
        return made


class Weights:
    """What plasticity changes in one trial: states of all partitions' synapses, and traces."""

    def __init__(
        self, tables: PlasticTables, learned: tuple[Learned, ...], trial: int, step: int
    ) -> None:
        self.tables, program = tables, tables.program
        self.trial, self.step = trial, step
        self.traces = [
            [np.array(getattr(one, name)[trial], order="C") for name in _TRACES] for one in learned
        ]
        self.states = [
            [_share(part, one.states[trial]) for part in tables.tables[i]]
            for i, one in enumerate(learned)
        ]
        self.elements = [one.elements for one in learned]
        # Every thread counts the modulator's spikes for itself.
        self.own = [
            [
                [np.array(getattr(one, name)[trial], program.dtype) for name in _OWN]
                for _ in tables.parts
            ]
            for one in learned
        ]
        self._keep: list[np.ndarray] = []
        self.values = []
        for i, p in enumerate(program.plastic):
            quantum = program.edges[p.edge].quantum
            self.values.append(np.array([*p.values, 1.0 / quantum, quantum], program.dtype))
            self.set_learning(i, bool(learned[i].control[trial, 0]))

    def relearn(self, i: int, learned: Learned, step: int) -> None:
        """Take other synapses of a projection, whose tables have been laid out; traces go on."""
        self.step = step
        mine = learned.states[self.trial]
        self.states[i] = [_share(part, mine) for part in self.tables.tables[i]]
        self.elements[i] = learned.elements
        # What threads have of all projections is made anew, and nobody holds the old arrays.
        self._keep.clear()

    def set_weights(self, i: int, weights: np.ndarray) -> None:
        """Put other weights in the place of a projection's, where threads hold them."""
        given = np.asarray(weights, self.tables.program.dtype)
        for part, states in zip(self.tables.tables[i], self.states[i]):
            states[0] = share_of(part, given)

    def set_learning(self, i: int, learning: bool) -> None:
        """Let the weights of a projection change, or freeze them."""
        self.values[i][self.tables.program.plastic[i].learning] = learning
        for own in self.own[i]:
            own[-1][0] = learning

    def set_signal(self, i: int, value: float) -> None:
        """Set the modulating signal of a projection."""
        for own in self.own[i]:
            own[-1][1] = value

    def learned(self, i: int) -> list[np.ndarray]:
        """Copies: states in the order of `edge_list`, then traces, as in `Learned`."""
        rows = range(1 + len(self.tables.program.plastic[i].variables))
        states = [self.in_order(i, k) for k in rows]
        joined = states[0][None] if len(states) == 1 else np.stack(states)
        modulator, modulators, control = (array.copy() for array in self.own[i][0])
        traces = (trace.copy() for trace in self.traces[i])
        return [joined, *traces, modulator, modulators, control.astype(float)]

    def in_order(self, i: int, k: int = 0) -> np.ndarray:
        """A copy of the weights, or of variable k - 1, in the order of `edge_list`."""
        return in_order(self.tables.tables[i], [mine[k] for mine in self.states[i]])

    def of_thread(self, q: int, neurons: tuple[np.ndarray, ...]) -> Learning:
        """What one thread's step loop takes; `neurons` are the states of all populations."""
        tables, program, part = self.tables, self.tables.program, self.tables.parts[q]
        n = len(program.plastic)
        facts, addresses = np.zeros((n, COLUMNS), np.int64), np.zeros(n, np.int64)
        first = rows = cols = rounds = changes = 0
        for i, plastic in enumerate(program.plastic):
            edge, mine = program.edges[plastic.edge], tables.tables[i][q]
            low, count = part.low[edge.post], len(tables.pairs[i])
            sums = part.acc_base[edge.post] + edge.receptor * part.width[edge.post] - low
            facts[i] = (
                *(tables.place_of[edge.pre], tables.place_of[edge.post]),
                *(part.low[edge.pre], part.high[edge.pre], low, part.high[edge.post]),
                *(sums, trace_depth(plastic), count, first, rows, cols),
                program.populations[edge.pre].size,
                *(tables.place_of.get(plastic.modulator, -1), plastic.delay),
                *(len(plastic.rounds), rounds, changes),
            )
            first, rows, cols = first + count, rows + len(mine.rows), cols + len(mine.cols)
            rounds, changes = rounds + len(plastic.rounds), changes + len(plastic.signal_steps) + 1
            table = self._table(i, q, neurons[edge.post][self.trial])
            self._keep.append(table)
            addresses[i] = table.ctypes.data
        mine_all = [tables.tables[i][q] for i in range(n)]
        never = np.iinfo(np.int64).max
        return Learning(
            tables.kernels,
            addresses,
            facts,
            np.concatenate(tables.pairs),
            np.concatenate([part.rows for part in mine_all]),
            np.concatenate([part.cols for part in mine_all]),
            np.array(
                [[one.steps, one.sums] for p in program.plastic for one in p.rounds], np.int64
            ).reshape(-1, 2),
            np.concatenate([[*p.signal_steps, never] for p in program.plastic]).astype(np.int64),
            np.concatenate([[*p.signal_values, 0.0] for p in program.plastic]),
            np.array(
                [np.searchsorted(p.signal_steps, self.step) for p in program.plastic], np.int64
            ),
            q,
        )

    def _table(self, i: int, q: int, neurons: np.ndarray) -> np.ndarray:
        """See `rule_printer`."""
        plastic, program = self.tables.program.plastic[i], self.tables.program
        edge, mine = program.edges[plastic.edge], self.tables.tables[i][q]
        sizes = [program.populations[k].size for k in (edge.pre, edge.post)]
        keys = plastic.keys[self.trial].view(np.int64)
        clock = np.concatenate([[self.step], keys]).astype(np.int64)
        number = np.zeros(0, np.uint32)
        if plastic.draws:
            number = _uint32(np.arange(len(mine.posts)) if mine.index is None else mine.index)
        sums, degrees = np.zeros((2, sizes[1] if any(r.sums for r in plastic.rounds) else 0), int)
        rows = 1 + len(plastic.variables) + len(plastic.sources.names)
        scratch = aligned((rows * CHUNK,), program.dtype)
        self._keep += [clock, number, sums, degrees, scratch]
        source, sources, target, targets = self.traces[i]
        modulator, modulators, control = self.own[i][q]
        filled = {
            PARAMS: self.values[i],
            **{STATES: self.states[i][q], POSTS: mine.posts, PLACES: mine.places, PRES: mine.pres},
            **{SOURCE: source, SOURCES: sources, TARGET: target, TARGETS: targets},
            **{MODULATOR: modulator, MODULATORS: modulators, CONTROL: control},
            **{CLOCK: clock, INDEX: number, SUMS: sums, DEGREES: degrees},
            SCRATCH: scratch,
        }
        table = np.zeros(TABLE + len(plastic.reads), np.int64)
        for place, array in filled.items():
            table[place] = array.ctypes.data
        table[[N_SOURCE, N_TARGET]] = sizes
        table[[DEPTH, SYNAPSES]] = trace_depth(plastic), len(mine.posts)
        table[TABLE:] = [neurons[state].ctypes.data for state in plastic.reads]
        return table


def _edges(
    program: Program, plastic: PlasticProgram, given: EdgeList | None, threads: int
) -> CompactEdges:
    """The synapses of a projection: as given, where they change, else the program's."""
    edge = program.edges[plastic.edge]
    size = program.populations[edge.pre].size
    if given is None:
        return compact_edges(edge, size, threads)
    return CompactEdges.of(given.pre, given.post, size, given.delays, given.dendritic)


def _uint32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.uint32)


def _share(part: PlasticPart, states: np.ndarray) -> np.ndarray:
    """A copy of one thread's share of weights and variables."""
    if len(states) == 1:
        return share_of(part, states[0])[None]
    return np.stack([share_of(part, row) for row in states])


def learned_of(weights: Sequence[Weights], i: int) -> Learned:
    """A copy of what became of a projection in all trials."""
    first = weights[0]
    parts = zip(*(one.learned(i) for one in weights))
    arrays = (each[0][None] if len(each) == 1 else np.stack(each) for each in parts)
    return Learned.of(arrays, first.tables.given[i], first.elements[i])

"""A processor with its memory apart: the words that it fetches, and where from.

A network runs on the compiled engine; every spike, synapse and update that it makes is then turned
into words that are read and written, and each word is served by the first cache that is larger than
all that was touched since the word was used last, as a cache does that evicts what was used least
recently. What the same words would take from a memory beside the arithmetic, as on a chip, stands
next to it: their ratio is what it is worth to have memory and computing in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..feeding import whole_steps
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..network.rules import Convolution, Pooling
from ..program.edge_list import edge_list
from ..program.lower import lower
from ..program.program import Program
from ..settings import checked_dt
from ..simulation import Simulation
from .figures import Figure, Grade
from .power.laws import si
from .power.table import aligned, engineering

__all__ = ["LEVELS", "LOCAL", "Level", "MemoryTraffic", "VonNeumann"]

_HOROWITZ = "Horowitz 2014, ISSCC, doi:10.1109/ISSCC.2014.6757323"


def _estimate(value: float, unit: str, note: str) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, _HOROWITZ, f"45 nm, 0.9 V; {note}")


@dataclass(frozen=True)
class Level:
    """A cache or the memory behind all of them.

    Attributes
    ----------
    name
        As tables show it.
    capacity
        Bytes; None of the last, which holds everything.
    energy
        J to nJ of a word of 64 bits.
    """

    name: str
    capacity: float | None
    energy: Figure


#: A desktop processor of one core.
LEVELS = (
    Level("L1", 32 * 2**10, _estimate(20.0, "pJ", "cache of 32 KB, 64 bits")),
    Level("L2", 2**20, _estimate(100.0, "pJ", "cache of 1 MB, 64 bits")),
    Level(
        "L3", 32 * 2**20,
        _estimate(566.0, "pJ", "1 MB scaled by the root of the size to 32 MB: an estimate of ours"),
    ),
    Level("DRAM", None, _estimate(1.95, "nJ", "64 bits, the middle of 1.3 to 2.6 nJ")),
)  # fmt: skip

_KINDS = ("states", "synapses", "kernels", "inputs")
#: A small memory beside the arithmetic.
LOCAL = _estimate(10.0, "pJ", "cache of 8 KB, 64 bits")
#: What is added up itself.
ADD = _estimate(0.9, "pJ", "fp32 addition")
MULTIPLY = _estimate(4.6, "pJ", "fp32 multiplication with an addition")


@dataclass(frozen=True)
class MemoryTraffic:
    """Words that moved in a run.

    Attributes
    ----------
    levels
        From the nearest to the memory.
    words
        By what is moved (``"states"``, ``"synapses"``, ``"kernels"``, ``"inputs"``), words of 64
        bits that each level served, float64[levels].
    events, updates
        Synaptic events and neuron updates.
    seconds
        Of biological time.
    local
        Price of a word from a memory beside the arithmetic.
    """

    levels: tuple[Level, ...]
    words: Mapping[str, np.ndarray]
    events: int
    updates: int
    seconds: float
    local: Figure

    @property
    def prices(self) -> np.ndarray:
        """J of a word that a level serves: it passes all nearer ones."""
        return np.cumsum([si(level.energy) for level in self.levels])

    def joules(self, what: str | None = None) -> float:
        """Energy of moving words: of one kind, or of all."""
        kinds = self.words if what is None else (what,)
        return float(sum(self.words[kind] @ self.prices for kind in kinds))

    @property
    def total_words(self) -> float:
        """All words."""
        return float(sum(counted.sum() for counted in self.words.values()))

    @property
    def local_joules(self) -> float:
        """Energy of the same words from memories beside the arithmetic."""
        return self.total_words * si(self.local)

    @property
    def colocation(self) -> float:
        """How many times less they take there."""
        return self.joules() / self.local_joules if self.total_words else 1.0

    @property
    def arithmetic(self) -> float:
        """J of the additions and multiplications themselves."""
        return self.events * si(ADD) + self.updates * si(MULTIPLY)

    @property
    def joules_per_event(self) -> float | None:
        """All traffic shared out among synaptic events."""
        return self.joules() / self.events if self.events else None

    def plain(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "words": {
                kind: dict(zip([v.name for v in self.levels], map(float, counted), strict=True))
                for kind, counted in self.words.items()
            },
            "joules": {kind: self.joules(kind) for kind in self.words},
            "total_joules": self.joules(), "arithmetic_joules": self.arithmetic,
            "local_joules": self.local_joules, "colocation": self.colocation,
            "events": self.events, "updates": self.updates,
            "joules_per_event": self.joules_per_event,
        }  # fmt: skip

    def __str__(self) -> str:
        cells = [("words of", *(level.name for level in self.levels), "energy")]
        for kind, counted in self.words.items():
            numbers = (f"{n:,.0f}" for n in counted)
            cells.append((kind, *numbers, engineering(self.joules(kind), "J")))
        told = (
            f"moving {engineering(self.joules(), 'J')}, computing "
            f"{engineering(self.arithmetic, 'J')}, {engineering(self.joules_per_event, 'J')} an "
            f"event; beside the arithmetic {engineering(self.local_joules, 'J')}, "
            f"{self.colocation:.3g} times less (estimates: {_HOROWITZ})"
        )
        return f"{aligned(cells)}\n{told}"


@dataclass(frozen=True)
class VonNeumann:
    """One processor core, its caches, and a memory apart.

    Attributes
    ----------
    levels
        Caches from the nearest, and the memory, as `Level`.
    weight_bits, index_bits, state_bits
        Of a weight, of the number of a target that is stored with it, of a state.
    dense
        Whether every synapse is read in every step, spike or not.
    local
        Price of a word of 64 bits from a memory beside the arithmetic.
    """

    levels: tuple[Level, ...] = LEVELS
    weight_bits: int = 32
    index_bits: int = 32
    state_bits: int = 32
    dense: bool = False
    local: Figure = LOCAL

    def __post_init__(self) -> None:
        sizes = [level.capacity for level in self.levels]
        if not sizes or sizes[-1] is not None or None in sizes[:-1]:
            raise ValidationError(
                "VonNeumann.levels", "do not end in one memory", "caches, then a capacity of None"
            )
        caches = [float(size) for size in sizes[:-1] if size is not None]
        if caches != sorted(caches) or any(size <= 0 for size in caches):
            raise ValidationError("VonNeumann.levels", f"of {caches} bytes", "from small to large")
        for name in ("weight_bits", "index_bits", "state_bits"):
            bits = getattr(self, name)
            if isinstance(bits, bool) or not isinstance(bits, int) or not 0 <= bits <= 64:
                raise ValidationError(f"VonNeumann.{name}", f"got {shorten(bits)}", "0 to 64")

    def run(
        self, network: Network, duration: Any, *, dt: Any = 1.0, progress: bool | None = None
    ) -> MemoryTraffic:
        """Run any network, and count what it moves.

        Parameters
        ----------
        network
            The description.
        duration, dt
            ms.
        progress
            Whether to show a bar; by default on a terminal only.
        """
        return self._run(network, duration, checked_dt(dt), progress, None)

    def _run(
        self,
        network: Network,
        duration: Any,
        dt: float,
        progress: bool | None,
        described: Network | None,
    ) -> MemoryTraffic:
        header, arrays = plain_with_arrays(network)
        copy = network_of(header | {"probes": [], "synapse_probes": []}, arrays)
        for population in copy.populations.values():
            copy.record(population, "spikes")
        simulation = Simulation(copy, dt=dt, precision="float64")
        simulation.advance(duration, progress=progress)
        found, program = simulation.recording(), simulation.program
        at, ids = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for p in program.populations:
            record = found[p.name]
            at.append(np.rint(np.asarray(record.times) / dt).astype(np.int64) - 1)
            ids.append(np.asarray(record.ids, np.int64) + p.offset)
        rows = rows_of(described or copy, program)
        held = None if described is None else lower(described, dt, "float64", 1)
        spikes = np.concatenate(at), np.concatenate(ids)
        return self.count(program, rows, spikes, whole_steps(duration, dt), dt, held)

    def beside(self, run: Any, progress: bool | None = None) -> MemoryTraffic:
        """The same for what a chip ran: the spikes of its quantised network, states as described.

        Parameters
        ----------
        run
            A `ChipRun`.
        progress
            Whether to show a bar; by default on a terminal only.
        """
        quantised = run.mapped.quantised
        steps = run.ledger.total("steps")
        duration = steps * quantised.dt
        return self._run(quantised.network, duration, quantised.dt, progress, quantised.described)

    def count(
        self,
        program: Program,
        rows: Sequence[Rows],
        spikes: tuple[np.ndarray, np.ndarray],
        steps: int,
        dt: float,
        held: Program | None = None,
    ) -> MemoryTraffic:
        """Turn spikes into words.

        Parameters
        ----------
        program
            The network lowered.
        rows
            Synapses by source, from `rows_of`.
        spikes
            Steps from 0 on, and neurons as numbered in the program.
        steps, dt
            How many, of how many ms.
        held
            Whose states are kept, if not the same network's.
        """
        sizes = _Sizes(self, held or program, rows)
        order = np.lexsort((spikes[1], spikes[0]))
        at, ids = spikes[0][order], spikes[1][order]
        if self.dense:
            senders = np.flatnonzero(sizes.taps > 0)
            at, ids = np.repeat(np.arange(steps), len(senders)), np.tile(senders, steps)
        bytes_of = sizes.stored[ids]
        per_step = np.bincount(at, bytes_of, steps)
        read = np.concatenate([[0.0], np.cumsum(per_step)])
        fixed = sizes.states + sizes.inputs + sizes.kernels
        words = {kind: np.zeros(len(self.levels)) for kind in _KINDS}
        # States are read and written once in each step: all of it lies in between.
        between = fixed + np.minimum(per_step, sizes.synapses)
        between[:1] = np.inf
        np.add.at(words["states"], self.level(between), 2.0 * sizes.states / 8.0)
        before = _previous(at, ids)
        gap = np.where(before < 0, np.inf, read[at + 1] - read[before + 1])
        distance = np.where(np.isinf(gap), np.inf, fixed + np.minimum(gap, sizes.synapses))
        moved = np.ceil(bytes_of / 8.0) * sizes.written[ids]
        np.add.at(words["synapses"], self.level(distance), moved)
        # Kernels and inputs are used all the time: once in a step from afar, else from nearby.
        taps = sizes.shared[ids] * self.weight_bits / 64.0
        used = np.bincount(at, taps, steps) > 0
        far = np.minimum(sizes.kernels / 8.0 * used, np.bincount(at, taps, steps))
        np.add.at(words["kernels"], self.level(between), far)
        words["kernels"][self.level(np.array([sizes.kernels]))[0]] += taps.sum() - far.sum()
        events = int(sizes.taps[ids].sum())
        near = sizes.inputs + (per_step.mean() if steps else 0.0)
        each = 2.0 * self.state_bits / 64.0
        words["inputs"][self.level(np.array([near]))[0]] += events * each
        return MemoryTraffic(
            self.levels, words, events, sizes.updates * steps, steps * dt * 1e-3, self.local
        )

    def level(self, distance: np.ndarray) -> np.ndarray:
        """Which level serves a word, by the bytes that were touched since it was used last."""
        caches = np.array([v.capacity for v in self.levels if v.capacity is not None], float)
        return np.searchsorted(caches, distance, side="left")


@dataclass(frozen=True)
class Rows:
    """Synapses of a projection, by source.

    Attributes
    ----------
    taps
        Of each neuron of the program (float64).
    shared
        Weights that all of them share; 0 where each synapse has its own.
    changes
        Whether weights are written back.
    full
        Whether every pair is joined: then the numbers of targets need not be stored.
    """

    taps: np.ndarray
    shared: int
    changes: bool
    full: bool


def rows_of(network: Network, program: Program) -> list[Rows]:
    """Count synapses by source, projection by projection; the network says which share a kernel."""
    total, found = sum(p.size for p in program.populations), []
    for e in program.edges:
        described = network.projections.get(e.name)
        rule = None if described is None else described.rule
        pre = edge_list(e).pre + program.populations[e.pre].offset
        shared = 0
        if isinstance(rule, Convolution | Pooling):
            shared = int(np.size(getattr(rule, "kernel", 1.0)))
        taps = np.bincount(pre, minlength=total).astype(float)
        ends = [program.populations[k].size for k in (e.pre, e.post)]
        found.append(Rows(taps, shared, bool(e.plastic), len(pre) == ends[0] * ends[1]))
    return found


class _Sizes:
    """Bytes of everything that a network keeps."""

    def __init__(self, machine: VonNeumann, program: Program, rows: Sequence[Rows]) -> None:
        total = len(rows[0].taps) if rows else sum(p.size for p in program.populations)
        width = machine.state_bits / 8.0
        kept = {p.name: len([s for s in p.states if s != "busy"]) for p in program.populations}
        self.states = sum(kept[p.name] * p.size for p in program.populations) * width
        self.updates = sum(p.size for p in program.populations if p.states)
        self.inputs = sum(len(p.receptors) * p.size for p in program.populations) * width
        own = [r.taps * _each(machine, r) for r in rows if not r.shared]
        self.taps = sum((r.taps for r in rows), np.zeros(total))
        self.shared = sum((r.taps for r in rows if r.shared), np.zeros(total))
        self.stored = sum(own, np.zeros(total))
        self.synapses = float(self.stored.sum())
        self.kernels = sum(r.shared for r in rows) * machine.weight_bits / 8.0
        learned = [r.taps * _each(machine, r) for r in rows if r.changes and not r.shared]
        changes = sum(learned, np.zeros(total))
        self.written = 1.0 + changes / np.maximum(self.stored, 1.0)


def _each(machine: VonNeumann, rows: Rows) -> float:
    """Bytes of a synapse."""
    return (machine.weight_bits + (0 if rows.full else machine.index_bits)) / 8.0


def _previous(at: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The step of the spike before, of the same neuron; -1 for the first."""
    order = np.lexsort((at, ids))
    made = np.full(len(at), -1, np.int64)
    same = ids[order][1:] == ids[order][:-1]
    made[order[1:][same]] = at[order[:-1][same]]
    return made

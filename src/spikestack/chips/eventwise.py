"""Networks of event-driven chips run event by event, as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..program.edge_list import edge_list, edge_weights
from ..program.lower import lower
from ..program.program import Program
from .hosting import Spikes, outside_spikes
from .kernels.events import run_events
from .mapping.cores import MappedNetwork

__all__ = ["Eventwise", "Prepared", "prepared", "run_eventwise"]


@dataclass(frozen=True)
class Eventwise:
    """What `run_eventwise` found.

    Attributes
    ----------
    spikes
        By population, sources outside among them; a neuron may fire several times in a step.
    potentials
        By population of which ``v`` is recorded, (steps, neurons).
    dropped
        Events that found a queue full, or a core without operations left.
    """

    spikes: dict[str, Spikes]
    potentials: dict[str, np.ndarray]
    dropped: int


def run_eventwise(
    mapped: MappedNetwork, steps: int, room: np.ndarray | None = None, queue: int = 1024
) -> Eventwise:
    """Run a network of `EventNeuron` event by event.

    The events of a step from outside come population by population, in the order of neurons; a
    spike joins the end of the queue.

    Parameters
    ----------
    mapped
        Without delays.
    steps
        How many.
    room
        Synaptic operations that each core manages in a step; any number by default.
    queue
        Events that may wait.
    """
    given = prepared(mapped, steps)
    limits = np.full(len(mapped.cores), -1, np.int64) if room is None else room.astype(np.int64)
    source = (given.at, given.ids, steps, given.starts, given.targets, given.weights)
    found_at, found, seen, dropped = _run(source, given.constants, limits, queue, given.kept, steps)
    return given.found(mapped, found_at, found, seen, dropped)


@dataclass(frozen=True)
class Prepared:
    """A network of `EventNeuron` as arrays, neurons numbered as in its program.

    Attributes
    ----------
    program
        What it was lowered to.
    outside
        Spikes of sources outside, by population.
    at, ids
        The same: step, ascending, and neuron.
    starts, targets, weights, edges
        Synapses by source: neurons that they end at, whole weights, places of their projections in
        the program, and in these.
    constants
        By name, of every neuron: those of `EventNeuron`, and its ``core``; 0 outside.
    read, kept
        Populations of which ``v`` is recorded, and their neurons.
    """

    program: Program
    outside: dict[str, Spikes]
    at: np.ndarray
    ids: np.ndarray
    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    edges: tuple[np.ndarray, np.ndarray]
    constants: dict[str, np.ndarray]
    read: list[str]
    kept: np.ndarray

    def found(
        self, mapped: MappedNetwork, at: np.ndarray, ids: np.ndarray, seen: np.ndarray, dropped: int
    ) -> Eventwise:
        """What a kernel has found, by population."""
        offsets = {p.name: p.offset for p in self.program.populations}
        spikes = dict(self.outside)
        for name, of in mapped.core_of.items():
            mine = (ids >= offsets[name]) & (ids < offsets[name] + len(of))
            spikes[name] = (at[mine], ids[mine] - offsets[name])
        potentials, begin = {}, 0
        for name in self.read:
            size = len(mapped.core_of[name])
            potentials[name] = seen[:, begin : begin + size]
            begin += size
        return Eventwise(spikes, potentials, dropped)


def prepared(mapped: MappedNetwork, steps: int) -> Prepared:
    """Bring a mapped network into arrays, and find out what comes from outside."""
    quantised = mapped.quantised
    program = lower(quantised.network, quantised.dt, "float64", 1)
    total = sum(p.size for p in program.populations)
    offsets = {p.name: p.offset for p in program.populations}
    starts, targets, weights, edges = _synapses(program, set(mapped.core_of), total)
    constants = {n: np.zeros(total, np.int64) for n in ("v", "low", "most", "theta", "taken",
                                                        "subtracts", "core")}  # fmt: skip
    for name, of in mapped.core_of.items():
        place = slice(offsets[name], offsets[name] + len(of))
        values: Any = quantised.network.populations[name].model.values
        for n in ("v", "low", "most", "theta", "taken", "subtracts"):
            constants[n][place] = np.rint(np.broadcast_to(values.get(n, 0.0), len(of)))
        constants["core"][place] = of
    outside = outside_spikes(quantised, steps)
    none = np.zeros(0, np.int64)
    at = np.concatenate([none, *(s for s, _ in outside.values())]).astype(np.int64)
    ids = np.concatenate([none, *(i + offsets[n] for n, (_, i) in outside.items())])
    order = np.lexsort((ids, at))
    probed = {p.target.population.name for p in quantised.network.probes if p.variable == "v"}
    read = sorted(probed & set(mapped.core_of))
    kept = np.concatenate([none, *(offsets[n] + np.arange(len(mapped.core_of[n])) for n in read)])
    return Prepared(
        program, outside, at[order], ids[order].astype(np.int64), starts, targets, weights, edges,
        constants, read, kept,
    )  # fmt: skip


def _synapses(
    program: Program, on_chip: set[str], total: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    none = np.zeros(0, np.int64)
    pre, post, weights, edge, place = [none], [none], [np.zeros(0)], [none], [none]
    for k, e in enumerate(program.edges):
        a, b = program.populations[e.pre], program.populations[e.post]
        if b.name in on_chip:
            found = edge_list(e)
            pre.append(found.pre + a.offset)
            post.append(found.post + b.offset)
            weights.append(edge_weights(e))
            edge.append(np.full(len(found.pre), k))
            place.append(np.arange(len(found.pre)))
    source = np.concatenate(pre)
    order = np.lexsort((np.concatenate(post), source))
    starts = np.searchsorted(source[order], np.arange(total + 1)).astype(np.int64)
    whole = np.rint(np.concatenate(weights)[order]).astype(np.int64)
    targets = np.concatenate(post)[order].astype(np.int64)
    return starts, targets, whole, (np.concatenate(edge)[order], np.concatenate(place)[order])


def _run(
    given: tuple, constants: dict[str, np.ndarray], room: np.ndarray, queue: int,
    kept: np.ndarray, steps: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:  # fmt: skip
    """Again with more room, until all spikes are held."""
    size = max(4096, 4 * len(given[0]))
    while True:
        at, ids = np.zeros(size, np.int64), np.zeros(size, np.int64)
        seen = np.zeros((steps, len(kept)), np.int64)
        c = constants
        found, dropped = run_events(
            *given, c["v"].copy(), c["low"], c["most"], c["theta"], c["taken"],
            c["subtracts"] > 0, c["core"], room, np.zeros(queue, np.int64), kept, at, ids, seen,
        )  # fmt: skip
        if found <= size:
            return at[:found], ids[:found], seen, int(dropped)
        size = int(found)

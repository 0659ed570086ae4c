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

__all__ = ["Eventwise", "run_eventwise"]


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
    quantised = mapped.quantised
    program = lower(quantised.network, quantised.dt, "float64", 1)
    total = sum(p.size for p in program.populations)
    offsets = {p.name: p.offset for p in program.populations}
    synapses = _synapses(program, set(mapped.core_of), total)
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
    read = {p.target.population.name for p in quantised.network.probes if p.variable == "v"}
    read &= set(mapped.core_of)
    kept = np.concatenate([none, *(offsets[n] + np.arange(len(mapped.core_of[n])) for n in read)])
    limits = np.full(len(mapped.cores), -1, np.int64) if room is None else room.astype(np.int64)
    given = (at[order], ids[order].astype(np.int64), steps, *synapses)
    found_at, found, seen, dropped = _run(given, constants, limits, queue, kept, steps)
    spikes = dict(outside)
    for name, of in mapped.core_of.items():
        mine = (found >= offsets[name]) & (found < offsets[name] + len(of))
        spikes[name] = (found_at[mine], found[mine] - offsets[name])
    potentials, begin = {}, 0
    for name in read:
        size = len(mapped.core_of[name])
        potentials[name] = seen[:, begin : begin + size]
        begin += size
    return Eventwise(spikes, potentials, dropped)


def _synapses(
    program: Program, on_chip: set[str], total: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pre, post, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for e in program.edges:
        a, b = program.populations[e.pre], program.populations[e.post]
        if b.name in on_chip:
            found = edge_list(e)
            pre.append(found.pre + a.offset)
            post.append(found.post + b.offset)
            weights.append(edge_weights(e))
    source = np.concatenate(pre)
    order = np.lexsort((np.concatenate(post), source))
    starts = np.searchsorted(source[order], np.arange(total + 1)).astype(np.int64)
    whole = np.rint(np.concatenate(weights)[order]).astype(np.int64)
    return starts, np.concatenate(post)[order].astype(np.int64), whole


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

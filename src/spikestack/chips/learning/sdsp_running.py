"""Networks on ODIN that learn by SDSP while they run, event by event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...feeding import whole_steps
from ...program.edge_list import edge_list
from ..circuits.odin import ODINQuantised
from ..eventwise import Eventwise, Prepared, prepared
from ..kernels.odin_learning import run_learning_events
from ..mapping.cores import MappedNetwork
from .running import LearnedSynapses

__all__ = ["LearnedEventwise", "run_sdsp"]


@dataclass(frozen=True)
class LearnedEventwise:
    """What `run_sdsp` found.

    Attributes
    ----------
    events
        Spikes and potentials.
    synapses
        What became of the projections that learn, by name.
    visited
        Plastic synapses that spikes passed, of each step, int64.
    references, drifts
        Of each step, whether there was a time reference, and a bistability event.
    """

    events: Eventwise
    synapses: dict[str, LearnedSynapses]
    visited: np.ndarray
    references: np.ndarray
    drifts: np.ndarray


def run_sdsp(mapped: MappedNetwork, steps: int, queue: int = 1024) -> LearnedEventwise:
    """Run a network event by event while it learns.

    A step ends with its time reference, then its bistability event, if any are due.

    Parameters
    ----------
    mapped
        Of an `ODINQuantised` with rules.
    steps
        How many.
    queue
        Events that may wait.
    """
    given, quantised = prepared(mapped, steps), mapped.quantised
    assert isinstance(quantised, ODINQuantised)
    rule = next(iter(quantised.learning.values())).rule
    references = _due(rule.reference, steps, quantised.dt)
    drifts = _due(rule.drift, steps, quantised.dt)
    plastic, signs, of_neurons = _loaded(given, quantised)
    weights, visited = np.abs(given.weights), np.zeros(steps, np.int64)
    size, total = max(4096, 4 * len(given.at)), len(of_neurons)
    while True:
        # Again with more room, until all spikes are held.
        at, ids = np.zeros(size, np.int64), np.zeros(size, np.int64)
        seen, learned = np.zeros((steps, len(given.kept)), np.int64), weights.copy()
        visited[:] = 0
        found, dropped = run_learning_events(
            given.at, given.ids, given.starts, given.targets, learned, signs, plastic,
            given.constants["v"].copy(), given.constants["theta"], of_neurons,
            np.zeros(total, np.int64), np.zeros(total, np.int64), references, drifts,
            np.zeros(queue, np.int64), given.kept, at, ids, seen, visited,
        )  # fmt: skip
        if found <= size:
            break
        size = int(found)
    events = given.found(mapped, at[:found], ids[:found], seen, int(dropped))
    return LearnedEventwise(
        events, _synapses(given, quantised, learned), visited, references, drifts
    )


def _due(period: float | None, steps: int, dt: float) -> np.ndarray:
    """Steps that end with an event of this period in ms."""
    made = np.zeros(steps, np.bool_)
    if period is not None:
        each = max(whole_steps(period, dt), 1)
        made[each - 1 :: each] = True
    return made


def _loaded(given: Prepared, quantised: ODINQuantised) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which synapses learn, signs of all, and what belongs to neurons."""
    edge, program = given.edges[0], given.program
    plastic = np.zeros(len(edge), np.bool_)
    signs = np.where(given.weights < 0, -1, 1).astype(np.int64)
    rule = np.zeros((len(given.constants["v"]), 6), np.int64)
    for k, e in enumerate(program.edges):
        own = quantised.learning.get(e.name)
        if own is None:
            continue
        plastic |= edge == k
        signs[edge == k] = own.sign
        p, r = program.populations[e.post], own.rule
        place = rule[p.offset : p.offset + p.size]
        place[:, 0], place[:, 1] = 1, own.theta_mem
        place[:, 2:] = (r.theta_1, r.theta_2, r.theta_3, r.calcium_leak)
    return plastic, signs, rule


def _synapses(
    given: Prepared, quantised: ODINQuantised, learned: np.ndarray
) -> dict[str, LearnedSynapses]:
    """What described projections have become; twins of targets learn the same."""
    made: dict[str, LearnedSynapses] = {}
    edge, place = given.edges
    for k, e in enumerate(given.program.edges):
        own = quantised.learning.get(e.name)
        if own is None or own.of in made:
            continue
        found: Any = edge_list(e)
        weights = np.zeros(len(found.pre), np.int64)
        weights[place[edge == k]] = own.sign * learned[edge == k]
        scale = quantised.scales[given.program.populations[e.post].name]
        made[own.of] = LearnedSynapses(found.pre, found.post, weights, 1.0 / float(scale[0]))
    return made

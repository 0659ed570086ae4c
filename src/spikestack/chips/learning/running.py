"""Mapped networks that learn while they run."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ...engines.base import Chunk
from ...engines.state import Spikes
from ...feeding import injected
from ...network.external import ExternalSpikes
from ...network.network import Network
from ...program.edge_list import edge_list, edge_weights
from ..ledger import Ledger
from ..mapping.cores import MappedNetwork
from ..running import ChipRun, MappedSimulation, _Tally
from .engine import Learner, Widths
from .holding import unit_of
from .rules import Rules

__all__ = ["LearnedSynapses", "LearningRun", "LearningSimulation", "run_learning", "with_synapses"]

#: Weights of 1 that a neuron may be given in a step by synapses whose delays change.
_MOST = 1e6


@dataclass(frozen=True)
class LearnedSynapses:
    """A projection after a run.

    Attributes
    ----------
    pre, post
        Of each synapse (int64).
    weights
        Whole numbers as the chip holds them (int64).
    unit
        What a weight of 1 is in the description's unit.
    tags, delays
        Of Loihi's synapses: tags, and numbers of the delay fields; a spike arrives a step later
        than these say (int64). None on chips without.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray
    unit: float
    tags: np.ndarray | None = None
    delays: np.ndarray | None = None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LearningRun(ChipRun):
    """What a run gives back in which synapses learned.

    Attributes
    ----------
    synapses
        What became of the projections that did, by name.
    """

    synapses: Mapping[str, LearnedSynapses]


def with_synapses(run: ChipRun, synapses: Mapping[str, LearnedSynapses]) -> LearningRun:
    """A run, and what was learned in it."""
    given = {f.name: getattr(run, f.name) for f in fields(run)}
    made = LearningRun(**given, synapses=synapses)
    object.__setattr__(made, "network", run.mapped.quantised.described)
    return made


class _Listening(_Tally):
    """Counts, and tells the learning engines of all spikes."""

    def __init__(self, simulation: LearningSimulation) -> None:
        super().__init__(simulation)
        self.simulation = simulation

    def add(self, chunk: Chunk, step: int) -> None:
        """Take a chunk that ends at `step`."""
        self.simulation.hear(chunk.spikes, step, step - self.step)
        super().add(chunk, step)


class LearningSimulation(MappedSimulation):
    """A mapped network that is running, counting, and learning.

    Parameters
    ----------
    mapped
        From `Chip.map` of a chip with rules.
    rules
        By projection.
    widths
        How weights are held.
    settings
        See `MappedSimulation`.
    """

    def __init__(
        self,
        mapped: MappedNetwork,
        rules: Rules,
        widths: Widths,
        **settings: Any,
    ) -> None:
        self.rules, self.widths = rules, widths
        self.units = {name: unit_of(mapped.quantised.network, name, widths) for name in rules}
        self.moving = [name for name, rule in rules.items() if rule.dd]
        super().__init__(mapped, **settings)

    def _copied(self) -> Network:
        """With a drive beside each projection whose delays change, which delivers its spikes."""
        network = super()._copied()
        for name in self.moving:
            projection = network.projections[name]
            synapse = copy(projection.synapse)
            synapse.weight, synapse.delay = self.units[name], 0.0
            drive = ExternalSpikes(most=_MOST, synapse=synapse)
            network.drive(projection.post, drive, name=_arriving(name))
        return network

    def _begin(self) -> None:
        super()._begin()
        self._collector = self._tally = _Listening(self)
        self._visits: list[tuple[int, np.ndarray]] = []
        if self.step == 0:
            self._learners = self._made()
            self._coming: dict[tuple[str, int], list[np.ndarray]] = {}
            for name in self.moving:
                k, learner = self._learners[name]
                self.engine.set_weights(k, 0, np.zeros(len(learner.weights)))

    def _made(self) -> dict[str, tuple[int, Learner]]:
        """By projection, its place among those that are plastic, and its engine."""
        made, program = {}, self.program
        for k, plastic in enumerate(program.plastic):
            edge = program.edges[plastic.edge]
            found = edge_list(edge)
            sizes = tuple(program.populations[n].size for n in (edge.pre, edge.post))
            weights = np.rint(edge_weights(edge) / self.units[edge.name])
            made[edge.name] = k, Learner(
                self.rules[edge.name], edge.name, self.network.seed, found.pre, found.post,
                (sizes[0], sizes[1]), weights, self.widths, found.delays - 1,
            )  # fmt: skip
        return made

    def _next_stop(self) -> int:
        epochs = [rule.learning_epoch for rule in self.rules.values()]
        ends = [(self.step // epoch + 1) * epoch for epoch in epochs]
        if self.moving:
            ends.append(self.step + 1)
        return min(super()._next_stop(), *ends)

    def hear(self, spikes: Spikes, step: int, rows: int) -> None:
        """Take in the spikes of the last steps."""
        for name, (_, learner) in self._learners.items():
            edge = next(e for e in self.program.edges if e.name == name)
            for at in range(step - rows + 1, step + 1):
                now = spikes.ids[spikes.steps == at]
                sides = [
                    now[(now >= p.offset) & (now < p.offset + p.size)] - p.offset
                    for p in (self.program.populations[n] for n in (edge.pre, edge.post))
                ]
                learner.step(at, sides[0], sides[1], self._reward(name, at))
                if name in self.moving:
                    self._send(name, learner, at, sides[0])

    def _send(self, name: str, learner: Learner, step: int, sources: np.ndarray) -> None:
        """Spikes begin to pass their synapses, with the delays that these now have."""
        which = np.flatnonzero(np.isin(learner.pre, sources))
        arrival = step + 1 + learner.delays[which]
        for at in np.unique(arrival):
            self._coming.setdefault((name, int(at)), []).append(which[arrival == at])

    def _deliver(self) -> None:
        """Bring what arrives in the next step."""
        live = self._live
        for name in self.moving:
            found = self._coming.pop((name, self.step + 1), None)
            if found is None:
                continue
            learner, which = self._learners[name][1], np.concatenate(found)
            sums = np.bincount(learner.post[which],
                               self.widths.delivered(learner.weights[which]))  # fmt: skip
            (ids,) = np.nonzero(sums)
            live = injected(self.program, live, self.step, _arriving(name), ids, counts=sums[ids])
        if live is not self._live:
            with self._feeding:
                # What the host feeds is counted; this is none of it.
                self._live = replace(live, fed=self._live.fed)
                self._feed()

    def _reward(self, name: str, step: int) -> int:
        signal = self.rules[name].reward
        if signal is None:
            return 0
        place = np.searchsorted(signal.times, step * self.dt + 1e-9, side="right") - 1
        return int(signal.values[place]) if place >= 0 else 0

    def _between_pieces(self) -> None:
        super()._between_pieces()
        for name, (k, learner) in self._learners.items():
            if self.step % self.rules[name].learning_epoch:
                continue
            if learner.learn():
                post = self.program.edges[self.program.plastic[k].edge].post
                core = self.mapped.core_of[self.program.populations[post].name]
                at = np.bincount(core[learner.post[learner.visited]],
                                 minlength=len(self.mapped.cores))  # fmt: skip
                self._visits.append((self.step, at))
            if name not in self.moving:
                weights = self.widths.delivered(learner.weights) * self.units[name]
                self.engine.set_weights(k, 0, weights)
        self._deliver()

    def result(self) -> LearningRun:
        """What was recorded, counted and learned since the start."""
        found = super().result()
        run = replace(found, ledger=self._with_visits(found.ledger))
        return with_synapses(run, self._synapses())

    def _with_visits(self, ledger: Ledger) -> Ledger:
        steps, cores = ledger.total("steps"), ledger.cores
        by_step = np.zeros((steps, cores), np.int64)
        for step, visits in self._visits:
            by_step[step - 1 - (self.step - steps)] += visits
        return replace(
            ledger,
            counts={**ledger.counts, "learning updates": by_step.sum(0)},
            by_step={**ledger.by_step, "learning updates": by_step},
        )

    def _synapses(self) -> dict[str, LearnedSynapses]:
        made = {}
        for name, (k, learner) in self._learners.items():
            post = self.program.edges[self.program.plastic[k].edge].post
            scale = self.mapped.quantised.scales[self.program.populations[post].name]
            made[name] = LearnedSynapses(
                learner.pre, learner.post, learner.weights.copy(),
                self.units[name] / float(np.max(scale)), learner.tags.copy(),
                learner.delays.copy(),
            )  # fmt: skip
        return made


def _arriving(name: str) -> str:
    """Name of the drive that delivers what passes a projection whose delays change."""
    return f"{name}, arriving"


def run_learning(
    mapped: MappedNetwork,
    steps: int,
    rules: Rules,
    widths: Widths,
    progress: bool | None = None,
) -> LearningRun:
    """Run a mapped network for a number of steps while it learns."""
    simulation = LearningSimulation(mapped, rules, widths)
    simulation.forward(int(steps), progress=progress)
    return simulation.result()

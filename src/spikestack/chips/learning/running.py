"""Mapped networks that learn while they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ...engines.base import Chunk
from ...engines.state import Spikes
from ...program.edge_list import edge_list, edge_weights
from ..ledger import Ledger
from ..mapping.cores import MappedNetwork
from ..running import ChipRun, MappedSimulation, _Tally
from .engine import Learner, Widths
from .holding import unit_of
from .rules import Rules

__all__ = ["LearnedSynapses", "LearningRun", "LearningSimulation", "run_learning"]


@dataclass(frozen=True)
class LearnedSynapses:
    """A projection after a run.

    Attributes
    ----------
    pre, post
        Of each synapse (int64).
    weights, tags
        Whole numbers as the chip holds them (int64).
    unit
        What a weight of 1 is in the description's unit.
    """

    pre: np.ndarray
    post: np.ndarray
    weights: np.ndarray
    tags: np.ndarray
    unit: float


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LearningRun(ChipRun):
    """What a run gives back in which synapses learned.

    Attributes
    ----------
    synapses
        What became of the projections that did, by name.
    """

    synapses: Mapping[str, LearnedSynapses]


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
        super().__init__(mapped, **settings)

    def _begin(self) -> None:
        super()._begin()
        self._collector = self._tally = _Listening(self)
        self._visits: list[tuple[int, np.ndarray]] = []
        if self.step == 0:
            self._learners = self._made()

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
                (sizes[0], sizes[1]), weights, self.widths,
            )  # fmt: skip
        return made

    def _next_stop(self) -> int:
        epochs = [rule.learning_epoch for rule in self.rules.values()]
        ends = [(self.step // epoch + 1) * epoch for epoch in epochs]
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
            weights = self.widths.delivered(learner.weights) * self.units[name]
            self.engine.set_weights(k, 0, weights)

    def result(self) -> LearningRun:
        """What was recorded, counted and learned since the start."""
        found = super().result()
        run = replace(found, ledger=self._with_visits(found.ledger))
        given = {f.name: getattr(run, f.name) for f in fields(run)}
        made = LearningRun(**given, synapses=self._synapses())
        object.__setattr__(made, "network", self.mapped.quantised.described)
        return made

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
                learner.pre, learner.post, learner.weights.copy(), learner.tags.copy(),
                self.units[name] / float(np.max(scale)),
            )  # fmt: skip
        return made


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

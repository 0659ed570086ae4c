"""Routed networks run: packets counted by tree, what saturates, what learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...program.edge_list import edge_list
from ..running import ChipRun, MappedSimulation
from .mapping import RoutedNetwork

__all__ = ["RoutedSimulation"]


class RoutedSimulation(MappedSimulation):
    """A routed network that is running, and counts while it records."""

    def result(self) -> ChipRun:
        """What was recorded and counted since the start."""
        made, mapped = super().result(), self.mapped
        assert isinstance(mapped, RoutedNetwork)
        chip: Any = mapped.chip
        ledger = mapped.routed(made.ledger, chip.packets_per_link)
        counts = dict(ledger.counts) | {
            "saturations": self._saturations(), "learning updates": self._learned(),
        }  # fmt: skip
        return ChipRun.of(mapped, made.integers, replace(ledger, counts=counts))

    def _saturations(self) -> np.ndarray:
        """Inputs that ring buffers could not hold, by core."""
        made = np.zeros(len(self.mapped.cores), np.int64)
        values = self.engine.state().values
        for k, p in enumerate(self.program.populations):
            if p.name in self.mapped.core_of and "saturated" in p.states:
                found = values[k][0, p.states.index("saturated")].astype(np.int64)
                np.add.at(made, self.mapped.core_of[p.name], found)
        return made

    def _learned(self) -> np.ndarray:
        """Plastic synapses that spikes of their sources visited, by core."""
        made = np.zeros(len(self.mapped.cores), np.int64)
        sent = self._tally.counter.sent
        for plastic in self.program.plastic:
            edge = self.program.edges[plastic.edge]
            pre, post = self.program.populations[edge.pre], self.program.populations[edge.post]
            found = edge_list(edge)
            core = self.mapped.core_of[post.name][found.post]
            np.add.at(made, core, sent[pre.offset + found.pre])
        return made

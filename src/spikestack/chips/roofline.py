"""How long a step takes where the slowest of several things decides, not their sum."""

from __future__ import annotations

import numpy as np

from .ledger import Ledger
from .pricing import SECONDS, Prices

__all__ = ["RooflinePrices"]


class RooflinePrices(Prices):
    """Prices with a max-affine step: the greatest of all terms, each at its busiest core.

    Synaptic operations, updates of neurons and packets are counted by core, each times its own
    `time`; they overlap, so that only the greatest counts, and no step is shorter than the barrier.
    """

    def step_seconds(self, ledger: Ledger, tiles: int) -> np.ndarray:
        """How long each step takes, float64[steps]."""
        events = [n for n in self.time if n.endswith(" events") and n in ledger.by_step]
        others = [[n] for n in self.time if n not in events and n in ledger.by_step]
        terms = [
            sum(
                ledger.by_step[n] * (float(self.time[n]) * SECONDS[self.time[n].unit])
                for n in names
            )
            for names in (events, *others)
            if names
        ]
        if not terms:
            return np.zeros(0)
        slowest = np.max([np.max(term, axis=1) for term in terms], axis=0)
        shortest = 0.0
        if self.barrier:
            near = [n for n in sorted(self.barrier) if n >= tiles] or [max(self.barrier)]
            figure = self.barrier[near[0]]
            shortest = float(figure) * SECONDS[figure.unit]
        return np.maximum(slowest, shortest)

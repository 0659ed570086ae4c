"""Removal of weak synapses."""

from __future__ import annotations

import numpy as np

from .base import WeightParameter
from .structural import StructuralRule
from .wiring import Change, Wiring

__all__ = ["Pruning"]


class Pruning(StructuralRule):
    """Synapses whose weight is below a threshold in magnitude are removed, for good."""

    source = "LeCun, Denker and Solla 1989, NeurIPS 2:598; Han et al. 2015, NeurIPS 28:1135"

    threshold = WeightParameter(
        0.01, low=0, low_open=True, meaning="magnitude of the weight below which a synapse goes"
    )

    def change(self, wiring: Wiring) -> Change:
        """See `StructuralRule.change`."""
        return Change(np.flatnonzero(np.abs(wiring.weights) < wiring.values["threshold"]))

"""Rewiring at constant in-degree."""

from __future__ import annotations

import numpy as np

from ..equations.model import Parameter
from ..errors import ValidationError
from .base import WeightParameter
from .structural import StructuralRule
from .wiring import Change, Wiring

__all__ = ["Rewiring"]


class Rewiring(StructuralRule):
    """Some synapses are replaced at once by others from new sources onto the same targets.

    Replaced are those below `threshold`, the weakest `weakest` of all, and any with the chance
    `turnover`, in each round. The new source is drawn from all sources alike or, in
    `by_activity` of the choices, in proportion to their calcium, which is their mean rate over
    `tau_calcium`. A target keeps a synapse for which no new source is found, so that its in-degree
    never changes.
    """

    pre_traces = "dcalcium/dt = -calcium/tau_calcium : Hz"
    pre_spike = "calcium += 1/tau_calcium"
    source = "Bellec et al. 2018, ICLR (deep rewiring)"

    threshold = WeightParameter(
        0.0, low=0, meaning="magnitude of the weight below which a synapse is replaced"
    )
    weakest = Parameter(0.0, low=0, high=1, meaning="share of all synapses, the weakest, replaced")
    turnover = Parameter(0.0, low=0, high=1, meaning="chance of any synapse to be replaced")
    by_activity = Parameter(
        0.0, low=0, high=1, meaning="share of new sources chosen by their calcium"
    )
    tau_calcium = Parameter(1000.0, "ms", low=0, low_open=True, meaning="reach of calcium")
    w_new = WeightParameter(0.1, meaning="weight of a new synapse")

    def check_use(self, where: str) -> None:
        """See `StructuralRule.check_use`."""
        if not any(self.number(name) for name in ("threshold", "weakest", "turnover")):
            raise ValidationError(
                f"{where}, {self.label}", "replaces nothing", "threshold, weakest or turnover"
            )

    def change(self, wiring: Wiring) -> Change:
        """See `StructuralRule.change`."""
        values, magnitude = wiring.values, np.abs(wiring.weights)
        chance = wiring.uniform("turnover", len(magnitude))
        leaving = (magnitude < values["threshold"]) | (chance < values["turnover"])
        if values["weakest"] > 0:
            # Among equals the order is random, or those of the first sources would always go.
            order = np.lexsort((wiring.uniform("weakest", len(magnitude)), magnitude))
            leaving[order[: int(values["weakest"] * len(magnitude))]] = True
        which = np.flatnonzero(leaving)
        calcium = wiring.source_traces["calcium"]
        pre = wiring.new_sources(wiring.post[which], calcium, values["by_activity"])
        found = pre >= 0
        return Change(which[found], pre[found], wiring.post[which[found]])

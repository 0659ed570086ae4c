"""Inputs that bring nothing by themselves: a session feeds them while the network runs."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ValidationError, shorten
from ..synapses.base import Synapse
from .inputs import Input

__all__ = ["ExternalCurrent", "ExternalSpikes"]


class ExternalSpikes(Input):
    """Spikes that `Simulation.inject` brings while the network runs; none otherwise.

    Parameters
    ----------
    weight
        Of each event; the synapse is then the target model's default one.
    most
        The greatest sum of event sizes that one neuron may be given in one step. Synaptic input is
        summed in fixed point, so the greatest sum must be known before the run; with 1, the same
        events given as `SpikeTrains` act with the same bits.
    synapse
        The synapse to act by, which brings its own weight (its delay plays no part).
    """

    def __init__(
        self, weight: Any = None, most: float = 16.0, *, synapse: Synapse | None = None
    ) -> None:
        number = isinstance(most, int | float) and not isinstance(most, bool)
        if not number or not (math.isfinite(most) and 0 < most <= 1e6):
            raise ValidationError("ExternalSpikes.most", f"got {shorten(most)}", "0 < most <= 1e6")
        self.most = float(most)
        self._take_synapse(weight, synapse)


class ExternalCurrent(Input):
    """A current that `Simulation.set` gives while the network runs; 0 nA until then."""

    has_events = False

"""Source of Poisson spike trains."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["PoissonSource"]


class PoissonSource(NeuronModel):
    """Fires at random with a given rate, at most once in a step; no input.

    The probability of a spike in a step is 1 - exp(-rate dt). To drive a population directly, with
    any number of events in a step, use the input `Poisson`.
    """

    equations = "n[t+1] = 0 : 1"
    threshold = "rand < 1 - exp(-rate*dt)"
    fires_at = None
    source = "Poisson process on a grid; as PyNN's SpikeSourcePoisson"

    rate = Parameter(10.0, "Hz", low=0, meaning="rate")

"""Source of spikes with a rate that swings."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["SinusoidalPoissonSource"]


class SinusoidalPoissonSource(NeuronModel):
    """Fires at random with the rate rate (1 + modulation sin(2 pi frequency t + phase)).

    At most once in a step; no input. Rates below 0 count as 0.
    """

    equations = """
        swing = modulation*sin(6.283185307179586*frequency*t + phase) : 1
        n[t+1] = 0                                                    : 1
    """
    threshold = "rand < 1 - exp(-max(rate*(1 + swing), 0/ms)*dt)"
    fires_at = None
    source = "inhomogeneous Poisson process on a grid; as NEST's sinusoidal_poisson_generator"

    rate = Parameter(10.0, "Hz", low=0, meaning="mean rate")
    modulation = Parameter(1.0, "1", low=0, high=1, meaning="depth of the modulation")
    frequency = Parameter(10.0, "Hz", low=0, meaning="frequency of the modulation")
    phase = Parameter(0.0, "1", meaning="phase at t = 0, in radians")

"""Integrate-and-fire that fires several times in a step."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["BurstIntegrateAndFire"]


class BurstIntegrateAndFire(NeuronModel):
    """As `IntegrateAndFire`, but with as many spikes in a step as the potential holds thresholds.

    They are sent as one, with their number, at most `most`, as its value. Input that comes in a
    lump is passed on at once.
    """

    equations = """
        v[t+1] = v + drive : 1
        number = min(floor(v/theta), most) : 1
    """
    threshold = "v >= theta and t > start + 0.5*dt and t < stop + 0.5*dt"
    reset = "v -= theta*number"
    emit = "number"
    emit_type = "int"
    emit_limit = 16.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Li and Zeng 2022, IJCAI (burst spikes, at most 5)"

    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="threshold")
    drive = Parameter(0.0, "1", meaning="added in every step")
    most = Parameter(5.0, "1", low=1, high=16, meaning="greatest number in a step")
    start = Parameter(0.0, "1", low=0, meaning="when it begins to fire, ms")
    stop = Parameter(1e6, "1", low=0, meaning="when it ends, ms")

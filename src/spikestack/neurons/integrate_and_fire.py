"""Integrate-and-fire without leak, with soft reset: the rate code of converted networks."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["IntegrateAndFire"]


class IntegrateAndFire(NeuronModel):
    """Adds up what arrives and a constant drive; a spike takes `theta` off.

    After T steps with the same input a in each, 0 <= a <= theta, it has fired
    floor((a T + v_0)/theta) times; started at v_0 = theta/2, that rounds where 0 truncates. It
    fires after `start` and until `stop` only, so that it can wait for all of its input.
    """

    equations = "v[t+1] = v + drive : 1"
    threshold = "v >= theta and t > start + 0.5*dt and t < stop + 0.5*dt"
    reset = "v -= theta"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Rueckauer et al. 2017, Front Neurosci 11:682, eq 4; theta/2: Bu et al. 2022, ICLR"

    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="threshold")
    drive = Parameter(0.0, "1", meaning="added in every step")
    start = Parameter(0.0, "1", low=0, meaning="when it begins to fire, ms")
    stop = Parameter(1e6, "1", low=0, meaning="when it ends, ms")

"""Adaptive leaky integrate-and-fire in steps, stable whatever the step."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["AdaptiveDiscreteLIF"]


class AdaptiveDiscreteLIF(NeuronModel):
    """Leaky integrate-and-fire neuron with an adaptation current, by symplectic Euler.

    u = beta*u + (1 - beta)*(input - w), w = rho*w + (1 - rho)*q*(a*u + b*s), where w sees the new
    u and s; here it is brought up to date at the beginning of the next step, which is the same.
    Synapses' weights stand for (1 - beta) times those of the source.
    """

    equations = """
        w[t+1] = rho*w + (1 - rho)*q*(a*v + b*s) : 1
        v[t+1] = beta*v - (1 - beta)*w           : 1
        s[t+1] = 0                               : 1
    """
    threshold = "v >= theta"
    reset = """
        v = 0
        s = 1
    """
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Baronig et al. 2025, Nat Commun 16:5776 (SE-adLIF)"

    beta = Parameter(0.9, "1", low=0, high=1, meaning="what is left of v after a step")
    rho = Parameter(0.98, "1", low=0, high=1, meaning="what is left of w after a step")
    a = Parameter(0.5, "1", low=0, high=1, meaning="adaptation by potential")
    b = Parameter(1.0, "1", low=0, high=2, meaning="adaptation by spikes")
    q = Parameter(120.0, "1", low=0, meaning="scale of both")
    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="threshold")

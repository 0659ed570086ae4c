"""Source of gamma-distributed intervals."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["GammaSource"]


class GammaSource(NeuronModel):
    """Renewal process: fires at every `order`-th event of a Poisson process, order times as fast.

    Intervals have a gamma distribution with a coefficient of variation 1/sqrt(order). At most one
    event in a step: keep order rate dt well below 1. The process begins with an event at t = 0.
    """

    equations = "n[t+1] = n + where(rand < 1 - exp(-order*rate*dt), 1, 0) : 1"
    threshold = "n > order - 0.5"
    reset = "n = 0"
    fires_at = None
    source = "Cox 1962, Renewal Theory, section 1.4; as NEST's gamma_sup_generator"

    rate = Parameter(10.0, "Hz", low=0, meaning="rate")
    order = Parameter(3.0, "1", low=1, meaning="shape of the distribution, a whole number")

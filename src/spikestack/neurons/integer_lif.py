"""Leaky integrate-and-fire that sends several spikes at once, as a whole number."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["IntegerLIF"]


class IntegerLIF(NeuronModel):
    """Leaky integrate-and-fire neuron whose spike carries how many thresholds v is worth.

    v = beta*v + input; it sends v/theta, rounded and at most `most`, and takes as much off. One
    step of it stands for `most` steps of binary spikes, at a fraction of the cost of training.
    """

    equations = """
        v[t+1] = beta*v                                  : 1
        worth = clip(floor(v/theta + 0.5), 0, most)      : 1
    """
    threshold = "v >= 0.5*theta"
    reset = "v -= worth*theta"
    emit = "worth"
    emit_type = "int"
    emit_limit = 64.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = (
        "Luo et al. 2024, ECCV (I-LIF); Yao et al. 2025, IEEE TPAMI (spike firing approximation)"
    )

    beta = Parameter(0.9, "1", low=0, high=1, meaning="what is left of v after a step")
    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="what a spike is worth")
    most = Parameter(4.0, "1", low=1, high=64, meaning="spikes in one step")

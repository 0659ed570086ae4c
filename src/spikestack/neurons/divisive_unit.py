"""Unit that is divided by the activity of a pool."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["DivisiveUnit"]


class DivisiveUnit(NeuronModel):
    """Graded unit that sends v/(sigma + pool): what arrives, divided by what arrives at its pool.

    Synapses on ``compartment="pool"`` bring the pool's activity. It has no memory.
    """

    equations = """
        v[t+1] = bias : 1
        pool[t+1] = 0 : 1
    """
    threshold = "v > 0"
    emit = "v/(sigma + max(pool, 0))"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    compartments = {"pool": ("pool", "i_pool")}  # noqa: RUF012
    default_synapse = "Delta"
    fires_at = None
    source = "Carandini and Heeger 2012, Nat Rev Neurosci 13:51, eq 10, with exponent 1"

    bias = Parameter(0.0, "1", meaning="added to what arrives")
    sigma = Parameter(
        1.0, "1", low=0, low_open=True, meaning="activity at which the output is halved"
    )

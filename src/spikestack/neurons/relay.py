"""Passes on what arrives."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["Relay"]


class Relay(NeuronModel):
    """Sends what arrives in a step, of either sign, as a spike's value, in the same step.

    It has no memory: a linear map after it acts as if on what came before it. Zero is not sent.
    """

    equations = "v[t+1] = 0 : 1"
    threshold = "v > least or v < -least"
    emit = "v"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "graded spikes as on Loihi 2 (Orchard et al. 2021, IEEE SiPS)"

    least = Parameter(0.0, "1", low=0, meaning="magnitude that is not sent yet")

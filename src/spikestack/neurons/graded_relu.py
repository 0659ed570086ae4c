"""Graded rectifier."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["GradedReLU"]


class GradedReLU(NeuronModel):
    """Rectified linear unit: in every step, what arrives plus a bias, passed on as a spike's value.

    It has no memory. A value of 0 or below is not sent.
    """

    equations = "v[t+1] = bias : 1"
    threshold = "v > 0"
    emit = "v"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Nair and Hinton 2010, ICML; graded spikes as on Loihi 2 (Orchard et al. 2021)"

    bias = Parameter(0.0, "1", meaning="added to what arrives")

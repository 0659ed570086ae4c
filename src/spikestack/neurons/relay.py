"""Relay."""

from __future__ import annotations

from .base import NeuronModel

__all__ = ["Relay"]


class Relay(NeuronModel):
    """Relay: passes on, in the same step, the sum of what arrives, as the value of a spike.

    It has no memory, and sends nothing where the sum is 0. Where streams of spikes are added, as
    by the shortcuts of a residual network, a relay is what adds them; gradients pass as through a
    sum.
    """

    equations = "v[t+1] = 0 : 1"
    threshold = "v != 0"
    emit = "v"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "the sum of a spike-element-wise residual block: Fang et al. 2021, NeurIPS"

"""Sigma-delta unit."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["SigmaDelta"]


class SigmaDelta(NeuronModel):
    """Sums what arrives (sigma), rectifies it, and sends how far that has moved (delta).

    A spike with the change as its value is sent when the rectified sum is at least `theta` away
    from what was sent in all. Receivers sum the changes, so that a signal that stands still costs
    no spikes.
    """

    equations = """
        v[t+1] = v                 : 1
        sent[t+1] = sent           : 1
        activation = max(v + bias, 0) : 1
    """
    threshold = "abs(activation - sent) >= theta"
    reset = "sent = activation"
    emit = "activation - sent"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Yoon 2017, IEEE TNNLS 28:1192; O'Connor and Welling 2017, ICLR; as in Intel's lava-dl"

    bias = Parameter(0.0, "1", meaning="added to the sum")
    theta = Parameter(0.1, "1", low=0, low_open=True, meaning="least change that is sent")

"""Few-spike neuron."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["FewSpike"]


class FewSpike(NeuronModel):
    """Sends a number from 0 to `alpha` as the bits of its binary code, the highest first.

    What arrives before `start` is summed; from then on, for `bits` steps, the neuron fires
    where the sum is at least alpha 2^-k in step k, takes that off and sends it as the spike's
    value. The sum of the values is the rectified sum, to alpha 2^-bits. With one layer's
    `start` `bits` steps after the one before, layers form a pipeline.
    """

    equations = """
        size[t+1] = where(t + 0.5*dt >= start, 0.5*size, size) : 1
        v[t+1] = v                                             : 1
    """
    threshold = "t > start + 0.5*dt and t <= start + (bits + 0.5)*dt and v >= size"
    reset = "v -= size"
    emit = "size"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    default_synapse = "Delta"
    initial = {"size": "alpha"}  # noqa: RUF012
    fires_at = None
    source = "Stoeckl and Maass 2021, Nat Mach Intell 3:230, eqs 1-2, with the parameters for ReLU"

    alpha = Parameter(1.0, "1", low=0, low_open=True, meaning="greatest number, not reached")
    bits = Parameter(8.0, "1", low=1, high=20, meaning="steps, and bits of the number")
    start = Parameter(0.0, "1", low=0, meaning="when it begins to send, ms")

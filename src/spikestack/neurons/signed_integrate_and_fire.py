"""Integrate-and-fire that takes spikes back."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["SignedIntegrateAndFire"]


class SignedIntegrateAndFire(NeuronModel):
    """As `IntegrateAndFire`, but below 0 it sends -1, if it has sent a spike to take back.

    Input that comes late and is negative thus corrects what was sent too soon: once the input has
    ended, the sum of what was sent comes to rest at the rounded sum of what arrived, from 0 to
    `most`, in whatever order it came.
    """

    equations = """
        v[t+1] = v + drive : 1
        count[t+1] = count : 1
    """
    threshold = (
        "t > start + 0.5*dt and t < stop + 0.5*dt"
        " and ((v >= theta and count < most) or (v < 0 and count > 0))"
    )
    reset = """
        count += where(v >= theta, 1, -1)
        v -= where(v >= theta, theta, -theta)
    """
    emit = "where(v >= theta, 1, -1)"
    emit_type = "int"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Wang et al. 2022, IJCAI (signed neuron with memory); You et al. 2024, ICML (ST-BIF)"

    theta = Parameter(1.0, "1", low=0, low_open=True, meaning="threshold")
    drive = Parameter(0.0, "1", meaning="added in every step")
    most = Parameter(1e6, "1", low=1, meaning="greatest sum of what is sent")
    start = Parameter(0.0, "1", low=0, meaning="when it begins to fire, ms")
    stop = Parameter(1e6, "1", low=0, meaning="when it ends, ms")

"""Exponentially decaying current."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["ExponentialCurrent"]


class ExponentialCurrent(Synapse):
    """Current that jumps by the weight (nA) and decays: di/dt = -i/tau_syn."""

    equations = "di/dt = -i/tau_syn : nA"
    receives = "i"
    current = "i"
    source = "Gerstner et al. 2014, Neuronal Dynamics, section 3.1"

    tau_syn = Parameter(5.0, "ms", low=0, low_open=True, meaning="decay time constant")

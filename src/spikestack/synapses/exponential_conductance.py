"""Exponentially decaying conductance."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["ExponentialConductance"]


class ExponentialConductance(Synapse):
    """Conductance that jumps by the weight (uS, >= 0) and decays; current g (e_rev - v)."""

    equations = "dg/dt = -g/tau_syn : uS"
    receives = "g"
    current = "g*(e_rev - v)"
    positive = True
    default_weight = 0.01
    source = "Gerstner et al. 2014, Neuronal Dynamics, section 3.1"

    tau_syn = Parameter(5.0, "ms", low=0, low_open=True, meaning="decay time constant")
    e_rev = Parameter(0.0, "mV", meaning="reversal potential")

"""Alpha-shaped conductance."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["AlphaConductance"]


class AlphaConductance(Synapse):
    """Conductance weight (e t/tau_syn) exp(-t/tau_syn), whose peak is the weight (uS)."""

    equations = """
        dx/dt = -x/tau_syn                        : uS
        dg/dt = (2.718281828459045*x - g)/tau_syn : uS
    """
    receives = "x"
    current = "g*(e_rev - v)"
    positive = True
    default_weight = 0.01
    source = "Rall 1967, J Neurophysiol 30:1138; peak normalised to the weight"

    tau_syn = Parameter(2.0, "ms", low=0, low_open=True, meaning="time of the peak")
    e_rev = Parameter(0.0, "mV", meaning="reversal potential")

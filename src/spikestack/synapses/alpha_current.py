"""Alpha-shaped current."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["AlphaCurrent"]


class AlphaCurrent(Synapse):
    """Current of the shape weight (e t/tau_syn) exp(-t/tau_syn), whose peak is the weight (nA)."""

    equations = """
        dx/dt = -x/tau_syn                        : nA
        di/dt = (2.718281828459045*x - i)/tau_syn : nA
    """
    receives = "x"
    current = "i"
    source = "Rall 1967, J Neurophysiol 30:1138; peak normalised to the weight"

    tau_syn = Parameter(2.0, "ms", low=0, low_open=True, meaning="time of the peak")

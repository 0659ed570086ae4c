"""Resistive memory with a curved current, as programmed by verified pulses."""

from __future__ import annotations

from ..equations.model import Parameter
from .statistical import StatisticalDevice

__all__ = ["MiloReRam"]


class MiloReRam(StatisticalDevice):
    """Hafnium oxide cells after programming with verified pulses of rising gate voltage.

    The standard deviation falls with the target: ``s0 - s1 target``. The current is
    ``g v + n2 v^2 + n3 v^3``, where n2 and n3 are polynomials of ``L = log10 g``, for voltages up
    to 0.5 V; the fit is CrossSim's.
    """

    equations = """
        l = log(max(g, 1e-6))/log(10) : 1
        n2 = 7.063e-3 + l*(5.711e-3 + l*(1.541e-3 + l*1.388e-4)) : 1
        n3 = 1.2968e-3 + l*(6.7919e-4 + l*8.871e-5) : 1
        """
    programmed = "max(0, target + max(0, s0 - s1*target)*xi)"
    current = "g*v + n2*v*v + n3*v**3"
    source = "Milo et al. 2021, IEEE IRPS, as fitted in CrossSim"

    g_low = Parameter(50e-6, "S", low=0, meaning="least conductance to program")
    g_high = Parameter(225e-6, "S", low=0, low_open=True, meaning="greatest conductance")
    s0 = Parameter(4.782321e-6, "S", low=0, meaning="spread of programming at 0 S")
    s1 = Parameter(0.009107, "1", meaning="fall of the spread with the target")

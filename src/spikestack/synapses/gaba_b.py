"""GABA-B receptor."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["GABAB"]


class GABAB(Synapse):
    """Slow inhibition by potassium, through a G-protein of which four must bind to a channel.

    A spike activates a share of the receptors, the weight (0.09 for a pulse of 1 mM during 1 ms at
    the published rate); because of the fourth power, a single spike has little effect and a burst
    much. Activation is not limited to 1: keep the sum of weights within a decay well below it.
    """

    equations = """
        dr/dt = -k2*r        : 1
        ds/dt = k3*r - k4*s  : 1
    """
    receives = "r"
    current = "g_max*s**4/(s**4 + kd)*(e_rev - v)"
    positive = True
    default_weight = 0.09
    source = (
        "Destexhe, Mainen and Sejnowski 1998, Methods in Neuronal Modeling, ch 1, eqs 1.35-1.37"
    )

    g_max = Parameter(0.01, "uS", low=0, meaning="greatest conductance")
    k2 = Parameter(0.0012, "1/ms", low=0, meaning="rate at which receptors close")
    k3 = Parameter(0.18, "1/ms", low=0, meaning="rate of G-protein activation, uM per ms")
    k4 = Parameter(0.034, "1/ms", low=0, meaning="rate of G-protein inactivation")
    kd = Parameter(100.0, "1", low=0, low_open=True, meaning="dissociation constant, uM^4")
    e_rev = Parameter(-95.0, "mV", meaning="reversal potential")

    parameter_sets = {  # noqa: RUF012
        "destexhe_1998": {},
    }

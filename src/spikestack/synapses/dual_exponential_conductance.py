"""Conductance that rises and decays exponentially."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import Synapse

__all__ = ["DualExponentialConductance"]


class DualExponentialConductance(Synapse):
    """Conductance weight N (exp(-t/tau_decay) - exp(-t/tau_rise)), whose peak is the weight (uS).

    The two time constants must differ; for equal ones there is `AlphaConductance`.
    """

    equations = """
        peak = log(tau_decay/tau_rise)*tau_rise*tau_decay/(tau_decay - tau_rise) : ms
        norm = 1/(exp(-peak/tau_decay) - exp(-peak/tau_rise))                    : 1
        dx/dt = -x/tau_rise                                                      : uS
        dg/dt = norm*(1/tau_rise - 1/tau_decay)*x - g/tau_decay                  : uS
    """
    receives = "x"
    current = "g*(e_rev - v)"
    positive = True
    default_weight = 0.01
    source = (
        "Roth and van Rossum 2009, in De Schutter, Computational Modeling Methods, ch 6, eq 6.4"
    )

    tau_rise = Parameter(0.5, "ms", low=0, low_open=True, meaning="rise time constant")
    tau_decay = Parameter(5.0, "ms", low=0, low_open=True, meaning="decay time constant")
    e_rev = Parameter(0.0, "mV", meaning="reversal potential")

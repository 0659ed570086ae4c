"""Pair-based STDP, multiplicative."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["MultiplicativeSTDP"]


class MultiplicativeSTDP(PlasticityRule):
    """Potentiation in proportion to the room above the weight, depression to the weight itself."""

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w -= alpha*rate*w*y"
    on_post = "w += rate*(w_max - w)*x"
    source = "Rubin, Lee and Sompolinsky 2001, Phys Rev Lett 86:364"

    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    rate = Parameter(0.01, low=0, meaning="learning rate lambda")
    alpha = Parameter(1.05, low=0, meaning="depression relative to potentiation")

"""Pair-based STDP with a power-law dependence on the weight."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule, WeightParameter

__all__ = ["PowerLawSTDP"]


class PowerLawSTDP(PlasticityRule):
    """Potentiation with a power of the weight below 1, depression in proportion to it."""

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w -= alpha*rate*w*y"
    on_post = "w += rate*w_0*exp(mu*log(max(w/w_0, 1e-20)))*x"
    source = "Morrison, Aertsen and Diesmann 2007, Neural Comput 19:1437"

    tau_plus = Parameter(15.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(30.0, "ms", low=0, low_open=True, meaning="reach of depression")
    rate = Parameter(0.1, low=0, meaning="learning rate lambda")
    alpha = Parameter(0.0513, low=0, meaning="depression relative to potentiation")
    mu = Parameter(0.4, low=0, meaning="exponent")
    w_0 = WeightParameter(0.001, low=0, low_open=True, meaning="weight of reference")

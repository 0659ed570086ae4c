"""Inhibitory plasticity that balances a neuron at a target rate."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule, WeightParameter

__all__ = ["VogelsSprekeler"]


class VogelsSprekeler(PlasticityRule):
    """Near-coincident spikes strengthen inhibition, lone spikes of the source weaken it.

    The target is driven towards `rate`: there, a spike of the source changes nothing on average.
    """

    pre_traces = "dx/dt = -x/tau : 1"
    post_traces = "dy/dt = -y/tau : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w += eta*(y - 2*rate*tau)"
    on_post = "w += eta*x"
    source = "Vogels et al. 2011, Science 334:1569"

    tau = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of pairs")
    rate = Parameter(3.0, "Hz", low=0, meaning="rate of the target that inhibition settles at")
    eta = WeightParameter(1e-4, low=0, meaning="learning rate")

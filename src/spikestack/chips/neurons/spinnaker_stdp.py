"""Plasticity as SpiNNaker computes it: weights of 16 bits, traces of 11 bits behind the point."""

from __future__ import annotations

from ...equations.model import Parameter
from ...plasticity.base import PlasticityRule, WeightParameter

__all__ = ["TRACE_ONE", "SpiNNakerSTDP"]

#: What a trace is raised by at a spike.
TRACE_ONE = 2048


class SpiNNakerSTDP(PlasticityRule):
    """Additive pair STDP in whole numbers.

    Traces are cut to multiples of 1/2048 where they are read; what a pair does to a weight is cut
    to a whole number, and the weight stays within its 16 bits. The machine puts off what spikes of
    the target do until the next spike of the source, before which nobody reads the weight; it cuts
    the sum of several, where here each is cut.
    """

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x += 2048"
    post_spike = "y += 2048"
    on_pre = "w -= unit*floor(down*floor(y)/2048)"
    on_post = "w += unit*floor(up*floor(x)/2048)"
    source = "sPyNNaker, neural_modelling/src/neuron/plasticity/stdp; additive, one term"

    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    up = Parameter(0.0, low=0, high=65535, meaning="potentiation by a pair at no distance")
    down = Parameter(0.0, low=0, high=65535, meaning="depression by a pair at no distance")
    unit = WeightParameter(1.0, meaning="what the last bit of a weight is worth")

"""Pair-based STDP, presynaptic-centred."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["PreCenteredSTDP"]


class PreCenteredSTDP(PlasticityRule):
    """Each spike of the source is paired with the last one of the target and with the next.

    What the sources' spikes before the last spike of the target had left was used up by it: `used`
    keeps how much that was, and `z` how it would have decayed since.
    """

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = """
        dy/dt = -y/tau_minus : 1
        dz/dt = -z/tau_plus  : 1
    """
    variables = "used : 1"
    pre_spike = "x += 1"
    post_spike = "y = 1; z = 1"
    on_pre = "w -= A_minus*w_max*y"
    on_post = "w += A_plus*w_max*max(x - used*z, 0); used = x"
    source = "Morrison, Diesmann and Gerstner 2008, Biol Cybern 98:459, fig 7C"

    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    A_plus = Parameter(0.005, meaning="potentiation by a pair at no distance, in w_max")
    A_minus = Parameter(0.00525, meaning="depression by a pair at no distance, in w_max")

"""Pair-based STDP, additive."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["AdditiveSTDP"]


class AdditiveSTDP(PlasticityRule):
    """Every pair of spikes changes the weight by a share of w_max, whatever the weight is.

    A source's spike dt before a target's adds A_plus w_max exp(-dt/tau_plus); one that comes dt
    after takes A_minus w_max exp(-dt/tau_minus).
    """

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w -= A_minus*w_max*y"
    on_post = "w += A_plus*w_max*x"
    source = "Song, Miller and Abbott 2000, Nat Neurosci 3:919"

    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    A_plus = Parameter(0.005, meaning="potentiation by a pair at no distance, in w_max")
    A_minus = Parameter(0.00525, meaning="depression by a pair at no distance, in w_max")

"""Pair-based STDP with its signs exchanged."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["AntiHebbianSTDP"]


class AntiHebbianSTDP(PlasticityRule):
    """A source that fires before its target is weakened, one that fires after it strengthened."""

    pre_traces = "dx/dt = -x/tau_minus : 1"
    post_traces = "dy/dt = -y/tau_plus : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w += A_plus*w_max*y"
    on_post = "w -= A_minus*w_max*x"
    source = "Bell, Han, Sugawara and Grant 1997, Nature 387:278"

    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    A_plus = Parameter(0.005, meaning="potentiation by a pair at no distance, in w_max")
    A_minus = Parameter(0.00525, meaning="depression by a pair at no distance, in w_max")

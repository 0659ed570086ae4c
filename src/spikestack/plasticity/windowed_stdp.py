"""Pair-based STDP with a hard window."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["WindowedSTDP"]


class WindowedSTDP(PlasticityRule):
    """Each spike is paired with the last one of the other side, if that is no more than 20 ms ago.

    For comparison with implementations that keep a short window of spikes instead of traces.
    """

    pre_traces = """
        dx/dt = -x/tau_plus : 1
        dago_pre/dt = 1 : ms
    """
    post_traces = """
        dy/dt = -y/tau_minus : 1
        dago_post/dt = 1 : ms
    """
    pre_spike = "x = 1; ago_pre = 0"
    post_spike = "y = 1; ago_post = 0"
    on_pre = "w -= A_minus*w_max*where(ago_post - window < slack, y, 0)"
    on_post = "w += A_plus*w_max*where(ago_pre - window < slack, x, 0)"
    initial = {"ago_pre": 1e6, "ago_post": 1e6}  # noqa: RUF012
    source = "Song, Miller and Abbott 2000, Nat Neurosci 3:919, cut off"

    window = Parameter(20.0, "ms", low=0, meaning="greatest distance of a pair, included")
    tau_plus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")
    A_plus = Parameter(0.005, meaning="potentiation by a pair at no distance, in w_max")
    A_minus = Parameter(0.00525, meaning="depression by a pair at no distance, in w_max")
    slack = Parameter(0.01, "ms", low=0, meaning="below a step: room for rounding")

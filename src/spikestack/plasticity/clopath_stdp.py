"""Voltage-based STDP."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["ClopathSTDP"]


class ClopathSTDP(PlasticityRule):
    """Depression where a spike of the source meets a depolarised target; potentiation, at every
    step, where the target is far above threshold and has been depolarised while the source's trace
    lasts.

    The target's potential `v` must leave its reset while it spikes (AdEx, exponential, or
    conductance-based models) for potentiation to occur. Amplitudes are shares of w_max, for which
    the article, whose weights are relative, has 1; the homeostatic change of A_LTD is left out.
    """

    post_state = "v : mV"
    pre_traces = "dx/dt = -x/tau_x : ms^-1"
    post_traces = """
        du_minus/dt = (v - u_minus)/tau_minus : mV
        du_plus/dt  = (v - u_plus)/tau_plus   : mV
        u[t+1] = v : mV
    """
    pre_spike = "x += 1/tau_x"
    on_pre = "w -= A_LTD*w_max*max(u_minus - theta_minus, 0)"
    every = "w += A_LTP*w_max*x*(u - theta_plus)*(u_plus - theta_minus)*interval"
    every_if = "u > theta_plus and u_plus > theta_minus"
    initial = {"u_minus": -70.6, "u_plus": -70.6, "u": -70.6}  # noqa: RUF012
    source = "Clopath, Buesing, Vasilaki and Gerstner 2010, Nat Neurosci 13:344"

    tau_x = Parameter(15.0, "ms", low=0, low_open=True, meaning="trace of the source")
    tau_minus = Parameter(10.0, "ms", low=0, low_open=True, meaning="potential for depression")
    tau_plus = Parameter(7.0, "ms", low=0, low_open=True, meaning="potential for potentiation")
    theta_minus = Parameter(-70.6, "mV", meaning="potential from which on weights change")
    theta_plus = Parameter(-45.3, "mV", meaning="potential from which on they are potentiated")
    A_LTD = Parameter(14e-5, "mV^-1", low=0, meaning="depression")
    A_LTP = Parameter(8e-5, "mV^-2", low=0, meaning="potentiation")

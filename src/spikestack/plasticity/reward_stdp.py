"""STDP whose changes wait for a reward."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule, WeightParameter

__all__ = ["MSTDP", "MSTDPET", "RewardSTDP"]

_TAU_PLUS = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of potentiation")
_TAU_MINUS = Parameter(20.0, "ms", low=0, low_open=True, meaning="reach of depression")


class RewardSTDP(PlasticityRule):
    """STDP tags a synapse, and dopamine turns the tag into a change of the weight.

    A pair adds to the eligibility `c`, which fades over a second; dw/dt = c (n - baseline), where
    the concentration `n` of dopamine rises by 1/tau_n with every spike of the modulator. Besides,
    a signal of 1 counts as much as a concentration of `per_signal`. Exact where `interval` is 0;
    with a longer one, dopamine that came within it counts from its beginning on, and so for too
    much, by a share of up to interval/tau_n.
    """

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    modulator_traces = "dn/dt = -n/tau_n : ms^-1"
    variables = "c : weight"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    modulator_spike = "n += 1/tau_n"
    on_pre = "c -= A_minus*y"
    on_post = "c += A_plus*x"
    every = """
        w += c*(n*exp(interval/tau_n)*tau_c*tau_n/(tau_c + tau_n)
                *(1 - exp(-interval/tau_c - interval/tau_n))
                + (signal*per_signal - baseline)*tau_c*(1 - exp(-interval/tau_c)))
        c *= exp(-interval/tau_c)
    """
    source = "Izhikevich 2007, Cereb Cortex 17:2443"

    tau_plus = _TAU_PLUS
    tau_minus = _TAU_MINUS
    tau_c = Parameter(1000.0, "ms", low=0, low_open=True, meaning="eligibility")
    tau_n = Parameter(200.0, "ms", low=0, low_open=True, meaning="dopamine")
    baseline = Parameter(0.0, "ms^-1", meaning="concentration at which nothing changes")
    per_signal = Parameter(1.0, "ms^-1", meaning="concentration that a signal of 1 stands for")
    A_plus = WeightParameter(1.0, meaning="eligibility by a pair at no distance")
    A_minus = WeightParameter(1.5, meaning="the same, where the target fires first")


class MSTDP(PlasticityRule):
    """STDP times the present reward, which the signal is; a punishment is a negative one."""

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "w += gamma*signal*A_minus*y"
    on_post = "w += gamma*signal*A_plus*x"
    source = "Florian 2007, Neural Comput 19:1468, eq 12 to 15"

    tau_plus = _TAU_PLUS
    tau_minus = _TAU_MINUS
    A_plus = Parameter(1.0, meaning="potentiation by a pair at no distance")
    A_minus = Parameter(-1.0, meaning="change by a pair at no distance, target first")
    gamma = WeightParameter(0.1, low=0, meaning="learning rate")


class MSTDPET(PlasticityRule):
    """STDP feeds an eligibility `z`, and the reward, which the signal is, acts on that."""

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    variables = "z : 1"
    pre_spike = "x += 1"
    post_spike = "y += 1"
    on_pre = "z += A_minus*y/tau_z*unit"
    on_post = "z += A_plus*x/tau_z*unit"
    every = "w += gamma*signal*z*interval/unit; z *= exp(-interval/tau_z)"
    source = "Florian 2007, Neural Comput 19:1468, eq 16 to 21"

    tau_plus = _TAU_PLUS
    tau_minus = _TAU_MINUS
    tau_z = Parameter(25.0, "ms", low=0, low_open=True, meaning="eligibility")
    A_plus = Parameter(1.0, meaning="potentiation by a pair at no distance")
    A_minus = Parameter(-1.0, meaning="change by a pair at no distance, target first")
    gamma = WeightParameter(0.1, low=0, meaning="learning rate, per unit of time")
    unit = Parameter(1.0, "ms", low=0, low_open=True, meaning="unit of time")

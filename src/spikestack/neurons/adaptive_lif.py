"""Leaky integrate-and-fire with an adaptive threshold."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["AdaptiveLIF"]


class AdaptiveLIF(NeuronModel):
    """LIF neuron whose threshold jumps at every spike and decays.

    C dv/dt = -(C/tau_m) (v - v_rest) + I; the threshold is v_thresh + theta, tau_theta dtheta/dt =
    -theta, theta = theta + theta_jump at a spike.
    """

    equations = """
        dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset)/cm : mV
        dtheta/dt = -theta/tau_theta                       : mV
    """
    threshold = "v >= v_thresh + theta"
    reset = "v = v_reset; theta += theta_jump"
    refractory = "tau_refrac"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = (
        "Bellec et al. 2018, NeurIPS 31 (LSNN); after Chacron et al. 2003, Neural Comput 15:253"
    )

    v_rest = Parameter(-65.0, "mV", meaning="resting potential")
    cm = Parameter(1.0, "nF", low=0, low_open=True, meaning="membrane capacitance")
    tau_m = Parameter(20.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_refrac = Parameter(2.0, "ms", low=0, meaning="refractory period")
    v_reset = Parameter(-65.0, "mV", meaning="potential after a spike")
    v_thresh = Parameter(-50.0, "mV", meaning="threshold at rest")
    tau_theta = Parameter(200.0, "ms", low=0, low_open=True, meaning="threshold time constant")
    theta_jump = Parameter(1.7, "mV", low=0, meaning="rise of the threshold at a spike")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "bellec_2018": {"tau_m": 20.0, "tau_theta": 700.0, "tau_refrac": 5.0},
        "eprop_speech": {"tau_m": 20.0, "tau_theta": 200.0, "theta_jump": 1.8, "tau_refrac": 2.0},
    }

"""Multi-timescale adaptive threshold."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["MAT2"]


class MAT2(NeuronModel):
    """Leaky integrator with a threshold of two time scales, and no reset of v (MAT model).

    At a spike the threshold omega + h1 + h2 jumps by alpha_1 and alpha_2, which decay with
    tau_1 and tau_2. The potential goes on while the neuron is refractory.
    """

    equations = """
        dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset)/cm : mV
        dh1/dt = -h1/tau_1                                 : mV
        dh2/dt = -h2/tau_2                                 : mV
    """
    threshold = "v >= v_rest + omega + h1 + h2"
    reset = "h1 += alpha_1; h2 += alpha_2"
    refractory = "tau_refrac"
    clamped = ()
    initial = {"v": "v_rest"}  # noqa: RUF012
    fires_at = 1.0
    source = "Kobayashi, Tsubo and Shinomoto 2009, Front Comput Neurosci 3:9, eqs 1-3, figure 3"

    v_rest = Parameter(-70.0, "mV", meaning="resting potential")
    cm = Parameter(0.1, "nF", low=0, low_open=True, meaning="membrane capacitance")
    tau_m = Parameter(5.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_refrac = Parameter(2.0, "ms", low=0, meaning="refractory period")
    omega = Parameter(19.0, "mV", meaning="threshold at rest, above v_rest")
    tau_1 = Parameter(10.0, "ms", low=0, low_open=True, meaning="fast threshold time constant")
    tau_2 = Parameter(200.0, "ms", low=0, low_open=True, meaning="slow threshold time constant")
    alpha_1 = Parameter(37.0, "mV", meaning="fast jump at a spike")
    alpha_2 = Parameter(2.0, "mV", meaning="slow jump at a spike")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "regular_spiking": {"alpha_1": 37.0, "alpha_2": 2.0, "omega": 19.0},
        "intrinsically_bursting": {"alpha_1": 1.7, "alpha_2": 2.0, "omega": 26.0},
        "fast_spiking": {"alpha_1": 10.0, "alpha_2": 0.002, "omega": 11.0},
        "chattering": {"alpha_1": -0.5, "alpha_2": 0.35, "omega": 26.0},
    }

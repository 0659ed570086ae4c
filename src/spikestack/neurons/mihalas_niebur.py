"""Mihalas and Niebur's generalised LIF."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["MihalasNiebur"]


class MihalasNiebur(NeuronModel):
    """Generalised LIF with spike-induced currents and an adaptive threshold.

    C dv/dt = -g (v - v_rest) + I + I1 + I2, dI_j/dt = -k_j I_j, dtheta/dt = a (v - v_rest) - b
    (theta - theta_inf). When v reaches theta: v = v_reset, I_j = r_j I_j + a_j, theta =
    max(theta_reset, theta). Linear between spikes, so integrated exactly. With cm = 1 nF a
    current in nA is the article's I/C in V/s.
    """

    equations = """
        dv/dt = (g*(v_rest - v) + i1 + i2 + i_syn + i_offset)/cm : mV
        dtheta/dt = a*(v - v_rest) - b*(theta - theta_inf)       : mV
        di1/dt = -k1*i1                                          : nA
        di2/dt = -k2*i2                                          : nA
    """
    threshold = "v >= theta"
    reset = """
        v = v_reset
        theta = max(theta_reset, theta)
        i1 = r1*i1 + a1
        i2 = r2*i2 + a2
    """
    initial = {"v": "v_rest", "theta": "theta_inf"}  # noqa: RUF012
    fires_at = 1.6
    source = "Mihalas and Niebur 2009, Neural Comput 21:704, eqs 2.1-2.2, table 1"

    cm = Parameter(1.0, "nF", low=0, low_open=True, meaning="membrane capacitance")
    g = Parameter(0.05, "uS", low=0, low_open=True, meaning="leak conductance")
    v_rest = Parameter(-70.0, "mV", meaning="resting potential")
    v_reset = Parameter(-70.0, "mV", meaning="potential after a spike")
    theta_inf = Parameter(-50.0, "mV", meaning="threshold at rest")
    theta_reset = Parameter(-60.0, "mV", meaning="least threshold after a spike")
    a = Parameter(0.0, "1/ms", meaning="coupling of the threshold to the potential")
    b = Parameter(0.01, "1/ms", low=0, meaning="rate at which the threshold returns")
    k1 = Parameter(0.2, "1/ms", low=0, meaning="decay rate of the first current")
    k2 = Parameter(0.02, "1/ms", low=0, meaning="decay rate of the second")
    r1 = Parameter(0.0, "1", meaning="share of the first current that outlasts a spike")
    r2 = Parameter(1.0, "1", meaning="share of the second")
    a1 = Parameter(0.0, "nA", meaning="added to the first current at a spike")
    a2 = Parameter(0.0, "nA", meaning="added to the second")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "tonic_spiking": {"i_offset": 1.5},
        "spike_frequency_adaptation": {"a": 0.005, "i_offset": 2.0},
        "phasic_spiking": {"a": 0.005, "i_offset": 1.5},
        "hyperpolarizing_spiking": {"a": 0.03, "i_offset": -1.0},
        "tonic_bursting": {"a": 0.005, "a1": 10.0, "a2": -0.6, "i_offset": 2.0},
        "phasic_bursting": {"a": 0.005, "a1": 10.0, "a2": -0.6, "i_offset": 1.5},
        "mixed_mode": {"a": 0.005, "a1": 5.0, "a2": -0.3, "i_offset": 2.0},
    }

"""Generalised LIF of the Allen Institute."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["GLIF"]


class GLIF(NeuronModel):
    """Generalised LIF with after-spike currents and an adaptive threshold: level 5 of five.

    C dv/dt = g (v_rest - v) + I + I1 + I2, dI_j/dt = -k_j I_j; the threshold is v_thresh +
    theta_s + theta_v, with dtheta_s/dt = -b_s theta_s and dtheta_v/dt = a_v (v - v_rest) - b_v
    theta_v. A spike sets v = v_rest + f_v (v - v_rest) + v_add, I_j = f_j I_j exp(-k_j t_ref) +
    A_j and theta_s = theta_s exp(-b_s t_ref) + d_theta; then all is held for t_ref. The simpler
    levels are parameter sets: what they lack is 0. The potential in the reset is the one at which
    the threshold was found crossed; NEST's glif_psc takes that of the step before.
    """

    equations = """
        dv/dt = (g*(v_rest - v) + i1 + i2 + i_syn + i_offset)/cm : mV
        di1/dt = -k1*i1                                          : nA
        di2/dt = -k2*i2                                          : nA
        dtheta_s/dt = -b_s*theta_s                               : mV
        dtheta_v/dt = a_v*(v - v_rest) - b_v*theta_v             : mV
    """
    threshold = "v > v_thresh + theta_s + theta_v"
    reset = """
        v = v_rest + f_v*(v - v_rest) + v_add
        i1 = f1*i1*exp(-k1*tau_refrac) + a1
        i2 = f2*i2*exp(-k2*tau_refrac) + a2
        theta_s = theta_s*exp(-b_s*tau_refrac) + d_theta
    """
    refractory = "tau_refrac"
    clamped = ("v", "i1", "i2", "theta_s", "theta_v")
    initial = {"v": "v_rest"}  # noqa: RUF012
    fires_at = 0.5
    source = "Teeter et al. 2018, Nat Commun 9:709, methods, eqs 1-5"

    v_rest = Parameter(-78.85, "mV", meaning="resting potential")
    cm = Parameter(0.05872, "nF", low=0, low_open=True, meaning="membrane capacitance")
    g = Parameter(0.00943, "uS", low=0, low_open=True, meaning="leak conductance")
    tau_refrac = Parameter(3.75, "ms", low=0, meaning="refractory period")
    v_thresh = Parameter(-51.68, "mV", meaning="threshold at rest")
    f_v = Parameter(0.2, "1", meaning="share of the potential that outlasts a spike")
    v_add = Parameter(18.51, "mV", meaning="added to the potential at a spike")
    k1 = Parameter(0.003, "1/ms", low=0, meaning="decay rate of the first after-spike current")
    k2 = Parameter(0.1, "1/ms", low=0, meaning="decay rate of the second")
    f1 = Parameter(1.0, "1", meaning="share of the first current that outlasts a spike")
    f2 = Parameter(1.0, "1", meaning="share of the second")
    a1 = Parameter(-0.00918, "nA", meaning="added to the first current at a spike")
    a2 = Parameter(-0.19894, "nA", meaning="added to the second")
    d_theta = Parameter(0.37, "mV", meaning="rise of the threshold at a spike")
    b_s = Parameter(0.009, "1/ms", low=0, meaning="decay rate of that rise")
    a_v = Parameter(0.005, "1/ms", meaning="coupling of the threshold to the potential")
    b_v = Parameter(0.09, "1/ms", low=0, meaning="decay rate of that coupling")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    _NO_CURRENTS = {"a1": 0.0, "a2": 0.0}  # noqa: RUF012
    _NO_RULES = {"f_v": 0.0, "v_add": 0.0, "d_theta": 0.0}  # noqa: RUF012
    parameter_sets = {  # noqa: RUF012
        "glif1": {**_NO_CURRENTS, **_NO_RULES, "a_v": 0.0},
        "glif2": {**_NO_CURRENTS, "a_v": 0.0},
        "glif3": {**_NO_RULES, "a_v": 0.0},
        "glif4": {"a_v": 0.0},
        "glif5": {},
    }

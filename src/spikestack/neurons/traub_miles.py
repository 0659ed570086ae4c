"""Traub and Miles's pyramidal cell, one compartment."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["TraubMiles"]


class TraubMiles(NeuronModel):
    """Hodgkin-Huxley neuron with the currents of a hippocampal pyramidal cell.

    The rates of Traub and Miles, shifted by v_t, with the membrane of the conductance-based
    benchmark of Brette et al. (2007): 20,000 um^2. ``exprel(x) = (exp(x) - 1)/x`` takes the
    place of removable poles. A spike is the upward crossing of `v_thresh`; nothing is reset. With
    the default integrator intervals are 3 % too long at dt 0.1 ms and 0.8 % at 0.05 ms;
    ``method="rk4"`` needs a dt of 0.05 ms or less and is right there.
    """

    equations = """
        u = v - v_t                                                       : mV
        alpha_m = 1.28/ms/exprel((13*mV - u)/(4*mV))                      : 1/ms
        beta_m  = 1.4/ms/exprel((u - 40*mV)/(5*mV))                       : 1/ms
        alpha_h = 0.128/ms*exp((17*mV - u)/(18*mV))                       : 1/ms
        beta_h  = 4/ms/(1 + exp((40*mV - u)/(5*mV)))                      : 1/ms
        alpha_n = 0.16/ms/exprel((15*mV - u)/(5*mV))                      : 1/ms
        beta_n  = 0.5/ms*exp((10*mV - u)/(40*mV))                         : 1/ms
        i_na = g_na*m**3*h*(e_na - v)                                     : nA
        i_k  = g_k*n**4*(e_k - v)                                         : nA
        dv/dt = (i_na + i_k + g_l*(e_l - v) + i_syn + i_offset)/cm        : mV
        dm/dt = alpha_m*(1 - m) - beta_m*m                                : 1
        dh/dt = alpha_h*(1 - h) - beta_h*h                                : 1
        dn/dt = alpha_n*(1 - n) - beta_n*n                                : 1
    """
    threshold = "v >= v_thresh and previous(v) < v_thresh"
    clamped = ()
    # The gates at their steady state for -60 mV and v_t = -63 mV.
    initial = {"v": "e_l", "m": 0.0268633298, "h": 0.9913058219, "n": 0.0604340347}  # noqa: RUF012
    source = "Traub and Miles 1991, Neuronal Networks of the Hippocampus; Brette et al. 2007, app B"

    cm = Parameter(0.2, "nF", low=0, low_open=True, meaning="membrane capacitance")
    g_l = Parameter(0.01, "uS", low=0, meaning="leak conductance")
    g_na = Parameter(20.0, "uS", low=0, meaning="sodium conductance")
    g_k = Parameter(6.0, "uS", low=0, meaning="potassium conductance")
    e_l = Parameter(-60.0, "mV", meaning="leak reversal potential")
    e_na = Parameter(50.0, "mV", meaning="sodium reversal potential")
    e_k = Parameter(-90.0, "mV", meaning="potassium reversal potential")
    v_t = Parameter(-63.0, "mV", meaning="shift of the rates, near the threshold")
    v_thresh = Parameter(0.0, "mV", meaning="upward crossing that counts as a spike")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "brette_2007": {},
    }

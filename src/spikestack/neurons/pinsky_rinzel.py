"""Pinsky and Rinzel's two-compartment pyramidal cell."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["PinskyRinzel"]


class PinskyRinzel(NeuronModel):
    """CA3 pyramidal cell of a soma, which spikes, and a dendrite, which bursts by calcium.

    Synapses sit at the soma, or at the dendrite with ``compartment="dendrite"``. The published
    densities (per cm^2, voltages from rest at -60 mV) are multiplied by `area`; `p` of it is soma.
    ``exprel(x) = (exp(x) - 1)/x`` takes the place of removable poles. A spike is the upward
    crossing of `v_thresh` by the soma; nothing is reset. Without input the cell bursts, about once
    in 1.3 s; it rests under a current of -0.5 uA/cm^2 into the soma: ``i_offset=-0.03`` nA.
    """

    equations = """
        u = v - v_rest                                                     : mV
        w = v_d - v_rest                                                   : mV
        alpha_m = 1.28/ms/exprel((13.1*mV - u)/(4*mV))                     : 1/ms
        beta_m  = 1.4/ms/exprel((u - 40.1*mV)/(5*mV))                      : 1/ms
        m_inf   = alpha_m/(alpha_m + beta_m)                               : 1
        alpha_n = 0.08/ms/exprel((35.1*mV - u)/(5*mV))                     : 1/ms
        beta_n  = 0.25/ms*exp(0.5 - 0.025/mV*u)                            : 1/ms
        alpha_h = 0.128/ms*exp((17*mV - u)/(18*mV))                        : 1/ms
        beta_h  = 4/ms/(1 + exp((40*mV - u)/(5*mV)))                       : 1/ms
        alpha_s = 1.6/ms/(1 + exp(-0.072/mV*(w - 65*mV)))                  : 1/ms
        beta_s  = 0.1/ms/exprel((w - 51.1*mV)/(5*mV))                      : 1/ms
        slow_c  = 2/ms*exp((6.5*mV - w)/(27*mV))                           : 1/ms
        fast_c  = exp((w - 10*mV)/(11*mV) - (w - 6.5*mV)/(27*mV))/(18.975*ms) : 1/ms
        alpha_c = where(w <= 50*mV, fast_c, slow_c)                        : 1/ms
        beta_c  = where(w <= 50*mV, slow_c - fast_c, 0/ms)                 : 1/ms
        alpha_q = min(0.00002*ca, 0.01)/ms                                 : 1/ms
        beta_q  = 0.001/ms                                                 : 1/ms
        i_na  = g_na*m_inf**2*h*(e_na - u)                                 : nA/cm^2
        i_kdr = g_kdr*n*(e_k - u)                                          : nA/cm^2
        i_ca  = g_ca*s**2*(e_ca - w)                                       : nA/cm^2
        i_kc  = g_kc*c*min(ca/250, 1)*(e_k - w)                            : nA/cm^2
        i_ahp = g_ahp*q*(e_k - w)                                          : nA/cm^2
        to_s  = g_c*(v_d - v) + (i_syn + i_offset)/area                    : nA/cm^2
        to_d  = g_c*(v - v_d) + (i_dend + i_dendrite)/area                 : nA/cm^2
        dv/dt   = (i_na + i_kdr - g_l*u + to_s/p)/cm                       : mV
        dv_d/dt = (i_ca + i_kc + i_ahp - g_l*w + to_d/(1 - p))/cm          : mV
        dh/dt   = alpha_h*(1 - h) - beta_h*h                               : 1
        dn/dt   = alpha_n*(1 - n) - beta_n*n                               : 1
        ds/dt   = alpha_s*(1 - s) - beta_s*s                               : 1
        dc/dt   = alpha_c*(1 - c) - beta_c*c                               : 1
        dq/dt   = alpha_q*(1 - q) - beta_q*q                               : 1
        dca/dt  = ca_gain*i_ca - 0.075/ms*ca                                : 1
    """
    threshold = "v >= v_thresh and previous(v) < v_thresh"
    compartments = {"dendrite": ("v_d", "i_dend")}  # noqa: RUF012
    clamped = ()
    method = "rk4"
    # The steady state that -0.5 uA/cm^2 into the soma holds; without it the cell bursts by itself
    # about every 1.3 s.
    initial = {  # noqa: RUF012
        "v": -64.6,
        "v_d": -64.5,
        "h": 0.999,
        "n": 0.001,
        "s": 0.009,
        "c": 0.007,
        "q": 0.01,
        "ca": 0.2,
    }
    fires_at = 0.1
    source = "Pinsky and Rinzel 1994, J Comput Neurosci 1:39, eqs 1-4, table 1; erratum 2:275"

    area = Parameter(6e-5, "cm^2", low=0, low_open=True, meaning="membrane of both compartments")
    p = Parameter(
        0.5, "1", low=0, high=1, low_open=True, high_open=True, meaning="share of the soma"
    )
    cm = Parameter(3.0, "uF/cm^2", low=0, low_open=True, meaning="membrane capacitance")
    g_c = Parameter(2.1, "mS/cm^2", low=0, meaning="coupling of the compartments")
    g_l = Parameter(0.1, "mS/cm^2", low=0, meaning="leak conductance")
    g_na = Parameter(30.0, "mS/cm^2", low=0, meaning="sodium conductance of the soma")
    g_kdr = Parameter(15.0, "mS/cm^2", low=0, meaning="delayed-rectifier conductance of the soma")
    g_ca = Parameter(10.0, "mS/cm^2", low=0, meaning="calcium conductance of the dendrite")
    g_ahp = Parameter(0.8, "mS/cm^2", low=0, meaning="slow potassium conductance of the dendrite")
    g_kc = Parameter(15.0, "mS/cm^2", low=0, meaning="calcium-activated potassium conductance")
    e_na = Parameter(120.0, "mV", meaning="sodium reversal potential, from rest")
    e_ca = Parameter(140.0, "mV", meaning="calcium reversal potential, from rest")
    e_k = Parameter(-15.0, "mV", meaning="potassium reversal potential, from rest")
    ca_gain = Parameter(0.13, "cm^2/uA/ms", low=0, meaning="calcium that a current brings")
    v_rest = Parameter(-60.0, "mV", meaning="potential that the others count from")
    v_thresh = Parameter(0.0, "mV", meaning="upward crossing that counts as a spike")
    i_offset = Parameter(0.0, "nA", meaning="constant current into the soma")
    i_dendrite = Parameter(0.0, "nA", meaning="constant current into the dendrite")

    parameter_sets = {  # noqa: RUF012
        "pinsky_rinzel_1994": {},
        "tightly_coupled": {"g_c": 10.5},
    }

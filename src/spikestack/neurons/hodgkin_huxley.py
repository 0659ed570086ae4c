"""Hodgkin and Huxley's squid axon."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["HodgkinHuxley"]


class HodgkinHuxley(NeuronModel):
    """Hodgkin-Huxley neuron: a point patch of the squid giant axon.

    The 1952 rates with the resting potential at -65 mV. Each equation is linear in its own
    variable, so the default integrator is exponential Euler, the gates before the potential: stable
    at any step, its spikes those of the exact solution to 0.1 ms with dt 0.1 ms. ``method="rk4"``
    is of fourth order and needs a dt of 0.05 ms or less.
    ``exprel(x) = (exp(x) - 1)/x`` takes the place of the removable poles of alpha_m and alpha_n.
    A spike is the upward crossing of `v_thresh`; nothing is reset.
    """

    equations = """
        alpha_m = 1.0/ms / exprel(-(v + 40*mV)/(10*mV))       : 1/ms
        beta_m  = 4.0/ms * exp(-(v + 65*mV)/(18*mV))          : 1/ms
        alpha_h = 0.07/ms * exp(-(v + 65*mV)/(20*mV))         : 1/ms
        beta_h  = 1.0/ms / (1 + exp(-(v + 35*mV)/(10*mV)))    : 1/ms
        alpha_n = 0.1/ms / exprel(-(v + 55*mV)/(10*mV))       : 1/ms
        beta_n  = 0.125/ms * exp(-(v + 65*mV)/(80*mV))        : 1/ms
        i_na = g_na*m**3*h*(e_na - v)                         : nA
        i_k  = g_k*n**4*(e_k - v)                             : nA
        dv/dt = (i_na + i_k + g_l*(e_l - v) + i_syn + i_offset)/cm : mV
        dm/dt = alpha_m*(1 - m) - beta_m*m                    : 1
        dh/dt = alpha_h*(1 - h) - beta_h*h                    : 1
        dn/dt = alpha_n*(1 - n) - beta_n*n                    : 1
    """
    threshold = "v >= v_thresh and previous(v) < v_thresh"
    clamped = ()
    # The gates at their steady state for -65 mV.
    initial = {  # noqa: RUF012
        "v": -65.0,
        "m": 0.05293248525724958,
        "h": 0.5961207535084603,
        "n": 0.3176769140606974,
    }
    fires_at = 12.0
    source = "Hodgkin and Huxley 1952, J Physiol 117:500, eqs 26 and table 3, shifted to -65 mV"

    cm = Parameter(
        1.0, "nF", low=0, low_open=True, meaning="capacitance, 1 uF/cm^2 x 1000 um^2 x 100"
    )
    g_na = Parameter(120.0, "uS", low=0, meaning="sodium conductance")
    g_k = Parameter(36.0, "uS", low=0, meaning="potassium conductance")
    g_l = Parameter(0.3, "uS", low=0, meaning="leak conductance")
    e_na = Parameter(50.0, "mV", meaning="sodium reversal potential")
    e_k = Parameter(-77.0, "mV", meaning="potassium reversal potential")
    e_l = Parameter(-54.387, "mV", meaning="leak reversal potential")
    v_thresh = Parameter(0.0, "mV", meaning="upward crossing that counts as a spike")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "squid_1952": {},
        "patch_1000um2": {
            "cm": 0.01,
            "g_na": 1.2,
            "g_k": 0.36,
            "g_l": 0.003,
        },
    }

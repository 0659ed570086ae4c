"""Exponential integrate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["ExponentialIF"]


class ExponentialIF(NeuronModel):
    """Exponential integrate-and-fire neuron: AdEx without adaptation.

    C dv/dt = -g_L (v - E_L) + g_L Delta_T exp((v - V_T)/Delta_T) + I; at v >= v_spike: v = v_reset.
    """

    equations = """
        spike_current = gl*delta_t*exp((min(v, v_spike) - v_thresh)/delta_t) : nA
        dv/dt = (gl*(v_rest - v) + spike_current + i_syn + i_offset)/cm      : mV
    """
    threshold = "v >= v_spike"
    reset = "v = v_reset"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = "Fourcaud-Trocme et al. 2003, J Neurosci 23:11628, eq 11"

    v_rest = Parameter(-65.0, "mV", meaning="leak reversal potential E_L")
    cm = Parameter(1.0, "nF", low=0, low_open=True, meaning="membrane capacitance")
    gl = Parameter(0.1, "uS", low=0, low_open=True, meaning="leak conductance")
    delta_t = Parameter(3.48, "mV", low=0, low_open=True, meaning="slope factor")
    v_thresh = Parameter(-59.9, "mV", meaning="threshold of the exponential V_T")
    v_spike = Parameter(-30.0, "mV", meaning="potential at which the spike is cut")
    v_reset = Parameter(-68.0, "mV", meaning="potential after a spike")
    tau_refrac = Parameter(1.7, "ms", low=0, meaning="refractory period")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "fourcaud_trocme_2003": {},
        "sharp": {"delta_t": 0.2},
    }

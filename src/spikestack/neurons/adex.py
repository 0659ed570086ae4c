"""Adaptive exponential integrate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["AdEx"]


class AdEx(NeuronModel):
    """Adaptive exponential integrate-and-fire neuron.

    C dv/dt = -g_L (v - E_L) + g_L Delta_T exp((v - V_T)/Delta_T) - w + I;
    tau_w dw/dt = a (v - E_L) - w; at v >= V_peak: v = V_reset, w = w + b. The exponential is
    evaluated at most at v_peak, where the spike is cut anyway, so that no step overflows.
    """

    equations = """
        spike_current = gl*delta_t*exp((min(v, v_spike) - v_thresh)/delta_t)   : nA
        dv/dt = (gl*(v_rest - v) + spike_current - w + i_syn + i_offset)/cm    : mV
        dw/dt = (a*(min(v, v_spike) - v_rest) - w)/tau_w                       : nA
    """
    threshold = "v >= v_spike"
    reset = "v = v_reset; w += b"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = "Brette and Gerstner 2005, J Neurophysiol 94:3637, eqs 1-3 and table 1"

    v_rest = Parameter(-70.6, "mV", meaning="leak reversal potential E_L")
    cm = Parameter(0.281, "nF", low=0, low_open=True, meaning="membrane capacitance")
    gl = Parameter(0.03, "uS", low=0, low_open=True, meaning="leak conductance")
    delta_t = Parameter(2.0, "mV", low=0, low_open=True, meaning="slope factor")
    v_thresh = Parameter(-50.4, "mV", meaning="threshold of the exponential V_T")
    v_spike = Parameter(0.0, "mV", meaning="potential at which the spike is cut")
    v_reset = Parameter(-70.6, "mV", meaning="potential after a spike")
    tau_refrac = Parameter(0.1, "ms", low=0, meaning="refractory period")
    tau_w = Parameter(144.0, "ms", low=0, low_open=True, meaning="adaptation time constant")
    a = Parameter(0.004, "uS", meaning="subthreshold adaptation")
    b = Parameter(0.0805, "nA", meaning="spike-triggered adaptation")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

"""Izhikevich's simple model."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["Izhikevich"]


class Izhikevich(NeuronModel):
    """Izhikevich neuron.

    dv/dt = 0.04 v^2 + 5 v + 140 - u + I; du/dt = a (b v - u); at v >= 30 mV: v = c, u = u + d.
    The published numbers carry hidden units; here they are written out. A current of 1 nA moves
    v by `gain` mV per ms.
    """

    equations = """
        dv/dt = 0.04/(mV*ms)*v**2 + 5/ms*v + 140*mV/ms - u + gain*(i_syn + i_offset) : mV
        du/dt = a*(b*v - u)                                                          : mV/ms
    """
    threshold = "v >= v_thresh"
    reset = "v = c; u += d"
    method = "euler"
    initial = {"v": -70.0, "u": -14.0}  # noqa: RUF012
    fires_at = 12.0
    source = (
        "Izhikevich 2003, IEEE Trans Neural Netw 14:1569, eqs 1-3; integrated by explicit Euler"
    )

    a = Parameter(0.02, "1/ms", meaning="rate of recovery")
    b = Parameter(0.2, "1/ms", meaning="sensitivity of recovery to v")
    c = Parameter(-65.0, "mV", meaning="potential after a spike")
    d = Parameter(2.0, "mV/ms", meaning="jump of recovery at a spike")
    v_thresh = Parameter(30.0, "mV", meaning="peak at which the spike is cut")
    gain = Parameter(1.0, "mV/ms/nA", meaning="effect of the current on v")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "regular_spiking": {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
        "intrinsically_bursting": {"a": 0.02, "b": 0.2, "c": -55.0, "d": 4.0},
        "chattering": {"a": 0.02, "b": 0.2, "c": -50.0, "d": 2.0},
        "fast_spiking": {"a": 0.1, "b": 0.2, "c": -65.0, "d": 2.0},
        "low_threshold_spiking": {"a": 0.02, "b": 0.25, "c": -65.0, "d": 2.0},
        "resonator": {"a": 0.1, "b": 0.26, "c": -65.0, "d": 2.0},
    }

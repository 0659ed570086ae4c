"""Leaky integrate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["LIF"]


class LIF(NeuronModel):
    """Leaky integrate-and-fire neuron.

    C dv/dt = -(C/tau_m) (v - v_rest) + i_syn + i_offset. Linear, so integrated exactly together
    with current-based synapses, whatever dt (Rotter and Diesmann 1999).
    """

    equations = "dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset)/cm : mV"
    threshold = "v >= v_thresh"
    reset = "v = v_reset"
    refractory = "tau_refrac"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = "Lapicque 1907; Rotter and Diesmann 1999, Biol Cybern 81:381; defaults as in PyNN"

    v_rest = Parameter(-65.0, "mV", meaning="resting potential")
    cm = Parameter(1.0, "nF", low=0, low_open=True, meaning="membrane capacitance")
    tau_m = Parameter(20.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_refrac = Parameter(0.1, "ms", low=0, meaning="refractory period")
    i_offset = Parameter(0.0, "nA", meaning="constant current")
    v_reset = Parameter(-65.0, "mV", meaning="potential after a spike")
    v_thresh = Parameter(-50.0, "mV", meaning="spike threshold")

    parameter_sets = {  # noqa: RUF012
        "textbook": {
            "tau_m": 20.0,
            "tau_refrac": 2.0,
            "v_thresh": -50.0,
            "v_reset": -65.0,
            "v_rest": -70.0,
            "v": -70.0,
        },
        "potjans_diesmann": {
            "tau_m": 10.0,
            "tau_refrac": 2.0,
            "v_thresh": -50.0,
            "v_reset": -65.0,
            "v_rest": -65.0,
            "cm": 0.25,
        },
        "brunel": {
            "tau_m": 20.0,
            "tau_refrac": 2.0,
            "v_thresh": 20.0,
            "v_reset": 10.0,
            "v_rest": 0.0,
            "v": 0.0,
        },
        "vogels_abbott": {
            "tau_m": 20.0,
            "tau_refrac": 5.0,
            "v_thresh": -50.0,
            "v_reset": -60.0,
            "v_rest": -60.0,
            "cm": 0.2,
        },
    }

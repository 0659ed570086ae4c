"""Quadratic integrate-and-fire."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["QuadraticIF"]


class QuadraticIF(NeuronModel):
    """Quadratic integrate-and-fire neuron.

    tau dv/dt = k (v - v_rest) (v - v_crit) + r I; at v >= v_peak: v = v_reset. Above v_crit the
    neuron fires by itself; with v_peak = -v_reset far away it is the theta neuron.
    """

    equations = "dv/dt = (k*(v - v_rest)*(v - v_crit) + r*(i_syn + i_offset))/tau_m : mV"
    threshold = "v >= v_peak"
    reset = "v = v_reset"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = "Ermentrout and Kopell 1986, SIAM J Appl Math 46:233; Latham et al. 2000, eq 1"

    tau_m = Parameter(20.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    k = Parameter(0.05, "1/mV", low=0, low_open=True, meaning="curvature")
    v_rest = Parameter(-65.0, "mV", meaning="resting potential")
    v_crit = Parameter(-50.0, "mV", meaning="potential beyond which v runs away")
    v_peak = Parameter(30.0, "mV", meaning="potential at which the spike is cut")
    v_reset = Parameter(-65.0, "mV", meaning="potential after a spike")
    r = Parameter(20.0, "MOhm", low=0, meaning="effect of the current")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="refractory period")
    i_offset = Parameter(0.0, "nA", meaning="constant current")

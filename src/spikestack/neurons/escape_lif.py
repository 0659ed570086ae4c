"""LIF with a stochastic threshold."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["EscapeLIF"]


class EscapeLIF(NeuronModel):
    """LIF neuron with escape noise: it fires at random, the more likely the nearer to threshold.

    The rate is rate_thresh exp((v - v_thresh)/delta_u), and the probability of a spike in a step
    1 - exp(-rate dt), at most one. The potential is held while the neuron is refractory; in NEST's
    pp_psc_delta it moves.
    """

    equations = """
        dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset)/cm : mV
        hazard = rate_thresh*exp(min((v - v_thresh)/delta_u, 20)) : 1/ms
    """
    threshold = "rand < 1 - exp(-hazard*dt)"
    reset = "v = v_reset"
    refractory = "tau_refrac"
    initial = {"v": "v_rest"}  # noqa: RUF012
    source = (
        "Gerstner and van Hemmen 1992, Network 3:139; Jolivet et al. 2006, J Comput Neurosci 21:35"
    )

    v_rest = Parameter(-65.0, "mV", meaning="resting potential")
    cm = Parameter(1.0, "nF", low=0, low_open=True, meaning="membrane capacitance")
    tau_m = Parameter(20.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_refrac = Parameter(2.0, "ms", low=0, meaning="refractory period")
    v_reset = Parameter(-65.0, "mV", meaning="potential after a spike")
    v_thresh = Parameter(-50.0, "mV", meaning="potential at which the rate is rate_thresh")
    rate_thresh = Parameter(100.0, "Hz", low=0, meaning="rate at v_thresh")
    delta_u = Parameter(
        2.0, "mV", low=0, low_open=True, meaning="how far noise softens the threshold"
    )
    i_offset = Parameter(0.0, "nA", meaning="constant current")

    parameter_sets = {  # noqa: RUF012
        "noisy": {"delta_u": 4.0, "rate_thresh": 100.0},
        "nearly_deterministic": {"delta_u": 0.2, "rate_thresh": 1000.0},
    }

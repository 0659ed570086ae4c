"""Triplet STDP."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["TripletSTDP"]


class TripletSTDP(PlasticityRule):
    """Pairs and triplets of spikes: a second, slower trace on each side scales the change.

    Amplitudes are shares of w_max, for which the article, whose weights are relative, has 1. Its
    fits to data in which all spikes count are parameter sets; the minimal ones do without the terms
    that matter least.
    """

    pre_traces = """
        dr_1/dt = -r_1/tau_plus : 1
        dr_2/dt = -r_2/tau_x    : 1
    """
    post_traces = """
        do_1/dt = -o_1/tau_minus : 1
        do_2/dt = -o_2/tau_y     : 1
    """
    pre_spike = "r_1 += 1; r_2 += 1"
    post_spike = "o_1 += 1; o_2 += 1"
    on_pre = "w -= w_max*o_1*(A2_minus + A3_minus*r_2)"
    on_post = "w += w_max*r_1*(A2_plus + A3_plus*o_2)"
    source = "Pfister and Gerstner 2006, J Neurosci 26:9673, eq 3 and 4, tables 3 and 4"

    tau_plus = Parameter(16.8, "ms", low=0, low_open=True, meaning="reach of potentiation")
    tau_minus = Parameter(33.7, "ms", low=0, low_open=True, meaning="reach of depression")
    tau_x = Parameter(101.0, "ms", low=0, low_open=True, meaning="slow trace of the source")
    tau_y = Parameter(125.0, "ms", low=0, low_open=True, meaning="slow trace of the target")
    A2_plus = Parameter(5e-10, meaning="potentiation by pairs")
    A3_plus = Parameter(6.2e-3, meaning="potentiation by triplets")
    A2_minus = Parameter(7e-3, meaning="depression by pairs")
    A3_minus = Parameter(2.3e-4, meaning="depression by triplets")

    parameter_sets = {  # noqa: RUF012
        "visual cortex": {
            **{"A2_plus": 5e-10, "A3_plus": 6.2e-3, "A2_minus": 7e-3, "A3_minus": 2.3e-4},
            **{"tau_x": 101.0, "tau_y": 125.0},
        },
        "visual cortex, minimal": {
            **{"A2_plus": 0.0, "A3_plus": 6.5e-3, "A2_minus": 7.1e-3, "A3_minus": 0.0},
            **{"tau_y": 114.0},
        },
        "hippocampal": {
            **{"A2_plus": 6.1e-3, "A3_plus": 6.7e-3, "A2_minus": 1.6e-3, "A3_minus": 1.4e-3},
            **{"tau_x": 946.0, "tau_y": 27.0},
        },
        "hippocampal, minimal": {
            **{"A2_plus": 5.3e-3, "A3_plus": 8e-3, "A2_minus": 3.5e-3, "A3_minus": 0.0},
            **{"tau_y": 40.0},
        },
    }

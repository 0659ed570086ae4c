"""PyNN 0.13: ms, mV, nA, uS, nF; most of its names are ours.

Source: PyNN's documentation of its standard cell types, https://neuralensemble.org/docs/PyNN.
"""

from __future__ import annotations

from .tables import Same

TOOL = "PyNN"

PARAMETERS = {
    "AdEx": {"delta_T": Same("delta_t", "mV")},
    "ExponentialCurrent AlphaCurrent ExponentialConductance AlphaConductance": {
        "tau_syn_E": Same("tau_syn", "ms"),
        "tau_syn_I": Same("tau_syn", "ms"),
    },
    "ExponentialConductance AlphaConductance": {
        "e_rev_E": Same("e_rev", "mV"),
        "e_rev_I": Same("e_rev", "mV"),
    },
    "HodgkinHuxley TraubMiles": {
        "gbar_Na": Same("g_na", "uS"),
        "gbar_K": Same("g_k", "uS"),
        "g_leak": Same("g_l", "uS"),
        "e_rev_Na": Same("e_na", "mV"),
        "e_rev_K": Same("e_k", "mV"),
        "e_rev_leak": Same("e_l", "mV"),
    },
    "TraubMiles": {"v_offset": Same("v_t", "mV")},
    "TsodyksMarkram StochasticRelease": {"tau_facil": Same("tau_fac", "ms")},
}

SAME_NAMES = {"AdEx": {"a": "nS"}}

_SYNAPSE = "give it to the synapse: ExponentialCurrent(tau_syn=...)"
_CONDUCTANCE = "give it to the synapse: ExponentialConductance(e_rev=...)"
ELSEWHERE = {
    "LIF AdEx Izhikevich HodgkinHuxley TraubMiles": {
        "tau_syn_E": _SYNAPSE,
        "tau_syn_I": _SYNAPSE,
        "e_rev_E": _CONDUCTANCE,
        "e_rev_I": _CONDUCTANCE,
    },
}

MODELS = {
    "IF_curr_exp": "LIF with ExponentialCurrent synapses",
    "IF_curr_alpha": "LIF with AlphaCurrent synapses",
    "IF_curr_delta": "LIF with Delta synapses",
    "IF_cond_exp": "LIF with ExponentialConductance synapses",
    "IF_cond_alpha": "LIF with AlphaConductance synapses",
    "EIF_cond_exp_isfa_ista": "AdEx with ExponentialConductance synapses",
    "EIF_cond_alpha_isfa_ista": "AdEx with AlphaConductance synapses",
    "HH_cond_exp": "TraubMiles with ExponentialConductance synapses",
    "SpikeSourcePoisson": "PoissonSource, or the input Poisson",
    "SpikeSourceArray": "SpikeSource, or the input SpikeTrains",
    "FixedProbabilityConnector": "the rule FixedProbability(p)",
    "FixedNumberPreConnector": "the rule FixedInDegree(k)",
    "FixedNumberPostConnector": "the rule FixedOutDegree(k)",
    "AllToAllConnector": "the rule AllToAll()",
    "OneToOneConnector": "the rule OneToOne()",
    "FromListConnector": "the rule FromArrays(pre, post)",
}

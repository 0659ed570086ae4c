"""NEST 3: ms, mV, pA, nS, pF; potentials are absolute.

Source: NEST 3.10's documentation of its models, https://nest-simulator.readthedocs.io.
"""

from __future__ import annotations

from .tables import Computed, Fixed, Same

TOOL = "NEST"

_RECEPTOR = "ExponentialCurrent or AlphaCurrent, each with its tau_syn"
_ELSEWHERE_OF_CELLS = {
    "tau_syn_ex": f"give it to the synapse: {_RECEPTOR}",
    "tau_syn_in": f"give it to the synapse: {_RECEPTOR}",
    "E_ex": "give it to the synapse: ExponentialConductance(e_rev=...)",
    "E_in": "give it to the synapse: ExponentialConductance(e_rev=...)",
    "tau_minus": "give it to the plasticity rule: AdditiveSTDP(tau_minus=...)",
    "V_min": "no lower bound of v is kept; declare a model of your own with max(v, v_min)",
    "tau_rise_ex": "give it to the synapse: DualExponentialConductance(tau_rise=...)",
    "tau_rise_in": "give it to the synapse: DualExponentialConductance(tau_rise=...)",
    "tau_decay_ex": "give it to the synapse: DualExponentialConductance(tau_decay=...)",
    "tau_decay_in": "give it to the synapse: DualExponentialConductance(tau_decay=...)",
}
_NO_REFRACTORY = "a spike is the upward crossing of v_thresh; there is no refractory period"

PARAMETERS = {
    "LIF AdaptiveLIF EscapeLIF MAT2 ExponentialIF AdEx GLIF HodgkinHuxley TraubMiles": {
        "C_m": Same("cm", "pF"),
        "I_e": Same("i_offset", "pA"),
        "V_m": Same("v", "mV"),
    },
    "LIF AdaptiveLIF EscapeLIF MAT2 ExponentialIF AdEx GLIF": {
        "E_L": Same("v_rest", "mV"),
        "t_ref": Same("tau_refrac", "ms"),
    },
    "LIF AdaptiveLIF EscapeLIF ExponentialIF AdEx": {"V_reset": Same("v_reset", "mV")},
    "LIF AdaptiveLIF ExponentialIF AdEx GLIF": {"V_th": Same("v_thresh", "mV")},
    "LIF AdaptiveLIF EscapeLIF MAT2": {
        "g_L": Computed("tau_m", "nS", ("cm",), lambda g, cm: 1e3 * cm / g, "tau_m = C_m/g_L"),
    },
    "ExponentialIF AdEx": {
        "g_L": Same("gl", "nS"),
        "Delta_T": Same("delta_t", "mV"),
        "V_peak": Same("v_spike", "mV"),
    },
    "HodgkinHuxley TraubMiles": {
        "g_Na": Same("g_na", "nS"),
        "g_K": Same("g_k", "nS"),
        "g_L": Same("g_l", "nS"),
        "E_Na": Same("e_na", "mV"),
        "E_K": Same("e_k", "mV"),
        "E_L": Same("e_l", "mV"),
        "Act_m": Same("m", "1"),
        "Inact_h": Same("h", "1"),
        "Act_n": Same("n", "1"),
    },
    "TraubMiles": {"V_T": Same("v_t", "mV")},
    "Izhikevich": {
        "V_th": Same("v_thresh", "mV"),
        "V_m": Same("v", "mV"),
        "U_m": Same("u", "mV/ms"),
        # There 1 pA moves v by 1 mV per ms; here 1 nA does, with the default `gain`.
        "I_e": Same("i_offset", "pA", factor=1e3),
    },
    "GammaSource": {"gamma_shape": Same("order", "1")},
    "ExponentialCurrent AlphaCurrent ExponentialConductance AlphaConductance": {
        "tau_syn_ex": Same("tau_syn", "ms"),
        "tau_syn_in": Same("tau_syn", "ms"),
    },
    "DualExponentialConductance": {
        "tau_rise_ex": Same("tau_rise", "ms"),
        "tau_rise_in": Same("tau_rise", "ms"),
        "tau_decay_ex": Same("tau_decay", "ms"),
        "tau_decay_in": Same("tau_decay", "ms"),
    },
    "ExponentialConductance AlphaConductance DualExponentialConductance": {
        "E_ex": Same("e_rev", "mV"),
        "E_in": Same("e_rev", "mV"),
    },
    "AdditiveSTDP MultiplicativeSTDP": {"Wmax": Same("w_max")},
    "AdditiveSTDP": {
        "lambda": Same("A_plus", "1"),
        "alpha": Computed(
            "A_minus", "1", ("A_plus",), lambda alpha, a: alpha * a, "A_minus = alpha lambda"
        ),
        "mu_plus": Fixed(0.0, "for mu_plus = mu_minus = 1 there is MultiplicativeSTDP"),
        "mu_minus": Fixed(0.0, "for mu_plus = mu_minus = 1 there is MultiplicativeSTDP"),
    },
    "MultiplicativeSTDP": {
        "lambda": Same("rate", "1"),
        "mu_plus": Fixed(1.0, "for mu_plus = mu_minus = 0 there is AdditiveSTDP"),
        "mu_minus": Fixed(1.0, "for mu_plus = mu_minus = 0 there is AdditiveSTDP"),
    },
    "PowerLawSTDP": {"lambda": Same("rate", "1")},
    "VogelsSprekeler": {
        "alpha": Computed(
            "rate", "1", ("tau",), lambda alpha, tau: 1e3 * alpha / (2 * tau), "alpha = 2 rate tau"
        ),
    },
    "TripletSTDP": {
        "tau_plus_triplet": Same("tau_x", "ms"),
        "tau_minus_triplet": Same("tau_y", "ms"),
    },
}

#: Names that both bear, in other units: beside names of NEST they must come with their unit.
SAME_NAMES = {
    "AdEx": {"a": "nS", "b": "pA", "w": "pA"},
    "GLIF": {"g": "nS"},
    "ExponentialCurrent AlphaCurrent": {"weight": "pA"},
    "ExponentialConductance AlphaConductance DualExponentialConductance": {"weight": "nS"},
    "VogelsSprekeler": {"eta": ""},
}

ELSEWHERE = {
    "LIF AdaptiveLIF EscapeLIF MAT2 ExponentialIF AdEx GLIF": _ELSEWHERE_OF_CELLS,
    "Izhikevich": _ELSEWHERE_OF_CELLS,
    "HodgkinHuxley TraubMiles": {**_ELSEWHERE_OF_CELLS, "t_ref": _NO_REFRACTORY},
    "TripletSTDP": {
        "Aplus": "amplitudes are shares of w_max: A2_plus = Aplus/Wmax",
        "Aminus": "amplitudes are shares of w_max: A2_minus = Aminus/Wmax",
        "Aplus_triplet": "amplitudes are shares of w_max: A3_plus = Aplus_triplet/Wmax",
        "Aminus_triplet": "amplitudes are shares of w_max: A3_minus = Aminus_triplet/Wmax",
    },
    "TsodyksMarkram StochasticRelease": {
        "tau_psc": "give it to the synapse: ExponentialCurrent(tau_syn=...)",
        "u": "the state at rest is where it starts; give U",
    },
}

MODELS = {
    "iaf_psc_exp": "LIF with ExponentialCurrent synapses",
    "iaf_psc_alpha": "LIF with AlphaCurrent synapses",
    "iaf_psc_delta": "LIF with Delta synapses",
    "iaf_cond_exp": "LIF with ExponentialConductance synapses; g_L and C_m give its tau_m",
    "iaf_cond_alpha": "LIF with AlphaConductance synapses; g_L and C_m give its tau_m",
    "iaf_cond_beta": "LIF with DualExponentialConductance synapses",
    "aeif_cond_exp": "AdEx with ExponentialConductance synapses",
    "aeif_cond_alpha": "AdEx with AlphaConductance synapses",
    "aeif_psc_exp": "AdEx with ExponentialCurrent synapses",
    "aeif_psc_alpha": "AdEx with AlphaCurrent synapses",
    "aeif_psc_delta": "AdEx with Delta synapses",
    "hh_psc_alpha": "HodgkinHuxley with AlphaCurrent synapses",
    "hh_cond_exp_traub": "TraubMiles with ExponentialConductance synapses",
    "izhikevich": "Izhikevich with Delta synapses",
    "mat2_psc_exp": "MAT2 with ExponentialCurrent synapses; omega is relative to v_rest here",
    "glif_psc": "GLIF with AlphaCurrent synapses",
    "pp_psc_delta": "EscapeLIF with Delta synapses, whose hazard has other parameters",
    "parrot_neuron": "SpikeSource, which passes on what it gets without its delay",
    "spike_generator": "the input SpikeTrains, by net.drive, or SpikeSource as a population",
    "poisson_generator": "the input Poisson, by net.drive, or PoissonSource as a population",
    "inhomogeneous_poisson_generator": "the input InhomogeneousPoisson, by net.drive",
    "sinusoidal_poisson_generator": "SinusoidalPoissonSource",
    "gamma_sup_generator": "GammaSource",
    "mip_generator": "CorrelatedSource",
    "dc_generator": "the input ConstantCurrent, by net.drive",
    "step_current_generator": "the input StepCurrent, by net.drive",
    "ac_generator": "the input SinusoidalCurrent, by net.drive",
    "noise_generator": "the input NoiseCurrent, by net.drive",
    "spike_recorder": "net.record(population)",
    "multimeter": 'net.record(population, "v", interval=...)',
    "voltmeter": 'net.record(population, "v", interval=...)',
    "weight_recorder": 'net.record(projection, "w", interval=...)',
    "static_synapse": "any synapse, as Delta or ExponentialCurrent, without plasticity",
    "stdp_synapse": "AdditiveSTDP for mu_plus = mu_minus = 0, MultiplicativeSTDP for 1",
    "stdp_pl_synapse_hom": "PowerLawSTDP",
    "stdp_triplet_synapse": "TripletSTDP",
    "stdp_dopamine_synapse": "RewardSTDP",
    "vogels_sprekeler_synapse": "VogelsSprekeler",
    "clopath_synapse": "ClopathSTDP",
    "tsodyks_synapse": "TsodyksMarkram as plasticity, with an ExponentialCurrent synapse",
    "tsodyks2_synapse": "TsodyksMarkram as plasticity",
    "gap_junction": "GapJunction",
    "one_to_one": "the rule OneToOne()",
    "all_to_all": "the rule AllToAll()",
    "fixed_indegree": "the rule FixedInDegree(k)",
    "fixed_outdegree": "the rule FixedOutDegree(k)",
    "fixed_total_number": "the rule FixedTotalNumber(n)",
    "pairwise_bernoulli": "the rule FixedProbability(p)",
    "Create": "net.add(Population(...))",
    "Connect": "net.connect(pre, post, rule, synapse)",
    "Simulate": "net.run(duration)",
    "ResetKernel": "a new Network()",
}

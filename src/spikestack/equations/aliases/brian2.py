"""Brian2: names are the user's own, these are the customary ones; quantities have their units.

Plain numbers are not read under these names, as Brian2 takes none either. Source: Brian2's
documentation and examples, https://brian2.readthedocs.io.
"""

from __future__ import annotations

from .tables import Computed, Same

TOOL = "Brian2"

_LEAK = {"El": Same("v_rest"), "EL": Same("v_rest")}

PARAMETERS = {
    "LIF AdaptiveLIF EscapeLIF": {
        "tau": Same("tau_m"),
        "taum": Same("tau_m"),
        "R": Computed(
            "cm", "MOhm", ("tau_m",), lambda r, tau: tau / r, "cm = tau_m/R", plain=False
        ),
    },
    "LIF AdaptiveLIF ExponentialIF AdEx": {
        **_LEAK,
        "Cm": Same("cm"),
        "Vt": Same("v_thresh"),
        "VT": Same("v_thresh"),
        "Vr": Same("v_reset"),
    },
    "ExponentialIF AdEx": {
        "C": Same("cm"),
        "gL": Same("gl"),
        "DeltaT": Same("delta_t"),
        "Vcut": Same("v_spike"),
    },
    "AdEx": {"tauw": Same("tau_w")},
    "HodgkinHuxley TraubMiles": {
        "Cm": Same("cm"),
        "gl": Same("g_l"),
        "g_kd": Same("g_k"),
        "El": Same("e_l"),
        "EK": Same("e_k"),
        "ENa": Same("e_na"),
    },
    "TraubMiles": {"VT": Same("v_t")},
    "ExponentialCurrent AlphaCurrent ExponentialConductance AlphaConductance": {
        "taue": Same("tau_syn"),
        "taui": Same("tau_syn"),
    },
    "ExponentialConductance AlphaConductance": {"Ee": Same("e_rev"), "Ei": Same("e_rev")},
    "AdditiveSTDP NearestSTDP": {"taupre": Same("tau_plus"), "taupost": Same("tau_minus")},
    "TsodyksMarkram StochasticRelease": {"U_0": Same("U", "1")},
}

_RELATIVE = "amplitudes are shares of w_max: A_plus = Apre/wmax, A_minus = -Apost/wmax"
ELSEWHERE = {"AdditiveSTDP NearestSTDP": {"Apre": _RELATIVE, "Apost": _RELATIVE}}

MODELS = {
    "NeuronGroup": "Population(n, NeuronModel(equations, ...), name), by net.add",
    "Synapses": "net.connect; formats.brian2.synapses reads a model text, on_pre and on_post",
    "PoissonGroup": "PoissonSource as a population, or the input Poisson",
    "PoissonInput": "the input Poisson(rate, synapse), by net.drive",
    "SpikeGeneratorGroup": "SpikeSource as a population, or the input SpikeTrains",
    "TimedArray": "the input StepCurrent, or InhomogeneousPoisson, by net.drive",
    "SpikeMonitor": "net.record(population)",
    "StateMonitor": 'net.record(population, "v", interval=...)',
    "PopulationRateMonitor": "net.record(population), then the recording's rates",
    "network_operation": "a loop over Simulation.advance",
    "run_regularly": "an update x[t+1] = ... in the model, or a loop over Simulation.advance",
    "EventMonitor": "net.record(population); a model has one kind of event, its spikes",
    "SpatialNeuron": "nothing: neurons have points as compartments, no cables",
}

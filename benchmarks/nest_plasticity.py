"""Records what NEST's plastic synapses do, for tests/models/test_plasticity_against_nest.py.

Run by the Python of an environment with NEST 3.10:
``python benchmarks/nest_plasticity.py tests/vectors/nest_plasticity.npz``. Pairs of neurons that
fire as they are told, each joined by one synapse with a dendritic delay of its own; what is kept is
the weights after a last spike of the source, until when NEST has worked off everything; of
short-term plasticity what the last spikes deliver; of Clopath's rule the target's potentials, too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np

DT = 0.1
PAIRS, SPIKES, LAST = 1000, 20, 5000
STDP = {"Wmax": 1.0, "alpha": 1.05, "lambda": 0.01, "tau_plus": 20.0}
#: By name: NEST's model, its parameters, and the target's.
CASES: dict[str, tuple[str, dict[str, float], dict[str, float]]] = {
    "additive": ("stdp_synapse", STDP | {"mu_plus": 0.0, "mu_minus": 0.0}, {}),
    "multiplicative": ("stdp_synapse", STDP | {"mu_plus": 1.0, "mu_minus": 1.0}, {}),
    "nearest": ("stdp_nn_symm_synapse", STDP | {"mu_plus": 0.0, "mu_minus": 0.0}, {}),
    "pre_centered": ("stdp_nn_pre_centered_synapse", STDP | {"mu_plus": 0.0, "mu_minus": 0.0}, {}),
    "power_law": (
        "stdp_pl_synapse_hom",
        {"mu": 0.4, "alpha": 0.0513, "tau_plus": 15.0, "lambda": 0.1},
        {"tau_minus": 30.0},
    ),
    "triplet": (
        "stdp_triplet_synapse",
        {
            "Wmax": 1.0,
            "Aplus": 5e-10,
            "Aplus_triplet": 6.2e-3,
            "Aminus": 7e-3,
            "Aminus_triplet": 2.3e-4,
            "tau_plus": 16.8,
            "tau_plus_triplet": 101.0,
        },
        {"tau_minus": 33.7, "tau_minus_triplet": 125.0},
    ),
    "vogels_sprekeler": (
        "vogels_sprekeler_synapse",
        {"Wmax": 1.0, "eta": 0.01, "alpha": 0.12, "tau": 20.0},
        {},
    ),
}

#: Short-term plasticity.
SHORT_TERM = {
    "depressing": {"U": 0.5, "tau_rec": 800.0, "tau_fac": 1.0},
    "facilitating": {"U": 0.1, "tau_rec": 100.0, "tau_fac": 1000.0},
}
#: NEST's two models of it, and with what they are the same: one begins after a first spike, the
#: other before it, and keeps what was released from recovering for as long as a current lasts.
MODELS = {"tsodyks2_synapse": {}, "tsodyks_synapse": {"u": 0.0, "tau_psc": 1e-9}}
#: How many of the last deliveries of each pair are kept.
KEPT = 6
DOPAMINE = {
    **{"A_plus": 0.01, "A_minus": 0.015, "tau_plus": 20.0, "tau_c": 1000.0, "tau_n": 200.0},
    **{"b": 0.004, "Wmin": -100.0, "Wmax": 100.0},
}
#: Potentials of the target that Clopath's rule reads, and the last step of that case.
POTENTIALS = ("V_m", "u_bar_minus", "u_bar_plus")
SHORT = 2700


def trains() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps of the spikes of sources and targets, and delays in steps.

    Sources fire in even steps, targets in odd ones, and delays are even: two spikes never meet in
    the same step, about which NEST and others differ. A source fires first, as NEST takes time 0
    for a spike of it where only the nearest count.
    """
    rng = np.random.default_rng(1)
    within = np.arange(10, LAST // 2 - 100)
    pre, post = (
        np.sort([rng.choice(within, SPIKES, replace=False) * 2 for _ in range(PAIRS)], axis=1)
        for _ in range(2)
    )
    pre = np.concatenate([np.full((PAIRS, 1), 10), pre, np.full((PAIRS, 1), LAST)], axis=1)
    return pre, post + 1, 2 * rng.integers(1, 51, PAIRS)


def shortened(steps: np.ndarray) -> np.ndarray:
    """The same trains in half the time; those that would coincide are moved on.

    They begin after 20 ms: NEST's rule reads low-passed potentials of 5 ms ago, which are 0 mV
    before the first step.
    """
    halved = 200 + np.sort(steps // 4 * 2, axis=1)
    for k in range(1, halved.shape[1]):
        halved[:, k] = np.maximum(halved[:, k], halved[:, k - 1] + 2)
    return halved


def parrots(steps: np.ndarray, of_all: dict[str, float] | None = None) -> Any:
    """Neurons that fire in the steps given, a row each."""
    neurons = nest.Create("parrot_neuron", len(steps), of_all or {})
    given: list[Any] = [{"spike_times": np.round((row - 1) * DT, 1)} for row in steps]
    generators = nest.Create("spike_generator", len(steps), given)
    nest.Connect(generators, neurons, "one_to_one", {"delay": DT})
    return neurons


def joined(
    pre: np.ndarray, post: np.ndarray, delays: np.ndarray, of_target: dict[str, float]
) -> Any:
    """Pairs, joined by synapses named plastic; the sources."""
    sources = parrots(pre)
    targets = parrots(post, {"tau_minus": 20.0} | of_target)
    synapse = {
        "synapse_model": "plastic",
        "weight": 0.5,
        "delay": np.round(delays * DT, 1),
        "receptor_type": np.ones(len(pre), int),
    }
    nest.Connect(sources, targets, "one_to_one", synapse)
    return sources


def reset() -> None:
    """An empty kernel."""
    nest.ResetKernel()
    nest.resolution = DT


def weights(case: str, pre: np.ndarray, post: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Weights in the end, by pair; they begin at one half."""
    model, parameters, of_target = CASES[case]
    reset()
    nest.CopyModel(model, "plastic", parameters)
    joined(pre, post, delays, of_target)
    nest.Simulate((LAST + 200) * DT)
    found = nest.GetConnections(synapse_model="plastic")
    return np.array(found.weight)[np.argsort(found.source)]


def delivered(
    model: str, parameters: dict[str, Any], pre: np.ndarray, post: np.ndarray, delays: np.ndarray
) -> np.ndarray:
    """What each spike of a pair's source delivers, a row for each pair."""
    seen = nest.Create("weight_recorder")
    nest.CopyModel(model, "plastic", parameters | {"weight_recorder": seen})
    joined(pre, post, delays, {})
    nest.Simulate((LAST + 200) * DT)
    events = seen.events
    order = np.lexsort((events["times"], events["senders"]))
    return events["weights"][order].reshape(pre.shape)


def short_term(pre: np.ndarray, post: np.ndarray, delays: np.ndarray) -> dict[str, np.ndarray]:
    """The last deliveries of each pair, by NEST's two models, which must agree."""
    made = {}
    for case, parameters in SHORT_TERM.items():
        found = []
        for model, more in MODELS.items():
            reset()
            first = {"u": parameters["U"]} | more
            found.append(delivered(model, parameters | first, pre, post, delays))
        assert np.abs(found[1] / found[0] - 1.0).max() < 1e-9, case
        made[case] = found[0][:, -KEPT:]
    return made


def dopamine(pre: np.ndarray, post: np.ndarray, delays: np.ndarray) -> dict[str, np.ndarray]:
    """Weights as the last spike of the source finds them, and the steps of the modulator."""
    reset()
    steps = np.sort(np.random.default_rng(2).choice(np.arange(200, LAST - 200), (2, 15)), axis=1)
    transmitter = nest.Create("volume_transmitter")
    nest.Connect(parrots(steps), transmitter, syn_spec={"delay": 1.0})
    parameters = DOPAMINE | {"volume_transmitter": transmitter}
    found = delivered("stdp_dopamine_synapse", parameters, pre, post, delays)
    return {"dopamine": found[:, -1], "dopamine_steps": steps.astype(np.int16)}


def clopath(pre: np.ndarray, delays: np.ndarray) -> dict[str, np.ndarray]:
    """Weights of all sources onto one target, as their last spikes find them, and its potentials.

    What its synapses do to the target is next to nothing: they weigh a thousandth, and so do the
    amplitudes of learning. A noisy current makes it fire.
    """
    reset()
    nest.rng_seed = 3
    seen = nest.Create("weight_recorder")
    share = 1e-3
    nest.CopyModel("clopath_synapse", "plastic", {"tau_x": 15.0, "weight_recorder": seen})
    amplitudes = {"A_LTD": 14e-5 * share, "A_LTP": 8e-5 * share}
    target = nest.Create("aeif_psc_delta_clopath", 1, amplitudes)
    noise = nest.Create("noise_generator", 1, {"mean": 800.0, "std": 800.0, "dt": 3.0})
    nest.Connect(noise, target)
    meter = nest.Create("multimeter", 1, {"interval": DT, "record_from": list(POTENTIALS)})
    nest.Connect(meter, target)
    weight, bound = np.full((1, len(pre)), 0.5 * share), np.full((1, len(pre)), share)
    synapse = {"synapse_model": "plastic", "weight": weight, "Wmax": bound}
    synapse["delay"] = np.round(delays * DT, 1)[None, :]
    nest.Connect(parrots(pre), target, "all_to_all", synapse)
    nest.Simulate((SHORT + 200) * DT)
    events = seen.events
    order = np.lexsort((events["times"], events["senders"]))
    found = events["weights"][order].reshape(pre.shape)[:, -1] / share
    made = {name: meter.events[name][:SHORT] for name in POTENTIALS}
    return {"clopath": found, "clopath_pre": pre.astype(np.int16), **made}


def main() -> None:
    """Record everything into the file that is named."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    pre, post, delays = trains()
    arrays = {case: weights(case, pre, post, delays) for case in CASES}
    arrays |= short_term(pre, post, delays)
    arrays |= dopamine(pre, post, delays)
    arrays |= clopath(shortened(pre), delays)
    path = Path(sys.argv[1])
    np.savez_compressed(
        path, pre=pre.astype(np.int16), post=post.astype(np.int16), delays=delays, **arrays
    )
    print(f"{path}: {path.stat().st_size} bytes, {len(arrays)} cases, NEST {nest.__version__}")


if __name__ == "__main__":
    main()

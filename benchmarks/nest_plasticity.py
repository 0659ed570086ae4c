"""Records what NEST's plastic synapses do, for tests/models/test_plasticity_against_nest.py.

Run by the Python of an environment with NEST 3.10:
``python benchmarks/nest_plasticity.py tests/vectors/nest_plasticity.npz``. Pairs of neurons that
fire as they are told, each joined by one synapse with a dendritic delay of its own; what is kept is
the weights after a last spike of the source, until when NEST has worked off everything.
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


def weights(case: str, pre: np.ndarray, post: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Weights in the end, by pair; they begin at one half."""
    model, parameters, of_target = CASES[case]
    nest.ResetKernel()
    nest.resolution = DT
    nest.CopyModel(model, "plastic", parameters)
    sources = nest.Create("parrot_neuron", PAIRS)
    targets = nest.Create("parrot_neuron", PAIRS, {"tau_minus": 20.0} | of_target)
    for neurons, steps in ((sources, pre), (targets, post)):
        given: list[Any] = [{"spike_times": np.round((row - 1) * DT, 1)} for row in steps]
        generators = nest.Create("spike_generator", PAIRS, given)
        nest.Connect(generators, neurons, "one_to_one", {"delay": DT})
    synapse = {
        "synapse_model": "plastic",
        "weight": 0.5,
        "delay": np.round(delays * DT, 1),
        "receptor_type": np.ones(PAIRS, int),
    }
    nest.Connect(sources, targets, "one_to_one", synapse)
    nest.Simulate((LAST + 200) * DT)
    found = nest.GetConnections(synapse_model="plastic")
    return np.array(found.weight)[np.argsort(found.source)]


def main() -> None:
    """Record everything into the file that is named."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    pre, post, delays = trains()
    arrays = {case: weights(case, pre, post, delays) for case in CASES}
    path = Path(sys.argv[1])
    np.savez_compressed(
        path, pre=pre.astype(np.int16), post=post.astype(np.int16), delays=delays, **arrays
    )
    print(f"{path}: {path.stat().st_size} bytes, {len(CASES)} cases, NEST {nest.__version__}")


if __name__ == "__main__":
    main()

"""Standard cells and synapses of PyNN under the same spikes: here, or in NEST to compare with.

    PYTHON benchmarks/pynn_cells.py pyNN.nest tests/vectors/pynn_nest.npz

records what NEST does (PYTHON is that of an environment with PyNN and NEST); with `spikestack.pynn`
in its place, what is done here. tests/pynn/test_pynn_beside_nest.py compares the two.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

EXCITED = [5.0, 12.0, 13.0, 30.0, 31.0, 32.0, 33.0, 60.0, 80.0]
INHIBITED = [20.0, 50.0, 51.0, 90.0]
DURATION, TIMESTEP = 150.0, 0.1
#: Weights of both kinds of synapses, and parameters.
CELLS: dict[str, tuple[float, float, dict[str, float]]] = {
    "IF_curr_exp": (0.3, -0.3, {"i_offset": 1.2, "tau_syn_I": 2.0}),
    "IF_curr_alpha": (0.8, -0.8, {"i_offset": 1.2}),
    "IF_cond_exp": (0.01, 0.02, {"i_offset": 0.9}),
    "IF_cond_alpha": (0.05, 0.05, {"i_offset": 0.9}),
    "IF_facets_hardware1": (0.004, 0.004, {}),
    "EIF_cond_exp_isfa_ista": (0.01, 0.01, {"i_offset": 0.7}),
    "EIF_cond_alpha_isfa_ista": (0.01, 0.01, {"i_offset": 0.7}),
    "Izhikevich": (2.0, -2.0, {"i_offset": 0.01}),
    "HH_cond_exp": (0.02, 0.02, {"i_offset": 0.5}),
}
#: Spikes of the source of a synapse that learns, and of what makes its target fire.
PRE = [2.7, 16.5, 42.9, 45.4, 47.0, 50.9, 56.3, 78.4, 96.0, 101.0, 106.5, 120.2, 141.1, 152.3]
POST = [10.7, 26.1, 43.3, 61.2, 82.1, 87.5, 103.8, 118.1, 144.4]
TIMES = {"A_plus": 0.02, "A_minus": 0.015, "tau_plus": 15.0, "tau_minus": 25.0}
BOUNDS = {"w_min": 0.0, "w_max": 4e-4}
RULES = (
    "AdditiveWeightDependence",
    "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression",
    "GutigWeightDependence",
)


def begin(sim: Any, timestep: float = TIMESTEP) -> None:
    """Set up, in double precision where that can be chosen, with spikes on the grid."""
    more = {"precision": "float64"} if "spikestack" in sim.__name__ else {}
    sim.setup(timestep=timestep, min_delay=timestep, spike_precision="on_grid", **more)


def cell(sim: Any, name: str, timestep: float = TIMESTEP) -> dict[str, np.ndarray]:
    """Spikes and variables of a cell under spikes and a current."""
    begin(sim, timestep)
    excitatory, inhibitory, parameters = CELLS[name]
    kind = getattr(sim, name)
    one = sim.Population(1, kind(**parameters))
    for times, weight, receptor, delay in (
        (EXCITED, excitatory, "excitatory", 1.0),
        (INHIBITED, inhibitory, "inhibitory", 1.5),
    ):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        connect = sim.AllToAllConnector()
        sim.Projection(source, one, connect, synapse, receptor_type=receptor)
    wanted = {"spikes", "v", "w", "u", "gsyn_exc", "gsyn_inh"} & set(kind.recordable)
    one.record(sorted(wanted))
    sim.run(DURATION)
    segment = one.get_data().segments[0]
    found = {s.name: s.magnitude[:, 0] for s in segment.analogsignals}
    found["spikes"] = segment.spiketrains[0].magnitude
    sim.end()
    return found


def learning(sim: Any, rule: str) -> np.ndarray:
    """What a learning synapse delivers at each spike of its source, in uS."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=PRE))
    driver = sim.Population(1, sim.SpikeSourceArray(spike_times=POST))
    target = sim.Population(1, sim.IF_cond_exp(tau_syn_E=0.5, tau_m=2.0, tau_refrac=3.0))
    every = sim.AllToAllConnector()
    strong = sim.StaticSynapse(weight=1.0, delay=0.9)
    sim.Projection(driver, target, every, strong, receptor_type="excitatory")
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(**TIMES), getattr(sim, rule)(**BOUNDS), weight=2e-4, delay=1.0
    )
    sim.Projection(source, target, every, synapse, receptor_type="inhibitory")
    return delivered(sim, target, "gsyn_inh", 5.0)


def depressing(sim: Any, **parameters: float) -> np.ndarray:
    """What a synapse with short-term plasticity delivers at each spike of its source, in uS."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=PRE))
    target = sim.Population(1, sim.IF_cond_exp(tau_syn_E=5.0))
    synapse = sim.TsodyksMarkramSynapse(weight=1e-3, delay=1.0, **parameters)
    sim.Projection(source, target, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    return delivered(sim, target, "gsyn_exc", 5.0)


def delivered(sim: Any, target: Any, variable: str, tau: float) -> np.ndarray:
    """Jumps of an exponential conductance where the spikes of the source arrive, after 1 ms."""
    target.record(variable)
    sim.run(160.0)
    g = target.get_data().segments[0].analogsignals[0].magnitude[:, 0]
    sim.end()
    steps = np.rint((np.array(PRE) + 1.0) / TIMESTEP).astype(int)
    jumps: np.ndarray = g[steps] - g[steps - 1] * np.exp(-TIMESTEP / tau)
    return jumps


SHORT_TERM = {
    "both": {"U": 0.3, "tau_rec": 120.0, "tau_facil": 60.0},
    "depression": {"U": 0.5, "tau_rec": 200.0, "tau_facil": 0.0},
}


def main() -> None:
    """Run everything with one simulator and keep it."""
    sim = importlib.import_module(sys.argv[1])
    kept: dict[str, np.ndarray] = {}
    for name in CELLS:
        found = cell(sim, name)
        kept[f"{name}.spikes"] = found.pop("spikes")
        kept |= {f"{name}.{key}": values[::10] for key, values in found.items()}
    kept |= {rule: learning(sim, rule) for rule in RULES}
    kept |= {key: depressing(sim, **given) for key, given in SHORT_TERM.items()}
    np.savez_compressed(sys.argv[2], **kept)


if __name__ == "__main__":
    main()

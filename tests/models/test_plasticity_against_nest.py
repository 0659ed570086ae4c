"""Plasticity rules against NEST 3.10: 1,000 pairs of neurons, each with a delay of its own.

The vectors were made by benchmarks/nest_plasticity.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp

PATH = Path(__file__).parents[1] / "vectors" / "nest_plasticity.npz"
DT = 0.1
#: Weights are a thousandth of NEST's, lest they make the targets fire.
SHARE = 2.0**-10
RULES = {
    "additive": sp.AdditiveSTDP(w_max=SHARE, A_plus=0.01, A_minus=0.0105),
    "multiplicative": sp.MultiplicativeSTDP(w_max=SHARE, rate=0.01, alpha=1.05),
    "nearest": sp.NearestSTDP(w_max=SHARE, A_plus=0.01, A_minus=0.0105),
    "pre_centered": sp.PreCenteredSTDP(w_max=SHARE, A_plus=0.01, A_minus=0.0105),
    "power_law": sp.PowerLawSTDP(w_0=SHARE, w_max=100 * SHARE),
    "triplet": sp.TripletSTDP(w_max=SHARE),
    "vogels_sprekeler": sp.VogelsSprekeler(w_max=SHARE, eta=0.01 * SHARE, rate=3.0),
}
SHORT_TERM = {
    "depressing": sp.TsodyksMarkram(U=0.5, tau_rec=800.0, tau_fac=1.0),
    "facilitating": sp.TsodyksMarkram(U=0.1, tau_rec=100.0, tau_fac=1000.0),
}


def vectors(*names: str) -> list[np.ndarray]:
    with np.load(PATH, allow_pickle=False) as file:
        return [file[name] for name in names]


def firing(net: sp.Network, name: str, steps: np.ndarray) -> sp.Population:
    """Neurons that fire in the steps given, a row each."""
    made = net.add(sp.Population(name, len(steps), sp.SpikeSource()))
    ids = np.repeat(np.arange(len(steps)), steps.shape[1])
    net.drive(made, sp.SpikeTrains(steps.ravel() * DT, ids))
    net.record(made, "spikes")
    return made


def weights_at(net: sp.Network, steps: np.ndarray) -> np.ndarray:
    """The weight of each synapse from a to b in a step of its own, in NEST's measure."""
    sim, found = sp.Simulation(net, dt=DT, precision="float64"), np.zeros(len(steps))
    for step in np.unique(steps):
        sim.advance(step * DT - sim.time)
        found[steps == step] = sim.connections("a->b").weight[steps == step]
    return found / SHARE


@pytest.mark.parametrize("case", RULES)
def test_weights_are_those_of_nest(case: str) -> None:
    pre, post, delays, expected = vectors("pre", "post", "delays", case)
    net = sp.Network()
    sides = [firing(net, name, steps) for name, steps in (("a", pre), ("b", post))]
    synapse = sp.Delta(weight=0.5 * SHARE, delay=0.0, dendritic_delay=delays * DT)
    net.connect(*sides, sp.OneToOne(), synapse, plasticity=RULES[case])
    sim = sp.Simulation(net, dt=DT, precision="float64")
    sim.advance(540.0)
    spikes = sim.recording().spikes
    assert len(spikes["a"].times) == pre.size and len(spikes["b"].times) == post.size
    weights = sim.connections("a->b").weight / SHARE
    assert np.ptp(expected) > 0.05
    assert np.abs(weights / expected - 1.0).max() < 1e-9


@pytest.mark.parametrize("case", SHORT_TERM)
def test_deliveries_are_those_of_nest(case: str) -> None:
    """Each of the last six of every pair, read off targets that keep nothing for a second step."""
    pre, delays, expected = vectors("pre", "delays", case)
    net = sp.Network()
    forgetful = sp.NeuronModel(
        "v[t+1] = 0*v : mV", threshold="v >= never", reset="v = v", parameters={"never": "1e3 mV"}
    )
    sides = firing(net, "a", pre), net.add(sp.Population("b", len(pre), forgetful))
    synapse = sp.Delta(weight=0.5, delay=delays * DT)
    net.connect(*sides, sp.OneToOne(), synapse, plasticity=SHORT_TERM[case])
    net.record(sides[1], "v")
    sim = sp.Simulation(net, dt=DT, precision="float64")
    sim.advance(511.0)
    arrivals = (pre + delays[:, None])[:, -expected.shape[1] :]
    seen = sim.recording()["b", "v"].values[0]
    found = seen[arrivals - 1, np.arange(len(pre))[:, None]]
    assert np.ptp(expected) > 0.05
    assert np.abs(found / expected - 1.0).max() < 1e-9


def test_dopamine_acts_as_in_nest() -> None:
    """NEST's weights are those that the last spike of the source delivers."""
    pre, post, delays, steps, expected = vectors(
        "pre", "post", "delays", "dopamine_steps", "dopamine"
    )
    net = sp.Network()
    sides = [firing(net, name, steps) for name, steps in (("a", pre), ("b", post))]
    rule = sp.RewardSTDP(
        A_plus=0.01 * SHARE,
        A_minus=0.015 * SHARE,
        baseline=0.004,
        interval=0.0,
        w_min=-100 * SHARE,
        w_max=100 * SHARE,
    )
    synapse = sp.Delta(weight=0.5 * SHARE, delay=0.0, dendritic_delay=delays * DT)
    modulator = firing(net, "dopamine", steps)
    net.connect(
        *sides, sp.OneToOne(), synapse, plasticity=rule, modulator=modulator, modulator_delay=1.0
    )
    weights = weights_at(net, pre[:, -1] + delays)
    assert np.ptp(expected) > 1.0
    assert np.abs(weights / expected - 1.0).max() < 1e-9


class PlayedClopath(sp.ClopathSTDP):
    """The rule, its traces copied from variables of the target instead of computed."""

    post_state = """
        v   : mV
        v_m : mV
        v_p : mV
    """
    post_traces = """
        u_minus[t+1] = v_m : mV
        u_plus[t+1]  = v_p : mV
        u[t+1]       = v   : mV
    """


def playing(net: sp.Network, name: str, values: np.ndarray) -> sp.Population:
    """A neuron whose spike of step k carries a hundredth of the k-th value, from 1 on."""
    model = sp.NeuronModel(
        "x[t+1] = i_syn*r : 1",
        threshold="x < never",
        reset="x = x",
        emit="x",
        emit_type="float",
        parameters={"r": "0.01 nA^-1", "never": 1e6},
    )
    made = net.add(sp.Population(name, 1, model))
    net.drive(made, sp.StepCurrent(np.arange(len(values)) * DT, values))
    return made


def played_to(rule: sp.ClopathSTDP, potentials: dict[str, tuple[np.ndarray, int]]) -> np.ndarray:
    """Weights as the last spikes of the sources find them.

    In step k the target's variables have the values that NEST's had in step k + 1 - late, by name
    of the compartment ("" is v).
    """
    pre, delays = vectors("clopath_pre", "delays")
    places = {name: (f"v_{name}", f"i_{name}") for name in ("m", "p", "sink")}
    lines = [f"{name}[t+1] = 0*v : mV" for name in ("v", *(v for v, _ in places.values()))]
    target = sp.NeuronModel(
        "\n".join(lines),
        threshold="v >= never",
        reset="v = v",
        parameters={"never": "1e3 mV"},
        compartments=places,
    )
    net = sp.Network()
    sources, cell = firing(net, "a", pre), net.add(sp.Population("b", 1, target))
    for place, (values, late) in potentials.items():
        played = np.concatenate([np.full(late, values[0]), values])[1:]
        player = playing(net, f"player {place}", np.append(played, np.full(200, values[-1])))
        synapse = sp.Delta(weight=100.0, delay=0.0, compartment=place)
        net.connect(player, cell, sp.OneToOne(), synapse)
    synapse = sp.Delta(
        weight=0.5 * SHARE, delay=0.0, dendritic_delay=delays[:, None] * DT, compartment="sink"
    )
    net.connect(sources, cell, sp.AllToAll(), synapse, plasticity=rule)
    return weights_at(net, pre[:, -1] + delays)


def test_clopaths_rule_does_to_the_weight_what_nests_does() -> None:
    """NEST's own potentials are played to the rule.

    NEST integrates the target adaptively, so that its potentials cannot be had to the last digits.
    In step n, NEST's rule reads the potential of step n and the low-passed ones of step n - 50;
    ours reads what the target had in step n - 1.
    """
    expected, v, minus, plus = vectors("clopath", "V_m", "u_bar_minus", "u_bar_plus")
    played = {"": (v, 0), "m": (minus, 50), "p": (plus, 50)}
    weights = played_to(PlayedClopath(w_max=SHARE), played)
    assert np.ptp(expected) > 0.05
    assert np.abs(weights / expected - 1.0).max() < 1e-9


class LateClopath(sp.ClopathSTDP):
    """The rule, its low-passed potentials of 5 ms ago."""

    post_state = """
        v   : mV
        v_m : mV
    """
    post_traces = """
        du_minus/dt = (v_m - u_minus)/tau_minus : mV
        du_plus/dt  = (v_m - u_plus)/tau_plus   : mV
        u[t+1] = v : mV
    """


def test_clopaths_low_passed_potentials_are_nests() -> None:
    """Only NEST's potential is played, late for those: to a hundredth of the greatest change.

    Ours holds the potential for a step; NEST's leaves for a spike, and comes back, within one.
    """
    expected, v = vectors("clopath", "V_m")
    weights = played_to(LateClopath(w_max=SHARE), {"": (v, 0), "m": (v, 50)})
    assert np.abs(weights - expected).max() < 1e-2 * np.abs(expected - 0.5).max()

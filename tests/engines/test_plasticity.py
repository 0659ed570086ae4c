"""Plastic synapses: closed forms, equal bits on both engines, reading back, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.benchmarks import cuba_stdp
from spikestack.benchmarks.peers.description import describe
from spikestack.errors import SpikestackError
from spikestack.program.edge_list import edge_list, edge_weights

SIZE = 12


def driven(rule: sp.PlasticityRule, delay: object = 1.0, back: object = 0.0) -> sp.Network:
    """Two populations that fire as they are told, joined by plastic synapses."""
    net, rng = sp.Network(seed=5), np.random.default_rng(5)
    sides = [net.add(sp.Population(name, SIZE, sp.SpikeSource())) for name in ("pre", "post")]
    for side in sides:
        ids = np.repeat(np.arange(SIZE), 12)
        net.drive(side, sp.SpikeTrains(rng.choice(np.arange(1, 900), len(ids)) * 0.1, ids))
        net.record(side, "spikes")
    weight = sp.Uniform(0.2, 0.8)
    synapse = sp.Delta(weight=weight, delay=delay, dendritic_delay=back)
    net.connect(*sides, sp.FixedProbability(0.6), synapse, plasticity=rule)
    return net


def recurrent(rule: sp.PlasticityRule, delay: object = 1.5) -> sp.Network:
    """A network whose spikes depend on what it learns."""
    net = sp.Network(seed=2)
    cells = net.add(sp.Population("cells", 150, sp.LIF(i_offset=0.6, v=sp.Uniform(-65.0, -50.0))))
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.05, 0.15), delay=delay, dendritic_delay=sp.Uniform(0.1, 1.0)
    )
    net.connect(cells, cells, sp.FixedInDegree(40), synapse, plasticity=rule)
    net.drive(cells, sp.Poisson(300.0, synapse=sp.ExponentialCurrent(weight=0.3)))
    net.record(cells, "spikes")
    return net


def weights_after(net: sp.Network, *pieces: float, **settings: object) -> np.ndarray:
    sim = sp.Simulation(net, **settings)
    for piece in pieces:
        sim.advance(piece)
    (name,) = net.projections
    return sim.connections(name).weight


@pytest.mark.parametrize(
    ("delay", "back"), [(1.0, 0.0), (0.1, 2.5), (3.0, 1.0), ("drawn", "drawn")]
)
def test_every_pair_counts_once_at_the_synapse(delay: object, back: object) -> None:
    if delay == "drawn":
        delay, back = sp.Uniform(0.1, 4.0), sp.Uniform(0.0, 3.0)
    up, down, tau_up, tau_down = 0.0004, 0.0003, 12.0, 25.0
    rule = sp.AdditiveSTDP(
        A_plus=up, A_minus=down, tau_plus=tau_up, tau_minus=tau_down, w_max=1.0, w_min=-1.0
    )
    net = driven(rule, delay, back)
    sim = sp.Simulation(net, precision="float64")
    sim.advance(110.0)
    found, spikes = sim.connections("pre->post"), sim.recording().spikes
    assert len(found) > 50
    edges, begin = edge_list(sim.program.edges[0]), edge_weights(sim.program.edges[0])
    for e in range(len(found)):
        total, dendritic = edges.delays[e], edges.dendritic[e]
        trains = [
            np.rint(spikes[name].train(int(neuron)) / 0.1).astype(int)
            for name, neuron in (("pre", found.pre[e]), ("post", found.post[e]))
        ]
        apart = (trains[1][None, :] + 2 * dendritic - trains[0][:, None] - total) * 0.1
        change = up * np.exp(-apart[apart > 0.05] / tau_up).sum()
        change -= down * np.exp(apart[apart < -0.05] / tau_down).sum()
        assert found.weight[e] == pytest.approx(begin[e] + change, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("delay", [1.5, sp.Uniform(0.5, 3.0), sp.Uniform(0.5, 30.0)])
def test_what_is_learned_shapes_the_spikes_alike_everywhere(delay: object) -> None:
    rule = sp.MultiplicativeSTDP(w_max=0.3, rate=0.1)
    runs = []
    for on, threads, pieces in (
        ("reference", 1, [60]),
        ("cpu", 1, [60]),
        ("cpu", 2, [7, 0.1, 52.9]),
    ):
        sim = sp.Simulation(recurrent(rule, delay), on=on, threads=threads)
        for piece in pieces:
            sim.advance(piece)
        spikes = sim.recording().spikes["cells"]
        runs.append((spikes.times, spikes.ids, sim.connections("cells->cells").weight))
    static = recurrent(rule, delay)
    assert len(runs[0][0]) > 200
    assert not np.array_equal(runs[0][2], static.connections("cells->cells").weight)
    for run in runs[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(run, runs[0]))


def test_trials_learn_apart() -> None:
    sim = sp.Simulation(recurrent(sp.MultiplicativeSTDP(w_max=0.3)), trials=2, threads=2)
    again = sp.Simulation(recurrent(sp.MultiplicativeSTDP(w_max=0.3)), trials=2, on="reference")
    for each in (sim, again):
        each.advance(40.0)
    first, second = (sim.connections("cells->cells", trial=t).weight for t in (0, 1))
    assert not np.array_equal(first, second)
    for trial, weights in enumerate((first, second)):
        assert np.array_equal(again.connections("cells->cells", trial=trial).weight, weights)
    with pytest.raises(SpikestackError, match="trial"):
        sim.connections("cells->cells", trial=2)


def test_a_saved_state_goes_on_alike(tmp_path: Path) -> None:
    rule = sp.TripletSTDP(w_max=0.3)
    whole = weights_after(recurrent(rule), 50.0)
    sim = sp.Simulation(recurrent(rule), threads=2)
    sim.advance(21.3)
    sim.save(tmp_path / "state.spk")
    other = sp.Simulation(recurrent(rule), on="reference")
    other.restore(tmp_path / "state.spk")
    other.advance(28.7)
    assert np.array_equal(other.connections("cells->cells").weight, whole)


def test_a_described_rule_survives_a_file(tmp_path: Path) -> None:
    net = driven(sp.VogelsSprekeler(eta=0.01, rate=5.0))
    loaded = sp.load(net.save(tmp_path / "net.spk"))
    assert loaded.fingerprint == net.fingerprint
    assert loaded.fingerprint != driven(sp.VogelsSprekeler(eta=0.02, rate=5.0)).fingerprint
    assert np.array_equal(weights_after(loaded, 95.0), weights_after(net, 95.0))


def test_chosen_connections_have_their_present_weights() -> None:
    sim = sp.Simulation(driven(sp.AdditiveSTDP()))
    sim.advance(95.0)
    whole = sim.connections("pre->post")
    some = sim.connections("pre->post", pre=[1, 5], post=slice(0, 6))
    keep = np.isin(whole.pre, [1, 5]) & (whole.post < 6)
    assert np.array_equal(some.weight, whole.weight[keep]) and len(some)


@given(st.integers(0, 10))
@settings(max_examples=5, deadline=None)
def test_a_rule_of_ones_own_counts_spikes(count: int) -> None:
    rule = sp.PlasticityRule(on_pre="w += step", w_max=10.0, parameters={"step": "0.25 nA"})
    net = sp.Network()
    sides = [net.add(sp.Population(name, 1, sp.SpikeSource())) for name in ("a", "b")]
    times = 1.0 + np.arange(count)
    net.drive(sides[0], sp.SpikeTrains(times, np.zeros(count, int)))
    net.connect(*sides, sp.OneToOne(), sp.Delta(weight=0.5, delay=1.0), plasticity=rule)
    assert weights_after(net, 20.0) == [0.5 + 0.25 * count]


def explained() -> None:
    """Explain a spike that plastic synapses had a part in."""
    result = recurrent(sp.MultiplicativeSTDP(w_max=0.3)).run(20.0)
    result.explain("cells", 0, 15.0)


BAD = {
    "explain": (explained, "change while it runs"),
    "peers": (lambda: describe(cuba_stdp()), "is plastic"),
    "unknown trace": (lambda: sp.PlasticityRule(on_post="w += z"), "z"),
    "bounds": (lambda: sp.AdditiveSTDP(w_min=2.0, w_max=1.0), "w_min"),
    "nothing": (sp.PlasticityRule, "no weight"),
    "not linear": (
        lambda: sp.PlasticityRule(
            pre_traces="dx/dt = -x*x/tau : 1", on_post="w += x*w_max", parameters={"tau": "9 ms"}
        ),
        "linear",
    ),
    "unit": (lambda: sp.PlasticityRule(on_post="w += 1"), "w"),
    "trace in event": (
        lambda: sp.PlasticityRule(
            pre_traces="dx/dt = -x/tau : 1", on_post="x += 1", parameters={"tau": "9 ms"}
        ),
        "assigns to 'x'",
    ),
    "array": (lambda: sp.AdditiveSTDP(A_plus=np.ones(3)), "one number"),
    "time": (
        lambda: sp.PlasticityRule(
            pre_traces="dx/dt = -x/tau + t/tau/tau : 1",
            on_post="w = w_max",
            parameters={"tau": "9 ms"},
        ),
        "'t'",
    ),
    "initial weights": (lambda: driven(sp.AdditiveSTDP(w_max=0.5)), "outside the bounds"),
    "no rule": (lambda: driven("stdp"), "AdditiveSTDP"),
    "no delay": (lambda: sp.Simulation(driven(sp.AdditiveSTDP(), 0.0)), "at least a step"),
    "procedural": (
        lambda: sp.Simulation(driven(sp.AdditiveSTDP()), connectivity="procedural"),
        "plastic",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_meant_is_refused_with_a_reason(case: str) -> None:
    make, words = BAD[case]
    with pytest.raises(SpikestackError, match=words):
        make()

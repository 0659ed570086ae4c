"""What a user does with synapses that learn: freeze, modulate, record, read back, keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import (
    NumericalError,
    SpikestackError,
    UnknownNameError,
    ValidationError,
)

ENGINES = ["cpu", "reference"]


def pairs(rule: object, modulator: object = None, size: int = 6) -> sp.Network:
    """Sources and targets that fire in turn, one synapse from each to each."""
    net = sp.Network(seed=3)
    sides = [net.add(sp.Population(name, size, sp.SpikeSource())) for name in ("pre", "post")]
    for side, lag in zip(sides, (0.0, 4.0)):
        ids = np.repeat(np.arange(size), 10)
        net.drive(side, sp.SpikeTrains(10.0 + lag + np.tile(np.arange(10) * 25.0, size), ids))
    synapse = sp.Delta(weight=sp.Uniform(0.4, 0.6), delay=1.0)
    net.connect(*sides, sp.AllToAll(), synapse, plasticity=rule, modulator=modulator)
    return net


def weights(sim: sp.Simulation, **given: object) -> np.ndarray:
    return sim.connections("pre->post", **given).weight


@pytest.mark.parametrize("on", ENGINES)
def test_frozen_weights_stay_and_traces_go_on(on: str) -> None:
    sim, free = (sp.Simulation(pairs(sp.AdditiveSTDP()), on=on) for _ in range(2))
    for each in (sim, free):
        each.advance(60.0)
    sim.freeze("pre->post")
    before = weights(sim)
    for each in (sim, free):
        each.advance(60.0)
    assert np.array_equal(weights(sim), before)
    assert not np.array_equal(weights(free), before)
    mine, other = (each.engine.learned(0).source for each in (sim, free))
    assert np.array_equal(mine, other) and mine.any()
    sim.thaw()
    sim.advance(60.0)
    assert not np.array_equal(weights(sim), before)


def test_freezing_is_part_of_the_state(tmp_path: Path) -> None:
    sim = sp.Simulation(pairs(sp.AdditiveSTDP()))
    sim.advance(60.0)
    sim.freeze()
    sim.save(tmp_path / "state.spk")
    other = sp.Simulation(pairs(sp.AdditiveSTDP()), on="reference")
    other.restore(tmp_path / "state.spk")
    before = weights(other)
    other.advance(60.0)
    assert np.array_equal(weights(other), before)


@pytest.mark.parametrize("on", ENGINES)
def test_a_signal_by_hand_equals_one_that_is_described(on: str) -> None:
    rule = sp.MSTDP(gamma=0.01)
    described = sp.Simulation(pairs(rule, sp.Signal([50.0, 100.0], [1.0, -2.0])), on=on)
    described.advance(150.0)
    by_hand = sp.Simulation(pairs(rule), on=on)
    for value in (0.0, 1.0, -2.0):
        by_hand.modulate("pre->post", value)
        by_hand.advance(50.0)
    assert np.array_equal(weights(described), weights(by_hand))
    assert not np.array_equal(weights(described), weights(sp.Simulation(pairs(rule))))


def test_trials_are_modulated_apart() -> None:
    sim = sp.Simulation(pairs(sp.MSTDP(gamma=0.01)), trials=2)
    sim.modulate("pre->post", 1.0, trial=1)
    sim.advance(100.0)
    begin = weights(sp.Simulation(pairs(sp.MSTDP())))
    assert np.array_equal(weights(sim, trial=0), begin)
    assert not np.array_equal(weights(sim, trial=1), begin)
    with pytest.raises(UnknownNameError, match="modulate"):
        sim.modulate("pre-post", 1.0)
    for value in ("high", float("nan")):
        with pytest.raises(ValidationError, match="finite"):
            sim.modulate("pre->post", value)
    with pytest.raises(ValidationError, match="trial"):
        sim.modulate("pre->post", 1.0, trial=2)
    with pytest.raises(UnknownNameError, match="freeze"):
        sim.freeze("post")


@pytest.mark.parametrize("on", ENGINES)
def test_weights_variables_and_traces_are_recorded(on: str) -> None:
    rules = [sp.RewardSTDP(A_plus=0.01, A_minus=0.01), sp.TsodyksMarkram()]
    net = pairs(rules, sp.Signal([0.0], [0.01]))
    projection = net.projections["pre->post"]
    net.record(projection, "w", "c", interval=5.0, synapses=[0, 7])
    net.record(projection, "x", "R", "signal", interval=5.0)
    net.record(projection, "w", interval=50.0, bins=np.linspace(0.0, 1.0, 11))
    sim = sp.Simulation(net, on=on, threads=2, trials=2)
    seen = []
    for _ in range(40):
        sim.advance(5.0)
        seen.append(weights(sim, trial=1)[[0, 7]])
    result = sim.recording()
    trace = result["pre->post", "w"]
    assert np.array_equal(trace.values[1], seen) and np.array_equal(trace.ids, [0, 7])
    assert np.allclose(trace.times, np.arange(1, 41) * 5.0) and trace.unit == "mV"
    assert result["pre->post", "c"].values.any()
    assert result["pre->post", "x"].values.shape == (2, 40, 6)
    assert 0 < result["pre->post", "R"].values.min() < 0.9
    assert np.all(result["pre->post", "signal"].values == np.float32(0.01))
    counts = result["pre->post", "w histogram"]
    assert np.all(counts.values.sum(axis=2) == 36) and counts.values.shape == (2, 4, 10)
    assert result.provenance["histograms"]["pre->post, w histogram"][-1] == 1.0


def test_recording_does_not_change_the_run_and_is_kept_in_files(tmp_path: Path) -> None:
    net = pairs(sp.AdditiveSTDP())
    plain = sp.Simulation(net)
    plain.advance(130.0)
    watched = pairs(sp.AdditiveSTDP())
    watched.record(watched.projections["pre->post"], "w", interval=0.3)
    assert watched.fingerprint == net.fingerprint
    loaded = sp.load(watched.save(tmp_path / "net.spk"))
    sim = sp.Simulation(loaded)
    sim.advance(130.0)
    assert np.array_equal(weights(sim), weights(plain))
    made = sim.recording()
    made.save(tmp_path / "run.npz")
    again = sp.open_recording(tmp_path / "run.npz")
    assert np.array_equal(again["pre->post", "w"].values, made["pre->post", "w"].values)


def test_what_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    net = pairs(sp.AdditiveSTDP())
    projection = net.projections["pre->post"]
    with pytest.raises(UnknownNameError, match="z"):
        net.record(projection, "z")
    with pytest.raises(ValidationError, match="bins"):
        net.record(projection, "w", bins=[1.0, 0.0])
    with pytest.raises(ValidationError, match="synapses"):
        net.record(projection, "w", synapses=[3, 1])
    with pytest.raises(ValidationError, match="'x'"):
        net.record(projection, "x", synapses=[1])
    net.record(projection, "w", interval=0.25)
    with pytest.raises(ValidationError, match="already"):
        net.record(projection, "w")
    with pytest.raises(ValidationError, match="multiple of the step"):
        sp.Simulation(net)
    with pytest.raises(ValidationError, match="to"):
        sp.Simulation(net, to=tmp_path / "run")
    static = sp.Network()
    cells = static.add(sp.Population("cells", 2, sp.LIF()))
    joined = static.connect(cells, cells, sp.AllToAll(), sp.Delta(weight=1.0))
    with pytest.raises(ValidationError, match="nothing of it changes"):
        static.record(joined, "w")


@pytest.mark.parametrize("dendritic", [0.0, sp.Uniform(0.0, 2.0)])
def test_the_learned_network_goes_on_where_this_one_stands(dendritic: object) -> None:
    net = sp.Network(seed=8)
    cells = net.add(sp.Population("cells", 40, sp.LIF(i_offset=0.9, v=sp.Uniform(-65.0, -50.0))))
    half = cells[:30]
    synapse = sp.ExponentialCurrent(
        weight=sp.Uniform(0.05, 0.15), delay=sp.Uniform(0.5, 2.0), dendritic_delay=dendritic
    )
    net.connect(half, cells, sp.FixedInDegree(9), synapse, plasticity=sp.AdditiveSTDP(w_max=0.3))
    sim = sp.Simulation(net, threads=2)
    sim.advance(200.0)
    learned = sim.learned()
    before, after = sim.connections("cells->cells"), learned.connections("cells->cells")
    for column in ("pre", "post", "delay"):
        assert np.array_equal(getattr(after, column), getattr(before, column))
    assert np.allclose(after.weight, before.weight, atol=1e-6)
    assert not np.array_equal(before.weight, net.connections("cells->cells").weight)
    assert learned.projections["cells->cells"].plasticity
    result = learned.run(50.0)
    assert not np.array_equal(result.learned.connections("cells->cells").weight, after.weight)


def test_a_weight_that_is_no_number_is_named() -> None:
    rule = sp.PlasticityRule(
        pre_traces="dx/dt = -x/tau : 1",
        pre_spike="x += 1",
        on_pre="w += w_max*log(x - 2)",
        parameters={"tau": "20 ms"},
        name="Broken",
    )
    for on in ENGINES:
        sim = sp.Simulation(pairs(rule), on=on)
        with pytest.raises(NumericalError, match=r"Broken.*w of synapse 0"):
            sim.advance(100.0)
        with pytest.raises(SpikestackError, match="restore"):
            sim.advance(1.0)

"""PyNN: running in pieces, resetting, changing things between runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp

pytest.importorskip("pyNN")
import spikestack.pynn as sim
from spikestack.errors import UnknownNameError, ValidationError


def network(**cell: Any) -> tuple[Any, Any, Any]:
    """A small network with sources, recurrence and delays of its own."""
    sim.setup(timestep=0.1, rng_seed=3)
    source = sim.Population(5, sim.SpikeSourcePoisson(rate=200.0), label="source")
    cells = sim.Population(8, sim.IF_curr_exp(i_offset=0.6, **cell), label="cells")
    rng = sim.NumpyRNG(seed=7)
    weights = sim.RandomDistribution("uniform", low=0.1, high=1.5, rng=rng)
    delays = sim.RandomDistribution("uniform", low=0.2, high=4.0, rng=sim.NumpyRNG(seed=8))
    synapse = sim.StaticSynapse(weight=weights, delay=delays)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    back = sim.StaticSynapse(weight=-0.4, delay=1.3)
    sim.Projection(
        cells,
        cells,
        sim.AllToAllConnector(allow_self_connections=False),
        back,
        receptor_type="inhibitory",
    )
    cells.record(["v", "spikes"])
    source.record("spikes")
    return source, cells, sim.simulator.state


def results(*populations: Any, segment: int = -1) -> list[np.ndarray]:
    """All traces and spikes, as arrays."""
    found = []
    for population in populations:
        data = population.get_data().segments[segment]
        found += [np.asarray(signal) for signal in data.analogsignals]
        found += [np.asarray(train) for train in data.spiketrains]
    return found


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b))


@pytest.fixture(scope="module")
def whole() -> list[np.ndarray]:
    """What 60 ms in one piece bring."""
    source, cells, _ = network()
    sim.run(60.0)
    found = results(source, cells)
    assert sum(len(x) for x in found[1:]) > 20
    return found


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=5))
def test_pieces_and_rebuilding_change_nothing(
    whole: list[np.ndarray], cuts: list[tuple[int, bool]]
) -> None:
    """run(x); run(y) is run(x + y), to the bit, also where the network is built anew between."""
    source, cells, state = network()
    for steps, rebuilt in cuts:
        if state.step + steps <= 600:
            sim.run(steps * 0.1)
            if rebuilt:
                state.changed()
    sim.run_until(60.0)
    assert sim.get_current_time() == 60.0
    assert same(results(source, cells), whole)


def test_learned_weights_survive_rebuilding() -> None:
    """Weights, traces and spikes in flight of a plastic projection are carried over."""
    found = []
    for rebuilt in (False, True):
        source, cells, state = network()
        stdp = sim.STDPMechanism(
            sim.SpikePairRule(A_plus=0.1, A_minus=0.1),
            sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0),
            weight=0.8,
            delay=2.5,
        )
        learning = sim.Projection(source, cells, sim.AllToAllConnector(), stdp)
        for _ in range(4):
            sim.run(25.0)
            if rebuilt:
                state.changed()
        found.append([*results(cells), learning.get("weight", format="array")])
    assert same(*found)
    assert (found[0][-1] != 0.8).any()
    sim.reset()
    assert (learning.get("weight", format="array") == 0.8).all()


def test_setting_weights_that_were_learned() -> None:
    source, cells, _ = network()
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.1),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0),
        weight=0.8,
        delay=1.0,
    )
    learning = sim.Projection(source, cells, sim.AllToAllConnector(), stdp)
    sim.run(50.0)
    learning.set(weight=0.25)
    assert (learning.get("weight", format="array") == 0.25).all()
    sim.run(0.1)
    assert np.allclose(learning.get("weight", format="array"), 0.25, atol=0.05)


def test_reset_begins_a_segment_with_the_same_cells() -> None:
    sim.setup(timestep=0.5)
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=0.7), initial_values={"v": -60.0})
    cells.record("v")
    for _ in range(3):
        sim.run(10.0)
        sim.reset(annotations={"kind": "again"})
        assert sim.get_current_time() == 0.0
    block = cells.get_data()
    assert len(block.segments) == 3
    first = np.asarray(block.segments[0].analogsignals[0])
    assert first.shape == (21, 3)
    assert (first[0] == -60.0).all()
    for segment in block.segments:
        assert segment.annotations == {"kind": "again"}
        assert np.array_equal(np.asarray(segment.analogsignals[0]), first)


def test_noise_differs_from_segment_to_segment_and_follows_from_the_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        sim.setup(rng_seed=seed)
        source = sim.Population(4, sim.SpikeSourcePoisson(rate=100.0))
        source.record("spikes")
        sim.run(200.0)
        sim.reset()
        sim.run(200.0)
        found.append([results(source, segment=k) for k in (0, 1)])
    assert same(found[0][0], found[1][0])
    assert same(found[0][1], found[1][1])
    assert not same(found[0][0], found[0][1])
    assert not same(found[0][0], found[2][0])


def test_setup_throws_everything_away(whole: list[np.ndarray]) -> None:
    network()
    sim.run(5.0)
    source, cells, state = network()
    assert len(state.populations) == 2
    assert sim.get_current_time() == 0.0
    sim.run(60.0)
    assert same(results(source, cells), whole)


def test_it_is_the_network_it_says() -> None:
    """The same spikes as a network of our own with the same parts, to the bit."""
    sim.setup(timestep=0.1)
    times = [[2.0, 9.0, 11.5], [4.0, 4.1, 30.0]]
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
    cells = sim.Population(3, sim.IF_curr_exp(tau_syn_E=2.0, i_offset=0.5))
    sim.Projection(
        source,
        cells,
        sim.FromListConnector([(0, 0, 3.0, 1.0), (1, 1, 2.0, 0.7), (0, 2, 1.0, 2.2)]),
        sim.StaticSynapse(),
    )
    cells.record(["v", "spikes"])
    sim.run(50.0)
    net = sp.Network()
    a = net.add(sp.Population("a", 2, sp.SpikeSource()))
    b = net.add(sp.Population("b", 3, sp.LIF(i_offset=0.5)))
    net.drive(a, sp.SpikeTrains(times, weight=1.0))
    rule = sp.FromArrays(pre=[0, 0, 1], post=[0, 2, 1])
    synapse = sp.ExponentialCurrent(
        tau_syn=2.0, weight=np.array([3.0, 1.0, 2.0]), delay=np.array([1.0, 2.2, 0.7])
    )
    net.connect(a, b, rule, synapse)
    net.record(b, "v", "spikes")
    run = net.run(50.0, precision="float64")
    data = cells.get_data().segments[0]
    assert np.array_equal(np.asarray(data.analogsignals[0])[1:], run["b", "v"].values[0])
    assert sum(len(train) for train in data.spiketrains) == len(run["b"]) > 0


def test_parameters_changed_between_runs() -> None:
    """A membrane that is told to rest elsewhere decays there from where it was."""
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_curr_exp(v_rest=-65.0, tau_m=10.0))
    cells.record("v")
    sim.run(5.0)
    cells[1:2].set(v_rest=-60.0)
    assert list(cells.get("v_rest")) == [-65.0, -60.0]
    sim.run(20.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])
    t = np.arange(251) * 0.1
    expected = np.where(t <= 5.0, -65.0, -60.0 - 5.0 * np.exp(-(t - 5.0) / 10.0))
    assert np.allclose(v[:, 0], -65.0, atol=1e-12)
    assert np.allclose(v[:, 1], expected, atol=1e-9)


def test_initialising_between_runs_and_resetting() -> None:
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_exp(tau_m=10.0))
    cells.record("v")
    sim.run(1.0)
    cells[0:2].initialize(v=-55.0)
    cells[2].set_initial_value("v", -65.0)
    sim.run(1.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])
    assert np.allclose(v[-1, :2], -65.0 + 10.0 * np.exp(-0.1), atol=1e-9)
    assert v[-1, 2] == -65.0
    sim.reset()
    sim.run(0.1)
    assert list(np.asarray(cells.get_data().segments[1].analogsignals[0])[0]) == [-55, -55, -65]


def test_weights_delays_and_populations_that_come_later() -> None:
    """A spike is delivered by the weights there are when it arrives."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 11.0, 21.0]))
    first = sim.Population(1, sim.IF_curr_delta(tau_m=1e6, v_thresh=0.0))
    links = sim.Projection(
        source, first, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=2.0)
    )
    first.record("v")
    sim.run(10.0)
    links.set(weight=3.0)
    second = sim.Population(1, sim.IF_curr_delta(tau_m=1e6, v_thresh=0.0))
    sim.Projection(
        source, second, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0, delay=4.0)
    )
    second.record("v")
    sim.run(20.0)
    v = np.asarray(first.get_data().segments[0].analogsignals[0])[:, 0]
    jumps = {round(k * 0.1, 1): round(d, 3) for k, d in enumerate(np.diff(v), 1) if abs(d) > 0.1}
    assert jumps == {3.0: 1.0, 13.0: 3.0, 23.0: 3.0}
    late = np.asarray(second.get_data().segments[0].analogsignals[0])[:, 0]
    jumps = {round(10 + k * 0.1, 1): d for k, d in enumerate(np.diff(late), 1) if abs(d) > 0.1}
    assert list(jumps) == [15.0, 25.0]


def test_spike_times_replaced_and_spikes_at_zero() -> None:
    sim.setup(timestep=0.1)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[0.0, 5.0], [3.03]]))
    cells = sim.Population(2, sim.IF_curr_delta(tau_m=1e6, v_thresh=0.0))
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    source.record("spikes")
    cells.record("v")
    sim.run(10.0)
    source[0:1].set(spike_times=[2.0, 12.0])
    source[1].spike_times = [15.0]
    sim.run(10.0)
    trains = source.get_data().segments[0].spiketrains
    assert [list(np.asarray(t)) for t in trains] == [[0.0, 5.0, 12.0], [3.03, 15.0]]
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])
    arrived = [list(np.flatnonzero(np.diff(v[:, k]) > 0.5) + 1) for k in (0, 1)]
    assert arrived == [[5, 55, 125], [35, 155]]


def test_callbacks_and_run_until() -> None:
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.record("v")
    called = []

    def callback(t: float) -> float:
        called.append(t)
        cells.set(i_offset=0.01 * len(called))
        return t + 2.5

    sim.run(10.0, callbacks=[callback])
    assert np.allclose(called, [0, 2.5, 5.0, 7.5, 10.0])
    assert np.asarray(cells.get_data().segments[0].analogsignals[0]).shape == (101, 1)
    with pytest.raises(ValueError, match="past"):
        sim.run_until(5.0)


def test_queries() -> None:
    assert sim.setup(timestep=0.2, max_delay=20.0) == 0
    assert (sim.get_time_step(), sim.get_max_delay(), sim.num_processes()) == (0.2, 20.0, 1)
    assert sim.get_min_delay() == 0.2
    cells = sim.Population(2, sim.IF_curr_exp())
    for delay in (3.0, 0.8):
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(delay=delay))
    assert sim.get_min_delay() == 0.8
    sim.setup(timestep=0.2, min_delay=0.6)
    assert sim.get_min_delay() == 0.6
    assert sim.StaticSynapse().parameter_space["delay"].base_value == 0.6
    assert "IF_cond_exp" in sim.list_standard_models()
    import pyNN

    assert pyNN.spikestack is sim


@pytest.mark.parametrize(
    "wrong", [{"rng_seed": -1}, {"rng_seed": 1.5}, {"spike_precision": "fine"}]
)
def test_setup_refuses_and_keeps_what_there_was(wrong: dict[str, Any]) -> None:
    network()
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        sim.setup(**wrong)
    assert len(sim.simulator.state.populations) == 2


def test_what_cannot_be_meant_is_refused() -> None:
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    for time in (float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="finite"):
            sim.run(time)
    cells.initialize(elephants=3.0)
    with pytest.raises(UnknownNameError, match="elephants"):
        sim.run(1.0)
    with pytest.raises(TypeError, match="spike source"):
        sim.DCSource(amplitude=1.0).inject_into(sim.Population(1, sim.SpikeSourceArray()))

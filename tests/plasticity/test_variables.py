"""Variables of synapses that begin with values of their own."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp


def network(**initial: object) -> sp.Network:
    """Every second spike of each source moves its weights by the gain of each synapse."""
    net = sp.Network(seed=3)
    pre = net.add(sp.Population("pre", 40, sp.SpikeSource()))
    post = net.add(sp.Population("post", 50, sp.LIF()))
    times = np.repeat([5.0, 10.0], 40)
    net.drive(pre, sp.SpikeTrains(times, np.tile(np.arange(40), 2)))
    rule = sp.PlasticityRule(
        variables="gain : 1", on_pre="w += gain*step", w_max=1.0, initial=initial,
        parameters={"step": sp.WeightParameter(0.1)},
    )  # fmt: skip
    net.connect(
        pre, post, sp.FixedProbability(0.5), sp.ExponentialCurrent(weight=0.2, delay=1.0),
        plasticity=rule,
    )  # fmt: skip
    return net


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_each_synapse_draws_its_own(on: str) -> None:
    """Weights spread as the gains do, the same on both engines and after saving."""
    made = network(gain=sp.LogNormal(0.0, 0.25))
    sim = sp.Simulation(made, on=on)
    sim.advance(20.0, progress=False)
    gains = (sim.connections("pre->post").weight - 0.2) / 0.2
    assert len(gains) > 800
    assert np.log(gains).mean() == pytest.approx(0.0, abs=0.03)
    assert np.log(gains).std() == pytest.approx(0.25, abs=0.02)
    other = sp.Simulation(network(gain=sp.LogNormal(0.0, 0.25)), on="reference")
    other.advance(20.0, progress=False)
    assert np.array_equal(
        other.connections("pre->post").weight, sim.connections("pre->post").weight
    )


def test_files_keep_what_is_drawn(tmp_path: object) -> None:
    """A description that draws variables is the same when it is read again."""
    made = network(gain=sp.Uniform(0.5, 1.5))
    path = made.save(f"{tmp_path}/net.spk")
    assert sp.load(path).fingerprint == made.fingerprint


def test_formed_synapses_have_nothing_to_draw() -> None:
    """Structure and drawn variables do not go together, and the message says so."""
    net = network(gain=sp.Uniform(0.5, 1.5))
    pre, post = net["pre"], net["post"]
    rules = [net.projections["pre->post"].plasticity[0], sp.Pruning(threshold=0.1)]
    with pytest.raises(sp.errors.ValidationError, match="has its own"):
        net.connect(
            pre, post, sp.AllToAll(), sp.ExponentialCurrent(weight=0.2, delay=1.0), name="more",
            plasticity=rules,
        )  # fmt: skip


def test_arrays_follow_the_order_of_weights() -> None:
    """One value for each synapse of a list that is not sorted; what is learned keeps variables."""
    net = sp.Network(seed=3)
    pre = net.add(sp.Population("pre", 3, sp.SpikeSource()))
    post = net.add(sp.Population("post", 2, sp.LIF()))
    net.drive(pre, sp.SpikeTrains([5.0, 5.0, 5.0], [0, 1, 2]))
    rule = sp.PlasticityRule(
        variables="gain : 1\nseen : 1", on_pre="w += gain*step; seen += 1", w_max=1.0,
        initial={"gain": np.array([3.0, 1.0, 2.0, 0.0])},
        parameters={"step": sp.WeightParameter(0.1)},
    )  # fmt: skip
    edges = sp.FromArrays([2, 0, 1, 0], [0, 1, 0, 0])
    weights = np.array([0.3, 0.1, 0.2, 0.0])
    net.connect(
        pre, post, edges, sp.ExponentialCurrent(weight=weights, delay=1.0), plasticity=rule
    )  # fmt: skip
    learned = net.run(10.0).learned
    found = learned.projections["pre->post"]
    assert np.allclose(np.sort(found.synapse.weight), [0.0, 0.2, 0.4, 0.6], atol=1e-6)
    gains = found.plasticity[0].initial_values["gain"]
    assert np.allclose(found.synapse.weight, 0.2 * gains, atol=1e-6)
    assert np.array_equal(found.plasticity[0].initial_values["seen"], np.ones(4))


def test_arrays_of_another_length() -> None:
    """Say how many synapses there are, and that a random rule has none to count on."""
    with pytest.raises(sp.errors.ValidationError, match="that are listed"):
        network(gain=np.ones(7)).run(1.0)

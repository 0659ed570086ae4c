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
    with pytest.raises(sp.errors.ValidationError, match="draws its own"):
        net.connect(
            pre, post, sp.AllToAll(), sp.ExponentialCurrent(weight=0.2, delay=1.0), name="more",
            plasticity=rules,
        )  # fmt: skip

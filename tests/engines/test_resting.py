"""Neurons at rest are skipped, and nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.engines.cpu import resting


def network(driven: int = 200) -> sp.Network:
    """2,000 neurons of which a few are driven for a while, and spread what they get."""
    net = sp.Network(seed=2)
    cell = sp.LIF(tau_m=3.0, v_rest=-65.0, v=-65.0)
    p = net.add(sp.Population("p", 2000, cell))
    net.connect(
        p, p, sp.FixedInDegree(3), sp.ExponentialCurrent(weight=2.0, tau_syn=1.0, delay=1.0)
    )
    net.drive(p[:driven], sp.Poisson(900.0, weight=1.0, start=150.0, stop=250.0))
    net.drive(p[1900:], sp.StepCurrent([280.0, 300.0], [2.0, 0.0]))
    net.record(p, "spikes")
    net.record(p[::50], "v")
    return net


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rest_changes_no_bit(precision: str) -> None:
    """Blocks fall asleep, are woken by spikes, drives and currents, and give the same bits."""
    slow = network().run(340.0, on="reference", precision=precision)
    assert len(slow["p"]) > 200
    for threads in (1, 2):
        sim = sp.Simulation(network(), threads=threads, precision=precision)
        sim.advance(140.0)
        asleep = sum(int(w.quiet.sum()) for w in sim.engine.workers[0])
        sim.advance(100.0)
        awake = sum(int(w.quiet.sum()) for w in sim.engine.workers[0])
        sim.advance(100.0)
        fast = sim.recording()
        assert asleep >= 15 > awake
        assert slow.same_spikes(fast)
        assert np.array_equal(slow["p", "v"].values, fast["p", "v"].values)


def test_who_fires_regularly_never_rests() -> None:
    """Not even with a period of exactly the steps between two looks."""
    net = sp.Network()
    steps = resting._EVERY * 0.1
    cell = sp.NeuronModel(
        "n[t+1] = n + 1 : 1",
        threshold=f"n >= {resting._EVERY}",
        reset="n = 0",
        dimensionless=True,
    )
    p = net.add(sp.Population("p", 300, cell))
    net.record(p, "spikes")
    for lazy in (False, True):
        assert (net.run(40 * steps, lazy=lazy)["p"].counts() == 40).all()


def test_lazy_rests_sooner_and_hardly_differs() -> None:
    """More blocks at rest; potentials within 1e-3 mV of the exact ones while nobody spikes."""

    def net() -> sp.Network:
        made = sp.Network(seed=2)
        cell = sp.LIF(tau_m=20.0, v_rest=-65.0, v=sp.Uniform(-65.0, -55.0))
        p = made.add(sp.Population("p", 1000, cell))
        kick = sp.ExponentialCurrent(weight=0.1, tau_syn=5.0)
        made.drive(p[:100], sp.SpikeTrains([[5.0, 400.0]] * 100, synapse=kick))
        made.record(p, "spikes", "v")
        return made

    rest, found = {}, {}
    for lazy in (False, True):
        sim = sp.Simulation(net(), lazy=lazy)
        sim.advance(250.0)
        rest[lazy] = int(sim.engine.workers[0][0].quiet.sum())
        sim.advance(250.0)
        found[lazy] = sim.recording()["p", "v"].values
    assert rest[True] > rest[False]
    assert np.abs(found[True] - found[False]).max() < 1e-3

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
    "power_law": sp.PowerLawSTDP(w_0=SHARE, w_max=100 * SHARE),
    "triplet": sp.TripletSTDP(w_max=SHARE),
    "vogels_sprekeler": sp.VogelsSprekeler(w_max=SHARE, eta=0.01 * SHARE, rate=3.0),
}


@pytest.mark.parametrize("case", RULES)
def test_weights_are_those_of_nest(case: str) -> None:
    with np.load(PATH, allow_pickle=False) as file:
        pre, post, delays, expected = (file[n] for n in ("pre", "post", "delays", case))
    net = sp.Network()
    sides = [net.add(sp.Population(name, len(pre), sp.SpikeSource())) for name in ("a", "b")]
    for side, steps in zip(sides, (pre, post)):
        ids = np.repeat(np.arange(len(steps)), steps.shape[1])
        net.drive(side, sp.SpikeTrains(steps.ravel() * DT, ids))
        net.record(side, "spikes")
    synapse = sp.Delta(weight=0.5 * SHARE, delay=0.0, dendritic_delay=delays * DT)
    net.connect(*sides, sp.OneToOne(), synapse, plasticity=RULES[case])
    sim = sp.Simulation(net, dt=DT, precision="float64")
    sim.advance(540.0)
    spikes = sim.recording().spikes
    assert len(spikes["a"].times) == pre.size and len(spikes["b"].times) == post.size
    weights = sim.connections("a->b").weight / SHARE
    assert np.ptp(expected) > 0.05
    assert np.abs(weights / expected - 1.0).max() < 1e-9

"""The simplified rule of memristive synapses."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp


def network(rule: sp.PlasticityRule, sources: int = 2) -> sp.Network:
    """The first source fires 5 ms before each of three spikes of the target, the others never."""
    net = sp.Network(seed=1)
    pre = net.add(sp.Population("pre", sources, sp.SpikeSource()))
    post = net.add(sp.Population("post", 1, sp.LIF(tau_m=1.0, v_thresh=-45.0)))
    net.drive(pre, sp.SpikeTrains([95.0, 195.0, 295.0], [0, 0, 0]), name="in")
    blow = sp.Delta(weight=100.0, delay=1.0)
    net.drive(post, sp.SpikeTrains([100.0, 200.0, 300.0], [0, 0, 0], synapse=blow), name="out")
    net.connect(pre, post, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0), plasticity=rule)
    return net


def course(up: bool, steps: int = 3) -> float:
    """The recursion in plain numbers."""
    w = 0.5
    for _ in range(steps):
        w += 0.01 * np.exp(-3 * w) if up else -0.005 * np.exp(-3 * (1 - w))
    return w


def test_pulses_follow_the_equation() -> None:
    """Up by the recent source, down by the silent one, three times."""
    learned = network(sp.QuerliozSTDP()).run(400.0, on="reference", dt=1.0).learned
    weights = learned.projections["pre->post"].synapse.weight
    assert weights == pytest.approx([course(True), course(False)], rel=1e-5)


def test_devices_differ() -> None:
    """The steps of many devices spread as they were told to, around the nominal one."""
    rule = sp.QuerliozSTDP.with_spread(0.25, beta_down=0.0)
    learned = network(rule, 3000).run(150.0, on="reference", dt=1.0).learned
    down = 0.5 - learned.projections["pre->post"].synapse.weight[1:]
    # Medians: a few devices end below their first weight, and are brought within at once.
    low, middle, high = np.percentile(np.log(down), [15.87, 50.0, 84.13])
    sigma = np.sqrt(np.log1p(0.25**2))
    assert middle == pytest.approx(np.log(0.005) - sigma**2 / 2, abs=0.03)
    assert (high - low) / 2 == pytest.approx(sigma, rel=0.08)
    with pytest.raises(sp.errors.ValidationError, match="0 to 1"):
        sp.QuerliozSTDP.with_spread(-1)

"""Networks for the tests of SONATA; run as a script, it writes the one that NEST is asked about."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import spikestack as sp

DURATION = 200.0
#: Populations whose spikes NEST has at the very same steps; of the others it integrates finer.
EXACT = ("exp", "inh", "alpha", "delta", "izhikevich")


def random_edges(rng: np.random.Generator, n: int, pre: int, post: int) -> sp.FromArrays:
    """`n` edges, or fewer, no pair twice."""
    pairs = np.unique(np.stack([rng.integers(0, pre, n), rng.integers(0, post, n)]), axis=1)
    return sp.FromArrays(pairs[0], pairs[1])


def many_models() -> sp.Network:
    """Sources, and a population for each model that NEST has too."""
    rng = np.random.default_rng(5)
    net = sp.Network(seed=11)
    src = net.add(sp.Population("src", 6, sp.SpikeSource()))
    times, ids = np.round(np.arange(5.0, 195.0, 1.3), 1), np.arange(147) % 6
    net.drive(src, sp.SpikeTrains(times[: len(ids)], ids[: len(times)]))
    exp = net.add(
        sp.Population("exp", 10, sp.LIF(tau_m=rng.uniform(8, 20, 10), tau_refrac=2.0, i_offset=0.7))
    )
    inh = net.add(sp.Population("inh", 4, sp.LIF(cm=0.25, tau_m=10.0, tau_refrac=1.0)))
    _join(net, rng, src, exp, sp.ExponentialCurrent, 1.0, tau_syn=3.0)
    _join(net, rng, exp, inh, sp.ExponentialCurrent, 2.0, tau_syn=2.0)
    _join(net, rng, inh, exp, sp.ExponentialCurrent, -0.5, tau_syn=6.0)
    alpha = net.add(sp.Population("alpha", 4, sp.LIF(cm=0.25, tau_refrac=2.0, v=-60.0)))
    _join(net, rng, src, alpha, sp.AlphaCurrent, 0.4, tau_syn=1.5)
    delta = net.add(sp.Population("delta", 4, sp.LIF(tau_refrac=2.0, v_reset=-60.0)))
    _join(net, rng, src, delta, sp.Delta, 8.0)
    bursting = sp.Izhikevich.preset("chattering", i_offset=8.0)
    izhikevich = net.add(sp.Population("izhikevich", 4, bursting))
    _join(net, rng, src, izhikevich, sp.Delta, 3.0)
    cond = net.add(sp.Population("cond", 4, sp.LIF(cm=0.25, tau_m=15.0, tau_refrac=2.0)))
    _join(net, rng, src, cond, sp.ExponentialConductance, 0.02, tau_syn=2.0, e_rev=0.0)
    _join(net, rng, inh, cond, sp.ExponentialConductance, 0.01, tau_syn=8.0, e_rev=-80.0)
    cond_alpha = net.add(sp.Population("cond_alpha", 4, sp.LIF(cm=0.25, tau_refrac=2.0)))
    _join(net, rng, src, cond_alpha, sp.AlphaConductance, 0.015, tau_syn=2.0, e_rev=0.0)
    adex = net.add(sp.Population("adex", 4, sp.AdEx(i_offset=0.6)))
    _join(net, rng, src, adex, sp.ExponentialConductance, 0.01, tau_syn=2.0, e_rev=0.0)
    squid = net.add(sp.Population("squid", 2, sp.HodgkinHuxley.preset("patch_1000um2")))
    _join(net, rng, src, squid, sp.AlphaCurrent, 0.05, tau_syn=1.0)
    traub = net.add(sp.Population("traub", 2, sp.TraubMiles(v=-65.0)))
    _join(net, rng, src, traub, sp.ExponentialConductance, 0.01, tau_syn=2.0, e_rev=0.0)
    for name, population in net.populations.items():
        if name != "src":
            net.record(population, "spikes")
    return net


def _join(
    net: sp.Network,
    rng: np.random.Generator,
    pre: sp.Population,
    post: sp.Population,
    synapse: type[sp.Synapse],
    weight: float,
    **values: float,
) -> None:
    rule = random_edges(rng, 3 * post.size, pre.size, post.size)
    n = len(rule.pre)
    weights, delays = weight * rng.uniform(0.5, 1.5, n), rng.integers(1, 40, n) * 0.1
    net.connect(pre, post, rule, synapse(weight=weights, delay=delays, **values))


if __name__ == "__main__":
    folder = Path(sys.argv[1]) / "written"
    settings = {"target": "nest", "duration": DURATION, "indices": False}
    sp.formats.sonata.write(many_models(), folder, **settings)

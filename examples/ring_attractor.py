"""A ring of neurons that remembers a direction: a bump of activity stays where it was put.

Neurons sit on a periodic line. Each excites its neighbours and inhibits the rest through weights
that are functions of the distance (Ben-Yishai, Bar-Or and Sompolinsky 1995, PNAS 92:3844; with
spikes: Compte et al. 2000, Cereb Cortex 10:910). A pulse of current switches the bump on at one
place; after it, the bump lasts. The script prints the direction put in and the direction read out;
``python ring_attractor.py figure.png`` draws the spikes, and the edges that leave two neurons
of a periodic sheet.
"""

from __future__ import annotations

import sys

import numpy as np

import spikestack as sp

NEURONS, CUE, LENGTH = 400, 120.0, 360.0


def network(cue: float = CUE, seed: int = 4) -> sp.Network:
    """The ring; one micrometre stands for one degree; `cue` is the direction of the pulse."""
    net = sp.Network(seed=seed)
    place = sp.Grid(NEURONS, spacing=LENGTH / NEURONS, center=LENGTH / 2, periodic=True)
    ring = net.add(
        sp.Population("ring", NEURONS, sp.LIF(i_offset=0.4, tau_refrac=2.0), positions=place)
    )
    near = sp.Expression("w*exp(-(d/s)**2/2)", w=0.02, s=20.0)
    net.connect(
        ring,
        ring,
        sp.ByDistance(mask=sp.Disc(60.0), autapses=False),
        sp.ExponentialCurrent(weight=near, delay=1.0, tau_syn=20.0),
        name="near",
    )
    net.connect(
        ring,
        ring,
        sp.AllToAll(autapses=False),
        sp.ExponentialCurrent(weight=-0.01, delay=1.0, tau_syn=10.0),
        name="all",
    )
    angles = net.positions(ring)[:, 0]
    there = np.abs((angles - cue + 180) % 360 - 180) < 15
    net.drive(ring[there], sp.StepCurrent([0.0, 50.0, 150.0], [0.0, 1.0, 0.0]), name="cue")
    net.drive(ring, sp.Poisson(rate=1000.0, weight=0.05), name="noise")
    net.record(ring, "spikes")
    return net


def direction(net: sp.Network, result: sp.Recording, start: float, stop: float) -> float:
    """The direction (degrees) of the summed activity from `start` to `stop` ms."""
    spikes = result["ring"]
    inside = (spikes.times > start) & (spikes.times <= stop)
    angles = np.radians(net.positions("ring")[spikes.ids[inside], 0])
    return float(np.degrees(np.angle(np.exp(1j * angles).sum())) % 360)


def draw(net: sp.Network, result: sp.Recording, path: str) -> None:
    """Edges by distance in two dimensions, and the spikes of the ring."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    sheet = sp.Network(seed=1)
    place = sp.RandomPositions((1000.0, 1000.0), periodic=True)
    e = sheet.add(sp.Population("e", 4000, sp.LIF(), positions=place))
    rule = sp.ByDistance("0.8*exp(-d/100)", mask=sp.Disc(300.0), autapses=False)
    rows = rule.list_edges(sheet.connect(e, e, rule, sp.Delta()).ends)
    at, (left, right) = sheet.positions("e"), plt.subplots(1, 2, figsize=(10, 4.2))[1]
    left.plot(*at.T, ".", ms=1, color="0.8")
    for corner, colour in (((0.0, 0.0), "C0"), ((480.0, -460.0), "C1")):
        source = int(np.hypot(*(at - corner).T).argmin())
        left.plot(*at[rows.post[rows.starts[source] : rows.starts[source + 1]]].T, ".", c=colour)
        left.plot(*at[source], "k+", ms=10, mew=2)
    left.set(xlabel="x (um)", ylabel="y (um)", aspect="equal", title="targets of two neurons")
    spikes = result["ring"]
    right.plot(spikes.times, net.positions("ring")[spikes.ids, 0], ",k")
    right.fill_between([50, 150], CUE - 15, CUE + 15, color="C1", alpha=0.4, lw=0)
    right.set(xlabel="time (ms)", ylabel="direction (degrees)", ylim=(0, LENGTH), title="the ring")
    plt.tight_layout()
    plt.savefig(path, dpi=110)


if __name__ == "__main__":
    net = network()
    result = net.run(800.0)
    print(f"{len(result['ring'])} spikes; cue at {CUE:g} degrees from 50 to 150 ms")
    for start in (50.0, 200.0, 400.0, 600.0):
        found = direction(net, result, start, start + 100.0)
        print(f"{start:g} to {start + 100:g} ms: {found:.0f} degrees")
    if len(sys.argv) > 1:
        draw(net, result, sys.argv[1])

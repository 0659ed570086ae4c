"""Cost of a network of which most neurons are at rest. Prints rows of JSON, then a table.

    python benchmarks/activity.py [--neurons 100000] [--active 0,0.01,0.1,1] [--for MS]

The first share of the neurons is driven to about ten spikes a second and connected among itself;
the others get nothing. "scattered" drives that share of blocks of 16 neurons, spread evenly.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

import spikestack as sp

SETTLE = 600.0


def network(neurons: int, active: float, scattered: bool) -> sp.Network:
    """One population of leaky neurons, of which some are driven."""
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", neurons, sp.LIF(v=sp.Normal(-60.0, 3.0))))
    count = round(active * neurons)
    if count:
        ids = np.arange(count)
        if scattered:
            groups = neurons // 16
            chosen = np.linspace(0, groups - 1, max(1, count // 16)).astype(int)
            ids = (chosen[:, None] * 16 + np.arange(16)).ravel()
        view = p[ids]
        net.drive(view, sp.Poisson(1000.0, weight=0.13))
        synapse = sp.ExponentialCurrent(weight=0.01, delay=1.5)
        net.connect(view, view, sp.FixedInDegree(min(100, len(ids))), synapse)
    net.record(p, "spikes")
    return net


def main() -> None:
    """Measure every share in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100_000)
    parser.add_argument("--active", default="0,0.001,0.01,0.1,1")
    parser.add_argument("--for", dest="duration", type=float, default=300.0)
    asked = parser.parse_args()
    found = []
    for active in [float(a) for a in asked.active.split(",")]:
        for where in ("together", "scattered"):
            for lazy in (False, True):
                net = network(asked.neurons, active, where == "scattered")
                sim = sp.Simulation(net, threads=1, lazy=lazy)
                sim.advance(SETTLE, progress=False)
                sim.drain()
                cpu = time.process_time()
                sim.advance(asked.duration, progress=False)
                cpu = (time.process_time() - cpu) / asked.duration * 1e3
                row = {
                    "neurons": asked.neurons,
                    "active": active,
                    "where": where,
                    "lazy": lazy,
                    "cpu_s_per_s": cpu,
                    "ns_per_neuron_step": cpu / asked.neurons / 1e4 * 1e9,
                    "rate": sim.drain()["p"].rate(),
                }
                print(json.dumps(row), flush=True)
                found.append(row)
    print("# active  where      lazy   CPU s per s   ns per neuron and step   spikes/s")
    for r in found:
        print(
            f"# {r['active']:6.3f}  {r['where']:9}  {r['lazy']!s:5}  {r['cpu_s_per_s']:11.4f}  "
            f"{r['ns_per_neuron_step']:14.3f}  {r['rate']:18.3f}"
        )


if __name__ == "__main__":
    main()

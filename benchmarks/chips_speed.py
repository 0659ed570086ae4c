"""How fast a mapped network runs with its ledger: integer Loihi, a JSON row each.

`neurons` has 65,536 driven neurons that hardly speak, `synapses` 8,192 with 1,000 synapses each of
which 2 % fire in a step, `chip` a full chip: 131,072 neurons, 16 million synapses, 1 % of the
neurons in a step, each onto its own core and two others. Cores have room for whatever synapses
come; neurons are 1,024 a core.

    python benchmarks/chips_speed.py [--net chip] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace

import numpy as np

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.mapping.cores import MappedNetwork, map_network
from spikestack.chips.neurons.loihi import LoihiAxon, LoihiCompartment
from spikestack.chips.quantising import Quantised
from spikestack.chips.running import MappedSimulation

#: Neurons, synapses of each, steps between two spikes of a neuron, steps that are run.
NETS = {
    "neurons": (65_536, 2, 1000, 1000),
    "synapses": (8_192, 1000, 50, 1000),
    "chip": (131_072, 122, 100, 500),
}
_CORE = 1024


class Roomy(Loihi):
    """Loihi with as much synaptic memory and as many axons as are asked for."""

    limits = tuple(
        replace(v, most=Figure(1e9, v.most.unit, Grade.UNVERIFIED, "this benchmark"))
        if v.counts in ("synapse words", "axons in", "axons out")
        else v
        for v in Loihi.limits
    )


def mapped(kind: str) -> MappedNetwork:
    """A network in the chip's numbers, on its cores."""
    n, fan, period, _ = NETS[kind]
    rng = np.random.default_rng(1)
    net = sp.Network(seed=1)
    model = LoihiCompartment(
        decay_u=4095, theta=64.0 * period - 1, bias=64.0, v=64.0 * rng.integers(0, period, n)
    )
    cells = net.add(sp.Population("cells", n, model))
    core = rng.choice(np.array([0, 1, 8]), (n, fan)) + np.arange(n)[:, None] // _CORE
    post = core * _CORE % n + rng.integers(0, _CORE, (n, fan))
    weight = 64.0 * rng.choice(np.array([-1, 1]), n * fan)
    rule = sp.FromArrays(np.repeat(np.arange(n), fan), post.ravel())
    net.connect(cells, cells, rule, LoihiAxon(weight=weight, delay=1.0), name="all")
    whole = {"cells": np.ones(n)}
    quantised = Quantised(net, {"cells": 0}, whole, whole, {"all": "sparse"}, {})
    return map_network(quantised, Roomy())


def run(kind: str, made: MappedNetwork, threads: int) -> None:
    """Run with the ledger, and print the rates."""
    steps = NETS[kind][3]
    simulation = MappedSimulation(made, threads=threads)
    simulation.forward(64, progress=False)
    cpu, wall = time.process_time(), time.perf_counter()
    simulation.forward(steps, progress=False)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    counted = simulation.result().ledger.totals()
    share = steps / (steps + 64)
    events = share * (counted["sparse events"])
    print(json.dumps({
        "net": kind, "threads": threads, "cores": len(made.cores), "steps": steps,
        "steps_per_s": round(steps / wall, 1),
        "updates_per_s": round(share * counted["accesses"] / wall),
        "events_per_s": round(events / wall),
        "active": round(counted["spikes"] / counted["accesses"], 4),
        "cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "load": round(os.getloadavg()[0], 1),
    }))  # fmt: skip


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=list(NETS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    for kind in [given.net] if given.net else NETS:
        began = time.perf_counter()
        made = mapped(kind)
        print(json.dumps({"net": kind, "mapped_s": round(time.perf_counter() - began, 1)}))
        for threads in given.threads:
            run(kind, made, threads)


if __name__ == "__main__":
    main()

"""Neurons to cores: our partition beside Mt-KaHyPar's, cost and seconds, a JSON row each.

16,384 neurons of fan-out 32 with log-normal rates, on 64 cores that hold 256: `local` on a torus of
128 x 128 (sigma 6), and `random`. Neurons are shuffled, so that their order tells nothing. The cost
is the rate of deliveries between cores. Mt-KaHyPar (``pip install mtkahypar``) is measured with
``--peer`` on one thread, and takes minutes; it need not be installed otherwise.

``--million`` maps 1,048,576 neurons of that kind on 1,024 cores of eight chips instead, whole:
synapses listed, partition, placement; neurons and fan-in are the only limits.

    python benchmarks/mapping.py [--net local] [--seeds 3] [--peer] [--million]
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from spikestack.chips.mapping.hypergraph import Hypergraph
from spikestack.chips.mapping.partitioning import partition

SIDE, FAN_OUT, SIGMA, CORES, PLACES = 128, 32, 6.0, 64, 256


def net(
    kind: str, seed: int = 0, side: int = SIDE, patch: int = 16
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets (neurons, FAN_OUT), rates, and the core of each neuron if the sheet is cut square."""
    rng, n = np.random.default_rng(seed), side * side
    if kind == "random":
        targets = rng.integers(0, n, (n, FAN_OUT))
    else:
        x, y = np.divmod(np.arange(n), side)
        to_x = (x[:, None] + np.rint(rng.normal(0, SIGMA, (n, FAN_OUT))).astype(int)) % side
        to_y = (y[:, None] + np.rint(rng.normal(0, SIGMA, (n, FAN_OUT))).astype(int)) % side
        targets = to_x * side + to_y
    rates, was = rng.lognormal(0, 1, n), rng.permutation(n)
    name = np.argsort(was)
    shuffled = np.empty_like(targets)
    shuffled[name] = name[targets]
    x, y = np.divmod(was, side)
    return shuffled, rates[was], x // patch * (side // patch) + y // patch


def row(kind: str, tool: str, cost: float, **more: object) -> None:
    """Print a result."""
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"net": kind, "tool": tool, "cost": round(cost), **more, "load": load}))


def peer(kind: str, graph: Hypergraph) -> None:
    """Measure Mt-KaHyPar's default preset."""
    import mtkahypar

    library = mtkahypar.initialize(1)
    context = library.context_from_preset(mtkahypar.PresetType.DEFAULT)
    context.set_partitioning_parameters(CORES, 0.001, mtkahypar.Objective.KM1)
    nets = [graph.pins[a:b].tolist() for a, b in zip(graph.starts[:-1], graph.starts[1:])]
    weights = np.maximum(1, np.rint(graph.weights * 1000)).astype(int).tolist()
    made = library.create_hypergraph(
        context, graph.size, len(nets), nets, [1] * graph.size, weights
    )
    began = time.perf_counter()
    parts = np.array(made.partition(context).get_partition())
    took = time.perf_counter() - began
    most = int(np.bincount(parts).max())
    row(kind, "Mt-KaHyPar", graph.cost(parts, CORES), wall_s=round(took, 1), most=most)


def million(kind: str) -> None:
    """Map 1,048,576 neurons, from the network in the chip's numbers to places."""
    from chips_speed import Roomy

    import spikestack as sp
    from spikestack.chips.mapping.cores import map_network
    from spikestack.chips.neurons.loihi import LoihiAxon, LoihiCompartment
    from spikestack.chips.quantising import Quantised

    targets, rates, squares = net(kind, 0, 1024, 32)
    n = len(rates)
    made = sp.Network(seed=1)
    cells = made.add(sp.Population("cells", n, LoihiCompartment()))
    rule = sp.FromArrays(np.repeat(np.arange(n), FAN_OUT), targets.ravel())
    made.connect(cells, cells, rule, LoihiAxon(weight=64.0, delay=1.0), name="all")
    del targets, rule
    one = {"cells": np.ones(1)}
    quantised = Quantised(made, {"cells": 0}, one, one, {"all": "sparse"}, {})
    cpu, wall = time.process_time(), time.perf_counter()
    found = map_network(quantised, Roomy(chips=8), rates)
    times = {
        "cpu_s": round(time.process_time() - cpu, 1),
        "wall_s": round(time.perf_counter() - wall, 1),
    }
    contacts = found.routes.contacts
    parts = found.core_of["cells"]

    def cost(core: np.ndarray) -> float:
        from spikestack.chips.mapping.contacts import contacts_of

        pre = np.repeat(np.arange(n), np.diff(contacts.starts))
        if core is parts:
            return float(rates[pre[parts[pre] != contacts.to]].sum())
        edges = made.projections["all"].rule
        other = contacts_of(edges.pre, core[edges.post], n, 1024)
        return float(rates[other.source[core[other.source] != other.to]].sum())

    row(kind, "dealt at random", cost(np.random.default_rng(1).permutation(n) // 1024))
    if kind == "local":
        row(kind, "squares of the sheet", cost(squares))
    most = int(np.bincount(parts).max())
    row(kind, "1,048,576 neurons mapped", cost(parts), cores=len(found.cores), **times, most=most)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=["local", "random"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--million", action="store_true")
    given = parser.parse_args()
    for kind in [given.net] if given.net else ["local", "random"]:
        if given.million:
            million(kind)
            continue
        targets, rates, squares = net(kind)
        n = len(rates)
        pre = np.repeat(np.arange(n), FAN_OUT)
        graph = Hypergraph.of_synapses(pre, targets.ravel(), rates, np.ones((n, 1)))
        partition(graph, CORES, PLACES)  # Compiles.
        dealt = np.random.default_rng(1).permutation(n) // PLACES
        row(kind, "dealt at random", graph.cost(dealt, CORES))
        if kind == "local":
            row(kind, "squares of the sheet", graph.cost(squares, CORES))
        for seed in range(given.seeds):
            cpu, wall = time.process_time(), time.perf_counter()
            found = partition(graph, CORES, PLACES, seed=seed)
            times = {
                "cpu_s": round(time.process_time() - cpu, 2),
                "wall_s": round(time.perf_counter() - wall, 2),
            }
            most = int(np.bincount(found.parts).max())
            row(kind, f"partition, seed {seed}", found.cost, **times, most=most)
        if given.peer:
            peer(kind, graph)


if __name__ == "__main__":
    main()

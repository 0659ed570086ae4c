"""Neurons to cores: our partition beside Mt-KaHyPar's, cost and seconds, a JSON row each.

16,384 neurons of fan-out 32 with log-normal rates, on 64 cores that hold 256: `local` on a torus of
128 x 128 (sigma 6), and `random`. Neurons are shuffled, so that their order tells nothing. The cost
is the rate of deliveries between cores. Mt-KaHyPar (``pip install mtkahypar``) is measured with
``--peer`` on one thread, and takes minutes; it need not be installed otherwise.

    python benchmarks/mapping.py [--net local] [--seeds 3] [--peer]
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


def net(kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets (neurons, FAN_OUT), rates, and the core of each neuron if the sheet is cut square."""
    rng, n = np.random.default_rng(seed), SIDE * SIDE
    if kind == "random":
        targets = rng.integers(0, n, (n, FAN_OUT))
    else:
        x, y = np.divmod(np.arange(n), SIDE)
        to_x = (x[:, None] + np.rint(rng.normal(0, SIGMA, (n, FAN_OUT))).astype(int)) % SIDE
        to_y = (y[:, None] + np.rint(rng.normal(0, SIGMA, (n, FAN_OUT))).astype(int)) % SIDE
        targets = to_x * SIDE + to_y
    rates, was = rng.lognormal(0, 1, n), rng.permutation(n)
    name = np.argsort(was)
    shuffled = np.empty_like(targets)
    shuffled[name] = name[targets]
    x, y = np.divmod(was, SIDE)
    return shuffled, rates[was], x // 16 * 8 + y // 16


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


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=["local", "random"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    given = parser.parse_args()
    for kind in [given.net] if given.net else ["local", "random"]:
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

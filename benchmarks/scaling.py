"""Cost of a synaptic event from 1,000 to 1,000,000 neurons. Prints rows of JSON, then a table.

    python benchmarks/scaling.py [--neurons 1e3,1e4,1e5,1e6] [--delays normal,uniform]
                                 [--connectivity stored,procedural] [--threads 1] [--for MS]

Every neuron has 1,000 synapses and fires ten times a second, regularly and each at its own time,
with weights too small to change that, so that the work for each neuron is the same in all sizes.
Delays are N(1.5, 0.75) ms or uniform in 0.1 to 20 ms. CPU time is all that a step takes, updates
of neurons and recording of spikes included. A million neurons need 5 to 7 GB where synapses are
stored.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

import spikestack as sp

IN_DEGREE, PERIOD, TAU = 1000, 100.0, 20.0
DELAYS = {"normal": sp.Normal(1.5, 0.75, low=0.1), "uniform": sp.Uniform(0.1, 20.0)}


def network(neurons: int, delays: str) -> sp.Network:
    """Neurons that a constant current takes to threshold once in 100 ms."""
    net = sp.Network(seed=1)
    current = 10.0 / (1.0 - np.exp(-PERIOD / TAU)) / TAU
    # Phases in an order that mixes neighbours, so that no two of them fire together.
    phases = PERIOD * (np.arange(neurons) * 0.6180339887498949 % 1.0)
    v = 10.0 / (1.0 - np.exp(-PERIOD / TAU)) * (1.0 - np.exp(-phases / TAU))
    cell = sp.LIF(
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=10.0,
        tau_m=TAU,
        tau_refrac=0.0,
        cm=1.0,
        i_offset=current,
        v=v,
    )
    p = net.add(sp.Population("p", neurons, cell))
    synapse = sp.ExponentialCurrent(weight=1e-6, delay=DELAYS[delays], tau_syn=2.0)
    net.connect(p, p, sp.FixedInDegree(IN_DEGREE), synapse)
    net.record(p, "spikes")
    return net


def measured(neurons: int, delays: str, connectivity: str, threads: int, duration: float) -> dict:
    """One row; to be called in a process of its own, as it reports the peak of its memory."""
    started = time.perf_counter()
    sim = sp.Simulation(network(neurons, delays), connectivity=connectivity, threads=threads)
    build = time.perf_counter() - started
    # Spikes of the longest delay are in flight by then, and memory has been taken.
    sim.advance(PERIOD, progress=False)
    sim.drain()
    wall, cpu = time.perf_counter(), time.process_time()
    sim.advance(duration, progress=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    spikes = len(sim.drain()["p"])
    layout = sim.engine.describe()
    return {
        "neurons": neurons,
        "delays": delays,
        "connectivity": connectivity,
        "threads": threads,
        "delivery": str(layout["delivery"]).split(" by")[0],
        "delays_in_a_bucket": layout.get("delays_in_a_bucket"),
        "build_s": round(build, 2),
        "rate": spikes / neurons / duration * 1e3,
        "cpu_ns_per_event": cpu / spikes / IN_DEGREE * 1e9,
        "wall_ns_per_event": wall / spikes / IN_DEGREE * 1e9,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    """Measure every combination in turn, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", default="1e3,1e4,1e5,1e6")
    parser.add_argument("--delays", default="normal,uniform")
    parser.add_argument("--connectivity", default="stored")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--for", dest="duration", type=float, default=0.0)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    sizes = [int(float(n)) for n in asked.neurons.split(",")]
    if asked.one:
        duration = asked.duration or max(100.0, min(2000.0, round(3e4 / sizes[0]) * 100.0))
        row = measured(sizes[0], asked.delays, asked.connectivity, asked.threads, duration)
        print(json.dumps(row))
        return
    found = []
    for connectivity in asked.connectivity.split(","):
        for delays in asked.delays.split(","):
            for n in sizes:
                given = ["--neurons", str(n), "--delays", delays, "--connectivity", connectivity]
                given += ["--threads", str(asked.threads), "--for", str(asked.duration), "--one"]
                done = subprocess.run(
                    [sys.executable, __file__, *given], capture_output=True, text=True, check=True
                )
                print(done.stdout.strip(), flush=True)
                found.append(json.loads(done.stdout))
    print("# neurons   delays   connectivity  delivery  ns/event  rate  build s  peak GB")
    for r in found:
        print(
            f"# {r['neurons']:9,} {r['delays']:8} {r['connectivity']:11} {r['delivery']:9} "
            f"{r['cpu_ns_per_event']:8.2f} {r['rate']:6.2f} {r['build_s']:8.1f} {r['peak_gb']:7.2f}"
        )


if __name__ == "__main__":
    main()

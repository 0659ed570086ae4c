"""The plastic benchmark networks here and in NEST, in turn: one JSON row for each run.

    python benchmarks/plastic_networks.py [--networks cuba_stdp hpc] [--scale 1] [--threads 1]
        [--repeats 2] [--seed 1] [--from MS] [--for MS] [--only spikestack] [--nest PYTHON]

A row has seconds of building, wall and processor seconds per biological second, spikes/s of all
neurons, the peak of memory, and bytes per synapse, at the peak and in the end, beyond what the
process held before. CUBA with STDP is measured from 100 to 600 ms, the HPC network (`--scale`)
from 50 to 150 ms. Each run is a process of its own; the first one of ours compiles what is not
cached, so look at the second. NEST lives in an environment of its own: pass its interpreter, or
one is made as `spikestack bench --against nest` does. Needs Linux for the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import spikestack as sp
from spikestack.benchmarks import cuba_stdp, hpc
from spikestack.benchmarks.peers.catalogue import PEERS
from spikestack.benchmarks.peers.environment import interpreter_of

HERE = Path(__file__).resolve()
#: Milliseconds before, and of, the measured span.
SPANS = {"cuba_stdp": (100.0, 500.0), "hpc": (50.0, 100.0)}
TOOLS = ("spikestack", "nest")


def held() -> int:
    """Bytes that the process holds now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """One of our runs."""
    name, seed = asked["network"], asked["seed"]
    net = cuba_stdp(seed) if name == "cuba_stdp" else hpc(seed, asked["scale"])
    synapses = sum(round(p.expected_edges) for p in net.projections.values())
    before, cpu = held(), time.process_time()
    sim = sp.Simulation(net, threads=asked["threads"])
    built_cpu = time.process_time() - cpu
    sim.advance(asked["warm_up"], progress=False)
    sim.drain()
    wall, cpu = time.perf_counter(), time.process_time()
    sim.advance(asked["duration"], progress=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    seconds, peak = asked["duration"] * 1e-3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spikes = sum(len(record) for record in sim.recording().spikes.values())
    return {
        "tool": f"Spikestack {sp.__version__}",
        "precision": "float32",
        "build_s": sim.build_time,
        "build_cpu_s": built_cpu,
        "wall_s_per_s": wall / seconds,
        "cpu_s_per_s": cpu / seconds,
        "rate": spikes / sim.program.size / seconds,
        "synapses": synapses,
        "peak_bytes": peak * 1024,
        "peak_per_synapse": (peak * 1024 - before) / synapses,
        "held_per_synapse": (held() - before) / synapses,
    }


def run(command: list[str], asked: dict[str, Any]) -> None:
    """Run one measurement in a process of its own, and print its row."""
    done = subprocess.run(
        command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    shown = {name: asked[name] for name in ("network", "scale", "threads", "seed")}
    row = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps({"tool": row.pop("tool"), **shown, **row}), flush=True)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(SPANS), choices=list(SPANS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the HPC network")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the first repeat")
    parser.add_argument("--from", type=float, dest="warm_up", help="ms not measured, not the usual")
    parser.add_argument("--for", type=float, dest="duration", help="ms measured, not the usual")
    parser.add_argument("--only", choices=TOOLS)
    parser.add_argument("--nest", help="the Python interpreter that has NEST")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(json.load(sys.stdin))))
        return
    commands = {"spikestack": [sys.executable, str(HERE), "--child"]}
    if given.only != "spikestack":
        python = given.nest or interpreter_of(PEERS["nest"], lambda t: print(t, file=sys.stderr))
        commands["nest"] = [str(python), str(HERE.with_name("plastic_networks_nest.py"))]
    for name in given.networks:
        warm_up, duration = SPANS[name]
        for repeat in range(given.repeats):
            asked = {
                "network": name,
                "scale": given.scale if name == "hpc" else 1.0,
                "threads": given.threads,
                "seed": given.seed + repeat,
                "warm_up": warm_up if given.warm_up is None else given.warm_up,
                "duration": given.duration or duration,
            }
            for tool in [given.only] if given.only else TOOLS:
                run(commands[tool], asked)


if __name__ == "__main__":
    main()

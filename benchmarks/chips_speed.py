"""How fast a mapped network runs with its ledger, here and in SANA-FE: a JSON row each.

`neurons` has 65,536 driven neurons that hardly speak, `synapses` 8,192 with 1,000 synapses each of
which 2 % fire in a step, `chip` a full chip: 131,072 neurons, 16 million synapses, 1 % of the
neurons in a step, each onto its own core and two others. Cores have room for whatever synapses
come; neurons are 1,024 a core.

    python benchmarks/chips_speed.py [--net chip] [--threads 1 2] [--fan 16] [--peer-python PATH]

With an interpreter that has SANA-FE 2.2.9 (``pip install sanafe numpy``), the same neurons and
synapses run there on the same cores, and what both counted is compared. SANA-FE takes about a
kilobyte for each synapse: ``--fan`` draws fewer for each neuron.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.mapping.cores import MappedNetwork, map_network
from spikestack.chips.neurons.loihi import LoihiAxon, LoihiCompartment
from spikestack.chips.quantising import Quantised
from spikestack.chips.running import ChipRun, MappedSimulation
from spikestack.program.memory import available_memory

#: Neurons, synapses of each, steps between two spikes of a neuron, steps that are run.
NETS = {
    "neurons": (65_536, 2, 1000, 1000),
    "synapses": (8_192, 1000, 50, 1000),
    "chip": (131_072, 122, 100, 500),
}
_CORE, _BIAS = 1024, 64.0
#: Steps before the clock starts.
_WARM = 64
#: Memory that SANA-FE 2.2.9 takes, measured: bytes in all, and for each synapse.
_PEER_BYTES, _PEER_SYNAPSE = 2_000_000_000, 1000


class Roomy(Loihi):
    """Loihi with as much synaptic memory and as many axons as are asked for."""

    limits = tuple(
        replace(v, most=Figure(1e9, v.most.unit, Grade.UNVERIFIED, "this benchmark"))
        if v.counts in ("synapse words", "axons in", "axons out")
        else v
        for v in Loihi.limits
    )


def drawn(kind: str, fan: int | None = None, steps: int | None = None) -> dict[str, np.ndarray]:
    """Neurons and synapses in the chip's numbers; `fan` synapses of each neuron."""
    n, usual, period, lasts = NETS[kind]
    fan = usual if fan is None else fan
    rng = np.random.default_rng(1)
    v = _BIAS * rng.integers(0, period, n)
    core = rng.choice(np.array([0, 1, 8]), (n, fan)) + np.arange(n)[:, None] // _CORE
    post = core * _CORE % n + rng.integers(0, _CORE, (n, fan))
    return {
        "pre": np.repeat(np.arange(n), fan), "post": post.ravel(), "v": v,
        "weight": _BIAS * rng.choice(np.array([-1, 1]), n * fan), "bias": np.array(_BIAS),
        "theta": np.array(_BIAS * period - 1), "steps": np.array(steps or lasts),
        "warm": np.array(_WARM), "format": np.array("sparse"),
    }  # fmt: skip


def mapped(given: dict[str, np.ndarray]) -> MappedNetwork:
    """The network on its cores."""
    net = sp.Network(seed=1)
    model = LoihiCompartment(
        decay_u=4095, theta=float(given["theta"]), bias=float(given["bias"]), v=given["v"]
    )
    n = len(given["v"])
    cells = net.add(sp.Population("cells", n, model))
    rule = sp.FromArrays(given["pre"], given["post"])
    net.connect(cells, cells, rule, LoihiAxon(weight=given["weight"], delay=1.0), name="all")
    whole = {"cells": np.ones(n)}
    quantised = Quantised(net, {"cells": 0}, whole, whole, {"all": str(given["format"])}, {})
    return map_network(quantised, Roomy())


def run(
    given: dict[str, np.ndarray], made: MappedNetwork, threads: int
) -> tuple[dict[str, Any], ChipRun]:
    """Run with the ledger: the rates, and what was run."""
    steps = int(given["steps"])
    simulation = MappedSimulation(made, threads=threads)
    simulation.forward(_WARM, progress=False)
    cpu, wall = time.process_time(), time.perf_counter()
    simulation.forward(steps, progress=False)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    done = simulation.result()
    counted = done.ledger.totals()
    share = steps / (steps + _WARM)
    return {
        "tool": "spikestack", "threads": threads, "cores": len(made.cores), "steps": steps,
        "steps_per_s": round(steps / wall, 1),
        "updates_per_s": round(share * counted["accesses"] / wall),
        "events_per_s": round(share * counted[f"{given['format']} events"] / wall),
        "active": round(counted["spikes"] / counted["accesses"], 4),
        "cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "load": round(os.getloadavg()[0], 1),
    }, done  # fmt: skip


def peer(
    python: str, given: dict[str, np.ndarray], made: MappedNetwork, threads: int, timing: str
) -> dict[str, Any]:
    """The same in SANA-FE: its row, or why there is none."""
    need, there = _PEER_BYTES + _PEER_SYNAPSE * len(given["pre"]), available_memory()
    if need > there:
        return {"tool": "sanafe", "missing": f"memory: {need:,} bytes of {there:,}; take --fan"}
    place = np.array([core.place for core in made.cores])[made.core_of["cells"]]
    with tempfile.TemporaryDirectory(prefix="spikestack-bench-") as folder:
        path = Path(folder) / "network.npz"
        np.savez(path, place=place, **given)  # type: ignore[arg-type]
        script = Path(__file__).with_name("chips_speed_peer.py")
        command = [python, str(script), str(path), str(threads), timing]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"tool": "sanafe", "missing": f"it ended with code {done.returncode}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compared(ours: ChipRun, theirs: dict[str, Any]) -> dict[str, Any]:
    """What both counted, and how far their energies and times of steps are apart (relative)."""
    counted, there = ours.ledger.totals(), theirs["counted"]
    events = f"{ours.mapped.quantised.formats['all']} events"
    pairs = {
        "driven updates": "neurons_updated", "spikes": "neurons_fired",
        "messages": "packets_sent", events: "spikes",
    }  # fmt: skip
    dynamic = sum(ours.bill("fit").dynamic.values())
    seconds = float(ours.step_seconds.sum())
    return {
        "compared": {mine: [round(counted[mine]), there[name]] for mine, name in pairs.items()},
        "energy_apart": dynamic / theirs["energy"]["total"] - 1.0,
        "time_apart": seconds / there["sim_time"] - 1.0,
    }


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=list(NETS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--fan", type=int, help="synapses of each neuron")
    parser.add_argument("--peer-python", help="an interpreter that has SANA-FE")
    args = parser.parse_args()
    for kind in [args.net] if args.net else NETS:
        began = time.perf_counter()
        given = drawn(kind, args.fan)
        made = mapped(given)
        about = {"net": kind, "neurons": len(given["v"]), "synapses": len(given["pre"])}
        print(json.dumps({**about, "mapped_s": round(time.perf_counter() - began, 1)}), flush=True)
        for threads in args.threads:
            row, done = run(given, made, threads)
            print(json.dumps({**about, **row}), flush=True)
            if not args.peer_python:
                continue
            for timing in ("simple", "detailed"):
                row = peer(args.peer_python, given, made, threads, timing)
                more = compared(done, row) if "counted" in row else {}
                print(json.dumps({**about, **row, **more}), flush=True)


if __name__ == "__main__":
    sys.exit(main())

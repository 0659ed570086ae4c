"""What a neuron costs: time per neuron and step, and bytes, for every model of the catalogue.

    python benchmarks/models.py [--models LIF,AdEx] [--neurons 10000] [--for MS] [--json]

CPU time on one thread, the least of three measurements after 100 ms. "driven" neurons get constant
currents within 20 % of the one that brings the model nearest to 20 spikes a second, found among
73 from 1 pA to 1 uA; "alone" they get none, and those at rest are skipped as in any run.
State includes the injected current; parameters are counted as if each neuron had its own, and take
nothing where all share one number.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.equations.catalogue import collect
from spikestack.errors import SpikestackError
from spikestack.neurons.base import NeuronModel

DT, WARM_UP, WANTED = 0.1, 100.0, 20.0
CURRENTS = np.concatenate([[0.0], np.logspace(-3, 3, 73)])
COLUMNS = {
    "model": "{}",
    "precision": "{}",
    "drive": "{}",
    "current_nA": "{:.3g}",
    "rate_hz": "{:.1f}",
    "ns_per_neuron_step": "{:.2f}",
    "state_bytes": "{:.0f}",
    "parameter_bytes": "{:.0f}",
}


def firing_current(model: type[NeuronModel]) -> float | None:
    """The current (nA) that brings the rate nearest to 20 Hz; None for a model that takes none."""
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", len(CURRENTS), model()))
    try:
        net.drive(cells, sp.ConstantCurrent(CURRENTS))
        net.record(cells, "spikes")
        rates = net.run(1000.0, dt=DT, threads=1, precision="float64")["cells"].rates(200.0, 1000.0)
    except SpikestackError:
        return None
    fires = rates > 0
    if not fires[1:].any():
        return None
    off = np.where(fires, abs(np.log(np.maximum(rates, 1e-9) / WANTED)), np.inf)
    return float(CURRENTS[off.argmin()])


def measured(
    model: type[NeuronModel], current: float | None, neurons: int, duration: float, precision: str
) -> dict[str, Any]:
    """One row."""
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", neurons, model()))
    if current is not None:
        net.drive(cells, sp.ConstantCurrent(current * np.linspace(0.8, 1.2, neurons)))
    net.record(cells, "spikes")
    simulation = sp.Simulation(net, dt=DT, threads=1, precision=precision)
    simulation.advance(WARM_UP, progress=False)
    simulation.drain()
    least = np.inf
    for _ in range(3):
        start = time.process_time()
        simulation.advance(duration, progress=False)
        least = min(least, time.process_time() - start)
    itemsize = 4 if precision == "float32" else 8
    return {
        "model": model.__name__,
        "precision": precision,
        "drive": "alone" if current is None else "driven",
        "current_nA": current or 0.0,
        "rate_hz": simulation.drain()["cells"].rate(),
        "ns_per_neuron_step": least / neurons / (duration / DT) * 1e9,
        "state_bytes": simulation.engine.describe()["bytes_states"] / neurons,
        "parameter_bytes": itemsize * len(model.declared_parameters()),
        "neurons": neurons,
        "dt_ms": DT,
    }


def rows(
    models: dict[str, type[NeuronModel]], neurons: int, duration: float
) -> Iterator[dict[str, Any]]:
    """Every model in both precisions, alone and, where a current makes it fire, driven."""
    for model in models.values():
        current = firing_current(model)
        for precision in ("float32", "float64"):
            for given in dict.fromkeys((None, current)):
                yield measured(model, given, neurons, duration, precision)


def main() -> None:
    """Measure every model in turn."""
    known = collect("spikestack.neurons", NeuronModel)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(known))
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--for", dest="duration", type=float, default=100.0)
    parser.add_argument("--json", action="store_true", help="one row of JSON a line, no table")
    asked = parser.parse_args()
    names = asked.models.split(",")
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown models {', '.join(unknown)}; known: {', '.join(known)}")
    if not asked.json:
        print("| " + " | ".join(COLUMNS) + " |")
        print("| " + " | ".join("---" for _ in COLUMNS) + " |")
    for row in rows({name: known[name] for name in names}, asked.neurons, asked.duration):
        cells = [form.format(row[column]) for column, form in COLUMNS.items()]
        print(json.dumps(row) if asked.json else "| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

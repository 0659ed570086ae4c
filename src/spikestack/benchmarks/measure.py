"""Measuring a network: cost of propagation apart from building, with the rates beside it."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np

from ..network import Network
from ..simulation import Simulation

__all__ = ["measure", "measure_network"]

_WARM_UP = 100.0


def measure(
    name: str, duration: float = 1000.0, threads: int = 1, precision: str = "float32", seed: int = 1
) -> dict[str, Any]:
    """Measure a built-in network; see `measure_network`."""
    from . import NETWORKS

    return {"name": name} | measure_network(NETWORKS[name](seed), duration, threads, precision)


def measure_network(
    network: Network, duration: float, threads: int = 1, precision: str = "float32"
) -> dict[str, Any]:
    """Run a network for `duration` ms after 100 ms of warming up.

    Returns
    -------
    dict
        Seconds of building; wall and CPU seconds per biological second of propagation; synaptic
        events per wall second; rates (Hz) by population; peak resident bytes of the process.
    """
    simulation = Simulation(network, threads=threads, precision=precision)
    simulation.advance(_WARM_UP, progress=False)
    simulation.drain()
    wall, cpu = time.perf_counter(), time.process_time()
    finished = simulation.advance(duration, progress=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if not finished:
        raise KeyboardInterrupt
    recording = simulation.recording()
    degrees = _out_degrees(network)
    events = sum(len(r) * degrees[name] for name, r in recording.spikes.items())
    details = simulation.engine.describe()
    seconds = duration * 1e-3
    return {
        "neurons": simulation.program.size,
        "synapses": details.get("synapses"),
        "dt": simulation.dt,
        "threads": threads,
        "precision": precision,
        "compile_s": details.get("compile_time_s"),
        "build_s": simulation.build_time,
        "wall_s_per_s": wall / seconds,
        "cpu_s_per_s": cpu / seconds,
        "events_per_s": events / wall,
        "rates": {name: float(rate) for name, rate in recording.rates().items()},
        "mean_rate": float(np.mean(np.concatenate([r.rates() for r in recording.spikes.values()]))),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _out_degrees(network: Network) -> dict[str, float]:
    """Expected synapses that leave one neuron of each population."""
    degrees = dict.fromkeys(network.populations, 0.0)
    for projection in network.projections.values():
        edges = projection.expected_edges
        degrees[projection.pre.population.name] += edges / projection.pre.population.size
    return degrees

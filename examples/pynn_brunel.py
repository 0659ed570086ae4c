"""Brunel's network, written once in PyNN: run it here, in NEST or in Brian2.

Leaky integrate-and-fire neurons, four excitatory to one inhibitory; a tenth of either kind are each
one's sources, and as many Poisson sources outside as excitatory ones within (Brunel 2000, J Comput
Neurosci 8:183). Synapses are short pulses of current; inhibition is five times as strong, and the
outside brings twice what would just reach the threshold: asynchronous irregular firing.

    python examples/pynn_brunel.py                          # needs spikestack[pynn]
    python examples/pynn_brunel.py --simulator nest         # needs PyNN and NEST
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
from typing import Any

SIMULATORS = {"spikestack": "spikestack.pynn", "nest": "pyNN.nest", "brian2": "pyNN.brian2"}
TIMESTEP, DELAY = 0.1, 1.5
TAU_M, TAU_SYN, CM, THRESHOLD = 20.0, 0.5, 0.25, 20.0
G, ETA, SHARE = 5.0, 2.0, 0.1


def build(sim: Any, order: int, seed: int) -> dict[str, Any]:
    """Build the network of 5 times `order` neurons; returns its two populations."""
    sim.setup(timestep=TIMESTEP, min_delay=TIMESTEP, spike_precision="on_grid", rng_seed=seed)
    # One generator for each projection: in NEST those of the same seed give the same connections.
    seeds = itertools.count(100 * seed)
    sizes = {"exc": 4 * order, "inh": order}
    jump = 100.0 / sizes["exc"] * 10.0  # mV by one spike
    weight = jump * CM / TAU_SYN
    rate = 1e3 * ETA * THRESHOLD / (jump * SHARE * sizes["exc"] * TAU_M)
    cell = sim.IF_curr_exp(
        v_rest=0.0, v_reset=10.0, v_thresh=THRESHOLD, tau_refrac=2.0,
        tau_m=TAU_M, cm=CM, tau_syn_E=TAU_SYN, tau_syn_I=TAU_SYN,
    )  # fmt: skip
    cells = {name: sim.Population(size, cell, label=name) for name, size in sizes.items()}
    outside = sim.Population(sizes["exc"], sim.SpikeSourcePoisson(rate=rate), label="outside")
    rng = sim.NumpyRNG(seed=next(seeds))
    start = sim.RandomDistribution("uniform", low=0.0, high=THRESHOLD, rng=rng)
    sources = (cells["exc"], "excitatory", weight), (outside, "excitatory", weight)
    for target in cells.values():
        target.initialize(v=start)
        target.record("spikes")
        for source, kind, w in (*sources, (cells["inh"], "inhibitory", -G * weight)):
            sim.Projection(
                source,
                target,
                sim.FixedNumberPreConnector(
                    round(SHARE * source.size), rng=sim.NumpyRNG(seed=next(seeds))
                ),
                sim.StaticSynapse(weight=w, delay=DELAY),
                receptor_type=kind,
            )
    return cells


def processor_time() -> float:
    """Seconds that this process and those it started have computed, compilers among them."""
    return sum(os.times()[:4])


def measure(name: str, order: int, seed: int, duration: float, skipped: float) -> dict[str, Any]:
    """Rates after `skipped` ms, and the processor time in s for building and for running.

    Building ends with the first step, as some build only then.
    """
    sim = importlib.import_module(SIMULATORS[name])
    started = processor_time()
    cells = build(sim, order, seed)
    sim.run(TIMESTEP)
    built = processor_time()
    sim.run_until(skipped)
    before = {key: population.mean_spike_count() for key, population in cells.items()}
    sim.run_until(skipped + duration)
    after = {key: population.mean_spike_count() for key, population in cells.items()}
    done = processor_time()
    sim.end()
    rates = {f"{key}_hz": (after[key] - before[key]) / duration * 1e3 for key in cells}
    return {
        "simulator": name,
        "neurons": 5 * order,
        "seed": seed,
        **rates,
        "build_cpu_s": built - started,
        "run_cpu_s": done - built,
    }


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--simulator", choices=SIMULATORS, default="spikestack")
    parser.add_argument("--order", type=int, default=200, help="a fifth of the neurons")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duration", type=float, default=500.0, help="ms, after the first 200")
    parser.add_argument("--json", action="store_true", help="print one line for programs")
    given = parser.parse_args()
    row = measure(given.simulator, given.order, given.seed, given.duration, 200.0)
    if given.json:
        print(json.dumps(row))
        return
    print(
        f"{row['simulator']}, {row['neurons']:,} neurons: excitatory {row['exc_hz']:.1f} Hz, "
        f"inhibitory {row['inh_hz']:.1f} Hz; processor time "
        f"{row['build_cpu_s']:.1f} s for building, {row['run_cpu_s']:.1f} s for running"
    )


if __name__ == "__main__":
    main()

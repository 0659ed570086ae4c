"""The plastic benchmark networks in NEST 3.10: a request on standard input, a row on output.

Run by plastic_networks.py with NEST's interpreter, which has nothing of Spikestack. Synapses are of
NEST's kinds with common properties (``_hom``), the fastest it has.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from typing import Any

import nest

DELAY = 1.5


def noise(rate: float, weight: float, target: Any) -> None:
    """An independent Poisson train for each neuron."""
    generator = nest.Create("poisson_generator", params={"rate": rate})
    nest.Connect(generator, target, syn_spec={"weight": weight, "delay": DELAY})


def cuba_stdp(_: float) -> list[Any]:
    """Brette et al. 2007, benchmark 5."""
    cell = {"C_m": 250.0, "tau_m": 20.0, "t_ref": 2.0, "E_L": 0.0, "V_reset": 0.0, "V_th": 20.0}
    cell |= {"tau_syn_ex": 2.0, "tau_syn_in": 2.0, "tau_minus": 20.0}
    exc, inh = (nest.Create("iaf_psc_exp", n, params=cell) for n in (9000, 2250))
    learning = {"alpha": 1.05, "lambda": 0.01, "mu_plus": 1.0, "mu_minus": 1.0}
    learning |= {"tau_plus": 20.0, "Wmax": 70.0}
    nest.CopyModel("stdp_synapse_hom", "learning", learning)
    for name, weight in (("up", 35.0), ("down", -175.0)):
        nest.CopyModel("static_synapse_hom_w", name, {"weight": weight})
    start = {"synapse_model": "learning", "weight": nest.random.normal(35.0, 3.0), "delay": DELAY}
    by_900, by_225 = ({"rule": "fixed_indegree", "indegree": n} for n in (900, 225))
    nest.Connect(exc, exc, by_900, start)
    nest.Connect(exc, inh, by_900, {"synapse_model": "up", "delay": DELAY})
    for target in (exc, inh):
        target.V_m = nest.math.min(nest.random.normal(7.0, 5.0), 19.9)
        nest.Connect(inh, target, by_225, {"synapse_model": "down", "delay": DELAY})
        noise(4050.0, 35.0, target)
    return [exc, inh]


def hpc(scale: float) -> list[Any]:
    """The HPC benchmark network."""
    tau_syn, peak = 0.32582722403722841, 45.6096
    cell = {"C_m": 250.0, "tau_m": 10.0, "t_ref": 0.5, "E_L": 0.0, "V_reset": 0.0, "V_th": 20.0}
    cell |= {"tau_syn_ex": tau_syn, "tau_syn_in": tau_syn, "tau_minus": 30.0}
    exc, inh = (nest.Create("iaf_psc_alpha", round(n * scale), params=cell) for n in (9000, 2250))
    learning = {"alpha": 0.0513, "lambda": 0.1, "mu": 0.4, "tau_plus": 15.0}
    nest.CopyModel("stdp_pl_synapse_hom", "learning", learning)
    for name, weight in (("up", peak), ("down", -5.0 * peak)):
        nest.CopyModel("static_synapse_hom_w", name, {"weight": weight})
    by_9000, by_2250 = (
        {"rule": "fixed_indegree", "indegree": n, "allow_autapses": False} for n in (9000, 2250)
    )
    start = {"synapse_model": "learning", "weight": peak, "delay": DELAY}
    nest.Connect(exc, exc, by_9000, start)
    nest.Connect(exc, inh, by_9000, {"synapse_model": "up", "delay": DELAY})
    rate = 1e3 * 1.685 * 20.0 * 250.0 / (10.0 * peak * math.e * tau_syn)
    for target in (exc, inh):
        target.V_m = nest.random.normal(5.7, 7.2)
        nest.Connect(inh, target, by_2250, {"synapse_model": "down", "delay": DELAY})
        noise(rate, peak, target)
    return [exc, inh]


def held() -> int:
    """Bytes that the process holds now."""
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution, nest.local_num_threads = 0.1, asked["threads"]
    nest.rng_seed = asked["seed"]
    nest.set(min_delay=DELAY, max_delay=DELAY)
    before, started, cpu = held(), time.perf_counter(), time.process_time()
    populations = {"cuba_stdp": cuba_stdp, "hpc": hpc}[asked["network"]](asked["scale"])
    synapses = nest.num_connections
    recorder = nest.Create("spike_recorder", params={"start": asked["warm_up"]})
    for population in populations:
        nest.Connect(population, recorder, syn_spec={"delay": DELAY})
    nest.Prepare()
    built, built_cpu = time.perf_counter() - started, time.process_time() - cpu
    nest.Run(asked["warm_up"])
    wall, cpu = time.perf_counter(), time.process_time()
    nest.Run(asked["duration"])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    nest.Cleanup()
    seconds, peak = asked["duration"] * 1e-3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = {
        "tool": f"NEST {nest.__version__}",
        "precision": "float64",
        "build_s": built,
        "build_cpu_s": built_cpu,
        "wall_s_per_s": wall / seconds,
        "cpu_s_per_s": cpu / seconds,
        "rate": recorder.n_events / sum(len(p) for p in populations) / seconds,
        "synapses": synapses,
        "peak_bytes": peak * 1024,
        "peak_per_synapse": (peak * 1024 - before) / synapses,
        "held_per_synapse": (held() - before) / synapses,
    }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

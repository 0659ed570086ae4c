"""Builds and measures a network in NEST 3.10: a request on stdin, a row of JSON on stdout.

Run by NEST's own interpreter, which has nothing of Spikestack. Numbers come in ms, mV, nA, nF, uS;
NEST counts in pA, pF, nS, so all but times and potentials grow by 1000.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import nest

MODELS = {
    "delta": "iaf_psc_delta",
    "current": "iaf_psc_exp",
    "conductance": "iaf_cond_exp",
}


def value_of(given: Any, scale: float = 1.0) -> Any:
    """A number, or NEST's parameter of a distribution."""
    if not isinstance(given, dict):
        return scale * given
    if given["kind"] == "Uniform":
        return nest.random.uniform(scale * given["low"], scale * given["high"])
    drawn = nest.random.normal(scale * given["mean"], abs(scale) * given["sd"])
    if "low" not in given and "high" not in given:
        return drawn
    bounds = (scale * given.get("low", -1e300), scale * given.get("high", 1e300))
    return nest.math.redraw(drawn, min=min(bounds), max=max(bounds))


def cell_of(population: dict[str, Any], kind: str, receptors: dict[str, Any]) -> dict[str, float]:
    """NEST's parameters of a population."""
    cell = {
        "E_L": population["v_rest"],
        "V_reset": population["v_reset"],
        "V_th": population["v_thresh"],
        "t_ref": population["tau_refrac"],
        "C_m": 1e3 * population["cm"],
        "I_e": 1e3 * population["i_offset"],
    }
    if kind == "conductance":
        cell["g_L"] = 1e3 * population["cm"] / population["tau_m"]
    else:
        cell["tau_m"] = population["tau_m"]
    for name, suffix in (("exc", "ex"), ("inh", "in")):
        receptor = receptors.get(name, {})
        if "tau_syn" in receptor:
            cell[f"tau_syn_{suffix}"] = receptor["tau_syn"]
        if "e_rev" in receptor:
            cell[f"E_{suffix}"] = receptor["e_rev"]
    return cell


def build(asked: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Build the network; returns a recorder for each population, and the number of synapses."""
    network = asked["network"]
    kind = network["synapse"]
    scale = 1.0 if kind == "delta" else 1e3
    cells = {}
    for population in network["populations"]:
        params = cell_of(population, kind, network["receptors"])
        cells[population["name"]] = nest.Create(MODELS[kind], population["size"], params=params)
        cells[population["name"]].V_m = value_of(population["v"])
    for projection in network["projections"]:
        rule = projection["rule"]
        if rule["kind"] == "FixedInDegree":
            spec = {"rule": "fixed_indegree", "indegree": rule["k"]}
        else:
            spec = {"rule": "fixed_total_number", "N": rule["n"]}
        # Conductances come without a sign; NEST tells its receptors by the sign of the weight.
        inhibits = kind == "conductance" and projection["receptor"] == "inh"
        weight = value_of(projection["weight"], -scale if inhibits else scale)
        synapse = {"weight": weight, "delay": value_of(projection["delay"])}
        nest.Connect(cells[projection["pre"]], cells[projection["post"]], spec, synapse)
    synapses = nest.num_connections
    # Devices take the networks' own delay, so that they do not shorten NEST's intervals.
    fixed = [p["delay"] for p in network["projections"] if not isinstance(p["delay"], dict)]
    delay = min(fixed, default=1.5)
    for drive in network["poisson"]:
        noise = nest.Create("poisson_generator", params={"rate": drive["rate"]})
        synapse = {"weight": scale * drive["weight"], "delay": delay}
        nest.Connect(noise, cells[drive["target"]], syn_spec=synapse)
    recorders = {}
    for name, population in cells.items():
        recorders[name] = nest.Create("spike_recorder", params={"start": asked["warm_up"]})
        nest.Connect(population, recorders[name], syn_spec={"delay": delay})
    return recorders, synapses


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution, nest.local_num_threads = asked["dt"], asked["threads"]
    nest.rng_seed = asked["seed"] % (2**32 - 2) + 1
    started = time.perf_counter()
    recorders, synapses = build(asked)
    nest.Prepare()
    built = time.perf_counter() - started
    nest.Run(asked["warm_up"])
    wall, cpu = time.perf_counter(), time.process_time()
    nest.Run(asked["duration"])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    nest.Cleanup()
    seconds = asked["duration"] * 1e-3
    sizes = {p["name"]: p["size"] for p in asked["network"]["populations"]}
    unit = 1 if sys.platform == "darwin" else 1024
    row = {
        "version": nest.__version__,
        "precision": "float64",
        "build_s": built,
        "wall_s_per_s": wall / seconds,
        "cpu_s_per_s": cpu / seconds,
        "rates": {k: r.n_events / sizes[k] / seconds for k, r in recorders.items()},
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        "neurons": sum(sizes.values()),
        "synapses": synapses,
    }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

"""Builds and measures a network in Brian2's C++ standalone mode: JSON on stdin, a row on stdout.

Run by Brian2's own interpreter, which has nothing of Spikestack. Wall time is Brian2's own
measurement of the last run; warming up is a run before it. Synapses are created in the order of
their sources, as by Brian2's own rules, so that a spike acts on consecutive memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import brian2 as b
import numpy as np

#: C++ that notes CPU time before and after each run, and the peak of memory.
CLOCK = """{ std::ofstream out("results/clock.txt", std::ios::app);
out << double(std::clock())/CLOCKS_PER_SEC << std::endl; }"""
STATUS = """{ std::ifstream in("/proc/self/status"); std::ofstream out("results/status.txt");
if (in) out << in.rdbuf(); }"""

#: Unit of weights, and its name; a receptor's current; the integration of them all.
KINDS = {
    "delta": (b.mV, "volt", "", "exact"),
    "current": (b.nA, "amp", "{x}", "exact"),
    "conductance": (b.uS, "siemens", "{x}*(e_{x} - v)", "exponential_euler"),
}
SHARED = {
    "v_rest": b.mV,
    "v_reset": b.mV,
    "v_thresh": b.mV,
    "tau_m": b.ms,
    "tau_refrac": b.ms,
    "cm": b.nF,
}


def drawn(given: Any, size: int, rng: np.random.Generator) -> np.ndarray:
    """So many values: all alike, or from a distribution whose outliers are drawn again."""
    if not isinstance(given, dict):
        return np.full(size, float(given))
    if given["kind"] == "Uniform":
        return rng.uniform(given["low"], given["high"], size)
    values = rng.normal(given["mean"], given["sd"], size)
    low, high = given.get("low", -np.inf), given.get("high", np.inf)
    while (bad := np.flatnonzero((values < low) | (values > high))).size:
        values[bad] = rng.normal(given["mean"], given["sd"], bad.size)
    return values


class Model:
    """The parts of the network, as Brian2's objects."""

    def __init__(self, network: dict[str, Any], dt: float, seed: int) -> None:
        self.dt, self.rng = dt, np.random.default_rng(seed)
        self.network, self.kind = network, network["synapse"]
        self.unit, self.unit_name, self.current, self.method = KINDS[self.kind]
        self.variables = self._variables()
        self.spans: dict[str, tuple[int, int]] = {}
        first = 0
        for population in network["populations"]:
            self.spans[population["name"]] = (first, first + population["size"])
            first += population["size"]
        self.group = self._group(network["populations"], first)
        self.synapses = [self._connected(*item) for item in self._kinds_of_synapses().items()]
        self.inputs = self._inputs()

    def _variables(self) -> dict[str, str]:
        """The variable of each receptor; receptors that are alike share one."""
        if self.kind == "delta":
            return {"exc": "v", "inh": "v"}
        receptors = self.network["receptors"]
        alike = receptors.get("exc") == receptors.get("inh")
        return {name: "x_exc" if alike else f"x_{name}" for name in receptors}

    def _group(self, populations: list[dict[str, Any]], size: int) -> Any:
        """One group of all populations, one after the other."""
        for name in SHARED:
            if len({p[name] for p in populations}) > 1:
                sys.exit(f"populations differ in {name}, which the script for Brian2 cannot do")
        namespace = {name: populations[0][name] * unit for name, unit in SHARED.items()}
        namespace["c_m"] = namespace.pop("cm")  # To Brian2, cm is a length.
        currents, lines = ["i_offset"], []
        for x in sorted(set(self.variables.values()) - {"v"}):
            receptor = self.network["receptors"][x.removeprefix("x_")]
            namespace[f"tau_{x}"] = receptor["tau_syn"] * b.ms
            if "e_rev" in receptor:
                namespace[f"e_{x}"] = receptor["e_rev"] * b.mV
            lines.append(f"d{x}/dt = -{x}/tau_{x} : {self.unit_name}")
            currents.append(self.current.format(x=x))
        offsets = np.repeat([p["i_offset"] for p in populations], [p["size"] for p in populations])
        if np.ptp(offsets):
            lines.append("i_offset : amp (constant)")
        else:
            namespace["i_offset"] = offsets[0] * b.nA
        slope = f"(v_rest - v)/tau_m + ({' + '.join(currents)})/c_m"
        group = b.NeuronGroup(
            size,
            "\n".join([f"dv/dt = {slope} : volt (unless refractory)", *lines]),
            threshold="v > v_thresh",
            reset="v = v_reset",
            refractory=namespace["tau_refrac"],
            method=self.method,
            namespace=namespace,
        )
        group.v = np.concatenate([drawn(p["v"], p["size"], self.rng) for p in populations]) * b.mV
        if np.ptp(offsets):
            group.i_offset = offsets * b.nA
        return group

    def _kinds_of_synapses(self) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        """Projections by what they can share: a constant weight and delay, or drawn ones."""
        kinds: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for projection in self.network["projections"]:
            values = (projection["weight"], projection["delay"])
            fixed = not any(isinstance(value, dict) for value in values)
            key = (self.variables[projection["receptor"]], *(values if fixed else (None, None)))
            kinds.setdefault(key, []).append(projection)
        return kinds

    def _connected(self, key: tuple[Any, ...], projections: list[dict[str, Any]]) -> Any:
        variable, weight, delay = key
        low = min(self.spans[p["pre"]][0] for p in projections)
        high = max(self.spans[p["pre"]][1] for p in projections)
        action = f"{variable}_post += w"
        if variable == "v":
            action += "*int(not_refractory_post)"
        edges = [self._edges(p) for p in projections]
        i, j = (np.concatenate(parts) for parts in zip(*edges))
        order = np.argsort(i, kind="stable")
        if delay is None:
            about: dict[str, Any] = {"model": f"w : {self.unit_name} (constant)"}
        else:
            about = {"delay": delay * b.ms, "namespace": {"w": weight * self.unit}}
        made = b.Synapses(self.group[low:high], self.group, on_pre=action, **about)
        made.connect(i=i[order] - low, j=j[order])
        if delay is None:
            made.w = self._drawn_for(projections, edges, "weight")[order] * self.unit
            steps = np.floor(self._drawn_for(projections, edges, "delay")[order] / self.dt + 0.5)
            made.delay = steps * self.dt * b.ms
        return made

    def _drawn_for(self, projections: list[Any], edges: list[Any], name: str) -> np.ndarray:
        parts = (drawn(p[name], len(i), self.rng) for p, (i, _) in zip(projections, edges))
        return np.concatenate(list(parts))

    def _edges(self, projection: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        pre, post = self.spans[projection["pre"]], self.spans[projection["post"]]
        rule = projection["rule"]
        if rule["kind"] == "FixedInDegree":
            j = np.repeat(np.arange(*post, dtype=np.int32), rule["k"])
        else:
            j = self.rng.integers(*post, size=rule["n"], dtype=np.int32)
        return self.rng.integers(*pre, size=len(j), dtype=np.int32), j

    def _inputs(self) -> list[Any]:
        made = []
        for drive in self.network["poisson"]:
            # As many trains as make their chance of two events in a step negligible.
            trains = max(1000, int(100 * drive["rate"] * 1e-3 * self.dt))
            low, high = self.spans[drive["target"]]
            made.append(
                b.PoissonInput(
                    self.group[low:high],
                    self.variables[drive["receptor"]],
                    trains,
                    drive["rate"] / trains * b.Hz,
                    drive["weight"] * self.unit,
                )
            )
        return made


def row_of(model: Model, counts: np.ndarray, folder: Path, duration: float) -> dict[str, Any]:
    """What is known after the compiled program has ended."""
    cpu = np.loadtxt(folder / "results" / "clock.txt")
    # The last run's own time and completed share, as the standalone program wrote them.
    wall = float((folder / "results" / "last_run_info.txt").read_text().split()[0])
    status = (folder / "results" / "status.txt").read_text().splitlines()
    peaks = [int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")]
    seconds = duration * 1e-3
    return {
        "version": b.__version__,
        "precision": "float64",
        "wall_s_per_s": wall / seconds,
        "cpu_s_per_s": float(cpu[-1] - cpu[-2]) / seconds,
        "rates": {k: float(counts[slice(*s)].mean()) / seconds for k, s in model.spans.items()},
        "peak_bytes": peaks[0] if peaks else None,
        "neurons": len(model.group),
        "synapses": sum(len(s) for s in model.synapses),
    }


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    started = time.perf_counter()
    folder = Path(asked["folder"]) / "brian2"
    b.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    # Without a number, make would start all compilers at once.
    b.prefs.devices.cpp_standalone.extra_make_args_unix = [f"-j{os.cpu_count() or 1}"]
    if asked["threads"] > 1:
        b.prefs.devices.cpp_standalone.openmp_threads = asked["threads"]
    b.seed(asked["seed"] % 2**32)
    b.defaultclock.dt = asked["dt"] * b.ms
    model = Model(asked["network"], asked["dt"], asked["seed"])
    network = b.Network(model.group, *model.synapses, *model.inputs)
    b.device.insert_code("before_network_run", CLOCK)
    b.device.insert_code("after_network_run", CLOCK)
    b.device.insert_code("after_network_run", STATUS)
    network.run(asked["warm_up"] * b.ms)
    monitor = b.SpikeMonitor(model.group)
    network.add(monitor)
    network.run(asked["duration"] * b.ms)
    b.device.build(directory=str(folder), compile=True, run=True, debug=False)
    row = row_of(model, np.asarray(monitor.count), folder, asked["duration"])
    propagated = row["wall_s_per_s"] * (asked["warm_up"] + asked["duration"]) * 1e-3
    row["build_s"] = time.perf_counter() - started - propagated
    print("\n" + json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

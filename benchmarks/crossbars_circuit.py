"""How fast arrays with wires are solved, one thread: a JSON row each.

The arrays: resistances of 1 to 100 kOhm, log-uniform, voltages of 0 to 0.2 V, segments of the
resistance in the row. `solve_s` is a single input, factors included, `again_thread_s` a further
one, `loose_thread_s` one to a tolerance of 1e-4, `effective_s` the whole effective matrix. Times
are the best of some; those of the thread are time on the processor, for machines that others use
too. With ``--peer`` an interpreter that has badcrossbar is given the same arrays.

    python benchmarks/crossbars_circuit.py [--size 256] [--effective] [--peer PYTHON]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable

import numpy as np

from spikestack.crossbars import Wires, solve

CASES = ((64, 1.0), (128, 1.0), (256, 0.01), (256, 1.0), (256, 10.0), (512, 1.0), (1024, 0.1),
         (1024, 1.0))  # fmt: skip
#: Its pictures need a library of their own; its solver does not.
PEER = """
import sys, time, types
try:
    import cairo
except ImportError:
    sys.modules["cairo"] = types.ModuleType("cairo")
    sys.modules["cairo"].__getattr__ = lambda name: object
import logging
logging.disable(logging.CRITICAL)
import badcrossbar
import numpy as np
size, ohms = int(sys.argv[1]), float(sys.argv[2])
rng = np.random.default_rng(0)
r = 10 ** rng.uniform(3, 5, (size, size))
v = rng.uniform(0, 0.2, size).reshape(-1, 1)
best = best_thread = 1e9
for _ in range(3 if size <= 128 else 1):
    wall, thread = time.perf_counter(), time.thread_time()
    found = badcrossbar.compute(v, r, r_i=ohms, node_voltages=False, all_currents=False)
    best = min(best, time.perf_counter() - wall)
    best_thread = min(best_thread, time.thread_time() - thread)
print(repr(best), repr(best_thread), repr(float(found.currents.output.sum())))
"""


def array(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductances in S and voltages in V."""
    rng = np.random.default_rng(0)
    ohms = 10 ** rng.uniform(3, 5, (size, size))
    return 1 / ohms, rng.uniform(0, 0.2, size)


def best_of(what: Callable[[], object], times: int) -> tuple[float, float]:
    """Least wall and thread time of a call, in s, after one that compiles."""
    what()
    wall = thread = np.inf
    for _ in range(times):
        begin, begin_thread = time.perf_counter(), time.thread_time()
        what()
        thread = min(thread, time.thread_time() - begin_thread)
        wall = min(wall, time.perf_counter() - begin)
    return float(wall), float(thread)


def measure(size: int, ohms: float, effective: bool, peer: str | None) -> None:
    """Print one row."""
    g, v = array(size)
    found = solve(g, v, ohms, ohms)
    wall, thread = best_of(lambda: solve(g, v, ohms, ohms), 8)
    wires = Wires(g, ohms, ohms)
    row = {
        "size": size, "ohms": ohms, "iterations": found.iterations,
        "solve_s": round(wall, 5), "thread_s": round(thread, 5),
        "again_thread_s": round(best_of(lambda: wires.solve(v), 8)[1], 5),
        "loose_thread_s": round(best_of(lambda: solve(g, v, ohms, ohms, tolerance=1e-4), 8)[1], 5),
        "sum_a": float(found.currents.sum()), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    if effective:
        # A new object each time: one keeps the matrix that it has found.
        wall, thread = best_of(lambda: Wires(g, ohms, ohms).effective(), 3)
        row["effective_s"], row["effective_thread_s"] = round(wall, 4), round(thread, 4)
    if peer:
        done = subprocess.run([peer, "-c", PEER, str(size), str(ohms)], capture_output=True,
                              text=True, check=True)  # fmt: skip
        seconds, peer_thread, total = map(float, done.stdout.split()[-3:])
        row["badcrossbar_s"] = round(seconds, 4)
        row["badcrossbar_thread_s"] = round(peer_thread, 4)
        row["relative_difference"] = abs(row["sum_a"] / total - 1)
    print(json.dumps(row), flush=True)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs="+")
    parser.add_argument("--effective", action="store_true", help="effective matrices up to 256")
    parser.add_argument("--peer", help="interpreter of an environment with badcrossbar")
    given = parser.parse_args()
    for size, ohms in CASES:
        if not given.size or size in given.size:
            measure(size, ohms, given.effective and size <= 256, given.peer)


if __name__ == "__main__":
    main()

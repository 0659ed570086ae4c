"""A process may run any number of networks: nothing of them stays behind.

Run as a script, this file prints what the process holds after each part of many runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import spikestack as sp

PROC = Path("/proc/self")
PARTS = 10


def network(k: int) -> sp.Network:
    """Never the same twice, of a few models, with a probe."""
    net = sp.Network(seed=k)
    tau, weight = 20.0 + 0.01 * k, 0.1 + 0.001 * (k % 100)
    p = net.add(sp.Population("p", 50, sp.LIF(i_offset=sp.Uniform(0.9, 1.5), tau_m=tau)))
    q = net.add(sp.Population("q", 20, sp.AdEx(i_offset=1.0)))
    weights, delays = sp.Normal(weight, 0.05), sp.Uniform(0.1, 2.0)
    net.connect(p, q, sp.FixedInDegree(5), sp.ExponentialCurrent(weight=weights, delay=delays))
    net.connect(q, p, sp.FixedProbability(0.2), sp.Delta(weight=weight, delay=1.0))
    net.drive(p, sp.Poisson(500.0 + k, weight=0.05))
    net.record(p, "spikes", "v")
    net.record(q, "spikes")
    return net


def held() -> dict[str, int]:
    """Resident bytes, threads and open files, once the last run's own threads have ended."""
    until = time.perf_counter() + 5.0
    while threading.active_count() > 1 and time.perf_counter() < until:
        time.sleep(0.01)
    pages = int((PROC / "statm").read_text().split()[1])
    return {
        "bytes": pages * os.sysconf("SC_PAGE_SIZE"),
        "threads": len(os.listdir(PROC / "task")),
        "files": len(os.listdir(PROC / "fd")),
    }


def after_runs(runs: int) -> list[dict[str, int]]:
    """What a new process holds after each tenth of so many runs, by one and two threads in turn."""
    if not PROC.exists():
        pytest.skip("this system has no /proc, which tells what a process holds")
    command = [sys.executable, __file__, str(runs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found: list[dict[str, int]], most_growth: int) -> None:
    """The first part fills caches; later ones add next to nothing, and no thread or file."""
    first, last = found[0], found[-1]
    assert len(found) == PARTS
    assert last["threads"] <= first["threads"], found
    assert last["files"] <= first["files"], found
    assert last["bytes"] - first["bytes"] < most_growth, found


def test_a_hundred_runs() -> None:
    """A network left behind would hold some 100 kB; ten runs fill the caches."""
    check(after_runs(100), 8 * 2**20)


@pytest.mark.slow
def test_a_thousand_runs() -> None:
    """900 runs may leave 9 kB each, which is what bounded caches of distributions take."""
    check(after_runs(1000), 8 * 2**20)


if __name__ == "__main__":
    count = int(sys.argv[1])
    for k in range(count):
        network(k).run(5.0, threads=1 + k % 2)
        if (k + 1) % (count // PARTS) == 0:
            print(json.dumps(held()), flush=True)

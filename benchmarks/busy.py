"""How a run fares on a machine that others keep busy. Prints rows of JSON, then a table.

    python benchmarks/busy.py [--network microcircuit-10,brunel] [--for MS] [--threads 1,2,4]
                              [--competitors 0,2,8] [--repeat N]

Each network is built once for each number of threads and goes on beside that many processes that
do nothing but count. "Fair" is what the wall time would be multiplied by if the system gave every
thread and every process the same share of the processors and nobody ever waited for a thread that
is not running. Use an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from spikestack import Simulation
from spikestack.benchmarks import NETWORKS
from spikestack.machine import available_processors

WARM_UP = 100.0
#: Seconds until all competitors are at work.
_STARTING = 0.5


@contextmanager
def competitors(count: int) -> Iterator[None]:
    """Processes that keep a processor busy each."""
    made = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(_STARTING if count else 0.0)
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()


def fair(threads: int, count: int) -> float:
    """By how much `count` competitors would slow down `threads` threads in equal shares."""
    processors = available_processors()
    return max(1.0, (threads + count) / processors) / max(1.0, threads / processors)


def measured(simulation: Simulation, duration: float) -> tuple[float, float]:
    """Wall and CPU seconds of a biological second."""
    wall, cpu = time.perf_counter(), time.process_time()
    simulation.advance(duration, progress=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    simulation.drain()
    return wall / duration * 1e3, cpu / duration * 1e3


def rows(asked: argparse.Namespace, network: str, threads: int) -> Iterator[dict]:
    """One row of medians for each number of competitors, the lowest first."""
    simulation = Simulation(NETWORKS[network](1), threads=threads)
    simulation.advance(WARM_UP, progress=False)
    simulation.drain()
    alone = None
    for count in sorted(asked.competitors):
        with competitors(count):
            runs = [measured(simulation, asked.duration) for _ in range(asked.repeat)]
        wall, cpu = (median(values) for values in zip(*runs))
        alone = alone or wall
        yield {
            "network": network,
            "threads": threads,
            "competitors": count,
            "processors": available_processors(),
            "wall_s_per_s": wall,
            "cpu_s_per_s": cpu,
            "slowdown": wall / alone,
            "fair": fair(threads, count),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--network", default="microcircuit-10,brunel", type=lambda s: s.split(","))
    parser.add_argument("--for", dest="duration", type=float, default=300.0, help="ms")
    for name, default in (("threads", "1,2,4"), ("competitors", "0,2,8")):
        parser.add_argument(
            f"--{name}", default=default, type=lambda s: [int(word) for word in s.split(",")]
        )
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many runs are shown")
    asked = parser.parse_args()
    lines = []
    for network in asked.network:
        for threads in asked.threads:
            for row in rows(asked, network, threads):
                print(json.dumps(row), flush=True)
                lines.append(
                    f"| `{network}` | {threads} | {row['competitors']} | {row['wall_s_per_s']:.3g} "
                    f"| {row['cpu_s_per_s']:.3g} | {row['slowdown']:.1f} | {row['fair']:.1f} |"
                )
    print("\n| network | threads | competitors | wall s per s | CPU s per s | slowdown | fair |")
    print("|---" * 7 + "|", *lines, sep="\n")


if __name__ == "__main__":
    main()

"""Brunel's network written in PyNN: rates and processor time here, in NEST and in Brian2.

    python benchmarks/pynn_brunel.py --peers PYTHON --order 500 --seeds 3

runs examples/pynn_brunel.py, each time in a process of its own, for every simulator and seed, and
prints a line of JSON for each run and one for each simulator. PYTHON is that of an environment with
PyNN, NEST and Brian2; without it only what is here runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "examples" / "pynn_brunel.py"
FIGURES = ("exc_hz", "inh_hz", "build_cpu_s", "run_cpu_s")


def once(
    python: str, simulator: str, order: int, seed: int, duration: float, limit: float
) -> dict[str, Any]:
    """One run; a row with an ``error`` where it failed or took more than `limit` s."""
    command = [python, str(SCRIPT), "--json", "--simulator", simulator]
    command += ["--order", str(order), "--seed", str(seed), "--duration", str(duration)]
    about = {"simulator": simulator, "neurons": 5 * order, "seed": seed}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {**about, "error": f"more than {limit:g} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return {**about, "error": done.stderr.strip()[-300:]}
    row: dict[str, Any] = json.loads(lines[-1])
    return row


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means of the runs of one simulator, and the range of rates by seed."""
    made: dict[str, Any] = {"simulator": rows[0]["simulator"], "summary": True}
    made |= {"neurons": rows[0]["neurons"], "seeds": len(rows)}
    for name in FIGURES:
        values = [row[name] for row in rows]
        made[name] = round(statistics.mean(values), 3)
        if name.endswith("_hz"):
            made[f"{name}_range"] = [round(min(values), 2), round(max(values), 2)]
    return made


def main() -> None:
    """Run all that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", help="Python of an environment with PyNN, NEST and Brian2")
    parser.add_argument("--simulators", nargs="+", default=["spikestack", "nest", "brian2"])
    parser.add_argument("--order", type=int, default=500, help="a fifth of the neurons")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=500.0, help="ms")
    parser.add_argument("--limit", type=float, default=3600.0, help="s for one run")
    given = parser.parse_args()
    for simulator in given.simulators:
        python = sys.executable if simulator == "spikestack" else given.peers
        if python is None:
            continue
        rows = []
        for seed in range(1, given.seeds + 1):
            row = once(python, simulator, given.order, seed, given.duration, given.limit)
            print(json.dumps(row), flush=True)
            rows += [] if "error" in row else [row]
        if rows:
            print(json.dumps(summary(rows)), flush=True)


if __name__ == "__main__":
    main()
